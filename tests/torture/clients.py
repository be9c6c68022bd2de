"""Who uses the program under test, each in a thread of its own: reports to the page, to the store's socket and by
commands, imports, and readers of the page and of the store from other processes."""

import array
import http.client
import json
import pathlib
import random
import signal
import socket
import struct
import subprocess
import threading
import time

from ledger import DISK, PROCESS

#: No call may take longer, whatever the machine does: the longest stall, and what a slow machine needs to recover.
TIMEOUT_S = 150
DAY_MS = 86_400_000


class Clients:
    """Starts, pauses and ends all of them. `wrong` is where each tells what it found."""

    def __init__(self, nines, machine, ledger, page, wrong, seed):
        self.nines, self.machine, self.ledger, self.page, self.wrong = nines, machine, ledger, page, wrong
        self.store = machine.data / "db"
        self.seed = seed
        self.going, self.ended = threading.Event(), threading.Event()
        self.busy = threading.Semaphore(0)
        self.commands, self.commands_lock = set(), threading.Lock()
        self.pruning = threading.Lock()  # held by whoever sets the clock, too
        self.counts, self.threads, self.idle = {}, [], 0
        self.slowest_s = 0.0
        self.idle_changed = threading.Condition()
        work = [self.push("push-0"), self.push("push-1"), self.record_by_socket("socket-0"),
                self.record_by_socket("socket-1"), self.record_by_command("command-0"), self.bulk("bulk"),
                self.read_store(), self.read_page("/"), self.read_page("/api/v1/servers"),
                self.read_page("/metrics")]
        for number, one in enumerate(work):
            thread = threading.Thread(target=self._repeat, args=(one, random.Random(f"{seed}/{number}")), daemon=True)
            self.threads.append(thread)
            thread.start()
        self.going.set()

    def _repeat(self, one, rng):
        while not self.ended.is_set():
            if not self.going.is_set():
                with self.idle_changed:
                    self.idle += 1
                    self.idle_changed.notify_all()
                self.going.wait()
                with self.idle_changed:
                    self.idle -= 1
                continue
            try:
                pause = one(rng)
            except Exception as problem:  # of the test itself; hiding it would let a dead client pass for a quiet one
                self.wrong.append(f"a client broke: {type(problem).__name__}: {problem}")
                return
            self.ended.wait(pause)

    def pause(self):
        """Returns when none of them does anything; commands that go on are killed, as by a power cut."""
        self.going.clear()
        with self.commands_lock:
            for command in self.commands:
                command.kill()
        with self.idle_changed:
            if not self.idle_changed.wait_for(lambda: self.idle >= sum(t.is_alive() for t in self.threads), TIMEOUT_S + 30):
                self.wrong.append("a client hangs")

    def resume(self):
        self.going.set()

    def end(self):
        self.pause()
        self.ended.set()
        self.going.set()

    def count(self, what):
        with self.commands_lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def command(self, *words, text=None, kill_after=None):
        """Runs a command on the faulty machine; returns (code, output, messages). The code is None when it was killed."""
        environment = self.machine.environment() | {"PATH": "/usr/bin:/bin", "NINES_DB": str(self.store), "TZ": "UTC"}
        begin = time.monotonic()
        with self.commands_lock:
            process = subprocess.Popen([self.nines, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True, errors="replace", env=environment)
            self.commands.add(process)
        killed = False
        try:
            out, err = process.communicate(text, timeout=kill_after or TIMEOUT_S)
        except subprocess.TimeoutExpired:
            killed = True
            if kill_after is None:
                self.wrong.append(f"hangs: nines {' '.join(words[:3])}")
            process.kill()
            out, err = process.communicate()
        finally:
            with self.commands_lock:
                self.commands.discard(process)
        self.slowest_s = max(self.slowest_s, time.monotonic() - begin)
        code = process.returncode
        if code == -signal.SIGKILL:
            return None, out, err
        if code < 0 and not killed:
            self.wrong.append(f"nines {' '.join(words[:3])} ended by signal {-code}: {err[-300:]}")
        return code, out, err

    def get(self, method, path, body=None):
        """Returns (status, body), or None where nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.page, timeout=TIMEOUT_S)
        begin = time.monotonic()
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except TimeoutError:
            self.wrong.append(f"the page hangs: {method} {path}")
        except (OSError, http.client.HTTPException):
            pass
        finally:
            self.slowest_s = max(self.slowest_s, time.monotonic() - begin)
            connection.close()
        return None

    def push(self, name):
        def once(rng):
            entry = self.ledger.issue(name, name, PROCESS)
            answer = self.get("POST", f"/api/v1/push/{name}-token?state=failure", entry.text)
            if answer is not None and answer[0] == 200:
                self.ledger.acknowledge(entry)
                self.count("pushes")
                return rng.uniform(0, 0.1)
            self.count("pushes without an answer")
            return 0.2
        return once

    def record_by_socket(self, name):
        times = {"last": 0}

        def once(rng):
            entry = self.ledger.issue(name, name, DISK if rng.random() < 0.5 else PROCESS)
            # A time of its own: a later result of the same moment would take its place.
            times["last"] = max(times["last"] + 1, round(time.time() * 1000))
            words = ["record", name, "down", "--detail", entry.text, "--time", f"@{times['last']}"]
            if entry.level == DISK:
                words.append("--disk")
            if self._ask_socket(words) == "0":
                self.ledger.acknowledge(entry)
                self.count("records by the socket")
                return rng.uniform(0, 0.05)
            return 0.2
        return once

    def _ask_socket(self, words):
        """What `nines record` does, in the words of tools/SOCKET.md; the exit code, or None."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(TIMEOUT_S)
            try:
                connection.connect(str(self.store / "nines.sock"))
                frame = connection.makefile("rb")
                if not self._frame(frame):
                    return None
                sent = b"".join(b"A" + struct.pack(">I", len(word.encode())) + word.encode() for word in words)
                connection.sendall(sent + b"R" + struct.pack(">I", 2) + b"{}")
                while True:
                    kind, payload = self._frame(frame) or ("", "")
                    if kind in ("X", ""):
                        return payload or None
            except TimeoutError:
                self.wrong.append("the store's socket hangs")
            except OSError:
                pass
        return None

    @staticmethod
    def _frame(stream):
        head = stream.read(5)
        if len(head) < 5:
            return None
        payload = stream.read(struct.unpack(">I", head[1:])[0])
        return chr(head[0]), payload.decode()

    def record_by_command(self, name):
        """Hands its work to who holds the store, or opens it where nobody does; some of them are killed."""
        times = {"last": 0}

        def once(rng):
            entry = self.ledger.issue(name, name, DISK)
            times["last"] = max(times["last"] + 1, round(time.time() * 1000))
            kill_after = rng.uniform(0.01, 0.2) if rng.random() < 0.15 else None
            code, _, err = self.command("record", name, "down", "--detail", entry.text, "--time", f"@{times['last']}",
                                        "--disk", "--wait", "5s", kill_after=kill_after)
            if code == 0:
                self.ledger.acknowledge(entry)
                self.count("records by command")
            elif code not in (None, 1):
                self.wrong.append(f"nines record ended with {code}: {err[-200:]}")
            return rng.uniform(0.1, 0.8)
        return once

    def bulk(self, name):
        """Imports of past days: those that retention keeps must stay, those before may go."""
        times = {"last": 0}

        def once(rng):
            today = round(time.time() * 1000) // DAY_MS
            lines, entries = ["server,time_ms,state,detail"], []
            for number in range(rng.choice([1, 20, 200])):
                old = rng.random() < 0.4
                day = today - (rng.randint(12, 20) if old else rng.randint(1, 8))
                times["last"] += 1
                moment = day * DAY_MS + times["last"] * 37 % DAY_MS
                if old:
                    lines.append(f"{name}-old,{moment},down,old {'x' * rng.randint(1, 900)} {number}")
                else:
                    entry = self.ledger.issue(name, name, DISK)
                    entries.append(entry)
                    lines.append(f"{name},{moment},down,{entry.text}{'x' * rng.randint(0, 40)}")
            code, _, err = self.command("import", "-", "--wait", "5s", text="\n".join(lines) + "\n")
            if code == 0:
                for entry in entries:
                    self.ledger.acknowledge(entry)
                self.count("imports")
            elif code not in (None, 1, 3):
                self.wrong.append(f"nines import ended with {code}: {err[-200:]}")
            if rng.random() < 0.1:
                with self.pruning:
                    self.command("prune", "-y", "--wait", "5s")
                self.count("prunes")
            return rng.uniform(0.5, 4)
        return once

    def found(self, store=None, names=()):
        """What is stored, read by another process: text -> server, or None where the store cannot be read now.

        Also looks whether anything is there twice, and whether the rows of a server come in their order.
        """
        words = ["export", *names] + (["--db", str(store)] if store else [])
        for _ in range(8):
            code, out, err = self.command(*words)
            if code == 0:
                return self.texts(out)
            if code is None:
                return None
            time.sleep(0.5)
        self.last_refusal = err.strip()[-300:]
        return None

    def texts(self, exported):
        found, last = {}, ("", "", "")
        for line in exported.splitlines()[1:]:
            server, moment, rest = line.split(",", 2)
            if server == last[0] and moment <= last[1]:
                if moment < last[1] or rest.split(",")[-2:] == last[2].split(",")[-2:]:
                    self.wrong.append(f"out of order or twice: {line}")
            last = (server, moment, rest)
            client = server if server.startswith(("push-", "socket-", "command-")) or server == "bulk" else None
            begin = rest.rfind(client + "-") if client else -1
            if begin < 0:
                continue
            text = rest[begin:rest.index(".", begin) + 1]
            if text in found:
                self.wrong.append(f"`{text}` is there twice")
            if not rest.startswith("down,"):
                self.wrong.append(f"`{text}` has another state: {rest[:40]}")
            found[text] = server
        return found

    def read_store(self):
        """Readers in other processes, beside the writer."""
        def once(rng):
            settled = self.ledger.settled()
            what = rng.choice(["status", "uptime", "incidents", "export"])
            if what == "export":
                name = rng.choice(["push-0", "socket-1", "command-0"])
                code, out, err = self.command("export", name)
                if code == 0:
                    mine = {text: entry for text, entry in settled.items() if entry.server == name}
                    self.wrong.extend(f"beside the writer {one}" for one in self.ledger.compare(mine, self.texts(out)))
            else:
                code, out, err = self.command(what, *(["steady-0"] if what == "uptime" else []), "--json", "--window", "7d")
                if code == 0:
                    json.loads(out)
            if code not in (0, 1, None):
                self.wrong.append(f"nines {what} ended with {code}: {err[-300:]}")
            self.count("readings by command" if code == 0 else "readings refused")
            return rng.uniform(0.3, 1.5)
        return once

    def read_page(self, path):
        def once(rng):
            answer = self.get("GET", path)
            if answer is None:
                return 0.3
            status, body = answer
            if status not in (200, 503):
                self.wrong.append(f"GET {path} gave {status}")
            if status == 200 and path.startswith("/api"):
                json.loads(body)
            self.count("pages")
            return rng.uniform(0, 0.3)
        return once
