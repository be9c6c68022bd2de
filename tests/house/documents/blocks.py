#!/usr/bin/env python3
"""The code blocks of the tree's documents: what is code in them is compiled and run.

usage: blocks.py program DOCUMENT LANGUAGE OUTPUT   writes a program of the document's blocks of `c` or `cpp`, in their order
       blocks.py only DOCUMENT LANGUAGE OUTPUT      writes the document's one block of a language as it is
       blocks.py list ROOT                          prints "DOCUMENT LANGUAGE" of each block, once
       blocks.py shell ROOT                         looks at the blocks of `sh`: their syntax, and whether what they call is there
"""

import json
import pathlib
import re
import subprocess
import sys

FENCE = re.compile(r"^\s*```\s*([\w-]*)")
SKIPPED = {".git", "build", "node_modules"}


def blocks(document):
    """(language, text) of each fenced block; the language is "" for a picture."""
    language, lines = None, []
    for line in document.read_text(encoding="utf-8").splitlines():
        fence = FENCE.match(line)
        if fence and language is None:
            language, lines = fence.group(1), []
        elif fence:
            yield language, "\n".join(lines) + "\n"
            language = None
        elif language is not None:
            lines.append(line)
    if language is not None:
        sys.exit(f"{document}: a block has no end")


def documents(root):
    for path in sorted(root.rglob("*.md")):
        if not SKIPPED.intersection(path.relative_to(root).parts):
            yield path


def of_language(document, language):
    found = [text for kind, text in blocks(document) if kind == language]
    if not found:
        sys.exit(f"{document} has no block of {language}")
    return found


def program(document, language):
    """Fragments are the body of main(), one behind the other, so that a later one may use what an earlier one has."""
    text = "".join(of_language(document, language))
    includes = sorted(set(re.findall(r"^#include .*$", text, re.MULTILINE)))
    body = re.sub(r"^#include .*\n", "", text, flags=re.MULTILINE)
    usual = ["#include <chrono>", "#include <memory>"] if language == "cpp" else []
    arguments = "" if language == "cpp" else "void"
    return "\n".join(usual + includes) + f"\nint main({arguments}) {{\n{body}return 0;\n}}\n"


def shell(root):
    """A line that begins a command of the tree's names a verb, a preset or a file that is there."""
    verbs = set(re.findall(r"^do_([\w-]+)\(\)", (root / "dev").read_text(encoding="utf-8"), re.MULTILINE))
    presets = {each["name"] for each in json.loads((root / "CMakePresets.json").read_text())["configurePresets"]}
    seen, wrong = 0, []
    for document in documents(root):
        for text in (text for language, text in blocks(document) if language in ("sh", "console")):
            commands = re.sub(r"^\$ ", "", text, flags=re.MULTILINE)
            if subprocess.run(["bash", "-n"], input=commands, text=True, check=False).returncode != 0:
                wrong.append(f"{document}: bash does not understand a block")
            for verb in re.findall(r"^\./dev ([\w-]+)", commands, re.MULTILINE):
                seen += 1
                if verb not in verbs:
                    wrong.append(f"{document}: there is no ./dev {verb}")
            for preset in re.findall(r"--preset (\w+)", commands):
                seen += 1
                if preset not in presets:
                    wrong.append(f"{document}: there is no preset {preset}")
            for path in re.findall(r"^(\.ci/\S+|bench/\S+)", commands, re.MULTILINE):
                seen += 1
                if not (root / path).exists():
                    wrong.append(f"{document}: there is no {path}")
    if seen < 5:
        wrong.append(f"only {seen} commands were looked at")
    if wrong:
        sys.exit("\n".join(wrong))


def main():
    words = sys.argv[1:]
    if words[0] == "program":
        pathlib.Path(words[3]).write_text(program(pathlib.Path(words[1]), words[2]), encoding="utf-8")
    elif words[0] == "only":
        found = of_language(pathlib.Path(words[1]), words[2])
        if len(found) != 1:
            sys.exit(f"{words[1]} has {len(found)} blocks of {words[2]}")
        pathlib.Path(words[3]).write_text(found[0], encoding="utf-8")
    elif words[0] == "list":
        root = pathlib.Path(words[1])
        found = {(str(path.relative_to(root)), language) for path in documents(root) for language, _ in blocks(path)}
        for path, language in sorted(found):
            if language not in ("", "text"):
                print(path, language)
    elif words[0] == "shell":
        shell(pathlib.Path(words[1]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
