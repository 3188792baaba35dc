#!/usr/bin/env python3
"""Checks the direction of dependencies between the folders.

  scenarios -> engine <- sim          engine <- real -> proto          tools may use everything
                          sim <- judge -> real: somebody else's wallets in the simulated world

Nothing in engine/ or scenarios/ knows a backend, and the backends do not know each other.
"""
import pathlib
import re
import subprocess
import sys

# folder: what its sources may include of the project
ALLOWED = {
    "engine": {"engine"},
    "scenarios": {"engine", "scenarios"},
    "sim": {"engine", "sim"},
    "real": {"engine", "real", "proto"},
    "proto": {"proto"},
    "cmake": set(),
    "search": {"engine", "sim", "scenarios", "search"},
    "property_tests": {"engine", "sim", "real", "scenarios", "search", "property_tests"},
    "judge": {"engine", "sim", "real", "judge"},
    "tools": {"engine", "sim", "real", "proto", "scenarios", "search", "judge", "tools"},
    "bench": {"engine", "sim", "real", "scenarios", "search", "tools", "bench"},
}
# A test may stand beside what it tests and still need a loop to run it on.
TEST_EXTRA = {"engine": {"sim"}, "sim": {"scenarios"}, "scenarios": {"sim"}}
# Inside engine/, from the bottom up.
ENGINE_ORDER = ["chain", "", "consensus", "fog", "model", "check", "tell", "world"]
# System headers that only a backend may see.
BACKEND_ONLY = re.compile(r"grpcpp|lmdb\.h|libpq|boost/process|sys/socket|unistd\.h|<thread>|<ctime>|<random>")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def is_test(path: pathlib.Path) -> bool:
    return path.stem.endswith("_test") or "testing" in path.parts or "fuzz" in path.parts


def main() -> int:
    top = pathlib.Path(__file__).resolve().parent.parent
    listed = subprocess.run(["git", "ls-files", "*.cpp", "*.hpp"], cwd=top, capture_output=True, text=True, check=True)
    faults = []
    for name in listed.stdout.split():
        path = pathlib.Path(name)
        folder = path.parts[0]
        if folder not in ALLOWED:
            faults.append(f"{name}: folder {folder}/ has no rule")
            continue
        allowed = ALLOWED[folder] | (TEST_EXTRA.get(folder, set()) if is_test(path) else set())
        if not (top / path).exists():
            continue
        for kind, included in INCLUDE.findall((top / path).read_text()):
            target = included.split("/")[0]
            if kind == '"':
                if target not in allowed:
                    faults.append(f"{name}: {folder}/ must not include {included}")
                elif folder == target == "engine" and not is_test(path):
                    mine = path.parts[1] if len(path.parts) > 2 else ""
                    theirs = included.split("/")[1] if included.count("/") > 1 else ""
                    # The world's own headers stand above everything else in engine/.
                    top_level = {"world.hpp", "world.cpp", "scenario.hpp", "closing.cpp"}
                    if mine in ENGINE_ORDER and theirs in ENGINE_ORDER and path.name not in top_level:
                        if ENGINE_ORDER.index(theirs) > ENGINE_ORDER.index(mine):
                            if not (mine == "chain" and theirs == ""):
                                faults.append(f"{name}: engine/{mine} must not include {included}")
            elif folder in ("engine", "scenarios") and not is_test(path) and BACKEND_ONLY.search(f"<{included}>"):
                faults.append(f"{name}: {folder}/ must not include <{included}>")
    for fault in faults:
        print("check_layers:", fault, file=sys.stderr)
    if not faults:
        print("check_layers: ok")
    return 1 if faults else 0


sys.exit(main())
