"""The texts of RESULTS.md: what was done, and what the numbers mean."""

TITLE = """# Results

Made by `bench/report.py` of a run of `bench/run.py`; do not edit. `./dev bench` repeats it on your machine.

Everything measured is pinned to one processor (what the prober checks has another). Figures are medians, with quartiles
where there were three runs or more. The histories are those of `nines demo` (`tools/src/history/history.h`): T1 is 20
servers x 14 days, T2 100 x 90, T3 1000 x 30, T4 10,000 x 7, a check a minute; latencies lognormal (sigma 0.25) with 1 %
of spikes, times ±50 ms, an outage about every three days.

The **dashboard** is every server's last 24 hours, aligned with nothing: checks and failures, time in each state, mean,
least and greatest latency, exact p50, p95 and p99, the last state, the incidents, and 48 bars. Every system's answers are
compared with those of a plain loop over all results (`tools/src/history/expected.h`) before its times count."""

FIGURES = """What the engine is held to. Reads are asked in five fresh processes, after one question that is not counted;
writes go to a new store each time. ✗ marks what is not reached. A machine that is shared has moments in which everything
takes half as long again. So a plain loop over arrays runs before and behind each process, but where a copy of the
whole store is needed or memory is what counts: while the loop takes over a tenth longer than at its fastest, the
measurement is made again, for five minutes in all; no figure decides about itself."""

MISSED = """Why some are missed. A dashboard from the head takes less than the plain loop does (see the distance to the
limit); a third of its time is the selection of exact percentiles, a fifth the sums of its latencies, and T3's day in
memory, 23 MB, is in no near cache. From chunks, each server costs one positioning in RocksDB and the unpacking of the two
UTC days that the window touches, on top of the same answer. A cold start waits for the device, whose pace changes by the
minute."""

STORY = """The same dashboard, asked as it is often asked, as it could be asked, and by nines. SQLAlchemy {sqlalchemy};
each form in a process of its own, memory is that process's peak. What is computed in Python is one plain loop in all of
them. T1, since all history as objects does not fit into memory at T2."""

PEERS = """The same results and the same questions. Each system is used the way its own documentation recommends: bulk
loading by its fastest path, its index or order for a range of time, and its own language for the questions, on one
processor for client and server together. A single append is one result, acknowledged before the next: `buffered` may be
lost when the process dies, `process` survives that, `disk` survives a power cut as well. It takes each system's own way:
a call where it is a library, a socket or HTTP where it is a server, from Python but for nines and RocksDB. Memory is
that of the server (shared pages by their share), or of the process with the library in it. What takes two seconds was
asked three times, not seven."""

GROWTH = """The dashboard must not cost more for a longer history: it reads one range of a day, whatever lies before it.
Both axes are logarithmic. A history of one day has no whole day yet. 10,000 servers for 7 days are T4: a day of all of
them is more than the head's default budget of 48 MB (`Options::performance.head_bytes`), and what does not fit is read
from chunks. Daily bars cost a summary a day, and a day that is not over is read itself. Bytes a check are those that a
writer leaves behind, its log included and nothing compacted: what a short history has most of."""

SCALE = """A day of checks at default options, from noon to noon, a thousand results an append; before the first there
are twenty days behind, of the others none. Written is what the process has handed to the system, the log included.
Opening is of a copy of what a kill at the end of the day has left. A sync takes 2 ms here, so that who comes meanwhile
has something to share; results out of order come one by one."""

LIMITS = """The plain loop has times, latencies and states in arrays in memory, knows the default rules only, and selects
percentiles with the same code: what one would write if nothing had to be stored. Where nines is faster than the loop it
is because an unbroken stretch of equal states is one run to it, not a thousand results. The two are measured in turn.
Reading once from memory counts 13 bytes a result (a time, a latency, a state) at the bandwidth of one processor."""

