"""A machine that fails: what faulty_machine.c does to a program, told from outside, and what a power cut leaves.

`Machine` owns a small file system (its own tmpfs where this process may mount one), the page by which faults are switched
on, and the notes of what happened to the files. `Notes.image()` makes the directory that a power cut at any moment of the
notes would have left. One thread, but for the switches.
"""

import errno
import os
import pathlib
import shutil
import struct
import subprocess

# The fields of struct page in faulty_machine.c, in their order.
FIELDS = ("fault", "fault_share", "fault_kinds", "write_ms", "stalled", "clock_ms", "no_threads", "no_network", "seed")
WRITES, SYNCS, MAKING, NAMES, READING = 1, 2, 4, 8, 16
ERRORS = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC, "EFBIG": errno.EFBIG, "EMFILE": errno.EMFILE, "EAGAIN": errno.EAGAIN}
DISK_BYTES = 640 << 20
LOSSES = ("all", "part", "garbage", "zeros")


class Machine:
    def __init__(self, folder, library, seed):
        self.folder, self.library = folder, library
        self.disk = folder / "disk"
        self.disk.mkdir()
        self.mounted = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "nines-torture", self.disk], check=False).returncode == 0
        self.data, self.graves, self.ballast = self.disk / "data", self.disk / "graves", self.disk / "ballast"
        self.data.mkdir()
        self.graves.mkdir()
        self.notes_file = folder / "notes"
        self.notes_file.touch()
        self.page = folder / "page"
        self.page.write_bytes(bytes(8 * len(FIELDS)))
        self.clock_ms = 0
        self.set(seed=seed)

    def close(self):
        if self.mounted:
            subprocess.run(["umount", "--lazy", self.disk], check=False)

    def environment(self):
        return {"LD_PRELOAD": str(self.library), "FAULTY_MACHINE": str(self.page), "FAULTY_FOLDER": str(self.data),
                "FAULTY_NOTES": str(self.notes_file), "FAULTY_GRAVES": str(self.graves)}

    def set(self, **values):
        self.clock_ms = values.get("clock_ms", self.clock_ms)
        with open(self.page, "r+b") as page:
            for name, value in values.items():
                page.seek(8 * FIELDS.index(name))
                page.write(struct.pack("<q", value))

    def fill_disk(self, left):
        """Takes all room but about `left` bytes; False where the file system is not ours to fill."""
        if not self.mounted:
            return False
        with open(self.ballast, "wb") as ballast:
            for _ in range(10):
                free = os.statvfs(self.disk)
                try:
                    os.posix_fallocate(ballast.fileno(), 0, max(1, free.f_bavail * free.f_frsize - left))
                    return True
                except OSError:  # the program was faster
                    continue
        return True

    def free_disk(self):
        self.ballast.unlink(missing_ok=True)

    def heal(self):
        self.set(fault=0, write_ms=0, stalled=0, no_threads=0, no_network=0)
        self.free_disk()

    def moment(self):
        """Now, in the notes."""
        return self.notes_file.stat().st_size


def _put(names, name, inode):
    if inode is None:
        names.pop(name, None)
    else:
        names[name] = inode


