"""Installs what was built into a folder of its own and looks at it as a user does.

usage: install_test.py --cmake PROGRAM --build DIR --version TEXT
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

FLAG = re.compile(r"^  (?:-\w,)?(--[a-z][a-z_-]*)", re.MULTILINE)


def run(*words, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **more)


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="fog-install-test-")
        cls.prefix = pathlib.Path(cls.folder.name) / "with a blank"
        cls.done = run(ARGUMENTS.cmake, "--install", ARGUMENTS.build, "--prefix", cls.prefix)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def programs(self):
        """Those that a user starts by name."""
        others = ("fog_node", "fogsim-judge")
        return sorted(path for path in (self.prefix / "bin").iterdir() if path.name not in others)

    def test_installs(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        names = [path.name for path in self.programs()]
        self.assertIn("fogsim", names)
        self.assertFalse([name for name in names if name.endswith("_test")], "tests are no part of it")
        self.assertIn(f"fogsim {ARGUMENTS.version} ", run(self.prefix / "bin/fogsim", "--version").stdout)
        if (self.prefix / "bin/fogsim-judge").exists():
            self.assertIn("HOST:PORT", run(self.prefix / "bin/fogsim", "judge", "--help").stdout)
        for document in ("README.md", "LICENSE", "CHANGELOG.md", "docs/plan.md"):
            self.assertTrue((self.prefix / "share/doc/fogsim" / document).exists(), document)

    def test_every_flag_of_every_program_is_in_its_man_page_and_completed(self):
        for program in self.programs():
            flags = FLAG.findall(run(program, "--help").stdout)
            self.assertTrue(flags, program)
            page = (self.prefix / "share/man/man1" / (program.name + ".1")).read_text(encoding="utf-8")
            completion = self.prefix / "share/bash-completion/completions" / program.name
            self.assertEqual(run("bash", "-n", completion).returncode, 0, program)
            for flag in flags:
                self.assertIn("\\fB" + flag.replace("-", "\\-") + "\\fR", page, program)
                self.assertIn(flag, completion.read_text(encoding="utf-8"), program)

    def test_completion_completes(self):
        script = (
            "source share/bash-completion/completions/fogsim; "
            'COMP_WORDS=(fogsim --see); COMP_CWORD=1; _fogsim; echo "${COMPREPLY[@]}"; '
            'COMP_WORDS=(fogsim --scenario sand); COMP_CWORD=2; _fogsim; echo "${COMPREPLY[@]}"; '
            'COMP_WORDS=(fogsim mutants --on); COMP_CWORD=2; _fogsim; echo "${COMPREPLY[@]}"'
        )
        path = {**os.environ, "PATH": f"{self.prefix / 'bin'}:{os.environ['PATH']}"}
        done = run("bash", "-c", script, cwd=self.prefix, env=path)
        self.assertEqual(done.stdout.split(), ["--seed", "sandwich", "--only"], done.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("--cmake", "--build", "--version"):
        parser.add_argument(name, required=True)
    ARGUMENTS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
