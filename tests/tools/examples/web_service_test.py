#!/usr/bin/env python3
"""The example web service checks itself, says so, and ends when its input does.

usage: web_service_test.py PROGRAM FOLDER
"""

import json
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    service = subprocess.Popen([program, folder / "store", "tcp://127.0.0.1:1"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    try:
        base = f"http://127.0.0.1:{int(service.stdout.readline())}"
        states = {}
        until = time.monotonic() + 60
        while states != {"itself": "up", "tcp://127.0.0.1:1": "down"} and time.monotonic() < until:
            with urllib.request.urlopen(base + "/figures", timeout=10) as answer:
                states = {row["server"]: row["state"] for row in json.load(answer)}
            time.sleep(0.1)
        assert states == {"itself": "up", "tcp://127.0.0.1:1": "down"}, states
        try:
            urllib.request.urlopen(base + "/elsewhere", timeout=10)
            raise AssertionError("a path that is not there was answered")
        except urllib.error.HTTPError as refused:
            assert refused.code == 404, refused
            refused.close()
        service.stdin.close()
        assert service.wait(timeout=30) == 0, "it did not end well"
    finally:
        if service.poll() is None:
            service.kill()


if __name__ == "__main__":
    main()