class Notes:
    """What the notes say happened since `Notes` was made, on top of what was there then, which counts as synced."""

    def __init__(self, machine):
        self.machine = machine
        shutil.rmtree(machine.graves)
        machine.graves.mkdir()
        os.truncate(machine.notes_file, 0)
        self.names = {}    # folder -> name -> inode
        self.lengths = {}  # inode -> length
        self.root = machine.data.stat().st_ino
        for number, names in self._tree().items():
            self.names[number] = {name: inode for name, (inode, _) in names.items()}
            self.lengths |= {inode: length for inode, length in names.values() if length is not None}

    def _tree(self):
        """Of the real directory: folder -> name -> (inode, length or None for a folder)."""
        tree = {}
        for where, folders, files in os.walk(self.machine.data):
            names = tree.setdefault(os.stat(where).st_ino, {})
            for name in folders + files:
                found = os.lstat(os.path.join(where, name))
                if name in folders:
                    names[name] = (found.st_ino, None)
                elif os.path.isfile(os.path.join(where, name)):
                    names[name] = (found.st_ino, found.st_size)
        return tree

    def moments(self):
        """The ends of the lines so far."""
        ends, offset = [], 0
        for line in self.machine.notes_file.read_bytes().splitlines(keepends=True):
            offset += len(line)
            ends.append(offset)
        return ends

    def catch_up(self):
        """A kill may have come between a call and its note: what is there says what the call was. To be called before
        anything else syncs the folders."""
        running, _, _, length, _ = self._replay(None)
        lines, tree = [], self._tree()
        for folder, names in tree.items():
            for name, (inode, size) in names.items():
                if running.get(folder, {}).get(name) != inode:
                    word = "M" if size is None else "L" if inode in length else "C"
                    lines.append(f"{word} {folder} {name} {inode}\n")
                if size is not None and length.get(inode) != size:
                    lines.append(f"W {inode} {size}\n")
        for folder, names in running.items():
            lines += [f"U {folder} {name}\n" for name in names if folder in tree and name not in tree[folder]]
        with open(self.machine.notes_file, "a", encoding="ascii") as notes:
            notes.write("".join(lines))

    def _replay(self, moment):
        """The names as a running system sees them and as the disk has them, folder -> name -> inode; the changes that the
        disk may not have, folder -> groups of (name, inode or None); the lengths of files, and of what is synced of them."""
        running = {folder: dict(names) for folder, names in self.names.items()}
        synced = {folder: dict(names) for folder, names in self.names.items()}
        pending = {}
        length, safe = dict(self.lengths), dict(self.lengths)

        def change(folder, *group):
            for name, inode in group:
                _put(running.setdefault(folder, {}), name, inode)
            pending.setdefault(folder, []).append(group)

        for line in self.machine.notes_file.read_bytes()[:moment].decode().splitlines():
            word, *rest = line.split(" ")
            if word == "W":
                length[int(rest[0])] = int(rest[1])
            elif word == "S":
                inode = int(rest[0])
                safe[inode] = max(safe.get(inode, 0), int(rest[1]))
                length[inode] = max(length.get(inode, 0), safe[inode])
            elif word == "T":
                length[int(rest[0])] = safe[int(rest[0])] = 0
            elif word == "C":
                # A new file; the inode may have been that of one that is gone.
                length.setdefault(int(rest[2]), 0)
                safe.setdefault(int(rest[2]), 0)
                change(int(rest[0]), (rest[1], int(rest[2])))
            elif word == "L":
                change(int(rest[0]), (rest[1], int(rest[2])))
            elif word == "M":
                running[int(rest[2])] = {}
                synced[int(rest[2])] = {}
                pending.pop(int(rest[2]), None)
                change(int(rest[0]), (rest[1], int(rest[2])))
            elif word == "R":
                folder, name, target, to = int(rest[0]), rest[1], int(rest[2]), rest[3]
                inode = running.get(folder, {}).get(name)
                if folder == target:
                    change(folder, (name, None), (to, inode))  # both or none
                else:
                    change(folder, (name, None))
                    change(target, (to, inode))
            elif word == "U":
                change(int(rest[0]), (rest[1], None))
            elif word == "D":
                for group in pending.pop(int(rest[0]), []):
                    for name, inode in group:
                        _put(synced.setdefault(int(rest[0]), {}), name, inode)
        return running, synced, pending, length, safe

    def image(self, target, loss, rng, moment=None):
        """Makes the directory `target` as a cut at `moment`, or now, would have left it. Nothing may run meanwhile.

        What was not synced is lost, or stays in part, or has in its place bytes that nobody wrote, or zeros.
        """
        if moment is None:
            self.catch_up()
        _, synced, pending, length, safe = self._replay(moment)
        where = {int(grave.name): grave for grave in self.machine.graves.iterdir()}
        for folder, _, files in os.walk(self.machine.data):
            for name in files:
                where[os.lstat(os.path.join(folder, name)).st_ino] = pathlib.Path(folder, name)
        for folder, groups in pending.items():
            kept = 0 if loss == "all" else rng.randint(0, len(groups))
            for group in groups[:kept]:
                for name, inode in group:
                    _put(synced.setdefault(folder, {}), name, inode)
        made = {}

        def make(number, path):
            path.mkdir()
            for name, inode in synced.get(number, {}).items():
                if inode in length:
                    if inode in made:  # by another name
                        os.link(made[inode], path / name)
                        continue
                    made[inode] = path / name
                    self._make_file(path / name, where.get(inode), length[inode], safe.get(inode, 0), loss, rng)
                elif inode is not None:
                    make(inode, path / name)

        make(self.root, target)

    @staticmethod
    def _make_file(path, source, length, safe, loss, rng):
        if source is None:
            raise RuntimeError(f"nothing is left of the file that was to be {path}")
        data = source.read_bytes()[:length]
        safe = min(safe, len(data))
        stays = safe if loss == "all" else rng.randint(safe, len(data))
        kept = data[:stays]
        if stays < len(data) and loss in ("garbage", "zeros"):
            more = rng.randint(1, len(data) - stays)
            kept += rng.randbytes(more) if loss == "garbage" else bytes(more)
        path.write_bytes(kept)

    def replace(self, image):
        """The power cut happens: `image` takes the place of what is there."""
        shutil.rmtree(self.machine.data)
        os.rename(image, self.machine.data)
        self.__init__(self.machine)
