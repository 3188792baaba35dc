#!/usr/bin/env python3
"""Makes man pages and completions for bash from what programs say when asked for --help.

usage: manuals.py --bin DIR --man DIR --completions DIR --version TEXT --date TEXT PROGRAM...

PROGRAM is a name in --bin; a blank in it separates a command of its own ("fogsim mutants").  Programs that were not
built are left out.
"""
import argparse
import dataclasses
import pathlib
import re
import subprocess
import sys

OPTION = re.compile(r"^  (-[^ ]+(?: \S.*?)??)(?:  +(\S.*))?$")


@dataclasses.dataclass
class Flag:
    names: list
    value: str  # what it takes; empty: nothing
    text: str


@dataclasses.dataclass
class Help:
    about: list
    flags: list
    footer: list


def flag_of(head, text):
    names, _, value = head.partition(" ")
    value = re.sub(r"\s*(REQUIRED|Excludes:.*|Needs:.*|\(Env:[^)]*\)| \.\.\.$)", "", value).strip()
    environment = re.search(r"\(Env:([^)]*)\)", head)
    more = []
    if environment:
        more.append(f"Also: the variable {environment[1]}.")
    if "REQUIRED" in head:
        more.append("It must be given.")
    if more:
        text = " ".join([text.rstrip(".") + "."] + more)
    return Flag(names.split(","), value, text.strip())


def parse(text):
    """What CLI11 prints, taken apart."""
    about, rest = [], iter(text.splitlines())
    for line in rest:
        if line.startswith("Usage:"):
            break
        about.append(line)
    flags, footer, head, words = [], [], None, []

    def end():
        nonlocal head
        if head is not None:
            flags.append(flag_of(head, " ".join(words)))
        head = None

    in_options = False
    for line in rest:
        if line == "Options:":
            in_options = True
        elif in_options and (match := OPTION.match(line)):
            end()
            head, words = match[1], [match[2]] if match[2] else []
        elif in_options and head is not None and line.startswith("        "):
            words.append(line.strip())
        elif in_options:
            end()
            in_options = in_options and not flags
            footer.append(line)
        else:
            footer.append(line)
    end()
    return Help(about, flags, footer)


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def man_page(name, help_, version, date):
    lines = [f'.TH "{escaped(name.replace(" ", "-").upper())}" 1 "{date}" "fogsim {version}" "User commands"', ".SH NAME"]
    about = [line for line in help_.about if line.strip()] or [name]
    lines.append(f"{escaped(name.replace(' ', '-'))} \\- {escaped(about[0].rstrip('.'))}")
    lines += [".SH SYNOPSIS", f".B {escaped(name)}", "[\\fIOPTIONS\\fR]"]
    if about[1:]:
        lines.append(".SH DESCRIPTION")
        for line in about[1:]:
            lines += [escaped(line), ".br"]
    lines.append(".SH OPTIONS")
    for flag in help_.flags:
        names = ", ".join(f"\\fB{escaped(name)}\\fR" for name in flag.names)
        value = f" \\fI{escaped(flag.value)}\\fR" if flag.value else ""
        lines += [".TP", names + value, escaped(flag.text) or "\\&"]
    footer = "\n".join(help_.footer).strip("\n").splitlines()
    if footer:
        lines += [".SH NOTES", ".nf"] + [escaped(line) if line else ".sp" for line in footer] + [".fi"]
    lines += [".SH SEE ALSO", "The documents in \\fI/usr/share/doc/fogsim\\fR."]
    return "\n".join(lines) + "\n"


LISTED = {"--scenario": "--list-scenarios", "--defect": "--list-defects", "--only": "--list-defects"}


def completion(program, helps):
    """One function a program.  @param helps  by command; '' is the program itself"""
    function = "_" + re.sub(r"\W", "_", program)
    out = [f"# bash completion of {program}", f"{function}()", "{", "    local now=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}"]
    out.append("    COMPREPLY=()")
    cases = {}
    for help_ in helps.values():
        for flag in help_.flags:
            longs = [name for name in flag.names if name.startswith("--")]
            if not flag.value or not longs:
                continue
            words = "compgen -f -- \"$now\"" if re.search(r"FILE|DIR|BLOB", flag.value) else ""
            choices = re.match(r"^\{?([a-z]+(?:[|,][a-z]+)+)\}?", flag.value)
            if choices:
                words = f"compgen -W '{re.sub('[|,]', ' ', choices[1])}' -- \"$now\""
            listing = LISTED.get(longs[0])
            if listing and any(listing in other.names for other in helps[""].flags):
                words = f"compgen -W \"$({program} {listing} 2>/dev/null | cut -d ' ' -f 1)\" -- \"$now\""
            cases[longs[0]] = words
    out.append("    case $before in")
    for name, words in sorted(cases.items()):
        out.append(f"        {name}) " + (f"mapfile -t COMPREPLY < <({words}); " if words else "") + "return ;;")
    out.append("    esac")
    commands = " ".join(command for command in helps if command)
    for command, help_ in helps.items():
        flags = " ".join(name for flag in help_.flags for name in flag.names if name.startswith("--"))
        if command:
            out.append(f"    if [[ ${{COMP_WORDS[1]}} == {command} ]]; then")
            out.append(f"        mapfile -t COMPREPLY < <(compgen -W '{flags}' -- \"$now\")")
            out += ["        return", "    fi"]
    flags = " ".join(name for flag in helps[""].flags for name in flag.names if name.startswith("--"))
    words = f"{flags} {commands}".strip()
    out.append(f"    mapfile -t COMPREPLY < <(compgen -W '{words}' -- \"$now\")")
    out += ["}", f"complete -o default -F {function} {program}", ""]
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("--bin", "--man", "--completions"):
        parser.add_argument(flag, type=pathlib.Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--date", required=True)
    parser.add_argument("programs", nargs="+")
    arguments = parser.parse_args()
    arguments.man.mkdir(parents=True, exist_ok=True)
    arguments.completions.mkdir(parents=True, exist_ok=True)
    by_program = {}
    for name in arguments.programs:
        program, _, command = name.partition(" ")
        path = arguments.bin / program
        if not path.exists():
            continue
        asked = subprocess.run([path, *command.split(), "--help"], capture_output=True, text=True, check=False)
        if asked.returncode != 0:
            print(f"manuals: {name} --help: exit code {asked.returncode}: {asked.stderr.strip()}", file=sys.stderr)
            return 1
        help_ = parse(asked.stdout)
        if not help_.flags:
            print(f"manuals: {name} --help lists no flags", file=sys.stderr)
            return 1
        by_program.setdefault(program, {})[command] = help_
        page = man_page(name, help_, arguments.version, arguments.date)
        (arguments.man / (name.replace(" ", "-") + ".1")).write_text(page, encoding="utf-8")
    for program, helps in by_program.items():
        (arguments.completions / program).write_text(completion(program, helps), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
