#!/usr/bin/env python3
"""A service around your wallet SDK, for `fogsim judge` and `fogreal --remote-wallet`: fill in two functions.

    server.py --proto DIR/proto/remote_wallet.proto [--listen 127.0.0.1:9090]

Needs the Debian packages python3-grpcio, python3-protobuf and protobuf-compiler.
"""
import argparse
import concurrent.futures
import importlib
import pathlib
import subprocess
import sys
import tempfile
import threading

import grpc
from google.protobuf import empty_pb2


# ---------------------------------------------------------------- yours: these two, and a third if you like


def check_from_scratch(mnemonic: str, account_index: int, fog_uri: str, chain_id: str):
    """Make a wallet with no memory and check its balance once, at fog_uri (insecure-fog://HOST:PORT).

    @return  your wallet object, its balance of MOB in picoMOB, and the block count that this balance is true for:
             the number of blocks, which is the last block's index plus one
    """
    raise NotImplementedError("call your SDK here")


def check_again(wallet):
    """Check the balance of the same wallet once more.  @return balance and block count"""
    raise NotImplementedError("call your SDK here")


def describe(wallet) -> str:
    """What your wallet believes, in words: shown when something is wrong."""
    return repr(wallet)


# ---------------------------------------------------------------- the service: nothing to change below


class Wallets:
    def __init__(self, messages):
        self._messages = messages
        self._lock = threading.Lock()
        self._by_id = []

    def _answer(self, client_id, balance, block_count):
        return self._messages.BalanceCheckResponse(client_id=client_id, balance=balance, block_count=block_count)

    def _find(self, client_id, context):
        with self._lock:
            wallet = self._by_id[client_id] if client_id < len(self._by_id) else None
        if wallet is None:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"no wallet {client_id}")
        return wallet

    def fresh(self, request, context):
        try:
            wallet, balance, count = check_from_scratch(request.mnemonic, request.account_index, request.fog_uri,
                                                        request.chain_id)
        except Exception as error:  # whatever your SDK throws is a failed check, with its words
            context.abort(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}")
        with self._lock:
            self._by_id.append(wallet)
            client_id = len(self._by_id) - 1
        return self._answer(client_id, balance, count)

    def followup(self, request, context):
        wallet = self._find(request.client_id, context)
        try:
            balance, count = check_again(wallet)
        except Exception as error:
            context.abort(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}")
        return self._answer(request.client_id, balance, count)

    def debug(self, request, context):
        return self._messages.DebugResponse(debug_info=describe(self._find(request.client_id, context)))

    def stop(self, request, context):
        with self._lock:
            if request.client_id >= len(self._by_id):
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"no wallet {request.client_id}")
            self._by_id[request.client_id] = None
        return empty_pb2.Empty()

    def reset(self, _request, _context):
        with self._lock:
            self._by_id.clear()
        return empty_pb2.Empty()


def compiled(proto: pathlib.Path, into: str):
    """The message classes of the .proto file, made anew at each start: no generated code to keep."""
    subprocess.run(["protoc", "-I", str(proto.resolve().parent), f"--python_out={into}", str(proto.resolve())], check=True)
    sys.path.insert(0, into)
    return importlib.import_module(f"{proto.stem}_pb2")


def serve(listen: str, messages):
    wallets = Wallets(messages)

    def method(call, request):
        return grpc.unary_unary_rpc_method_handler(call, request.FromString, lambda answer: answer.SerializeToString())

    handlers = {
        "FreshBalanceCheck": method(wallets.fresh, messages.FreshBalanceCheckRequest),
        "FollowupBalanceCheck": method(wallets.followup, messages.FollowupBalanceCheckRequest),
        "Debug": method(wallets.debug, messages.DebugRequest),
        "Stop": method(wallets.stop, messages.StopRequest),
        "Reset": method(wallets.reset, empty_pb2.Empty),
    }
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=8))
    service = grpc.method_handlers_generic_handler("remote_wallet.RemoteWalletApi", handlers)
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port(listen)
    server.start()
    print(f"listening on {listen.rpartition(':')[0]}:{port}", flush=True)
    server.wait_for_termination()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--proto", type=pathlib.Path, required=True, help="remote_wallet.proto")
    parser.add_argument("--listen", default="127.0.0.1:9090", help="HOST:PORT; port 0 is any free one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        serve(arguments.listen, compiled(arguments.proto, folder))


if __name__ == "__main__":
    main()
