"""How far the store is from what is possible: a loop over arrays in memory, the information in the data, the memory.

The two sides of each ratio are measured in turn, so that what else the machine does meets both.
"""

from .figures import settled_bytes, store
from .machine import measure, spread

#: A time, a latency and a state in memory: what a dashboard must look at of a result.
BYTES_A_RESULT = 8 + 4 + 1


def against_plain(question, shape, rounds, **how):
    """Medians of nines and of the plain loop, and their ratio round by round."""
    nines, plain = [], []
    for _ in range(rounds):
        nines.append(spread(measure(question, shape=shape, dir=store(shape), runs=9, **how)["values_ms"])["median"])
        plain.append(spread(measure("plain", shape=shape, question=question, runs=5)["values_ms"])["median"])
    ratios = [mine / other for mine, other in zip(nines, plain)]
    return {"shape": shape, "question": question, "how": how, "nines_ms": spread(nines), "plain_ms": spread(plain),
            "ratio": spread(ratios)}


def run(options):
    """The distances, at T2 and T3."""
    rounds = 1 if options.quick else 5
    shapes = [options.size] if options.quick else [options.size, "T3"]
    distances = []
    for shape in shapes:
        options.say(f"beside plain arrays, {shape}")
        distances.append(against_plain("dashboard", shape, rounds))
        distances.append(against_plain("dashboard", shape, rounds, head=0))
    distances.append(against_plain("bars", options.size, rounds, **{"from": "results"}))
    options.say("entropy and memory")
    days = {shape: measure("dashboard", shape=shape, dir=store(shape), runs=1)["cost"]["results"] for shape in shapes}
    bandwidth = measure("memory")["read_bytes_a_second"]
    return {
        "size": options.size,
        "distances": distances,
        "bits_a_latency": measure("entropy", shape=options.size)["bits_a_latency"],
        "bytes_a_check": settled_bytes(options.size),
        "dashboard_results": days,
        "bytes_a_result": BYTES_A_RESULT,
        "read_bytes_a_second": bandwidth,
    }
