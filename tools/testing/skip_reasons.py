"""Run by ctest after the tests: says which were skipped, and why.

usage: skip_reasons.py LOG   LOG: ctest's own, Testing/Temporary/LastTest.log (still .tmp when ctest calls this)
"""
import os
import re
import sys

TEST = re.compile(r"^\d+/\d+ Test: (.*)$")
CASE = re.compile(r"^\[ +RUN +\] (.*)$")
SKIPPED = re.compile(r"^(?:.*:\d+: )?Skipped$")


def reasons(lines):
    """Pairs of a test's name and the reason that it gave."""
    test = case = ""
    at = iter(lines)
    for line in at:
        if match := TEST.match(line):
            test = case = match[1]
        elif match := CASE.match(line):
            case = match[1]
        elif SKIPPED.match(line):
            reason = []
            for more in at:
                if not more.strip() or more.startswith("["):
                    break
                reason.append(more.strip())
            name = test if case == test or case in test else f"{test}: {case}"
            yield name, " ".join(reason) or "no reason given"


def main(log):
    path = next((name for name in (log + ".tmp", log) if os.path.exists(name)), None)
    if path is None:
        return 0
    with open(path, encoding="utf-8", errors="replace") as file:
        found = list(reasons(file.read().splitlines()))
    if found:
        print(f"\n{len(found)} skipped, because:")
    for name, reason in found:
        print(f"  {name}: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
