#!/usr/bin/env python3
"""`fogsim judge` with wallets that are right, wrong, silent, dead and talking nonsense.

    judge_test.py --bin DIR --source DIR
"""
import argparse
import concurrent.futures
import pathlib
import re
import socket
import subprocess
import sys
import time
import unittest

import grpc

OPTIONS = None
SERVER = None  # tools/outside_wallet/server.py
KINDS = None


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Program:
    """A wallet's program, until the end of the `with` block."""

    def __init__(self, *command, address=None):
        self._process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                         text=True)
        self.address = address or re.search(r"listening on (\S+)", self._process.stdout.readline())[1]
        with grpc.insecure_channel(self.address) as channel:
            grpc.channel_ready_future(channel).result(timeout=60)

    def __enter__(self):
        return self.address

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(timeout=60)
        self._process.stdout.close()


def outside(*flags):
    return Program("/usr/bin/python3", "-B", SERVER, "--proto", OPTIONS.source / "proto", *flags)


def ours(mode):
    address = f"127.0.0.1:{free_port()}"
    return Program(OPTIONS.bin / "sample_paykit_remote_wallet", "--attestation", mode, "--listen-uri",
                   f"insecure-remote-wallet://{address}", address=address)


def judge(address, *flags):
    return subprocess.run([OPTIONS.bin / "fogsim", "judge", address, *flags], capture_output=True, text=True, timeout=250)


class Served:
    """remote_wallet.proto with a check of our own making."""

    def __init__(self, check):
        empty, package = "google.protobuf.Empty", "remote_wallet"
        balance = f"{package}.BalanceCheckResponse"

        def method(call, request, response):
            return grpc.unary_unary_rpc_method_handler(call, KINDS[request].FromString,
                                                       KINDS[response].SerializeToString)

        handlers = {
            "FreshBalanceCheck": method(check, f"{package}.FreshBalanceCheckRequest", balance),
            "FollowupBalanceCheck": method(check, f"{package}.FollowupBalanceCheckRequest", balance),
            "Stop": method(lambda *_: KINDS[empty](), f"{package}.StopRequest", empty),
            "Reset": method(lambda *_: KINDS[empty](), empty, empty),
        }
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=4))
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("remote_wallet.RemoteWalletApi", handlers),))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def __enter__(self):
        return self.address

    def __exit__(self, *_):
        self._server.stop(grace=None).wait()


def says(balance, count):
    return lambda *_: KINDS["remote_wallet.BalanceCheckResponse"](client_id=0, balance=balance, block_count=count)


class RightWallets(unittest.TestCase):
    def test_our_own_holds_in_both_modes(self):
        for mode in ("simulated", "clear"):
            with self.subTest(mode), ours(mode) as address:
                done = judge(address, "--attestation", mode, "--runs", "8", "--strategy", "portfolio")
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertRegex(done.stdout, r"fogsim: PASS scenario=lag seeds=1\.\.8 ")

    def test_the_outside_wallet_holds(self):
        with outside() as address:
            done = judge(address, "--runs", "4", "--strategy", "portfolio")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


    def test_the_template_holds_once_its_functions_are_filled_in(self):
        filled = f"""
import importlib.util, sys, tempfile, pathlib
sys.path.insert(0, {str(SERVER.parent)!r})
import crypto, fog, messages, wallet
spec = importlib.util.spec_from_file_location("template", {str(OPTIONS.source / "tools/wallet_template/server.py")!r})
template = importlib.util.module_from_spec(spec)
spec.loader.exec_module(template)
kinds = messages.Messages(pathlib.Path({str(OPTIONS.source / "proto")!r}))
def check_from_scratch(mnemonic, account_index, fog_uri, chain_id):
    made = wallet.Wallet(crypto.Account.from_mnemonic(mnemonic, account_index), fog.Fog(kinds, fog_uri, chain_id))
    return made, *made.check()
template.check_from_scratch, template.check_again = check_from_scratch, lambda made: made.check()
sys.argv = ["server.py", "--proto", {str(OPTIONS.source / "proto/remote_wallet.proto")!r}, "--listen", "127.0.0.1:0"]
template.main()
"""
        with Program("/usr/bin/python3", "-B", "-c", filled) as address:
            done = judge(address, "--runs", "2", "--strategy", "portfolio")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_an_untouched_template_is_told_so(self):
        with Program("/usr/bin/python3", "-B", OPTIONS.source / "tools/wallet_template/server.py", "--proto",
                     OPTIONS.source / "proto/remote_wallet.proto", "--listen", "127.0.0.1:0") as address:
            done = judge(address)
        self.assertEqual(done.returncode, 6, done.stdout + done.stderr)
        self.assertIn("call your SDK here", done.stdout)


