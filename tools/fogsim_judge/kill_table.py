#!/usr/bin/env python3
"""Which mistakes of tools/outside_wallet `fogsim judge` finds, and how soon.

    kill_table.py --bin build/release/bin [--time-limit 60] [--only MISTAKE]...

A mistake is found when its wallet fails and the right one holds at the same seed.
"""
import argparse
import contextlib
import pathlib
import re
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
OUTSIDE = SOURCE / "tools/outside_wallet"
sys.path.insert(0, str(OUTSIDE))
import wallet  # noqa: E402


@contextlib.contextmanager
def served(*flags):
    """The wallet's program.  @return its address"""
    program = subprocess.Popen(
        ["/usr/bin/python3", "-B", OUTSIDE / "server.py", "--proto", SOURCE / "proto", *flags],
        stdout=subprocess.PIPE, text=True)
    try:
        yield re.search(r"listening on (\S+)", program.stdout.readline())[1]
    finally:
        program.terminate()
        program.wait()
        program.stdout.close()


def judged(bin_dir, address, *flags):
    """@return exit code and last line of the verdict"""
    done = subprocess.run([bin_dir / "fogsim", "judge", address, "--no-shrink", "--no-talk", *map(str, flags)],
                          capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("fogsim: ")]
    return done.returncode, lines[-1] if lines else done.stderr.strip()


def verdict(bin_dir, right, mistake, seconds):
    """@return whether it is found, and the words of the table"""
    begun = time.monotonic()
    with served("--mistake", mistake) as address:
        code, line = judged(bin_dir, address, "--time-limit", seconds)
    took = time.monotonic() - begun
    check, seed = re.search(r"check=(\w+)", line), re.search(r"seed=(\d+)", line)
    if code not in (1, 3) or not check or not seed:
        return False, f"not found (exit {code}: {line})"
    same, same_line = judged(bin_dir, right, "--seed", seed[1], "--strategy", "portfolio")
    if same != 0:
        return False, f"not found: the right wallet does not hold at seed {seed[1]} ({same_line})"
    return True, f"{check[1]}, seed {seed[1]}, {took:.1f} s"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--time-limit", type=int, default=60, help="seconds for each mistake")
    parser.add_argument("--only", action="append", choices=sorted(wallet.MISTAKES), help="a mistake; repeatable")
    arguments = parser.parse_args()
    names = arguments.only or list(wallet.MISTAKES)
    found = 0
    with served() as right:
        for name in names:
            is_found, how = verdict(arguments.bin, right, name, arguments.time_limit)
            found += is_found
            print(f"{name:<28} {how}", flush=True)
    print(f"{found} of {len(names)} mistakes found")
    return 0 if found * 10 >= len(names) * 9 else 1


if __name__ == "__main__":
    sys.exit(main())
