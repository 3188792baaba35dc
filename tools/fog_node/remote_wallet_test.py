#!/usr/bin/env python3
"""Drives sample_paykit_remote_wallet from another language: fresh, follow-up, stop, debug, reset and wrong ids.

    remote_wallet_test.py --proto DIR --wallet HOST:PORT --fog-uri URI --keys DIR --expect '{"0": 7, "1": 0}' --count N

Message classes are made from the .proto files when it starts; calls are generic.  The network stands still meanwhile.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import grpc

OPTIONS = None
PB = None
EMPTY = None


def load_messages(proto: pathlib.Path):
    """The module of remote_wallet.proto, generated into a directory that goes away."""
    global EMPTY
    with tempfile.TemporaryDirectory() as out:
        root = proto.resolve().parent
        subprocess.run(["protoc", "-I", str(root), f"--python_out={out}", "proto/remote_wallet.proto"], check=True)
        sys.path.insert(0, out)
        try:
            from google.protobuf import empty_pb2
            from proto import remote_wallet_pb2
        finally:
            sys.path.remove(out)
    EMPTY = empty_pb2.Empty
    return remote_wallet_pb2


def call(method, request, answer):
    with grpc.insecure_channel(OPTIONS.wallet) as channel:
        stub = channel.unary_unary(
            f"/remote_wallet.RemoteWalletApi/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString,
        )
        return stub(request, timeout=60)


def account(number):
    return json.loads((OPTIONS.keys / f"account_keys_{number}.json").read_text())


def fresh(number, **changes):
    keys = account(number)
    request = {"mnemonic": keys["mnemonic"], "account_index": keys["account_index"], "fog_uri": OPTIONS.fog_uri}
    request.update(changes)
    return call("FreshBalanceCheck", PB.FreshBalanceCheckRequest(**request), PB.BalanceCheckResponse)


def followup(client_id):
    request = PB.FollowupBalanceCheckRequest(client_id=client_id)
    return call("FollowupBalanceCheck", request, PB.BalanceCheckResponse)


def stop(client_id):
    return call("Stop", PB.StopRequest(client_id=client_id), EMPTY)


def debug(client_id):
    return call("Debug", PB.DebugRequest(client_id=client_id), PB.DebugResponse).debug_info


def reset():
    return call("Reset", EMPTY(), EMPTY)


class RemoteWallet(unittest.TestCase):
    def setUp(self):
        reset()

    def refused(self, code, function, *arguments, **keywords):
        with self.assertRaises(grpc.RpcError) as caught:
            function(*arguments, **keywords)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        return caught.exception.details()

    def test_fresh_and_followup_tell_the_truth(self):
        for number, balance in OPTIONS.expect.items():
            for answer in (fresh(number), followup(fresh(number).client_id)):
                self.assertEqual((answer.balance, answer.block_count), (balance, OPTIONS.count), f"account {number}")

    def test_ids_count_up_and_are_not_used_again(self):
        self.assertEqual([fresh(0).client_id for _ in range(3)], [0, 1, 2])
        stop(1)
        self.assertEqual(fresh(0).client_id, 3)
        self.assertEqual(followup(2).client_id, 2)

    def test_a_stopped_wallet_is_gone(self):
        client_id = fresh(0).client_id
        stop(client_id)
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, followup, client_id)
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, debug, client_id)
        stop(client_id)  # twice is fine

    def test_ids_that_were_never_given_are_refused(self):
        for client_id in (0, 7, 2**32 - 1):
            for function in (followup, debug, stop):
                self.refused(grpc.StatusCode.INVALID_ARGUMENT, function, client_id)

    def test_debug_shows_what_is_owned_and_asks_nobody(self):
        text = debug(fresh(0).client_id)
        self.assertIn(str(OPTIONS.count), text)
        self.assertGreater(len(text.splitlines()), 1, text)
        # The stock test sends Debug a StopRequest: the two look the same on the wire.
        other = call("Debug", PB.StopRequest(client_id=0), PB.DebugResponse).debug_info
        self.assertEqual(text, other)

    def test_reset_begins_anew(self):
        fresh(0)
        fresh(0)
        reset()
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, followup, 0)
        self.assertEqual(fresh(1).client_id, 0)

    def test_a_failed_fresh_check_uses_up_no_id(self):
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, fresh, 0, mnemonic="not a mnemonic")
        self.refused(grpc.StatusCode.INTERNAL, fresh, 0, fog_uri="http://localhost")
        self.refused(grpc.StatusCode.INTERNAL, fresh, 0, fog_uri="fog://localhost:1")
        self.assertEqual(fresh(0).client_id, 0)

    def test_secrets_stay_out_of_error_texts(self):
        words = account(0)["mnemonic"]
        text = self.refused(grpc.StatusCode.INVALID_ARGUMENT, fresh, 0, mnemonic=words + " zoo")
        self.assertNotIn(words.split()[0], text)

    def test_a_wallet_of_another_chain_is_told_so(self):
        self.assertIn("chain-id mismatch", self.refused(grpc.StatusCode.INTERNAL, fresh, 0, chain_id="main"))
        self.assertEqual(fresh(0, chain_id="local").block_count, OPTIONS.count)

    def test_many_at_once(self):
        request = PB.FollowupBalanceCheckRequest(client_id=fresh(0).client_id)
        with grpc.insecure_channel(OPTIONS.wallet) as channel:
            stub = channel.unary_unary(
                "/remote_wallet.RemoteWalletApi/FollowupBalanceCheck",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=PB.BalanceCheckResponse.FromString,
            )
            answers = [stub.future(request, timeout=60) for _ in range(50)]
            counts = {answer.result().block_count for answer in answers}
        self.assertEqual(counts, {OPTIONS.count})


def main():
    global OPTIONS, PB
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proto", type=pathlib.Path, required=True)
    parser.add_argument("--wallet", required=True)
    parser.add_argument("--fog-uri", required=True)
    parser.add_argument("--keys", type=pathlib.Path, required=True)
    parser.add_argument("--expect", type=json.loads, required=True, help="balance by account")
    parser.add_argument("--count", type=int, required=True, help="block count they are true at")
    OPTIONS = parser.parse_args()
    PB = load_messages(OPTIONS.proto)
    unittest.main(argv=[sys.argv[0]], verbosity=2)


if __name__ == "__main__":
    main()