class WrongWallets(unittest.TestCase):
    def test_mistakes_are_found(self):
        for mistake in ("spent-now", "one-round-of-search", "spent-never", "count-one-too-high"):
            with self.subTest(mistake), outside("--mistake", mistake) as address:
                done = judge(address, "--runs", "60", "--no-shrink", "--strategy", "portfolio")
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertRegex(done.stdout, r"fogsim: FAIL check=balance scenario=lag seed=")

    def test_a_failure_is_shrunk_and_played_back(self):
        with outside("--mistake", "spent-never") as address:
            done = judge(address, "--runs", "60", "--shrink-limit", "20", "--strategy", "portfolio")
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn("failed 10 times in this way", done.stdout)
            repeat = re.search(r"Repeat with: \./run fogsim judge (\S+) --replay (\S+)", done.stdout)
            self.assertIsNotNone(repeat, done.stdout)
            self.assertEqual(repeat[1], address)
            again = judge(address, "--replay", repeat[2])
            self.assertEqual(again.returncode, 1, again.stdout + again.stderr)
            self.assertNotIn("not the recorded run", again.stdout)
            self.assertEqual(re.search(r"trace=(\w+)", again.stdout)[1], re.search(r"trace=(\w+)", done.stdout)[1])
        with outside() as address:  # the same ordering with a wallet that is right
            self.assertEqual(judge(address, "--replay", repeat[2]).returncode, 0)


class OddWallets(unittest.TestCase):
    def expect_told(self, done, *texts):
        self.assertEqual(done.returncode, 6, done.stdout + done.stderr)
        for text in texts:
            self.assertIn(text, done.stdout)

    def test_nobody_is_there(self):
        self.expect_told(judge(f"127.0.0.1:{free_port()}"), "nobody answers there")

    def test_contacts_nobody(self):
        with Served(says(0, 0)) as address:
            begun = time.monotonic()
            self.expect_told(judge(address), "has contacted nobody", "the block count is missing")
            self.assertLess(time.monotonic() - begun, 60)

    def test_hangs(self):
        with Served(lambda *_: time.sleep(30)) as address:
            self.expect_told(judge(address, "--wallet-limit", "2"), "the wallet hangs")

    def test_talks_nonsense(self):
        with Served(says(2**64 - 1, 2**40)) as address:
            done = judge(address, "--no-talk", "--runs", "2", "--no-shrink")
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)

    def test_speaks_the_other_mode(self):
        with outside("--clear-text") as address:
            self.expect_told(judge(address), "refused")

    def test_dies_in_the_middle(self):
        with outside("--dies-at", "9") as address:
            self.expect_told(judge(address, "--runs", "20"), "does not answer any more", "Start the wallet anew")

    def test_usage(self):
        for flags in (["localhost"], ["localhost:9090", "--jobs", "2"], ["localhost:9090", "--attestation", "x"]):
            done = judge(*flags)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    OPTIONS, rest = parser.parse_known_args()
    SERVER = OPTIONS.source / "tools/outside_wallet/server.py"
    sys.path.insert(0, str(SERVER.parent))
    import messages

    KINDS = messages.Messages(OPTIONS.source / "proto")
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
