"""The story: one dashboard, asked as it is often asked, and as it could be.

With SQLAlchemy's mapped classes: all history by lazy="selectin"; a query a server by lazy="select" (N+1); one bulk
query of the window's columns. Beside these the hand-written SQL. Each form runs in a process of its own, so that its
memory can be told; what it computes in Python is the same plain loop in all, and every answer is compared with the
right one.
"""

import bisect
import json
import multiprocessing
import resource
import signal
import sys
import time

import postgresql
import sql
import sqlite
from peer import BARS, LOOKBACK_MS, WINDOW_MS, Job, compare

#: What is right about a server: the parts that the loop below computes.
PARTS = ["checks", "failed", "time_ms", "latency", "percentiles", "last", "incidents", "bars"]


def overlap(begin, end, job, bars, state):
    """Credits [begin, end) to `state`, bar by bar."""
    width = WINDOW_MS // BARS
    begin = max(begin, job.window_ms)
    while begin < end:
        index = (begin - job.window_ms) // width
        part = min(end, job.window_ms + (index + 1) * width) - begin
        bars[index][{1: 0, 2: 1, 3: 2, 0: 3}[state]] += part
        begin += part


def judge(results):
    """Default rules: a failure counts when the one before or after it failed as well."""
    states = [state for _, state, _ in results]
    return [1 if state == 3 and 3 not in (states[i - 1] if i else 0, states[i + 1] if i + 1 < len(states) else 0) else state
            for i, state in enumerate(states)]


