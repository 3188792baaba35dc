#!/usr/bin/env python3
"""A client that shares no code with the services: the whole handshake with a ledger_router, questions and answers in
the session, and what either side must refuse.

    session_test.py --bin DIR --proto DIR
"""
import argparse
import hashlib
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

import grpc
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import attested  # noqa: E402
import messages  # noqa: E402

OPTIONS = None
KINDS = None
SERVICE = "fog_ledger.FogMerkleProofAPI"


def run(program, *arguments):
    done = subprocess.run([str(OPTIONS.bin / program), *map(str, arguments)], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"{program}: {done.stderr}")
    return done.stdout


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Router:
    """A ledger_router without stores, which still proves outputs."""

    def __init__(self, work, *flags):
        self.port = free_port()
        self.id = f"localhost:{self.port}"
        self._log = open(work / f"router-{self.port}.log", "w+")
        self._process = subprocess.Popen(
            [OPTIONS.bin / "ledger_router", "--chain-id", "local", "--client-responder-id", self.id,
             "--client-listen-uri", f"insecure-fog-ledger://127.0.0.1:{self.port}/",
             "--admin-listen-uri", f"insecure-mca://127.0.0.1:{free_port()}/",
             "--ledger-db", work / "ledger", "--watcher-db", work / "watcher", *flags],
            stdout=self._log, stderr=self._log)
        self._channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        grpc.channel_ready_future(self._channel).result(timeout=60)

    def log(self):
        self._log.seek(0)
        return self._log.read()

    def call(self, method, request, answer):
        call = self._channel.unary_unary(f"/{SERVICE}/{method}", type(request).SerializeToString,
                                         KINDS[answer].FromString)
        return call(request, timeout=60)

    def auth(self, data):
        return self.call("Auth", KINDS["attest.AuthMessage"](data=data), "attest.AuthMessage").data

    def begin(self, mr_signer, responder_id=None):
        handshake = attested.Handshake((responder_id or self.id).encode())
        session, static_key, payload = handshake.read_message_2(self.auth(handshake.message_1()))
        report = KINDS["external.VerificationReport"].FromString(payload)
        attested.check_evidence(report, "fog_ledger", static_key, mr_signer)
        return session

    def outputs(self, session, indices, damage=lambda data: data):
        plain = KINDS["fog_ledger.GetOutputsRequest"](indices=indices).SerializeToString()
        message = KINDS["attest.Message"](channel_id=session.channel_id, data=damage(session.sending.seal(plain)))
        answer = self.call("GetOutputs", message, "attest.Message")
        plain = session.receiving.open(answer.data, answer.aad)
        return KINDS["fog_ledger.GetOutputsResponse"].FromString(plain)

    def close(self):
        self._channel.close()
        self._process.kill()
        self._process.wait()
        self._log.close()


class Sessions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.work = pathlib.Path(cls._folder.name)
        run("sample-keys", "-n", 5, "--output-dir", cls.work / "keys")
        run("init_test_ledger", "--keys", cls.work / "keys", "--ledger-db", cls.work / "ledger",
            "--watcher-db", cls.work / "watcher", "--seed", 0)
        run("simulated-enclave-css", "--output-dir", cls.work / "css")
        # MobileCoin's clients take the signer from this file: the digest of the modulus in it.
        css = (cls.work / "css" / "ledger-enclave.css").read_bytes()
        cls.signer = hashlib.sha256(css[128:512]).digest()
        cls.router = Router(cls.work)

    @classmethod
    def tearDownClass(cls):
        cls.router.close()
        cls._folder.cleanup()

    def denied(self, call, *arguments, **more):
        with self.assertRaises(grpc.RpcError) as raised:
            call(*arguments, **more)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.PERMISSION_DENIED)
        return raised.exception.details()

    def test_questions_are_answered_in_a_session(self):
        session = self.router.begin(self.signer)
        for indices in ([0], [], [0, 0]):
            answer = self.router.outputs(session, indices)
            self.assertEqual([r.index for r in answer.results], indices)
            self.assertTrue(all(r.output.public_key.data for r in answer.results))
        self.assertEqual((session.sending.counter, session.receiving.counter), (3, 3))

    def test_two_sessions_do_not_touch_each_other(self):
        one, two = self.router.begin(self.signer), self.router.begin(self.signer)
        self.assertNotEqual(one.channel_id, two.channel_id)
        for session in (one, two, one):
            self.router.outputs(session, [0])

    def test_what_does_not_decrypt_gets_a_status_and_costs_nothing(self):
        session = self.router.begin(self.signer)
        self.denied(self.router.outputs, session, [0], damage=lambda data: data[:-1] + bytes([data[-1] ^ 1]))
        session.sending.counter = 1  # a message that comes too early
        self.denied(self.router.outputs, session, [0])
        session.sending.counter = 0
        self.router.outputs(session, [0])
        session.sending.counter = 0  # a message that comes twice
        self.denied(self.router.outputs, session, [0])

    def test_an_unknown_session_is_denied(self):
        session = self.router.begin(self.signer)
        session.channel_id = bytes(64)
        self.assertIn("unknown channel", self.denied(self.router.outputs, session, [0]))

    def test_greetings_that_are_no_handshake_are_denied(self):
        for data in (b"", bytes(31), b"attestation: clear text 1\n"):
            self.denied(self.router.auth, data)

    def test_a_client_refuses_whom_it_does_not_expect(self):
        with self.assertRaisesRegex(attested.Refused, "signed by somebody else"):
            self.router.begin(bytes(32))
        with self.assertRaisesRegex(attested.Refused, "does not decrypt"):
            self.router.begin(self.signer, f"127.0.0.1:{self.router.port}")  # localhost is another name

    def test_the_signer_comes_from_a_key_or_a_css_file(self):
        key = self.work / "Enclave_private.pem"
        pem = rsa.generate_private_key(3, 3072).private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        key.write_bytes(pem)
        run("simulated-enclave-css", "--output-dir", self.work / "own", "--enclave-key", key)
        css = self.work / "own" / "ledger-enclave.css"
        signer = hashlib.sha256(css.read_bytes()[128:512]).digest()
        for flags in (["--enclave-key", key], ["--enclave-css", css]):
            router = Router(self.work, *flags)
            try:
                router.outputs(router.begin(signer), [0])
                with self.assertRaises(attested.Refused):
                    router.begin(self.signer)
            finally:
                router.close()

    def test_logs_say_that_it_is_no_security(self):
        log = self.router.log()
        self.assertIn("simulated attestation, no security", log)
        self.assertIn(self.signer.hex(), log)
        self.assertNotIn("attested", log)

    def test_clear_text_is_the_other_mode(self):
        router = Router(self.work, "--attestation", "clear")
        try:
            self.assertTrue(router.auth(b"attestation: clear text 1\n").startswith(b"attestation: clear text 1\n"))
            self.denied(router.auth, bytes(range(32)))
        finally:
            router.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--proto", type=pathlib.Path, required=True)
    OPTIONS, rest = parser.parse_known_args()
    KINDS = messages.Messages(OPTIONS.proto)
    unittest.main(argv=sys.argv[:1] + rest)
