#!/usr/bin/env python3
"""Checks that the head of every story names the capabilities that the catalogue asks for.

A head ends with `needs: crash, lose_commit_ack` or `needs: nothing`; the catalogue has `.needs = {Capability::crash, ...}`.
"""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent / "scenarios"


def catalogue() -> dict[str, set[str]]:
    text = (TOP / "catalogue.cpp").read_text()
    stories = {}
    for entry in re.split(r"FOG_STORY\(|\.name = ", text)[1:]:
        story = re.match(r"\s*(\w+),", entry)
        needs = re.search(r"\.needs = \{([^}]*)\}", entry)
        if story:
            stories[story[1]] = set(re.findall(r"Capability::(\w+)", needs[1] if needs else ""))
    return stories


def head_needs(path: pathlib.Path) -> set[str] | None:
    head = []
    for line in path.read_text().splitlines():
        if not line.startswith("//"):
            break
        head.append(line[2:].strip())
    found = re.search(r"needs:\s*(.*)$", " ".join(head))
    return {word for word in re.findall(r"\w+", found[1]) if word != "nothing"} if found else None


def main() -> int:
    faults = []
    stories = catalogue()
    if not stories:
        faults.append("scenarios/catalogue.cpp: no story found in it")
    for folder in ("ingest", "ledger", "view", "wallet"):
        for path in sorted((TOP / folder).glob("*.cpp")):
            if path.stem not in stories:
                faults.append(f"{path.relative_to(TOP.parent)}: scenarios/catalogue.cpp does not list it")
    for name, needs in stories.items():
        paths = [path for path in TOP.glob("*/*.cpp") if path.stem == name]
        if not paths:
            faults.append(f"scenarios/catalogue.cpp: no file {name}.cpp tells story {name}")
            continue
        said = head_needs(paths[0])
        if said != needs:
            want = ", ".join(sorted(needs)) or "nothing"
            have = "no line `needs:`" if said is None else "`needs: " + (", ".join(sorted(said)) or "nothing") + "`"
            faults.append(f"{paths[0].relative_to(TOP.parent)}: its head has {have}, the catalogue says {want}")
    for fault in faults:
        print(f"check_stories: {fault}", file=sys.stderr)
    if not faults:
        print(f"check_stories: ok, {len(stories)} stories")
    return 1 if faults else 0


sys.exit(main())
