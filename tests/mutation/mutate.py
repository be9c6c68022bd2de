#!/usr/bin/env python3
"""Changes one operator of the code at a time and looks whether a test notices.

    tests/mutation/mutate.py BUILD [--count N] [--seed S] [--part codec|judgement] [--list]

BUILD is a build with tests, whose test programs are up to date. Of all mutants of a part N are tried, chosen by the seed; without
--count all are. A mutant is one file compiled anew and linked in front of the library that holds the original; the tree is not
touched. It is caught when a test fails, crashes or does not end. What no test notices is printed with its place. Status 1 when fewer
than nine in ten are caught.

Mutants that change nothing anybody could see are listed in equivalent.txt, with the reason, and are not counted.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shlex
import subprocess
import sys
import tempfile

TREE = pathlib.Path(__file__).resolve().parents[2]
WANTED = 0.9
#: A mutant that loops for ever is caught by this.
TIMEOUT_S = 240

#: part: (folder, program, what is run first as it is quick, what else)
PARTS = {
    "codec": ("engine/src/codec", "nines_engine_tests", ("tests/engine/codec",),
              ("tests/engine/series", "tests/engine/store/differential_test.cc", "tests/engine/store/day_chunks_test.cc",
               "tests/engine/store/day_summary_test.cc", "tests/engine/store/verify_test.cc", "tests/engine/store/damage_test.cc")),
    "judgement": ("query/src/judgement", "nines_query_tests", ("tests/query/judgement", "tests/query/figures"),
                  ("tests/query/answers",)),
}

#: What stands between blanks is an operator: clang-format writes template brackets without.
FLIPS = [(" < ", " <= "), (" <= ", " < "), (" > ", " >= "), (" >= ", " > "), (" == ", " != "), (" != ", " == "),
         (" && ", " || "), (" || ", " && "), (" + ", " - "), (" - ", " + "), (" * ", " / "), (" += ", " -= "),
         (" -= ", " += "), ("++", "--"), ("--", "++"), ("return true;", "return false;"), ("return false;", "return true;"),
         ("std::min", "std::max"), ("std::max", "std::min"), (" << ", " >> "), (" >> ", " << "), (" & ", " | "), (" | ", " & ")]
#: Lines that say nothing at run time, or only to a debug build.
SILENT = re.compile(r"^\s*(//|#|assert\(|static_assert|using |template|namespace|NINES_|constexpr .*=.*<<)")


def code_of(line):
    """The line with its texts and its comment blanked out, of the same length."""
    line = re.sub(r'"(\\.|[^"\\])*"', lambda m: '"' + "_" * (len(m.group()) - 2) + '"', line)
    line = re.sub(r"'(\\.|[^'\\])*'", lambda m: "'" + "_" * (len(m.group()) - 2) + "'", line)
    at = line.find("//")
    return line if at < 0 else line[:at] + " " * (len(line) - at)


def mutants_of(path):
    """(path, line number from 1, the line, the line as it becomes, what was changed), one by one."""
    open_assert = False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if SILENT.match(line) or open_assert:
            open_assert = (open_assert or "assert(" in line) and not line.rstrip().endswith(";")
            continue
        code = code_of(line)
        for old, new in FLIPS:
            at = code.find(old)
            while at >= 0:
                yield path, number, line, line[:at] + new + line[at + len(old):], f"{old.strip()} to {new.strip()}"
                at = code.find(old, at + 1)


def equivalents():
    """{(file name, line without blanks around it, change): reason}"""
    found = {}
    for line in (TREE / "tests/mutation/equivalent.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, change, text, reason = line.split(" | ")
        found[name, text.strip(), change] = reason
    return found


def suites(places):
    """A filter for the suites that are in the files and folders."""
    names = set()
    for place in places:
        path = TREE / place
        for file in sorted(path.glob("*_test.cc")) if path.is_dir() else [path]:
            names.update(re.findall(r"^(?:TYPED_)?TEST(?:_F|_P)?\((\w+),", file.read_text(), re.MULTILINE))
    return ":".join(sorted(f"*{name}*.*" for name in names))


class Part:
    """How a file of a part is compiled and linked into its tests."""

    def __init__(self, name, build):
        folder, program, quick, thorough = PARTS[name]
        self.folder, self.build = TREE / folder, build
        self.filters = [suites(quick), suites(thorough)]
        self.compile = {command["file"]: command["command"]
                        for command in json.loads((build / "compile_commands.json").read_text())}
        commands = subprocess.run(["ninja", "-C", build, "-t", "commands", program], capture_output=True, text=True, check=True)
        self.link = [line for line in commands.stdout.splitlines() if f"-o {self.program_path(program)}" in line][-1]
        self.program = self.program_path(program)

    @staticmethod
    def program_path(program):
        return f"tests/{program.removeprefix('nines_').removesuffix('_tests')}/{program}"

    def mutants(self):
        for path in sorted(self.folder.glob("*.cc")):
            yield from mutants_of(path)

    def is_caught(self, mutant):
        """How the mutant was caught; empty when it was not."""
        path, number, _, line, _ = mutant
        lines = path.read_text().splitlines()
        lines[number - 1] = line
        with tempfile.TemporaryDirectory() as place:
            source, made, program = (pathlib.Path(place) / name for name in (path.name, "mutant.o", "tests"))
            source.write_text("\n".join(lines) + "\n")
            words = shlex.split(self.compile[str(path)])
            words[words.index("-o") + 1], words[words.index("-c") + 1] = str(made), str(source)
            words[1:1] = ["-w", f"-I{path.parent}"]
            if words[0].endswith("ccache"):
                del words[0]
            if subprocess.run(words, cwd=self.build, capture_output=True, check=False).returncode != 0:
                return "it does not compile"
            link = self.link.replace(f"-o {self.program}", f"{made} -o {program}")
            if subprocess.run(link, shell=True, cwd=self.build, capture_output=True, check=False).returncode != 0:
                return "it does not link"
            for what in self.filters:
                try:
                    done = subprocess.run([program, f"--gtest_filter={what}", "--gtest_fail_fast", "--gtest_brief=1"],
                                          cwd=self.build / self.program.rsplit("/", 1)[0], timeout=TIMEOUT_S,
                                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
                except subprocess.TimeoutExpired:
                    return "it does not end"
                if done.returncode != 0:
                    return "a test fails"
        return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--list", action="store_true", help="print the mutants and try none")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    known = equivalents()
    failed = False
    for name in asked.part or PARTS:
        part = Part(name, asked.build.resolve())
        mutants = [mutant for mutant in part.mutants() if (mutant[0].name, mutant[2].strip(), mutant[4]) not in known]
        everything = len(mutants)
        if asked.count is not None:
            mutants = random.Random(asked.seed).sample(mutants, min(asked.count, everything))
        if asked.list:
            for path, number, _, line, change in mutants:
                print(f"{path.relative_to(TREE)}:{number}: {change}: {line.strip()}")
            continue
        survivors = tried = 0
        with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
            for mutant, caught in zip(mutants, pool.map(part.is_caught, mutants)):
                if caught == "it does not compile":
                    continue
                tried += 1
                if not caught:
                    survivors += 1
                    path, number, before, line, change = mutant
                    print(f"{path.relative_to(TREE)}:{number}: {change}: {line.strip()}", flush=True)
        share = 1 - survivors / tried if tried else 0
        print(f"{name}: {tried - survivors} of {tried} caught, {share:.1%}; {everything} in all, seed {asked.seed}", flush=True)
        failed |= share < WANTED
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
