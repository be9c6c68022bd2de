"""InfluxDB 1: line protocol in batches, InfluxQL. Time in a state is the share of checks that succeeded."""

import json
import shutil
import urllib.parse

from peer import BARS, DAY_MS, WINDOW_MS, Http, Peer, Server, free_port, machine, main, rows, wait_for_rest

CONFIG = """reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{path}/meta"
[data]
  dir = "{path}/data"
  wal-dir = "{path}/wal"
  query-log-enabled = false
  max-series-per-database = 0
  cache-snapshot-write-cold-duration = "2s"
  compact-full-write-cold-duration = "3s"
[coordinator]
  write-timeout = "600s"
[http]
  bind-address = "127.0.0.1:{http}"
  log-enabled = false
  max-row-limit = 0
  max-body-size = 0
[monitor]
  store-enabled = false
[logging]
  level = "error"
"""


class Influxdb(Peer):
    name = "InfluxDB"
    notes = ["Time in a state is the share of checks that succeeded; percentiles are taken at a rank rounded another way; "
             "incidents are not asked for.",
             "A write is synced to its log before it is answered: wal-fsync-delay is 0s by default."]
    server = None
    http = None

    def missing(self):
        return None if shutil.which("influxd") else "the package influxdb is not installed"

    def version(self):
        return machine.output_of("influxd", "version").split()[1]

    def settings(self):
        return "defaults, without limits on rows and bodies; shards of 52 weeks, files compacted when cold for 3 s"

    def prepare(self):
        with open(self.job.input, "w", encoding="ascii") as out:
            for server, time, state, latency in rows(self.job):
                value = "" if latency is None else f",latency={latency}i"
                out.write(f"checks,server={server} up={int(state in (1, 2))}i{value} {time}\n")

    def start(self):
        port = free_port()
        path = self.job.directory
        (path / "influxdb.conf").write_text(CONFIG.format(http=port, rpc=free_port(), path=path), encoding="ascii")
        self.http = Http(port)
        self.server = Server(["influxd", "-config", path / "influxdb.conf"], path / "log")
        self.server.wait_until(lambda: self.http.answers("/ping"))

    def stop(self):
        if self.server:
            self.server.stop()
        self.server = None

    def query(self, text):
        """Series of the answer: (server, rows of values without the time, times in ms)."""
        parameters = urllib.parse.urlencode({"db": "nines", "epoch": "ms", "q": text})
        result = json.loads(self.http.ask("POST", "/query?" + parameters))["results"][0]
        if "error" in result:
            raise machine.Failed(result["error"])
        for series in result.get("series", []):
            times = [row[0] for row in series["values"]]
            yield int(series.get("tags", {}).get("server", 0)), [row[1:] for row in series["values"]], times

    def load(self):
        list(self.query("CREATE DATABASE nines WITH DURATION INF SHARD DURATION 52w"))
        self.http.post_file("/write?db=nines&precision=ms", self.job.input, 2 << 20)
        self.job.input.unlink()

    def settle(self):
        wait_for_rest(self.job.directory, 300)

    def window(self, from_ms):
        return f"time >= {from_ms}ms AND time < {self.job.now_ms}ms"

    def bars(self, from_ms, width_ms, count):
        """Bars as in the expected answers, by GROUP BY time."""
        found = [[[0] * 9 for _ in range(count)] for _ in range(self.job.servers)]
        groups = f"GROUP BY server, time({width_ms}ms, {from_ms % width_ms}ms) FILL(0)"
        for server, values, times in self.query(
                f"SELECT COUNT(up), SUM(up) FROM checks WHERE {self.window(from_ms)} {groups}"):
            for time, (checks, up) in zip(times, values):
                index = (time - from_ms) // width_ms
                length_ms = min(width_ms, self.job.now_ms - time)
                up_ms = round(length_ms * up / max(1, checks))
                found[server - 1][index][:6] = [up_ms, 0, length_ms - up_ms, 0, checks, checks - up]
        for server, values, times in self.query(
                f"SELECT COUNT(latency), SUM(latency), MAX(latency) FROM checks WHERE up = 1 AND {self.window(from_ms)} "
                f"{groups}"):
            for time, latencies in zip(times, values):
                found[server - 1][(time - from_ms) // width_ms][6:] = latencies
        return found

    def dashboard(self):
        window = self.window(self.job.window_ms)
        answers = []
        for server in self.bars(self.job.window_ms, WINDOW_MS // BARS, BARS):
            total = [sum(bar[i] for bar in server) for i in range(8)]
            answers.append({"checks": total[4], "failed": total[5], "time_ms": total[:4], "bars": server,
                            "latency": [total[6], total[7], 0, max(bar[8] for bar in server)]})
        for server, [[least, *ranks]], _ in self.query(
                "SELECT MIN(latency), PERCENTILE(latency, 50), PERCENTILE(latency, 95), PERCENTILE(latency, 99) "
                f"FROM checks WHERE up = 1 AND {window} GROUP BY server"):
            answers[server - 1]["latency"][2] = least
            answers[server - 1]["percentiles"] = ranks
        for server, [[up]], _ in self.query(f"SELECT LAST(up) FROM checks WHERE {window} GROUP BY server"):
            answers[server - 1]["last"] = "up" if up else "down"
        return answers

    def days(self):
        return self.bars(self.job.from_ms, DAY_MS, (self.job.now_ms - self.job.from_ms + DAY_MS - 1) // DAY_MS)

    def raw(self, server):
        return next(self.query(f"SELECT up, latency FROM checks WHERE server = '{server}'"))

    def raw_rows(self, fetched, server):
        _, values, times = fetched
        return [(time, 1 if up else 3, latency) for time, (up, latency) in zip(times, values)]

    def append_levels(self):
        return ["disk"]

    def append(self, level, rows):
        for server, time, _, latency, *_ in rows:
            self.http.ask("POST", "/write?db=nines&precision=ms", f"checks,server={server} up=1i,latency={latency}i {time}")

    def server_pid(self):
        return self.server.process.pid

    def disk_bytes(self):
        """What is allocated: its index of series is a few files of 4 MB that are mostly holes."""
        files = (self.job.directory / "data").rglob("*")
        return sum(file.stat().st_blocks * 512 for file in files if file.is_file())


if __name__ == "__main__":
    main(Influxdb)
