#!/usr/bin/env python3
"""`fogsim judge` with wallets that are right, wrong, silent, dead and talking nonsense.

    judge_test.py --bin DIR --source DIR
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import grpc
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

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
        self.said, _ = self._process.communicate(timeout=60)


def outside(*flags):
    return Program("/usr/bin/python3", "-B", SERVER, "--proto", OPTIONS.source / "proto", *flags)


def ours(mode, *flags):
    address = f"127.0.0.1:{free_port()}"
    return Program(OPTIONS.bin / "sample_paykit_remote_wallet", "--attestation", mode, "--listen-uri",
                   f"insecure-remote-wallet://{address}", *flags, address=address)


def judge(address, *flags):
    return subprocess.run([OPTIONS.bin / "fogsim", "judge", address, *flags], capture_output=True, text=True, timeout=250)


def fogsim(*flags):
    return subprocess.run([OPTIONS.bin / "fogsim", *flags], capture_output=True, text=True, timeout=250)


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

    def test_the_outside_wallet_holds_and_need_not_repeat_what_it_asks(self):
        with tempfile.TemporaryDirectory() as folder, outside() as address:
            result = pathlib.Path(folder) / "result.json"
            done = judge(address, "--runs", "10", "--strategy", "portfolio", "--json", result)
            told = json.loads(result.read_text())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        # At seed 9 a view store says by itself that its events are behind.
        self.assertGreater(told["excused"].get("answered", 0), 0, told["excused"])

    def test_runs_at_a_time_make_no_difference(self):
        lines = []
        for jobs in ("1", "3"):
            with ours("simulated") as address:
                done = judge(address, "--no-talk", "--runs", "12", "--strategy", "portfolio", "--jobs", jobs)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            lines.append(done.stdout.splitlines()[-1])
        self.assertEqual(*lines)

    def test_requests_at_once_and_late_answers_are_fine(self):
        with outside("--clear-text", "--twice", "--thinks", "0.1") as address:
            done = judge(address, "--attestation", "clear", "--runs", "3", "--strategy", "portfolio")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_fog_reports_are_served(self):
        for mode in ("simulated", "clear"):
            flags = ["--clear-text"] * (mode == "clear")
            program = outside("--reads-reports", *flags)
            with self.subTest(mode), program as address:
                done = judge(address, "--attestation", mode, "--runs", "2", "--strategy", "portfolio")
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertRegex(program.said, r"fog reports: [1-9]")

    def test_any_run_of_fogsim_with_this_wallet(self):
        with ours("clear") as address:
            flags = ("--remote-wallet", address, "--attestation", "clear")
            done = fogsim(*flags)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertRegex(done.stdout, r"fogsim: PASS scenario=conformance seed=1 .* checks=960 ")
            lag = fogsim(*flags, "--scenario", "lag", "--seed", "3", "--strategy", "pct:3")
            self.assertEqual(lag.returncode, 0, lag.stdout + lag.stderr)
            again = judge(address, "--attestation", "clear", "--no-talk", "--seed", "3", "--strategy", "pct:3")
            self.assertEqual(lag.stdout.splitlines()[-1], again.stdout.splitlines()[-1])

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


class Signers(unittest.TestCase):
    """Wallets that expect the enclaves to be signed by somebody."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        work = pathlib.Path(self._folder.name)
        self.key = work / "Enclave_private.pem"
        key = rsa.generate_private_key(public_exponent=3, key_size=3072)
        self.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
                                               serialization.NoEncryption()))
        subprocess.run([OPTIONS.bin / "simulated-enclave-css", "--output-dir", work, "--enclave-key", self.key],
                       check=True, capture_output=True)
        self.css = work / "view-enclave.css"

    def test_both_sides_must_agree(self):
        with ours("simulated", "--enclave-key", self.key) as address:
            begun = time.monotonic()
            done = judge(address)
            self.assertEqual(done.returncode, 6, done.stdout + done.stderr)
            self.assertIn("does it refuse the evidence", done.stdout)
            self.assertLess(time.monotonic() - begun, 30)
            for flags in (["--enclave-key", self.key], ["--enclave-css", self.css]):
                done = judge(address, *flags, "--runs", "2", "--strategy", "portfolio")
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        with ours("simulated") as address:
            self.assertEqual(judge(address, "--enclave-key", self.key).returncode, 6)

    def test_the_command_that_repeats_a_run_has_the_signer_in_it(self):
        with outside("--mistake", "spent-never") as address:
            done = judge(address, "--runs", "60", "--no-shrink", "--strategy", "portfolio", "--fog-host", "127.0.0.1")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(f"Repeat with: ./run fogsim judge {address} --fog-host 127.0.0.1 --replay ", done.stdout)

    def test_usage(self):
        for flags, told in ((["--enclave-key", self.key, "--enclave-css", self.css], "--enclave-css: goes without"),
                            (["--enclave-key", self.css], "--enclave-key: "), (["--enclave-css", self.key], "--enclave-css: "),
                            (["--enclave-css", "/nowhere"], "--enclave-css: cannot read /nowhere"),
                            (["--fog-host", "a:1"], "--fog-host: 'a:1' is no name of a host"),
                            (["--one-check-at-a-time", "--jobs", "2"], "--jobs: only 1 with --one-check-at-a-time")):
            done = judge("localhost:9090", *flags)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertIn(told, done.stderr)


