"""Whole commands, as somebody at a terminal waits for them: what bench/command.py measures."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from . import machine


def run(options):
    script = pathlib.Path(__file__).resolve().parent.parent / "command.py"
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "command.json"
        command = [sys.executable, "-B", script, "--program", machine.BUILD / "tools/nines", "--json", out]
        if options.quick:
            command += ["--small", "--rounds", "3"]
        load = os.getloadavg()[0]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise machine.Failed(done.stderr.strip() or f"bench/command.py ended with {done.returncode}")
        return {"load": round(load, 1), "rows": json.loads(out.read_text(encoding="utf-8"))}
