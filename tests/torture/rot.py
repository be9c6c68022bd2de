"""Bits that turn and files that get lost, in copies of a store that was closed in order; and looks at backups.

What is damaged must be said, by a command that fails or by words; what is not said to be damaged must be right and whole.
"""

import random
import shutil

KINDS = ("bit", "byte", "zeros", "cut", "lost")


class Rot:
    def __init__(self, clients, ledger, folder, seed, wrong):
        self.clients, self.ledger, self.wrong = clients, ledger, wrong
        self.copy, self.damaged = folder / "copy", folder / "damaged"
        self.whole = {}
        self.rng = random.Random(f"{seed}/rot")
        self.figures = {"damages": 0, "named": 0, "harmless": 0, "backups": 0, "files": {}}

    def take_copy(self):
        """While nobody has the store."""
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.clients.store, self.copy, ignore=lambda _, names: [n for n in names if n.endswith(".sock")])
        self.whole = {}

    def look(self, count):
        """Damages the copy in `count` ways, one after the other."""
        if not self.copy.exists():
            return
        exported, said = self._read(self.copy)
        self.whole = exported
        if said:
            self.wrong.append(f"a copy of a store that was stopped in its order cannot be read: {said}")
        else:
            for _ in range(count):
                self._damage_one()
        shutil.rmtree(self.copy)

    def _read(self, store):
        """Server -> rows, of all that can be exported one by one; and what was said."""
        rows, said = {}, ""
        code, out, err = self.clients.command("export", "--db", str(store))
        if code == 0 and not err:
            for line in out.splitlines()[1:]:
                rows.setdefault(line.split(",", 1)[0], []).append(line)
            return rows, said
        said = err or f"code {code}"
        for server in self.rng.sample(sorted(self.whole), min(4, len(self.whole))):
            code, out, err = self.clients.command("export", server, "--db", str(store))
            if code == 0 and not err:
                rows[server] = out.splitlines()[1:]
        return rows, said

    def _damage_one(self):
        shutil.rmtree(self.damaged, ignore_errors=True)
        shutil.copytree(self.copy, self.damaged)
        files = sorted(path for path in self.damaged.iterdir() if path.is_file() and not path.name.startswith("LOG"))
        kinds = sorted({self._kind(path) for path in files})
        kind = self.rng.choice(kinds)
        path = self.rng.choice([path for path in files if self._kind(path) == kind])
        how = self.rng.choice(KINDS)
        data = bytearray(path.read_bytes())
        at = self.rng.randrange(max(1, len(data)))
        if how == "lost":
            path.unlink()
        else:
            if how == "cut":
                del data[at:]
            elif data:
                if how == "bit":
                    data[at] ^= 1 << self.rng.randrange(8)
                elif how == "byte":
                    data[at] = self.rng.randrange(256)
                else:
                    data[at:at + 4096] = bytes(len(data[at:at + 4096]))
            path.write_bytes(data)
        self.figures["damages"] += 1
        self.figures["files"][kind] = self.figures["files"].get(kind, 0) + 1
        where = f"{how} at {at} of {len(data)} in {path.name}"
        rows, said = self._read(self.damaged)
        code, out, err = self.clients.command("verify", "--db", str(self.damaged))
        named = bool(said) or code != 0 or bool(err)
        missing = 0
        for server, mine in self.whole.items():
            there = rows.get(server)
            if there is None:
                missing += 1
                continue
            wrong = set(there) - set(mine)
            if wrong:
                self.wrong.append(f"{where}: {server} has what was never written: {sorted(wrong)[0]}")
            if len(there) < len(mine):
                missing += 1
        if missing and not named:
            self.wrong.append(f"{where}: rows of {missing} servers are gone and nothing is said")
        self.figures["named" if named else "harmless"] += 1
        shutil.rmtree(self.damaged)

    @staticmethod
    def _kind(path):
        return path.suffix or path.name.split("-")[0]

    def check_backups(self, folder):
        """Whatever has a backup's name is a whole one."""
        if not folder.exists() or not any(folder.iterdir()):
            return
        for path in folder.iterdir():
            # One that grows, and one that goes, have names of their own.
            if path.suffix == ".tmp" or path.name.startswith(".") or not path.is_dir():
                continue
            code, out, err = self.clients.command("verify", str(path))
            self.figures["backups"] += 1
            if code != 0:
                kept = self.damaged.with_name(f"backup-{self.figures['backups']}")
                shutil.copytree(path, kept, symlinks=True)
                shutil.copy(self.clients.machine.notes_file, kept.with_suffix(".notes"))
                self.wrong.append(f"the backup {path.name}, which is kept in {kept}, is not whole: {out[-200:]} {err[-200:]}")