NOT_AHEAD = """Where one result at a time is acknowledged, the engine beneath sets the pace: at `process` an append is one
record in RocksDB's log, handed to the system, and one in its memtable, as it is for a row a check; what nines adds (the
check of the result, the day in memory, sealing) it saves again by a memtable that is a vector. At `disk` it is one sync of
the device. Twice as many are had by batches and by several writers, not by one that waits for each."""

SYNCED = """What survives a power cut waits for the device: each append here is one sync, also InfluxDB's, which syncs its
log before it answers (`wal-fsync-delay` is 0 by default). How fast the device is changes from minute to minute on a
virtual machine, so that nines and a plain file that is synced after each line were measured again beside each system.
One writer at a time gains nothing from group commit; eight do, see `Append` in the suites."""

PROBER = """1,000 servers, checked every second by HTTP over a fresh connection and stored at `process`, for {seconds} s; an
nginx answers on another processor. Processor time is that of the prober, its writer and its store, of libcurl and the
system included."""

BLACKBOX = """Beside prometheus-blackbox-exporter {version}, on {targets} targets, {good} good and {bad} bad: the two agree on
{same}; right are nines on {nines_right}, the exporter on {exporter_right}."""

COMMAND = """## The command

Whole processes, from their start to their end, pinned; medians of 11, at a load of {load} before the first. The stores are
those of `nines demo`: T2, and 10,000 servers x 2 days. `verify` checks all blocks and then decodes and compares what is in
them; its target is 2 GB/s of table files."""

SUITES = """`nines_ROOM_bench` of Google Benchmark: interleaved repetitions on one processor, real time of one iteration.
Items are results, checks or days, as the program's source says."""

MEANING = """## What each number means

- **Bars from summaries** read a day's summary instead of its results; counts and times in states are the same either
  way, percentiles have a relative error of at most 1 %.
- **Page cache dropped**: nothing of the store is in memory; the program's own pages are. The time is from before
  opening to the answer.
- **After kill -9**: the writer had appended an hour of results of every server after opening, and was killed.
- **The plain loop** in the table of limits knows the answers' rules and nothing else; **information** is what a coder
  needs that knows each server's distribution of latencies, and takes times for ±50 ms about a known pace.
- **B a check** are all files of the store after compaction, summaries and catalog included, by the number of results.
- **Memory** of nines is the resident memory of the whole process after dashboards were asked, libraries included.
- **`OverTheScan`** sets an answer beside the bare scan of the same 90 days of a server, from chunks: `states` beside
  `bare_states`, `bars` beside `bare_latencies`, and all figures beside `bare_all`. The last holds exact percentiles, whose
  selection (`ExactQuantiles`) costs nearly as much a value as decoding does: long windows take them from sketches instead.
- **Bulk load** of nines is sorted history by `load()`, flushed to disk; making the results is not in it."""

AXES = {"servers": "servers", "days": "days of history", "interval_s": "seconds between checks"}

#: Why a peer is better at something: by its name and the figure, or by the figure alone.
WHY = {
    "start_ms": "nines opens RocksDB, replays its log, reads the catalog and brings the last day of every server into memory, "
                "so that the first question is as fast as any.",
    ("SQLite", "start_ms"): "It opens its file and reads a page; the first question pays for the rest.",
    ("RRDtool", "start_ms"): "It is a process that has opened no file yet.",
    "resident_bytes": "nines keeps a day of every server in memory to answer from; `head_bytes` bounds it.",
    ("RRDtool", "resident_bytes"): "It has one file open at a time.",
    ("RocksDB", "append.process"): "A bare put, without a look at the catalog, at the result, or at what is in memory.",
    "append.disk": "Both wait for one sync of the device; what is left is its mood and the way to the caller.",
    ("DuckDB", "load_a_second"): "It checks no key and no order.",
    ("ClickHouse", "load_a_second"): "It sorts blocks in memory and leaves merging them for later.",
}
