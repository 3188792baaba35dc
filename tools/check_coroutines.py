#!/usr/bin/env python3
"""Refuses the forms that GCC 12.2 destroys twice (double free): a full expression with co_await in it that also builds,
in place, an aggregate or closure with a destructor, or a class-typed ?:. The cure is to name the thing a line earlier.

    check_coroutines.py BUILD_DIRECTORY [FILE...]

BUILD_DIRECTORY is a clang 19 build with its precompiled headers and generated sources. Parsing takes seconds a file, so
only those are parsed in which a look at the text finds a full expression with co_await and a brace, a bracket or a '?'
in it, or a call of something whose default argument is built from braces; --all parses every coroutine file.
The first two files parsed are the check's own: one that has the forms, and must be refused, and one that has none.
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
QUERY = "clang-query-19"
MATCHER = """match expr(isExpansionInMainFile(), anyOf(hasDescendant(coawaitExpr()), hasAncestor(expr(anyOf(coawaitExpr(),
  exprWithCleanups(hasDescendant(coawaitExpr())))))), anyOf(cxxBindTemporaryExpr(anyOf(has(initListExpr()),
  has(lambdaExpr()), has(conditionalOperator()))), conditionalOperator(hasType(hasUnqualifiedDesugaredType(
  recordType()))), initListExpr(hasDescendant(coawaitExpr())), cxxStdInitializerListExpr(),
  cxxDefaultArgExpr(hasDescendant(initListExpr()))))""".replace("\n", " ")
PROBE = """
#include <coroutine>
#include <string>
struct Task {
    struct promise_type {
        Task get_return_object() { return {}; }
        std::suspend_never initial_suspend() { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() {}
    };
    bool await_ready() { return true; }
    void await_suspend(std::coroutine_handle<>) {}
    int await_resume() { return 0; }
};
struct Options { std::string name; };
Task ask(Options) { co_return; }
Task tell(std::string) { co_return; }
std::string one(); std::string two();
"""
BAD = PROBE + """
Task bad_aggregate() { co_await ask(Options{"a long name that needs the heap"}); }
Task bad_choice(bool c) { co_await tell(c ? one() : two()); }
"""
GOOD = PROBE + """
Task good(bool c) {
    Options options{"a long name that needs the heap"};
    co_await ask(options);
    std::string text = c ? one() : two();
    co_await tell(text);
}
"""


def without_comments_and_texts(text: str) -> str:
    return re.sub(r'//[^\n]*|/\*.*?\*/|R"\w*\((?:.|\n)*?\)\w*"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', '""', text,
                  flags=re.S)


def is_suspicious(text: str, with_braced_default: set[str]) -> bool:
    for found in re.finditer(r"\bco_await\b", text):
        begin = max(text.rfind(";", 0, found.start()), text.rfind("\n\n", 0, found.start())) + 1
        end = text.find(";", found.end())
        before = re.split(r"[{}]\s*\n", text[begin:found.start()])[-1]
        statement = before + text[found.start():end if end >= 0 else len(text)]
        statement = re.split(r"\)\s*\{\s*\n", statement)[0] # the condition of an if or a while, not its body
        if re.search(r"[{?]|\[[&=\w, ]*\]\s*[({]", statement):
            return True
        if any(name in with_braced_default for name in re.findall(r"(\w+)\s*\(", statement)):
            return True
    return False


def query(arguments: list[str]) -> tuple[int, str]:
    done = subprocess.run([QUERY, "--extra-arg=-Wno-everything", "-c", "set output diag", "-c", MATCHER, *arguments],
                          capture_output=True, text=True)
    text = done.stdout + done.stderr
    if done.returncode != 0 or re.search(r"\berror:", text):
        return -1, text
    return sum(int(n) for n in re.findall(r"^(\d+) match(?:es)?\.$", text, re.M)), text


def main() -> int:
    words = [word for word in sys.argv[1:] if word != "--all"]
    if not words:
        print(__doc__, file=sys.stderr)
        return 2
    if shutil.which(QUERY) is None:
        print(f"check_coroutines: {QUERY} is not installed (Debian package clang-tools-19)", file=sys.stderr)
        return 1
    build = pathlib.Path(words[0]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        for name, text, want in (("bad", BAD, True), ("good", GOOD, False)):
            path = pathlib.Path(folder) / f"{name}.cpp"
            path.write_text(text)
            found, said = query([str(path), "--", "-std=c++20"])
            if found < 0 or (found > 0) != want:
                print(f"check_coroutines: the matcher does not tell the {name} probe: {said}", file=sys.stderr)
                return 1
    names = words[1:] or subprocess.run(["git", "ls-files", "*.cpp", "*.hpp"], cwd=TOP, capture_output=True, text=True,
                                        check=True).stdout.split()
    texts = {name: without_comments_and_texts((TOP / name).read_text()) for name in names if (TOP / name).exists()}
    with_braced_default = {name for text in texts.values()
                           for name in re.findall(r"Task<[^;{}()]*>\s+(?:\w+::)*(\w+)\([^;{}]*=\s*\{\}", text)}
    coroutines = [name for name, text in texts.items() if name.endswith(".cpp") and re.search(r"\bco_(await|return)\b", text)]
    parsed = coroutines if "--all" in sys.argv or words[1:] else [
        name for name in coroutines if is_suspicious(texts[name], with_braced_default)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = dict(zip(parsed, pool.map(lambda name: query(["-p", str(build), str(TOP / name)]), parsed)))
    faults = 0
    for name, (found, said) in results.items():
        if found < 0:
            print(f"check_coroutines: {name} cannot be parsed: {said[-600:]}", file=sys.stderr)
        elif found > 0:
            print(f"check_coroutines: {name}: GCC 12.2 destroys this twice; name it a line earlier:\n{said}", file=sys.stderr)
        faults += found != 0
    if not coroutines:
        print("check_coroutines: no coroutine file found", file=sys.stderr)
        return 1
    if not faults:
        print(f"check_coroutines: ok, {len(parsed)} of {len(coroutines)} coroutine files parsed")
    return 1 if faults else 0


sys.exit(main())
