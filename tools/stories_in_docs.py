#!/usr/bin/env python3
"""Stories that pages of docs/ print: writes them anew, or checks that their commands still fail as printed.

A story is a command, a line "    ./run fogsim ...", and behind it a fenced block of text.

    tools/stories_in_docs.py --fogsim build/release/bin/fogsim docs/wallet-rules.md ...
    tools/stories_in_docs.py --check --fogsim ...      nothing is written; exit code 1 when one is no longer true
"""
import argparse
import pathlib
import re
import shlex
import subprocess
import sys

STORY = re.compile(r"^    \./run fogsim (?P<arguments>.*)\n\n```text\n(?P<text>(?:.*\n)*?)```\n", re.M)
FAILED = re.compile(r"fogsim: FAIL check=(\w+) ")
VIOLATION = re.compile(r"^(?:A (\w+) violation: |A statement of the story, of the kind (\w+)\.$)", re.M)
FAILURES = (1, 3)


def fogsim(program, arguments, *more):
    command = [program, *shlex.split(arguments), "--jobs", "1", *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def story_of(output):
    """Without the lines that say how to repeat it: those change with every version."""
    return "".join(line + "\n" for line in output.splitlines()
                   if not line.startswith(("Repeat with: ", "fogsim: ")))


def without_defect(arguments):
    return re.sub(r" --(defect|profile) \S+", "", arguments)


def why_untrue(program, story):
    arguments = story["arguments"]
    failed = fogsim(program, arguments, "--no-shrink")
    check = FAILED.search(failed.stdout)
    said = VIOLATION.search(story["text"])
    printed = (said[1] or said[2]) if said else "none"
    if failed.returncode not in FAILURES or not check:
        return f"does not fail any more (exit code {failed.returncode})"
    if printed != check[1]:
        return f"fails check {check[1]}, printed is {printed}"
    held = fogsim(program, without_defect(arguments))
    if held.returncode != 0:
        return f"does not hold without its defect (exit code {held.returncode})"
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fogsim", required=True)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("pages", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    wrong = 0
    for page in options.pages:
        text = page.read_text()
        stories = list(STORY.finditer(text))
        if not stories:
            print(f"{page}: has no story")
            wrong += 1
        for story in stories:
            if options.check:
                why = why_untrue(options.fogsim, story)
                if why:
                    print(f"{page}: {story['arguments']}: {why}")
                    wrong += 1

        def anew(story):
            output = fogsim(options.fogsim, story["arguments"])
            if output.returncode not in FAILURES:
                sys.exit(f"{page}: {story['arguments']}: ends with exit code {output.returncode}")
            return f"    ./run fogsim {story['arguments']}\n\n```text\n{story_of(output.stdout)}```\n"

        if not options.check:
            page.write_text(STORY.sub(anew, text))
            print(f"{page}: {len(stories)} stories")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