JAVA_PACKAGES = ("libgrpc-java", "libnetty-java", "libperfmark-java", "libprotobuf-java", "libguava-java")
JARS = [pathlib.Path("/usr/share/java") / f"{name}.jar"
        for name in ("grpc-core", "netty-transport", "perfmark-api", "protobuf", "guava")]

# The two functions filled in: a wallet that lives in another program, and is asked as this one is.
FILLED = """
    static final io.grpc.Channel SDK =
            io.grpc.netty.NettyChannelBuilder.forTarget("ADDRESS").usePlaintext().build();

    static <Q extends Message> Checked ask(String name, Q request, Q sample) {
        MethodDescriptor<Q, BalanceCheckResponse> method = MethodDescriptor.<Q, BalanceCheckResponse>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY).setFullMethodName("remote_wallet.RemoteWalletApi/" + name)
                .setRequestMarshaller(ProtoUtils.marshaller(sample))
                .setResponseMarshaller(ProtoUtils.marshaller(BalanceCheckResponse.getDefaultInstance())).build();
        BalanceCheckResponse answer = io.grpc.stub.ClientCalls.blockingUnaryCall(SDK, method,
                io.grpc.CallOptions.DEFAULT, request);
        return new Checked(answer.getClientId(), answer.getBalance(), answer.getBlockCount());
    }
"""
FRESH = """return ask("FreshBalanceCheck", FreshBalanceCheckRequest.newBuilder().setMnemonic(mnemonic)
                .setAccountIndex(accountIndex).setFogUri(fogUri).setChainId(chainId).build(),
                FreshBalanceCheckRequest.getDefaultInstance());"""
AGAIN = """return ask("FollowupBalanceCheck",
                FollowupBalanceCheckRequest.newBuilder().setClientId((Integer) wallet).build(),
                FollowupBalanceCheckRequest.getDefaultInstance());"""
EMPTY = 'throw new UnsupportedOperationException("call your SDK here");'


class JavaTemplate(unittest.TestCase):
    def setUp(self):
        if shutil.which("javac") is None or not all(jar.exists() for jar in JARS):
            self.skipTest("the template in Java is not tried: it needs javac (default-jdk-headless) and Debian's "
                          + ", ".join(JAVA_PACKAGES))
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.work = pathlib.Path(self._folder.name)

    def start(self, text):
        source = self.work / "WalletServer.java"
        source.write_text(text)
        subprocess.run(["protoc", "-I", OPTIONS.source / "proto", f"--java_out={self.work}",
                        OPTIONS.source / "proto/remote_wallet.proto"], check=True)
        jars = "/usr/share/java/*"
        subprocess.run(["javac", "-cp", jars, "-d", self.work, source, *self.work.glob("com/**/*.java")], check=True)
        return Program("java", "-cp", f"{self.work}:{jars}", "WalletServer", "127.0.0.1:0")

    def test_untouched_and_filled_in(self):
        text = (OPTIONS.source / "tools/wallet_template/WalletServer.java").read_text()
        self.assertLessEqual(text.count("\n"), 150)
        with self.start(text) as address:
            done = judge(address)
            self.assertEqual(done.returncode, 6, done.stdout + done.stderr)
            self.assertIn("call your SDK here", done.stdout)
        self.assertEqual(text.count(EMPTY), 2)
        for mistake, code in ((None, 0), ("spent-never", 1)):
            with self.subTest(mistake), outside(*(["--mistake", mistake] if mistake else [])) as sdk:
                filled = text.replace(EMPTY, FRESH, 1).replace(EMPTY, AGAIN, 1)
                filled = filled.replace("    interface Call", FILLED.replace("ADDRESS", sdk) + "\n    interface Call", 1)
                with self.start(filled) as address:
                    done = judge(address, "--runs", "40" if code else "3", "--no-shrink", "--strategy", "portfolio")
                    self.assertEqual(done.returncode, code, done.stdout + done.stderr)


