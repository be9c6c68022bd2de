#!/usr/bin/env python3
"""A real `nines run` on a machine that fails in every way at once, its answers beside what was acknowledged outside of it.

    torture.py NINES --machine LIBRARY [--seconds N] [--seed S] [--keep FOLDER] [--plan]

The program checks servers of ours, takes reports, hands out its page, keeps to its retention and makes backups, while other
processes record, import, read and back up. A plan of misfortunes, which follows from the seed alone, is done to it; after
each the machine is well for a moment, everything must work again by itself, and what is stored is compared with the ledger.
TORTURE.md says what is done and what is compared. Prints one JSON object; ends with 1 when anything is wrong.
"""

import argparse
import contextlib
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "soak"))

import plan
from clients import TIMEOUT_S, Clients
from ledger import Ledger
from machine import ERRORS, LOSSES, Machine, Notes
from probed import Probed
from rot import Rot

#: Above this, what a process takes at the end of its life beyond its first half minute is a leak.
GROWTH_BYTES = 96 << 20
#: How long everything may take to work again after a misfortune: the store's longest pause before it opens again is 30 s.
RECOVERY_S = 90


class Failed(Exception):
    """It cannot go on; `wrong` says why."""


class Torture:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.wrong, self.done = [], {}
        self.machine = Machine(folder, options.machine, options.seed)
        self.ledger = Ledger(self.machine)
        self.notes = None
        self.probed = Probed(self.machine, self.wrong)
        self.page = self.probed.free_port()
        self.process, self.began = None, 0.0
        self.samples, self.growth = [], 0
        self.suffering = []
        self.rng = random.Random(f"{options.seed}/images")  # of what a cut leaves; the plan has its own
        (self.machine.data / "backups").mkdir()
        self.configuration = folder / "nines.yaml"
        self.configuration.write_text(json.dumps(self.configure(), indent=1), encoding="ascii")
        self.clients = None
        self.rot = None
        self.figures = {"seed": options.seed, "steps": 0, "images": 0, "recovery_s": 0.0}

    def configure(self):
        jobs = [{"name": f"push-{i}", "interval": "1h", "push": {"token": f"push-{i}-token"}} for i in (0, 1)]
        return {"servers": self.probed.configuration() + jobs,
                "prober": {"references": [self.probed.reference()]},
                "store": {"path": str(self.machine.data / "db"), "retention": "10d", "max-size": "96MiB"},
                "backup": {"to": str(self.machine.data / "backups"), "every": "1m", "keep": 3},
                "web": {"listen": f"127.0.0.1:{self.page}"}}

    # The program.

    def start(self):
        self.notes.catch_up()
        environment = self.machine.environment() | {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "TZ": "UTC"}
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([self.options.nines, "run", "--config", self.configuration], stdout=log,
                                            stderr=log, env=environment)
        self.began, self.samples = time.monotonic(), []

    def end(self, number):
        """Ends it, by a kill or in its order. It must not have ended by itself before."""
        self.measure()
        self.alive()
        self.process.send_signal(number)
        try:
            code = self.process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.wrong.append("hangs: it does not stop when it is asked to")
            self.process.kill()
            code = self.process.wait()
        if number == signal.SIGTERM and code != 0 and not self.suffering:
            self.wrong.append(f"it ended with {code} when it was asked to stop")
        if len(self.samples) > 60:
            # From its first half minute on, in which caches fill.
            self.growth = max(self.growth, max(self.samples[-10:]) - max(self.samples[20:40]))

    def alive(self):
        """Looks whether it has ended by itself. Only a start may do that, in its order, on a machine that lets it begin nothing."""
        code = self.process.poll()
        if code == 1 and self.suffering and "cannot be opened" in self.said():
            self.done["starts refused"] = self.done.get("starts refused", 0) + 1
        elif code is not None and code != -signal.SIGKILL:
            self.wrong.append(f"it ended by itself with {code}: {self.said()}")

    def said(self):
        return (self.folder / "log").read_text(errors="replace")[-600:]

    def measure(self):
        try:
            fields = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()
            self.samples.append(int(fields[1]) * resource.getpagesize())
        except (OSError, IndexError):
            pass

    def pause(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.5))
            self.measure()

    # Misfortunes.

    def limit(self, what, value, seconds):
        """Lowers a limit of the program for so long."""
        try:
            former = resource.prlimit(self.process.pid, what)
            resource.prlimit(self.process.pid, what, (value, former[1]))
            self.pause(seconds)
            resource.prlimit(self.process.pid, what, former)
        except ProcessLookupError:
            self.alive()

    def suffer(self, step):
        """The lasting misfortunes of a step, together, and then its end. Leaves a program that runs."""
        self.suffering = step.lasting
        # Who prunes by a clock that is a year ahead has asked for it.
        with self.clients.pruning if any(one.kind == "clock" for one in step.lasting) else contextlib.nullcontext():
            self.do(step)
            self.recover()

    def do(self, step):
        for one in step.lasting:
            self.done[one.kind] = self.done.get(one.kind, 0) + 1
            if one.kind in ERRORS:
                self.machine.set(fault_share=one.amount, fault_kinds=one.calls, fault=ERRORS[one.kind])
            elif one.kind == "slow":
                self.machine.set(write_ms=one.amount)
            elif one.kind == "stall":
                self.machine.set(stalled=1)
            elif one.kind == "full":
                self.machine.fill_disk(one.amount)
            elif one.kind == "clock":
                self.probed.clock_changes()
                self.machine.set(clock_ms=one.amount)
            elif one.kind == "threads":
                self.machine.set(no_threads=one.amount)
            elif one.kind == "network":
                self.probed.network_goes()
                self.machine.set(no_network=1)
        limits = [one for one in step.lasting if one.kind in ("descriptors", "memory")]
        if any(one.kind == "suspend" for one in step.lasting):
            self.process.send_signal(signal.SIGSTOP)
            self.pause(step.seconds)
            self.process.send_signal(signal.SIGCONT)
        elif limits:
            self.probed.starts_suffering()
            if limits[0].kind == "descriptors":
                self.limit(resource.RLIMIT_NOFILE, 0, step.seconds)
            else:
                self.limit(resource.RLIMIT_AS, self.address_space() + limits[0].amount, step.seconds)
        else:
            self.pause(step.seconds)
        if step.end != "nothing":
            self.done[step.end] = self.done.get(step.end, 0) + 1
        if step.end == "reload":
            self.process.send_signal(signal.SIGHUP)
        elif step.end in ("kill", "kills", "stop", "rot"):
            if step.end in ("stop", "rot"):
                self.recover()
            self.crash(signal.SIGKILL if step.end in ("kill", "kills") else signal.SIGTERM)
            if step.end == "rot":
                self.rot.take_copy()
            self.start()
            for after_ms in step.kills_ms if step.end == "kills" else ():
                time.sleep(after_ms / 1000)
                self.end(signal.SIGKILL)
                self.done["kill"] = self.done.get("kill", 0) + 1
                self.start()
        elif step.end == "cut":
            self.cut(step)

    def address_space(self):
        try:
            return int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[0]) * 4096
        except (OSError, IndexError):
            return 1 << 40

    def crash(self, number):
        self.probed.crashes(min(self.ledger.last_acknowledged.get(name, self.probed.began) for name in ("push-0", "push-1")))
        self.end(number)

    def cut(self, step):
        """The power fails. What that would have left at some moments before is looked at, too."""
        self.crash(signal.SIGKILL)
        self.clients.pause()
        self.machine.heal()
        self.machine.set(clock_ms=0)
        settled = self.ledger.settled()
        moments = self.notes.moments()
        for fraction in step.moments if moments else ():
            moment = moments[int(fraction * len(moments))]
            self.look_at_image(self.rng.choice(LOSSES), settled, moment)
        image = self.folder / "disk" / "image"
        loss = self.rng.choice(LOSSES)
        self.notes.image(image, loss, self.rng)
        now = self.machine.moment()
        self.notes.replace(image)
        self.start()
        found = self.read_until_it_can()
        if found is not None:
            self.tell(f"after a power cut ({loss})", self.ledger.compare(settled, found, now))
            self.ledger.begin_anew(found)
        self.figures["images"] += 1
        self.clients.resume()

    def look_at_image(self, loss, settled, moment):
        image = self.folder / "disk" / "image"
        self.notes.image(image, loss, self.rng, moment)
        self.figures["images"] += 1
        # Only an open for writing does what an open has to do after a crash.
        if (image / "db" / "NINES").exists():
            code, _, err = self.clients.command("compact", "--db", str(image / "db"))
            found = self.clients.found(image / "db") if code == 0 else None
            where = f"in the image of a power cut ({loss}, {moment})"
            if found is None:
                kept = self.folder / f"image-{self.figures['images']}"
                shutil.copytree(image, kept)
                self.wrong.append(f"{where}, which is kept in {kept}: it cannot be opened: {err[-300:]}")
            else:
                self.tell(where, self.ledger.compare(settled, found, moment))
        if self.figures["images"] % 4 == 0:
            self.rot.check_backups(image / "backups")
        shutil.rmtree(image)

    def tell(self, where, wrong):
        self.wrong += [f"{where}: {one}" for one in wrong[:5]]
        if len(wrong) > 5:
            self.wrong.append(f"{where}: {len(wrong) - 5} more like these")

    def recover(self):
        """The machine is well; everything must work again by itself."""
        begin = time.time()
        self.machine.heal()
        self.machine.set(clock_ms=0)
        self.probed.is_well_again()
        waiting = {"push-0", "socket-0", "command-0"}
        while waiting and time.time() - begin < RECOVERY_S:
            self.pause(0.1)
            if self.process.poll() is not None:
                break
            waiting = {name for name in waiting if self.ledger.last_acknowledged.get(name, 0) < begin}
        if self.process.poll() is not None:
            # A start on a machine that lets it begin nothing may end at once, in its order.
            if not faults or self.process.returncode < 0:
                self.alive()
                raise Failed
            self.done["starts refused"] = self.done.get("starts refused", 0) + 1
            self.start()
            return self.recover()
        if waiting:
            self.wrong.append(f"{RECOVERY_S} s afterwards nothing is stored for {waiting}: {self.said()}")
        self.suffering = []
        self.figures["recovery_s"] = max(self.figures["recovery_s"], round(time.time() - begin, 1))

    def read_until_it_can(self):
        end = time.monotonic() + RECOVERY_S
        while time.monotonic() < end:
            found = self.clients.found()
            if found is not None:
                return found
            self.alive()
        self.wrong.append(f"the store cannot be read: {self.clients.last_refusal}; {self.said()}")
        return None

    def check(self):
        settled = self.ledger.settled()
        found = self.read_until_it_can()
        if found is not None:
            self.tell(f"after step {self.figures['steps']}", self.ledger.compare(settled, found))
            self.ledger.note_found(found)

    # The run.

    def run(self):
        begin = time.time()
        self.notes = Notes(self.machine)
        self.start()
        self.clients = Clients(self.options.nines, self.machine, self.ledger, self.page, self.wrong, self.options.seed)
        self.rot = Rot(self.clients, self.ledger, self.folder, self.options.seed, self.wrong)
        try:
            self.recover()
            for step in plan.steps(self.options.seed, self.options.seconds):
                if time.time() - begin >= self.options.seconds or len(self.wrong) > 20:
                    break
                self.figures["steps"] += 1
                if self.options.verbose:
                    print(f"{time.time() - begin:7.1f} {self.figures['steps']} {step}", file=sys.stderr, flush=True)
                before = len(self.wrong)
                self.suffer(step)
                self.check()
                self.rot.look(3)
                if len(self.wrong) > before:
                    print(f"step {self.figures['steps']}, {step}:", *self.wrong[before:], sep="\n  ", file=sys.stderr)
            self.finish()
        except Failed:
            pass
        finally:
            self.clients.ended.set()
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.machine.close()
        if self.growth > GROWTH_BYTES:
            self.wrong.append(f"one process grew by {self.growth} bytes")
        self.figures |= {"seconds": round(time.time() - begin), "misfortunes": dict(sorted(self.done.items())),
                         "results": self.ledger.counts(), "clients": self.clients.counts, "prober": self.probed.figures,
                         "rot": self.rot.figures, "grown_bytes": self.growth,
                         "slowest_call_s": round(self.clients.slowest_s, 1), "wrong": self.wrong}
        return self.figures

    def finish(self):
        self.clients.end()
        self.end(signal.SIGTERM)
        self.check()
        code, out, err = self.clients.command("verify")
        if code != 0:
            self.wrong.append(f"verify finds damage in a store that had none: {out[-300:]} {err[-300:]}")
        code, out, err = self.clients.command("export")
        if code == 0:
            self.probed.compare(out)
        else:
            self.wrong.append(f"the store cannot be exported: {err[-300:]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nines", type=pathlib.Path, help="the program")
    parser.add_argument("--machine", type=pathlib.Path, required=True, help="the library that makes the machine fail")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path, help="empty folder for the store, the log and what was found")
    parser.add_argument("--plan", action="store_true", help="print what would be done, and do nothing")
    parser.add_argument("--verbose", action="store_true", help="print each step when it begins")
    options = parser.parse_args()
    options.nines, options.machine = options.nines.resolve(), options.machine.resolve()
    if options.plan:
        for number, step in zip(range(1, 101), plan.steps(options.seed, options.seconds)):
            print(number, step)
        return 0
    print(f"seed {options.seed}", file=sys.stderr, flush=True)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        figures = Torture(options, options.keep.resolve()).run()
    else:
        with tempfile.TemporaryDirectory(prefix=f"nines-torture-{options.seed}-", ignore_cleanup_errors=True) as folder:
            figures = Torture(options, pathlib.Path(folder)).run()
    print(json.dumps(figures, indent=1))
    return 1 if figures["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
