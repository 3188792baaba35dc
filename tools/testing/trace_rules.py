"""Says whether a file is in the trace event format, and whether a person can read it in Perfetto.

usage: trace_rules.py FILE   exit code 1 and a line for each rule that the file breaks; else what is in it
"""
import collections
import json
import sys

NEEDED = {
    "X": ("name", "cat", "pid", "tid", "ts", "dur"),
    "i": ("name", "cat", "pid", "tid", "ts", "s"),
    "C": ("name", "pid", "ts", "args"),
    "M": ("name", "pid", "args"),
    "s": ("name", "cat", "pid", "tid", "ts", "id"),
    "f": ("name", "cat", "pid", "tid", "ts", "id", "bp"),
}
METADATA = {"process_name": "name", "thread_name": "name", "process_sort_index": "sort_index", "thread_sort_index": "sort_index"}


def rules(trace):
    events = trace["traceEvents"]
    if trace.get("displayTimeUnit") not in ("ms", "ns"):
        yield "displayTimeUnit is neither ms nor ns"
    slices, flows, used, named = collections.defaultdict(list), {"s": {}, "f": {}}, set(), set()
    for number, event in enumerate(events):
        phase = event.get("ph")
        if phase not in NEEDED:
            yield f"event {number}: phase {phase!r}"
            continue
        for field in NEEDED[phase]:
            if field not in event:
                yield f"event {number} ({phase}): no {field}"
        if event.get("ts", 0) < 0 or event.get("dur", 0) < 0:
            yield f"event {number}: before the beginning"
        row = (event["pid"], event.get("tid"))
        if phase == "X":
            slices[row].append((event["ts"], event["ts"] + event["dur"], event["name"]))
        elif phase == "i" and event["s"] not in ("g", "p", "t"):
            yield f"event {number}: scope {event['s']!r}"
        elif phase == "C" and not all(isinstance(value, (int, float)) for value in event["args"].values()):
            yield f"event {number}: a counter of {event['args']}"
        elif phase == "M":
            if METADATA.get(event["name"]) not in event["args"]:
                yield f"event {number}: {event['name']} of {event['args']}"
            if event["name"].endswith("_name"):
                named.add(row)
        elif phase in flows:
            if event["id"] in flows[phase]:
                yield f"event {number}: a second {phase} of flow {event['id']}"
            flows[phase][event["id"]] = (row, event["ts"])
        if phase in "Xi":
            used.add(row)
        used.add((event["pid"], None))
    for row in sorted(used - named, key=str):
        yield f"process {row[0]}, thread {row[1]} has no name"
    exact = 0.0005  # half of the last digit
    for row, all_of_row in slices.items():
        open_until = []
        for begin, end, name in sorted(all_of_row, key=lambda s: (s[0], -s[1])):
            while open_until and open_until[-1] <= begin + exact:
                open_until.pop()
            if open_until and end > open_until[-1] + exact:
                yield f"{row}: {name} at {begin} overlaps what it lies in"
            open_until.append(end)
    for phase, of_phase in flows.items():
        for identity, (row, when) in of_phase.items():
            if not any(begin - exact <= when <= end + exact for begin, end, _ in slices[row]):
                yield f"flow {identity}: its {phase} lies in no slice"
    for identity, (row, when) in flows["f"].items():
        if identity not in flows["s"]:
            yield f"flow {identity} ends without a beginning"
        elif flows["s"][identity][1] > when or flows["s"][identity][0][0] == row[0]:
            yield f"flow {identity} goes back in time, or nowhere"


def main(path):
    with open(path, encoding="utf-8") as file:
        trace = json.load(file)
    broken = list(rules(trace))
    for rule in broken[:20]:
        print(rule)
    if broken:
        return 1
    for phase, count in sorted(collections.Counter(event["ph"] for event in trace["traceEvents"]).items()):
        print(f"{phase}={count}")
    for name in sorted({event["args"]["name"] for event in trace["traceEvents"] if event["name"] == "process_name"}):
        print(f"process {name}")
    for name in sorted({event["name"] for event in trace["traceEvents"] if event["ph"] in "XC"}):
        print(f"has {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