class Pages(unittest.TestCase):
    def test_tells_the_author_what_was_shown_told_and_true(self):
        rules = {"spent-now": "a-spend-beyond-the-count", "spent-never": "a-spend-that-fog-ledger-has-told",
                 "one-round-of-search": "the-search-ends-too-early"}
        for mistake, rule in rules.items():
            with self.subTest(mistake), tempfile.TemporaryDirectory() as folder:
                page = pathlib.Path(folder) / "page.html"
                with outside("--mistake", mistake) as address:
                    done = judge(address, "--runs", "60", "--shrink-limit", "20", "--strategy", "portfolio", "--report",
                                 page)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                text = page.read_text()
                shown = re.search(r"count=(\d+) shown=(\d+) true=(\d+)", done.stdout)
                self.assertIn(f"Your wallet showed {shown[2]} picoMOB at block count {shown[1]}. True is {shown[3]}",
                              text)
                self.assertIn(f'href="docs/your-wallet.md#{rule}"', text)
                for part in ("What your wallet asked in that check", "Where everything stood", "<svg", "never met",
                             address):
                    self.assertIn(part, text)
                self.assertRegex(text, r"in all of \d+ runs? and \d+ balance checks?")

    def test_a_wallet_that_holds_and_one_that_cannot_be_judged(self):
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder) / "page.html"
            with outside() as address:
                judge(address, "--runs", "3", "--strategy", "portfolio", "--report", page)
            self.assertRegex(page.read_text(), r"Every balance that your wallet showed was right: \d+ of them, in 3 runs")
            with Served(says(0, 0)) as address:
                judge(address, "--report", page)
            self.assertIn("your wallet has contacted nobody", page.read_text())


class FaultsOfTheWire(unittest.TestCase):
    # In a world of one node of each kind.
    VIEW_STORE, VIEW_ROUTER, LEDGER_ROUTER, WALLET = 1, 3, 4, 6

    def excused(self, address, folder, *steps, topology="view-shards=1,image-shards=1"):
        """What excuses the checks that fail when two checks are made after these steps."""
        plan, result = folder / "plan.json", folder / "result.json"
        pay = {"action": "block", "credits": [{"account": 0, "amount": 1}]}
        check = [{"action": "poll"}, {"action": "join"}]
        plan.write_text(json.dumps({
            "schema": 1, "topology": f"accounts=1,ingest=1,{topology}", "wallets_per_account": 1,
            "steps": [{"action": "activate"}, pay, {"action": "settle", "amount": 60000}, *check, *steps, *check, *check]}))
        done = judge(address, "--no-talk", "--plan", plan, "--check-determinism", "--json", result)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return set(json.loads(result.read_text())["excused"])

    def test_a_wallet_meets_what_the_network_does(self):
        def fault(kind, node=self.WALLET, other=self.VIEW_ROUTER, amount=256):
            return {"action": "fault", "fault": kind, "node": node, "other": other, "amount": amount}

        to_ledger = {"node": self.WALLET, "other": self.LEDGER_ROUTER}
        with tempfile.TemporaryDirectory() as folder, outside() as address:
            folder = pathlib.Path(folder)
            for name, step, expected in (
                    ("nothing", [], set()),
                    ("reset at view", [fault("reset_connections")], {"reset_connections"}),
                    ("reset at the ledger", [fault("reset_connections", **to_ledger)], {"reset_connections"}),
                    ("refused", [{"action": "crash", "node": self.VIEW_ROUTER}], {"down"}),
                    ("a request lost", [fault("drop_requests")], {"drop_requests"}),
                    ("an answer lost", [fault("drop_answers", **to_ledger)], {"drop_answers"}),
                    ("cut off", [fault("partition")], {"partition"}),
                    ("late, and right", [fault("slow_link", amount=300)], set()),
                    ("too late", [fault("slow_link", amount=60000)], {"slow_link"}),
                    ("unavailable", [fault("db_down", 0, 0)], {"db_down"}),
                    ("a store that is down", [{"action": "crash", "node": self.VIEW_STORE}], {"down"})):
                with self.subTest(name):
                    self.assertEqual(self.excused(address, folder, *step), expected)
            block = {"action": "block", "credits": [{"account": 0, "amount": 2}], "spends": [0]}
            with self.subTest("replicas of view and of the ledger that are behind"):
                held = [{"action": "hold_store", "node": n} for n in (1, 3)]
                steps = [*held, block, {"action": "settle", "amount": 3000}]
                self.assertEqual(self.excused(address, folder, *steps, topology="view-replicas=2,image-replicas=2"), set())
            with self.subTest("a shard that is not ready"):
                steps = [{"action": "hold_store", "node": 1}, *[block] * 3, {"action": "settle", "amount": 3000}]
                self.assertEqual(self.excused(address, folder, *steps,
                                              topology="view-shards=2,image-shards=2,shard-blocks=2"), set())


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


