"""What was asked to be stored, what was acknowledged, and at which level: kept outside of the program, in memory.

Each result has a text of its own in its detail, by which it is found again. Clients are sequential: of one client's results
that were acknowledged, none may be missing while a later one is there. Any thread.
"""

import dataclasses
import threading
import time

PROCESS, DISK = "process", "disk"  # what an acknowledgement is safe from: a crash of the process, or a power cut


@dataclasses.dataclass
class Entry:
    text: str
    client: str
    server: str
    level: str
    issued: int                # the moment of the machine's notes before
    issued_at: float           # in seconds
    acknowledged: int | None = None  # and after; None is not, or not yet
    must: bool = False         # it was seen, and must stay
    gone: bool = False         # a power cut took it


class Ledger:
    def __init__(self, machine):
        self.machine = machine
        self.entries = {}
        self.clients = {}  # client -> its entries in order
        self.last_acknowledged = {}  # client -> when its newest acknowledged result was issued
        self.lock = threading.Lock()

    def issue(self, client, server, level):
        with self.lock:
            mine = self.clients.setdefault(client, [])
            entry = Entry(f"{client}-{len(mine)}.", client, server, level, self.machine.moment(), time.time())
            mine.append(entry)
            self.entries[entry.text] = entry
            return entry

    def acknowledge(self, entry):
        with self.lock:
            entry.acknowledged = self.machine.moment()
            self.last_acknowledged[entry.client] = entry.issued_at

    def counts(self):
        with self.lock:
            acknowledged = [entry for entry in self.entries.values() if entry.acknowledged is not None]
            return {"issued": len(self.entries), "acknowledged": len(acknowledged),
                    "at_disk": sum(entry.level == DISK for entry in acknowledged)}

    def settled(self):
        """A copy of what counts now: taken before reading, it is what must be there."""
        with self.lock:
            return {text: dataclasses.replace(entry) for text, entry in self.entries.items()}

    def compare(self, settled, found, moment=None):
        """What is wrong with `found`, text -> server. `moment` is that of a power cut, or None without one."""
        wrong = []
        for text, server in found.items():
            entry = settled.get(text) or self.entries.get(text)
            if entry is None:
                wrong.append(f"`{text}` was never sent")
            elif entry.server != server:
                wrong.append(f"`{text}` of {entry.server} is found at {server}")
            elif entry.gone:
                wrong.append(f"`{text}` was lost in a power cut and is back")
            elif moment is not None and entry.issued > moment:
                wrong.append(f"`{text}` was sent after the cut")
        newest = {}
        for entry in reversed(settled.values()):
            there = entry.text in found
            if there:
                newest.setdefault(entry.client, entry)
                continue
            if entry.gone:
                continue
            acknowledged = entry.acknowledged is not None and (moment is None or entry.acknowledged <= moment)
            if entry.must and moment is None:
                wrong.append(f"`{entry.text}` was there and is lost")
            elif acknowledged and (moment is None or entry.level == DISK):
                wrong.append(f"`{entry.text}` was acknowledged at {entry.level} and is lost")
            elif acknowledged and entry.client in newest:
                wrong.append(f"`{entry.text}` was acknowledged and is lost while `{newest[entry.client].text}` is there")
        return wrong

    def note_found(self, found):
        """From now on what was found stays, but for a power cut."""
        with self.lock:
            for text in found:
                self.entries[text].must = True

    def begin_anew(self, found):
        """After a power cut: what was found is on the disk, all else is gone, and the notes begin again."""
        with self.lock:
            for entry in self.entries.values():
                entry.issued = 0
                entry.gone = entry.text not in found
                entry.must = not entry.gone
                if entry.must:
                    entry.level, entry.acknowledged = DISK, 0
