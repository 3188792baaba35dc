#!/usr/bin/env python3
"""Which mistakes of tools/outside_wallet `fogsim judge` finds, and how soon.

    kill_table.py --bin build/release/bin [--time-limit 60] [--only MISTAKE]...
"""
import argparse
import pathlib
import re
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
OUTSIDE = SOURCE / "tools/outside_wallet"
sys.path.insert(0, str(OUTSIDE))
import wallet  # noqa: E402


def judged(bin_dir, mistake, seconds):
    """@return exit code, last line of the verdict and seconds taken"""
    program = subprocess.Popen(
        ["/usr/bin/python3", "-B", OUTSIDE / "server.py", "--proto", SOURCE / "proto", "--mistake", mistake],
        stdout=subprocess.PIPE, text=True)
    try:
        address = re.search(r"listening on (\S+)", program.stdout.readline())[1]
        begun = time.monotonic()
        done = subprocess.run(
            [bin_dir / "fogsim", "judge", address, "--no-shrink", "--no-talk", "--time-limit", str(seconds)],
            capture_output=True, text=True)
        took = time.monotonic() - begun
    finally:
        program.terminate()
        program.wait()
        program.stdout.close()
    lines = [line for line in done.stdout.splitlines() if line.startswith("fogsim: ")]
    return done.returncode, lines[-1] if lines else done.stderr.strip(), took


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--time-limit", type=int, default=60, help="seconds for each mistake")
    parser.add_argument("--only", action="append", help="a mistake; repeatable")
    arguments = parser.parse_args()
    names = arguments.only or list(wallet.MISTAKES)
    found = 0
    for name in names:
        code, line, took = judged(arguments.bin, name, arguments.time_limit)
        check = re.search(r"check=(\w+)", line)
        # A failed check ends the right wallet's sweep, too: it does not repeat its requests.
        killed = code in (1, 3) and check and check[1] != "crash"
        found += bool(killed)
        seed = re.search(r"seed=(\d+)", line)
        how = f"{check[1]}, seed {seed[1]}, {took:.1f} s" if killed and check and seed else f"not found (exit {code})"
        print(f"{name:<28} {how}", flush=True)
    print(f"{found} of {len(names)} mistakes found")
    return 0 if found * 10 >= len(names) * 9 else 1


if __name__ == "__main__":
    sys.exit(main())