def answer(results, job):
    """One server's dashboard from (time, state, latency), ascending, from before the window on."""
    bars = [[0] * 9 for _ in range(BARS)]
    incidents = []
    for i, state in enumerate(judge(results)):
        time_ms, measured, latency = results[i]
        following = results[i + 1][0] if i + 1 < len(results) else job.now_ms
        held = min(following, time_ms + job.holds_ms)
        overlap(time_ms, held, job, bars, state)
        overlap(held, following, job, bars, 0)
        if state == 3 and held > job.window_ms:
            if not incidents or incidents[-1][1] != time_ms:
                begin = i
                while begin and results[begin - 1][1] == 3:
                    begin -= 1
                incidents.append([results[begin][0], held, 0])
            incidents[-1][1] = held
            incidents[-1][2] += time_ms >= job.window_ms
        if time_ms < job.window_ms:
            continue
        bar = bars[(time_ms - job.window_ms) * BARS // WINDOW_MS]
        bar[4] += 1
        bar[5] += measured == 3
        if measured in (1, 2) and latency is not None:
            bar[6] += 1
            bar[7] += latency
            bar[8] = max(bar[8], latency)
    first = bisect.bisect_left(results, (job.window_ms,))
    values = sorted(latency for _, state, latency in results[first:] if state in (1, 2) and latency is not None)
    total = [sum(bar[i] for bar in bars) for i in range(8)]
    for incident in incidents:
        incident[1] = None if incident[1] >= job.now_ms else incident[1]
    return {"checks": total[4], "failed": total[5], "time_ms": total[:4],
            "latency": [total[6], total[7], values[0] if values else 0, values[-1] if values else 0],
            "percentiles": [values[(len(values) * p + 99) // 100 - 1] if values else 0 for p in (50, 95, 99)],
            "last": {0: "unknown", 1: "up", 2: "degraded", 3: "down"}[results[-1][1]] if results else None,
            "incidents": incidents, "bars": bars}


def mapped(engine_url, lazy):
    """A session, and the classes Server and Check with Server.checks loaded as `lazy` says."""
    from sqlalchemy import (BigInteger, Column, ForeignKey, Integer, SmallInteger, Text,  # pylint: disable=import-outside-toplevel
                            create_engine)
    from sqlalchemy.orm import declarative_base, relationship, sessionmaker  # pylint: disable=import-outside-toplevel
    base = declarative_base()

    class Check(base):  # pylint: disable=too-few-public-methods
        __tablename__ = "checks"
        server = Column(Integer, ForeignKey("servers.id"), primary_key=True)
        time = Column(BigInteger, primary_key=True)
        state = Column(SmallInteger)
        latency = Column(Integer)
        code = Column(SmallInteger)
        error = Column(SmallInteger)
        detail = Column(Text)

    class Server(base):  # pylint: disable=too-few-public-methods
        __tablename__ = "servers"
        id = Column(Integer, primary_key=True)
        checks = relationship(Check, order_by=Check.time, lazy=lazy)

    return sessionmaker(create_engine(engine_url))(), Server, Check


def by_relationship(job, url, lazy):
    """Server.checks of every server: all history becomes objects."""
    session, server_class, _ = mapped(url, lazy)
    answers, rows = [], 0
    for server in session.query(server_class).order_by(server_class.id):
        results = [(check.time, check.state, check.latency) for check in server.checks]
        rows += len(results)
        first = bisect.bisect_left(results, (job.window_ms - LOOKBACK_MS,))
        answers.append(answer(results[first:], job))
    return answers, rows


def by_bulk_query(job, url):
    """The window's columns of all servers in one query."""
    session, server_class, check = mapped(url, "select")
    by_server = {server: [] for server, in session.query(server_class.id).order_by(server_class.id)}
    rows = 0
    for server, *result in (session.query(check.server, check.time, check.state, check.latency)
                            .join(server_class, server_class.id == check.server)
                            .filter(check.time >= job.window_ms - LOOKBACK_MS, check.time < job.now_ms)
                            .order_by(check.server, check.time)):
        by_server[server].append(tuple(result))
        rows += 1
    return [answer(results, job) for results in by_server.values()], rows


def by_hand(job, url, peer):  # pylint: disable=unused-argument
    """The queries of sql.py on a connection of this process."""
    rows = 0

    def query(text):
        nonlocal rows
        found = peer.query(text)
        rows += len(found)
        return found

    peer.connect()
    dialect = sqlite.Dialect() if isinstance(peer, sqlite.Sqlite) else sql.Dialect()
    return sql.dashboard(job, dialect, query), rows


#: Name, and what answers: (job, url, peer) -> (answers, rows that came to the client).
FORMS = [
    ('SQLAlchemy, lazy="selectin", all history', lambda job, url, peer: by_relationship(job, url, "selectin")),
    ('SQLAlchemy, lazy="select" (N+1), all history', lambda job, url, peer: by_relationship(job, url, "select")),
    ("SQLAlchemy, one bulk query of the window", lambda job, url, peer: by_bulk_query(job, url)),
    ("hand-written SQL", by_hand),
]


def touched(form, rows, job, peer):
    """How many rows of `checks` were looked at: those that came to the client, or, by hand, those in the ranges of its
    four queries: bars and incidents with what came a while before, percentiles, and each server's newest."""
    if form is not by_hand:
        return rows
    counted = [peer.query(f"SELECT COUNT(*) FROM checks WHERE time >= {since} AND time < {job.now_ms}")[0][0]
               for since in (job.window_ms - LOOKBACK_MS, job.window_ms)]
    return 2 * counted[0] + counted[1] + job.servers


def in_child(form, job, url, peer, pipe):
    """One form, once: its time, memory and rows into the pipe."""
    begin = time.perf_counter()
    answers, rows = form(job, url, peer)
    elapsed_ms = (time.perf_counter() - begin) * 1e3
    found = compare([{key: one[key] for key in PARTS} for one in answers], job.expected["dashboard"])
    wrong = [f"{part}: {verdict}" for part, verdict in found.items() if verdict != "equal"]
    pipe.send({"ms": elapsed_ms, "rows": rows, "touched": touched(form, rows, job, peer),
               "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
               "wrong": wrong})


def tell(job, peer, url):
    """All forms on one database."""
    told = []
    for name, form in FORMS:
        runs = []
        for _ in range(job.runs):
            receive, send = multiprocessing.Pipe(duplex=False)
            # A fresh interpreter would hide the form's memory behind its own; a fork begins with a few shared pages.
            child = multiprocessing.get_context("fork").Process(target=in_child, args=(form, job, url, peer, send))
            child.start()
            send.close()
            try:
                runs.append(receive.recv())
            except EOFError:
                break
            finally:
                child.join()
        told.append({"database": peer.name, "form": name, "runs": runs})
    return told


def main():
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit(1))
    job = Job(sys.argv[1])
    told = []
    for kind in (sqlite.Sqlite, postgresql.Postgresql):
        peer = kind(job)
        try:
            import sqlalchemy  # pylint: disable=import-outside-toplevel
            missing = peer.missing()
        except ImportError:
            missing = "the package python3-sqlalchemy is not installed"
        if missing:
            told.append({"database": peer.name, "missing": missing})
            continue
        peer.clear()
        peer.start()
        try:
            peer.load()
            url = peer.url()
            peer.disconnect()
            told += tell(job, peer, url)
        finally:
            peer.stop()
            peer.clear(create=False)
    print(json.dumps({"sqlalchemy": sqlalchemy.__version__, "told": told}))


if __name__ == "__main__":
    main()
