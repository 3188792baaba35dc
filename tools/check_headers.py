#!/usr/bin/env python3
"""Checks that every header compiles by itself.

    check_headers.py BUILD_DIRECTORY [HEADER...]

BUILD_DIRECTORY has a compile_commands.json of a clang build and what that build generates. A header that includes the
project's Asio headers anyway is checked on top of them precompiled: they come first in it or not at all, and they are
most of the time that it takes.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
# The headers that are worth precompiling, the larger first; each is checked without any other.
BASES = ["real/loop/io_loop.hpp", "engine/task.hpp"]
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def compiler_and_flags(build: pathlib.Path) -> tuple[str, list[str]]:
    commands = json.loads((build / "compile_commands.json").read_text())
    compiler, flags = "", []
    for entry in commands:
        words = shlex.split(entry["command"])
        program = next(w for w in words if "ccache" not in w)
        if "clang++" not in program:
            continue
        compiler = program
        i = 0
        while i < len(words):
            word = words[i]
            if word in ("-isystem", "-I"):
                pair = [word, words[i + 1]]
                i += 1
            elif word.startswith(("-I", "-DBOOST")):
                pair = [word]
            else:
                pair = []
            if pair and " ".join(pair) not in {" ".join(p) for p in flags}:
                flags.append(pair)
            i += 1
    return compiler, [word for pair in flags for word in pair]


def closure(header: str, seen: set[str]) -> set[str]:
    if header not in seen and (TOP / header).exists():
        seen.add(header)
        for included in INCLUDE.findall((TOP / header).read_text()):
            closure(included, seen)
    return seen


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    build = pathlib.Path(sys.argv[1]).resolve()
    if not (build / "compile_commands.json").exists():
        print(f"check_headers: {build}: no compile_commands.json; configure that build first", file=sys.stderr)
        return 1
    compiler, flags = compiler_and_flags(build)
    if not compiler:
        print(f"check_headers: {build}: is no clang build", file=sys.stderr)
        return 1
    base_command = [compiler, "-std=c++20", "-pthread", "-Wall", "-Wextra", "-Wno-pragma-once-outside-header",
                    "-Wno-deprecated-declarations", "-Wno-gnu-zero-variadic-macro-arguments", "-Werror",
                    # What only targets of tests define.
                    f'-DFOG_SOURCE_DIR="{TOP}"', f'-DFOG_PROGRAM_DIR="{build}/bin"', f"-I{TOP}", *flags]
    listed = sys.argv[2:] or subprocess.run(["git", "ls-files", "*.hpp"], cwd=TOP, capture_output=True, text=True,
                                            check=True).stdout.split()
    listed = [name for name in listed if (TOP / name).exists()]
    with tempfile.TemporaryDirectory() as folder:
        compiled = {}
        for base in BASES:
            compiled[base] = pathlib.Path(folder) / (base.replace("/", "+") + ".pch")
            made = subprocess.run([*base_command, "-x", "c++-header", str(TOP / base), "-o", str(compiled[base])],
                                  capture_output=True, text=True)
            if made.returncode != 0:
                print(f"check_headers: {base} does not compile by itself:\n{made.stderr}", file=sys.stderr)
                return 1

        def check(name: str) -> str:
            if name in BASES:
                return ""
            under = closure(name, set())
            on_top = next((b for b in BASES if b in under), None)
            more = ["-include-pch", str(compiled[on_top])] if on_top else []
            done = subprocess.run([*base_command, *more, "-fsyntax-only", "-x", "c++", str(TOP / name)],
                                  capture_output=True, text=True)
            return "" if done.returncode == 0 else f"check_headers: {name} does not compile by itself:\n{done.stderr}"

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            faults = [fault for fault in pool.map(check, listed) if fault]
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print(f"check_headers: ok, {len(listed)} headers")
    return 1 if faults or not listed else 0


sys.exit(main())
