#!/usr/bin/env python3
"""Finds what must not stand in the sources: real time and entropy where only the world's may be used, orders that
depend on addresses, tasks nobody joins, open ends."""
import pathlib
import re
import subprocess
import sys

SIMULATED = ("engine/", "sim/", "scenarios/")
RULES = [
    # pattern, folders, what to use instead
    (r"(system_clock|steady_clock|high_resolution_clock)::now|this_thread::sleep", SIMULATED, "the loop's clock"),
    (r"random_device|std::rand\(|std::shuffle|uniform_(int|real)_distribution|std::mt19937", SIMULATED, "a Stream"),
    (r"\bfor\s*\([^;)]*:\s*[a-z_.]*unordered", SIMULATED, "an ordered container"),
    (r"co_spawn\([^;]*detached", ("",), "a Nursery"),
    (r"\b(getenv|setlocale)\(", SIMULATED, "an option handed in by main"),
    (r"\b(TODO|FIXME|XXX)\b", ("",), "an issue"),
    # A reader takes what stands in it for a question that changes nothing.
    (r"\bENSURE\(.*(\+\+|--|\w\.?(insert|emplace|erase|push|pop|exchange|reset|release)\w*\(|_init\(|Init\w*\(|Parse|flate\w*\("
     r"|co_await|\b(X509|EVP|ECDSA|ASN1)_\w*(set|add|sign|Sign)\w*\()", ("",), "a variable for the outcome of the action"),
]
# Tests and fuzz targets run outside a world: a seeded generator or a place of data from the environment is theirs.
TEST = re.compile(r"_test\.cpp$|/testing/|/fuzz/")
TESTS_MAY = {"a Stream", "an option handed in by main", "a variable for the outcome of the action"}
TORN = re.compile("// -{20,}")
EXEMPT = {"sim/guard.cpp", "sim/guard_test.cpp", "sim/sweep.cpp"}


def main() -> int:
    top = pathlib.Path(__file__).resolve().parent.parent
    listed = subprocess.run(["git", "ls-files", "*.cpp", "*.hpp", "*.sh", "run"], cwd=top, capture_output=True, text=True, check=True)
    faults = 0
    for name in listed.stdout.split():
        if name in EXEMPT or not (top / name).exists():
            continue
        in_noexcept = None # how far the line that opens such a function is indented
        lines = (top / name).read_text().splitlines()
        for number, line in enumerate(lines, 1):
            if in_noexcept is not None and re.match(" *}", line) and line.index("}") <= in_noexcept:
                in_noexcept = None
            if re.search(r"\) (const )?noexcept( final| override)? \{$", line):
                in_noexcept = len(line) - len(line.lstrip())
            if in_noexcept is not None and re.search(r"\bENSURE\(", line):
                print(f"check_hygiene: {name}:{number}: use ENSURE_IN_NOEXCEPT: {line.strip()}", file=sys.stderr)
                faults += 1
            if TORN.match(line) and number < len(lines) and re.match("// [^-]", lines[number]):
                print(f"check_hygiene: {name}:{number}: a banner torn in two lines: make it shorter", file=sys.stderr)
                faults += 1
            if line.lstrip().startswith(("//", "#", "*", "///")):
                continue
            for pattern, folders, instead in RULES:
                if TEST.search(name) and instead in TESTS_MAY:
                    continue
                if name.startswith(folders) and re.search(pattern, line):
                    print(f"check_hygiene: {name}:{number}: use {instead}: {line.strip()}", file=sys.stderr)
                    faults += 1
    if not faults:
        print("check_hygiene: ok")
    return 1 if faults else 0


sys.exit(main())