class MobileCoinsOwn(unittest.TestCase):
    def setUp(self):
        if OPTIONS.mobilecoin_clients is None:
            self.skipTest("MobileCoin's own wallet is not tried: --mobilecoin-clients (or FOG_MOBILECOIN_CLIENTS) names "
                          "no folder with a sample_paykit_remote_wallet built with SGX_MODE=SW")

    def test_can_be_judged(self):
        address = f"127.0.0.1:{free_port()}"
        with Program(OPTIONS.mobilecoin_clients / "sample_paykit_remote_wallet", "--listen-uri",
                     f"insecure-remote-wallet://{address}/", address=address):
            done = judge(address, "--one-check-at-a-time", "--runs", "8", "--no-shrink", "--strategy", "portfolio")
        self.assertIn(done.returncode, (0, 1), done.stdout + done.stderr)
        self.assertIn("judge: your wallet answers: 4096 picoMOB at block count 3", done.stdout)


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

    def test_works_on_one_check_at_a_time(self):
        serial = f"""
import concurrent.futures, runpy, sys
made = concurrent.futures.ThreadPoolExecutor
concurrent.futures.ThreadPoolExecutor = lambda *_, **__: made(max_workers=1)
sys.path.insert(0, {str(SERVER.parent)!r})
sys.argv = ["server.py", "--proto", {str(OPTIONS.source / "proto")!r}]
runpy.run_path({str(SERVER)!r}, run_name="__main__")
"""
        with Program("/usr/bin/python3", "-B", "-c", serial) as address:
            self.expect_told(judge(address, "--runs", "4", "--strategy", "portfolio", "--wallet-limit", "3"),
                             "the wallet hangs", "works on one at a time, say --one-check-at-a-time")
        with Program("/usr/bin/python3", "-B", "-c", serial) as address:
            done = judge(address, "--one-check-at-a-time", "--runs", "4", "--strategy", "portfolio")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_talks_nonsense(self):
        with Served(says(2**64 - 1, 2**40)) as address:
            done = judge(address, "--no-talk", "--runs", "2", "--no-shrink")
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)

    def test_every_check_fails(self):
        def fails(_request, context):
            context.abort(grpc.StatusCode.INTERNAL, "my own fault")

        with Served(fails) as address:
            self.expect_told(judge(address), "fails though nothing is wrong with fog")
            done = judge(address, "--no-talk", "--runs", "2", "--no-shrink")
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn("FAIL check=crash", done.stdout)

    def test_speaks_the_other_mode(self):
        with outside("--clear-text") as address:
            self.expect_told(judge(address), "refused")

    def test_dies_in_the_middle(self):
        with outside("--dies-at", "9") as address:
            self.expect_told(judge(address, "--runs", "20"), "does not answer any more", "Start the wallet anew")

    def test_usage(self):
        for flags in (["localhost"], ["localhost:9090", "--jobs", "0"], ["localhost:9090", "--attestation", "x"],
                      ["localhost:9090", "--remote-wallet", "localhost:9091"]):
            done = judge(*flags)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        done = fogsim("--remote-wallet", "localhost")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("--remote-wallet", done.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--mobilecoin-clients", type=pathlib.Path, default=os.environ.get("FOG_MOBILECOIN_CLIENTS"),
                        help="folder with MobileCoin's own sample_paykit_remote_wallet (a checkout's target/debug)")
    OPTIONS, rest = parser.parse_known_args()
    SERVER = OPTIONS.source / "tools/outside_wallet/server.py"
    sys.path.insert(0, str(SERVER.parent))
    import messages

    KINDS = messages.Messages(OPTIONS.source / "proto")
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
