#!/usr/bin/env python3
"""remote_wallet.proto served by the wallet in wallet.py: what a wallet SDK under test looks like from the harness.

    server.py --proto DIR [--listen 127.0.0.1:0] [--mistake NAME] [--clear-text] [--fails-at N] [--dies-at N]
              [--thinks SECONDS] [--twice] [--reads-reports]

Prints one line `listening on HOST:PORT` when it serves.  Ends at SIGTERM or SIGINT.
"""
import argparse
import concurrent.futures
import os
import pathlib
import signal
import sys
import threading
import time

import grpc

import crypto
import fog
import messages
import wallet

SERVICE = "remote_wallet.RemoteWalletApi"


class Tested:
    """A wallet that is checked once at a time, whatever other wallets do meanwhile."""

    def __init__(self, tested):
        self.wallet = tested
        self.lock = threading.Lock()


class RemoteWallets:
    def __init__(self, kinds, mistake, clear_text, fails_at, dies_at, thinks, twice, reads_reports):
        self._kinds = kinds
        self._clear_text = clear_text
        self._thinks = thinks
        self._twice = twice
        self._reads_reports = reads_reports
        self.reports = 0  # seen so far
        self._mistake = mistake
        self._checks_until_failure = fails_at  # 0: never
        self._checks_until_death = dies_at
        self._lock = threading.Lock()
        self._wallets = []

    def _answer(self, client_id, balance, count):
        return self._kinds["remote_wallet.BalanceCheckResponse"](
            client_id=client_id, balance=balance, block_count=count
        )

    def fresh(self, request, context):
        try:
            account = crypto.Account.from_mnemonic(request.mnemonic, request.account_index)
            network = fog.Fog(self._kinds, request.fog_uri, request.chain_id, self._clear_text, self._twice)
        except ValueError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        tested = Tested(wallet.Wallet(account, network, self._mistake))
        balance, count = self._check(tested, context)
        with self._lock:
            self._wallets.append(tested)
            return self._answer(len(self._wallets) - 1, balance, count)

    def followup(self, request, context):
        return self._answer(request.client_id, *self._check(self._find(request, context), context))

    def stop(self, request, context):
        with self._lock:
            if request.client_id >= len(self._wallets):
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"no wallet {request.client_id}")
            self._wallets[request.client_id] = None
        return self._kinds["google.protobuf.Empty"]()

    def debug(self, request, context):
        tested = self._find(request, context)
        with tested.lock:
            text = tested.wallet.debug()
        return self._kinds["remote_wallet.DebugResponse"](debug_info=text)

    def reset(self, _request, _context):
        with self._lock:
            self._wallets.clear()
        return self._kinds["google.protobuf.Empty"]()

    def _find(self, request, context):
        with self._lock:
            found = self._wallets[request.client_id] if request.client_id < len(self._wallets) else None
        if found is None:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"no wallet {request.client_id}")
        return found

    def _check(self, tested, context):
        self._checks_until_death -= 1
        if self._checks_until_death == 0:
            os._exit(1)
        self._checks_until_failure -= 1
        if self._checks_until_failure == 0:
            # As if the ledger had answered so, of its own accord.
            context.abort(grpc.StatusCode.INTERNAL, "check_balance: fog_ledger.FogKeyImageAPI: internal")
        time.sleep(self._thinks)
        try:
            with tested.lock:
                if self._reads_reports:
                    self.reports += tested.wallet.fog.reports()
                return tested.wallet.check()
        except (grpc.RpcError, ConnectionError, ValueError) as error:
            context.abort(grpc.StatusCode.INTERNAL, f"check_balance: {error}")


def method(call, kinds, request, response):
    return grpc.unary_unary_rpc_method_handler(
        call, kinds[request].FromString, kinds[response].SerializeToString
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--proto", type=pathlib.Path, required=True, help="folder of the .proto files")
    parser.add_argument("--listen", default="127.0.0.1:0", help="HOST:PORT; port 0 is any free one")
    parser.add_argument("--mistake", choices=sorted(wallet.MISTAKES), help="answer wrongly in this way")
    parser.add_argument("--fails-at", type=int, default=0, help="number of the check that fails without a cause")
    parser.add_argument("--dies-at", type=int, default=0, help="number of the check in which the program dies")
    parser.add_argument("--thinks", type=float, default=0, help="seconds before each check")
    parser.add_argument("--twice", action="store_true", help="make every request twice at once; with --clear-text")
    parser.add_argument("--reads-reports", action="store_true", help="ask for the fog reports before each check")
    parser.add_argument("--clear-text", action="store_true", help="sessions without attestation")
    arguments = parser.parse_args()

    kinds = messages.Messages(arguments.proto)
    served = RemoteWallets(kinds, arguments.mistake, arguments.clear_text, arguments.fails_at,
                           arguments.dies_at, arguments.thinks, arguments.twice, arguments.reads_reports)
    empty, package = "google.protobuf.Empty", "remote_wallet"
    balance = f"{package}.BalanceCheckResponse"
    handlers = {
        "FreshBalanceCheck": method(served.fresh, kinds, f"{package}.FreshBalanceCheckRequest", balance),
        "FollowupBalanceCheck": method(served.followup, kinds, f"{package}.FollowupBalanceCheckRequest", balance),
        "Stop": method(served.stop, kinds, f"{package}.StopRequest", empty),
        "Debug": method(served.debug, kinds, f"{package}.DebugRequest", f"{package}.DebugResponse"),
        "Reset": method(served.reset, kinds, empty, empty),
    }
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=32))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    host = arguments.listen.rpartition(":")[0]
    port = server.add_insecure_port(arguments.listen)
    if port == 0:
        print(f"server.py: --listen: cannot bind {arguments.listen}", file=sys.stderr)
        return 2
    server.start()
    print(f"listening on {host}:{port}", flush=True)

    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    done.wait()
    server.stop(grace=None).wait()
    if arguments.reads_reports:
        print(f"fog reports: {served.reports}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
