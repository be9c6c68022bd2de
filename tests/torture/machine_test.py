"""The torture's own rules: what a power cut leaves by the notes, what the ledger finds wrong, that a plan replays."""

import itertools
import os
import pathlib
import random
import tempfile
import unittest

import plan
from ledger import DISK, PROCESS, Ledger
from machine import Notes


class FakeMachine:
    """A folder whose notes are written by the test."""

    def __init__(self, folder):
        self.data, self.graves, self.notes_file = folder / "data", folder / "graves", folder / "notes"
        self.data.mkdir()
        self.graves.mkdir()
        self.notes_file.touch()

    def moment(self):
        return self.notes_file.stat().st_size

    def note(self, line):
        with open(self.notes_file, "a", encoding="ascii") as notes:
            notes.write(line + "\n")


class MachineTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.machine = FakeMachine(self.folder)
        self.root = self.machine.data.stat().st_ino

    def make(self, name, data):
        path = self.machine.data / name
        path.write_bytes(data)
        self.machine.note(f"C {self.root} {name} {path.stat().st_ino}")
        self.machine.note(f"W {path.stat().st_ino} {len(data)}")
        return path.stat().st_ino

    def image(self, notes, loss, moment=None):
        target = self.folder / f"image-{loss}-{moment}"
        notes.image(target, loss, random.Random(1), moment)
        return {path.name: path.read_bytes() for path in target.iterdir()}


class PowerCut(MachineTest):
    def test_bytes_that_were_not_synced_are_lost(self):
        notes = Notes(self.machine)
        inode = self.make("log", b"abcdef")
        self.machine.note(f"S {inode} 4")
        self.machine.note(f"D {self.root}")
        self.assertEqual(self.image(notes, "all"), {"log": b"abcd"})

    def test_a_name_that_was_not_synced_is_lost(self):
        notes = Notes(self.machine)
        inode = self.make("log", b"abcdef")
        self.machine.note(f"S {inode} 6")
        self.assertEqual(self.image(notes, "all"), {})

    def test_a_removal_that_was_not_synced_is_undone(self):
        (self.machine.data / "old").write_bytes(b"old")
        inode = (self.machine.data / "old").stat().st_ino
        notes = Notes(self.machine)
        os.link(self.machine.data / "old", self.machine.graves / str(inode))
        (self.machine.data / "old").unlink()
        self.machine.note(f"U {self.root} old")
        self.assertEqual(self.image(notes, "all"), {"old": b"old"})

    def test_a_renaming_that_was_synced_stays(self):
        notes = Notes(self.machine)
        inode = self.make("new", b"abc")
        self.machine.note(f"S {inode} 3")
        os.rename(self.machine.data / "new", self.machine.data / "name")
        self.machine.note(f"R {self.root} new {self.root} name")
        self.machine.note(f"D {self.root}")
        self.assertEqual(self.image(notes, "all"), {"name": b"abc"})

    def test_garbage_stands_only_where_nothing_was_synced(self):
        notes = Notes(self.machine)
        inode = self.make("log", b"a" * 100)
        self.machine.note(f"S {inode} 40")
        self.machine.note(f"D {self.root}")
        data = self.image(notes, "garbage")["log"]
        self.assertEqual(data[:40], b"a" * 40)
        self.assertLessEqual(len(data), 100)

    def test_an_earlier_moment_has_what_was_then(self):
        notes = Notes(self.machine)
        inode = self.make("log", b"abcdef")
        self.machine.note(f"S {inode} 6")
        self.machine.note(f"D {self.root}")
        then = self.machine.moment()
        other = self.make("other", b"x")
        self.machine.note(f"S {other} 1")
        self.machine.note(f"D {self.root}")
        self.assertEqual(self.image(notes, "all", then), {"log": b"abcdef"})
        self.assertEqual(self.image(notes, "all"), {"log": b"abcdef", "other": b"x"})

    def test_what_a_kill_kept_from_being_noted_is_taken_from_what_is_there(self):
        notes = Notes(self.machine)
        (self.machine.data / "log").write_bytes(b"abc")
        notes.catch_up()
        self.machine.note(f"S {(self.machine.data / 'log').stat().st_ino} 3")
        self.machine.note(f"D {self.root}")
        self.assertEqual(self.image(notes, "all"), {"log": b"abc"})

    def test_a_renaming_is_there_as_a_whole_or_not_at_all(self):
        inode = self.make("new", b"abc")
        notes = Notes(self.machine)
        os.rename(self.machine.data / "new", self.machine.data / "name")
        self.machine.note(f"R {self.root} new {self.root} name")
        found = set()
        for i in range(20):
            notes.image(self.folder / f"part-{i}", "part", random.Random(i))
            found |= {tuple(path.name for path in (self.folder / f"part-{i}").iterdir())}
        self.assertEqual(found, {("new",), ("name",)})


class LedgerFinds(MachineTest):
    def setUp(self):
        super().setUp()
        self.ledger = Ledger(self.machine)

    def entries(self, *levels):
        made = []
        for level in levels:
            made.append(self.ledger.issue("client", "client", level))
            self.machine.note("D 1")
            self.ledger.acknowledge(made[-1])
        return made

    def compare(self, *there, moment=None):
        return self.ledger.compare(self.ledger.settled(), {entry.text: "client" for entry in there}, moment)

    def test_nothing_wrong_where_all_is_there(self):
        first, second = self.entries(PROCESS, DISK)
        self.assertEqual(self.compare(first, second), [])

    def test_a_lost_one(self):
        first, _ = self.entries(PROCESS, PROCESS)
        self.assertEqual(len(self.compare(first)), 1)

    def test_one_that_a_power_cut_may_take_and_one_that_it_may_not(self):
        first, second = self.entries(DISK, PROCESS)
        now = self.machine.moment()
        self.assertEqual(self.compare(first, moment=now), [])
        self.assertEqual(len(self.compare(moment=now)), 1)
        self.assertEqual(len(self.compare(second, moment=now)), 1)

    def test_one_that_was_acknowledged_after_the_cut_may_be_missing(self):
        self.entries(DISK)
        self.assertEqual(self.compare(moment=0), [])

    def test_a_hole(self):
        first, _, third = self.entries(PROCESS, PROCESS, PROCESS)
        self.assertEqual(len(self.compare(first, third, moment=self.machine.moment())), 1)

    def test_one_that_was_never_sent(self):
        self.assertEqual(len(self.ledger.compare(self.ledger.settled(), {"other-7.": "client"})), 1)

    def test_one_that_comes_back_after_a_power_cut_took_it(self):
        first, second = self.entries(DISK, PROCESS)
        self.ledger.begin_anew({first.text})
        self.assertEqual(self.compare(first), [])
        self.assertEqual(len(self.compare(first, second)), 1)


class Plan(unittest.TestCase):
    def test_follows_from_the_seed(self):
        first, again, other = ([str(step) for step in itertools.islice(plan.steps(seed, 60), 50)] for seed in (3, 3, 4))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)


if __name__ == "__main__":
    unittest.main()
