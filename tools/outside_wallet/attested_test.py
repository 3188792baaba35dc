"""The Python end of a session against published and recorded answers."""
import json
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import attested  # noqa: E402

VECTORS = json.loads((HERE.parent.parent / "real/attest/testdata/noise_nx.json").read_text())


class PublishedConversation(unittest.TestCase):
    def test_client(self):
        v = {k: x if k == "messages" else bytes.fromhex(x) for k, x in VECTORS["published"].items()
             if k not in ("protocol_name",)}
        messages = [(bytes.fromhex(m["payload"]), bytes.fromhex(m["ciphertext"])) for m in v["messages"]]
        handshake = attested.Handshake(v["init_prologue"], v["init_ephemeral"])
        self.assertEqual(handshake.message_1(messages[0][0]), messages[0][1])
        session, _, payload = handshake.read_message_2(messages[1][1])
        self.assertEqual(payload, messages[1][0])
        self.assertEqual(session.channel_id, v["handshake_hash"])
        for number, (plain, sealed) in enumerate(messages[2:]):
            if number % 2 == 0:
                self.assertEqual(session.sending.seal(plain), sealed)
            else:
                self.assertEqual(session.receiving.open(sealed), plain)

    def test_damage(self):
        message = bytes.fromhex(VECTORS["published"]["messages"][1]["ciphertext"])
        ephemeral = bytes.fromhex(VECTORS["published"]["init_ephemeral"])
        for damaged in (b"", message[:79], message[:95], message + b"\0", message[:-1] + b"\0"):
            with self.assertRaises(attested.Refused):
                handshake = attested.Handshake(bytes.fromhex(VECTORS["published"]["init_prologue"]), ephemeral)
                handshake.message_1(bytes.fromhex(VECTORS["published"]["messages"][0]["payload"]))
                handshake.read_message_2(damaged)


if __name__ == "__main__":
    unittest.main()
