"""Says whether JUnit files are what Jenkins reads: the rules of the xunit plugin's junit-10.xsd, written out.

usage: junit_rules.py FILE...   exit code 1 and a line for each rule that a file breaks
"""
import re
import sys
import xml.etree.ElementTree

TIME = re.compile(r"([0-9]{0,3},)*[0-9]*(\.[0-9]*)?")
MIXED = {"type": False, "message": False}
# element: (its attributes, and whether each is required; the elements that may stand in it; whether text may)
RULES = {
    "testsuites": (dict.fromkeys(["name", "time", "tests", "failures", "errors"], False), {"testsuite"}, False),
    "testsuite": (
        {
            **dict.fromkeys(["name", "tests", "failures", "errors"], True),
            **dict.fromkeys(["group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"], False),
        },
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
        False,
    ),
    "testcase": (
        {"name": True, "time": False, "classname": False, "group": False},
        {"skipped", "error", "failure", "system-out", "system-err"},
        False,
    ),
    "properties": ({}, {"property"}, False),
    "property": ({"name": True, "value": True}, set(), False),
    "failure": (MIXED, set(), True),
    "error": (MIXED, set(), True),
    "skipped": (MIXED, set(), True),
    "system-out": ({}, set(), True),
    "system-err": ({}, set(), True),
}


def broken(element, place):
    rules = RULES.get(element.tag)
    if rules is None:
        yield f"{place}: there is no element {element.tag}"
        return
    attributes, children, text = rules
    for name in element.attrib:
        if name not in attributes:
            yield f"{place}: {element.tag} has no attribute {name}"
    for name, required in attributes.items():
        if required and name not in element.attrib:
            yield f"{place}: {element.tag} lacks {name}"
    if "time" in element.attrib and not TIME.fullmatch(element.attrib["time"]):
        yield f"{place}: time {element.attrib['time']!r} is no number of seconds"
    if not text and "".join([element.text or ""] + [child.tail or "" for child in element]).strip():
        yield f"{place}: text in {element.tag}"
    for child in element:
        if child.tag not in children:
            yield f"{place}: {child.tag} in {element.tag}"
        yield from broken(child, f"{place}/{child.tag}")
    if element.tag == "testsuite":
        cases = list(element.iter("testcase"))
        for attribute, what in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            counted = sum(1 for case in cases if case.find(what) is not None)
            if attribute in element.attrib and element.attrib[attribute] != str(counted):
                yield f"{place}: {attribute} says {element.attrib[attribute]}, and {counted} cases have one"
        if element.attrib.get("tests") != str(len(cases)):
            yield f"{place}: tests says {element.attrib.get('tests')} of {len(cases)}"


def main(paths):
    status = 0
    for path in paths:
        root = xml.etree.ElementTree.parse(path).getroot()
        if root.tag not in ("testsuite", "testsuites"):
            print(f"{path}: the root is {root.tag}")
            status = 1
        for rule in broken(root, f"{path}: {root.tag}"):
            print(rule)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
