"""What is done to the program, step after step: a sequence that follows from the seed and the length of the run alone."""

import dataclasses
import random

from machine import ERRORS, MAKING, NAMES, READING, SYNCS, WRITES

HOUR_MS, YEAR_MS = 3_600_000, 365 * 86_400_000
#: Results of two runs of the clock must not share a moment: each jump is by a length of its own, further apart than a run.
JUMP_MS = 5 * HOUR_MS
LONG_RUN_S = 300


@dataclasses.dataclass
class Misfortune:
    kind: str
    amount: int = 0  # thousandths, milliseconds or bytes, as the kind wants
    calls: int = 0   # of which calls fail, for errors of the disk

    def __str__(self):
        return self.kind + (f" {self.amount}" if self.amount else "") + (f" of {self.calls}" if self.calls else "")


@dataclasses.dataclass
class Step:
    lasting: list
    seconds: float
    end: str
    kills_ms: list
    moments: list  # of images of a power cut, as fractions of what happened since the last one

    def __str__(self):
        return f"{' + '.join(str(one) for one in self.lasting) or 'nothing'} for {self.seconds:.1f} s, then {self.end}"


def _misfortune(kind, rng, jumps):
    if kind in ERRORS:
        calls = rng.choice([WRITES, SYNCS, WRITES | SYNCS, MAKING, NAMES, WRITES | SYNCS | MAKING | NAMES, READING])
        return Misfortune(kind, rng.choice([10, 100, 500, 1000]), MAKING | READING if kind == "EMFILE" else calls)
    if kind == "slow":
        return Misfortune(kind, rng.choice([5, 50, 500]))
    if kind == "full":
        # Below the store's reserve, and to the last byte.
        return Misfortune(kind, rng.choice([0, 4096, 1 << 20, 60 << 20]))
    if kind == "clock":
        jumps[0] += 1
        ahead = rng.choice([1, 1, -1, 0])
        return Misfortune(kind, ahead * jumps[0] * JUMP_MS if ahead else YEAR_MS + jumps[0] * JUMP_MS)
    if kind == "threads":
        return Misfortune(kind, rng.choice([300, 1000]))
    if kind == "memory":
        return Misfortune(kind, rng.choice([0, 1 << 20, 16 << 20]))
    return Misfortune(kind)


def steps(seed, seconds):
    rng = random.Random(seed)
    jumps = [0]
    stall_s = 30 if seconds >= LONG_RUN_S else 5
    kinds = list(ERRORS) + ["slow", "stall", "full", "clock", "threads", "network", "descriptors", "memory", "suspend"]
    ends = ["nothing"] * 5 + ["kill"] * 5 + ["kills"] * 3 + ["cut"] * 5 + ["stop", "reload", "rot", "rot"]
    while True:
        lasting = [_misfortune(kind, rng, jumps) for kind in rng.sample(kinds, rng.choice([0, 1, 1, 2, 3]))]
        if jumps[0] > 40:
            jumps[0] = -1 << 60  # moments are used up; see JUMP_MS
            kinds.remove("clock")
        length = rng.choice([rng.uniform(0.2, 2), rng.uniform(1, 6)])
        if any(one.kind == "stall" for one in lasting):
            length = rng.choice([length, stall_s])
        yield Step(lasting, length, rng.choice(ends), [rng.choice([rng.randint(0, 300), rng.randint(0, 1500)])
                                                       for _ in range(rng.randint(3, 12))],
                   [rng.random() for _ in range(rng.randint(2, 12))])
