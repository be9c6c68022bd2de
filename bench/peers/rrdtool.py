"""RRDtool: a file a server with a value a minute for the whole history; one process that is asked through a pipe."""

import math
import shutil
import subprocess

from peer import BARS, DAY_MS, WINDOW_MS, Peer, machine, main, rows

#: Updates given in one line: what a line may be long.
UPDATES = 200


class Rrdtool(Peer):
    name = "RRDtool"
    notes = ["It keeps averages of whole minutes, interpolated between checks, in whole seconds: nothing that it answers is "
             "exact, what a check was cannot be asked, and an outage's edges are smeared."]
    process = None

    def missing(self):
        return None if shutil.which("rrdtool") else "the package rrdtool is not installed"

    def version(self):
        return machine.output_of("rrdtool", "--version").split()[1]

    def settings(self):
        return "step 60, heartbeat 160, one archive of single steps"

    def start(self):
        self.process = subprocess.Popen(["rrdtool", "-", str(self.job.directory)], stdin=subprocess.PIPE,  # pylint: disable=consider-using-with
                                        stdout=subprocess.PIPE, text=True)

    def stop(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait(60)
        self.process = None

    def ask(self, command):
        """The lines of an answer; they end with one that begins with OK."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        lines = []
        while not (line := self.process.stdout.readline()).startswith("OK"):
            if line.startswith("ERROR") or not line:
                raise machine.Failed(f"rrdtool: {line}")
            lines.append(line)
        return lines

    def load(self):
        steps = (self.job.now_ms - self.job.from_ms) // 60_000 + 2
        for server in range(1, self.job.servers + 1):
            self.ask(f"create {server}.rrd --start {self.job.from_ms // 1000 - 1} --step 60 DS:up:GAUGE:160:0:1 "
                     f"DS:latency:GAUGE:160:0:U RRA:AVERAGE:0.5:1:{steps}")
        waiting = {}
        for server, time, state, latency in rows(self.job):
            updates = waiting.setdefault(server, [])
            value = "U" if latency is None or state == 3 else latency
            updates.append(f"{time // 1000}:{int(state in (1, 2))}:{value}")
            if len(updates) == UPDATES:
                self.ask(f"update {server}.rrd " + " ".join(updates))
                updates.clear()
        for server, updates in waiting.items():
            if updates:
                self.ask(f"update {server}.rrd " + " ".join(updates))

    def fetch(self, server, from_ms):
        """(seconds, up, latency) of each minute until now; those without values are left out."""
        for line in self.ask(f"fetch {server}.rrd AVERAGE --start {from_ms // 1000} --end {self.job.now_ms // 1000}"):
            time, colon, values = line.partition(":")
            if colon and "nan" not in values.split()[0]:
                up, latency = values.split()
                yield int(time), float(up), float(latency)

    def bars(self, server, from_ms, width_ms, count):
        """Bars of one server, and the latencies of its minutes."""
        found = [[0] * 9 for _ in range(count)]
        latencies = []
        last = 0.0
        for time, up, latency in self.fetch(server, from_ms):
            bar = found[min(count - 1, max(0, time * 1000 - 1 - from_ms) // width_ms)]
            last = up
            bar[0] += 60_000 * up
            bar[2] += 60_000 * (1 - up)
            bar[4] += 1
            bar[5] += up < 0.5
            if not math.isnan(latency):
                latencies.append(latency)
                bar[6] += 1
                bar[7] += latency
                bar[8] = max(bar[8], latency)
        return found, sorted(latencies), last

    def dashboard(self):
        answers = []
        for server in range(1, self.job.servers + 1):
            bars, latencies, last = self.bars(server, self.job.window_ms, WINDOW_MS // BARS, BARS)
            total = [sum(bar[i] for bar in bars) for i in range(8)]
            answers.append({"checks": total[4], "failed": total[5], "time_ms": total[:4],
                            "latency": [total[6], total[7], latencies[0], latencies[-1]],
                            "percentiles": [latencies[math.ceil(len(latencies) * rank) - 1] for rank in (0.5, 0.95, 0.99)],
                            "last": "up" if last >= 0.5 else "down", "bars": bars})
        return answers

    def days(self):
        count = (self.job.now_ms - self.job.from_ms + DAY_MS - 1) // DAY_MS
        return [self.bars(server, self.job.from_ms, DAY_MS, count)[0] for server in range(1, self.job.servers + 1)]

    def raw(self, server):
        return list(self.fetch(server, self.job.from_ms))

    def raw_rows(self, fetched, server):
        return [(time * 1000, 1 if up >= 0.5 else 3, None if math.isnan(latency) else latency)
                for time, up, latency in fetched]

    def append(self, level, rows):  # pylint: disable=redefined-outer-name
        for server, time, _, latency, *_ in rows:
            self.ask(f"update {server}.rrd {time // 1000}:1:{latency}")

    def server_pid(self):
        return self.process.pid


if __name__ == "__main__":
    main(Rrdtool)
