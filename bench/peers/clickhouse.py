"""ClickHouse: MergeTree ordered by (server, time), CSV over HTTP; Debian's version, which has no window functions yet, so
that neighbours are looked at in arrays."""

import json
import shutil
import subprocess
import urllib.parse

import sql
from peer import (BARS, DAY_MS, LOOKBACK_MS, WINDOW_MS, Http, Peer, Server, bars_from_rows, dashboard_from_parts, free_port,
                  main)

CONFIG = """<yandex>
<logger><level>warning</level><console>1</console></logger>
<http_port>{http}</http_port><tcp_port>{tcp}</tcp_port><listen_host>127.0.0.1</listen_host>
<path>{path}/data/</path><tmp_path>{path}/tmp/</tmp_path><users_config>{path}/users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database>
<mark_cache_size>268435456</mark_cache_size><uncompressed_cache_size>268435456</uncompressed_cache_size>
</yandex>
"""
USERS = """<yandex>
<profiles><default><max_threads>1</max_threads></default></profiles>
<users><default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile>
<quota>default</quota></default></users>
<quotas><default></default></quotas>
</yandex>
"""


class Clickhouse(Peer):
    name = "ClickHouse"
    notes = ["Debian's version is of 2018: no codecs for columns and no window functions, which later ones have.",
             "A single append is a part of its own on disk; its manual advises against it.",
             "Quantiles are taken at a rank rounded another way."]
    server = None
    http = None
    part_bytes = 0

    def missing(self):
        return None if shutil.which("clickhouse-server") else "the package clickhouse-server is not installed"

    def version(self):
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "clickhouse-server"], capture_output=True, text=True,
                              check=False)
        return done.stdout.split("+")[0]

    def settings(self):
        return "max_threads=1"

    def start(self):
        port = free_port()
        path = self.job.directory
        (path / "config.xml").write_text(CONFIG.format(http=port, tcp=free_port(), path=path), encoding="ascii")
        (path / "users.xml").write_text(USERS, encoding="ascii")
        self.http = Http(port)
        self.server = Server([shutil.which("clickhouse-server"), f"--config-file={path / 'config.xml'}"], path / "log", cwd=path)
        self.server.wait_until(lambda: self.http.answers("/ping"))

    def stop(self):
        if self.server:
            self.server.stop()
        self.server = None

    def run(self, statement, body=b""):
        return self.http.ask("POST", "/?" + urllib.parse.urlencode({"query": statement}), body)

    def query(self, text):
        lines = self.run("", (text + " FORMAT JSONCompact").encode())
        return [[int(value) for value in row] for row in json.loads(lines)["data"]]

    def load(self):
        self.run("CREATE TABLE checks(server UInt32, time Int64, state UInt8, latency Nullable(UInt32), code UInt16, "
                 "error UInt8, detail String) ENGINE = MergeTree ORDER BY (server, time) PARTITION BY tuple()")
        with open(self.job.csv, "rb") as file:
            self.run("INSERT INTO checks FORMAT CSVWithNames", file)

    def settle(self):
        self.run("OPTIMIZE TABLE checks FINAL")
        # Merged parts lie about for some minutes after.
        self.part_bytes = self.query("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'checks'")[0][0]

    def judged(self, from_ms):
        """Rows (server, time, state, latency or 0, judged, until) from a while before `from_ms` on, by neighbours in
        arrays."""
        return f"""(SELECT server, time, state, latency, until0 AS until_ms,
              if(state = 3 AND before != 3 AND after != 3, 1, state) AS judged
            FROM (SELECT server, time, state, latency, before, after, least(next, time + {self.job.holds_ms}) AS until0
              FROM (SELECT server, groupArray(time) AS times, groupArray(state) AS states,
                      groupArray(ifNull(latency, 0)) AS latencies
                    FROM (SELECT server, time, state, latency FROM checks
                          WHERE time >= {from_ms - LOOKBACK_MS} AND time < {self.job.now_ms}
                            AND server BETWEEN 1 AND {self.job.servers} ORDER BY server, time)
                    GROUP BY server)
              ARRAY JOIN times AS time, states AS state, latencies AS latency,
                arrayPushFront(arrayPopBack(states), 0) AS before, arrayPushBack(arrayPopFront(states), 0) AS after,
                arrayPushBack(arrayPopFront(times), toInt64({self.job.now_ms})) AS next))"""

    def bars(self, from_ms, width_ms, count):
        """Bars as in the expected answers: what a result holds falls into one bucket, or into two."""
        begin = f"greatest(time, toInt64({from_ms}))"
        found = self.query(f"""SELECT server, bucket, sum(if(judged = 1, ms, 0)), sum(if(judged = 2, ms, 0)),
              sum(if(judged = 3, ms, 0)), sum(counted), sum(counted AND state = 3),
              sum(counted AND state IN (1, 2) AND latency > 0), sum(if(counted AND state IN (1, 2), latency, 0)),
              max(if(counted AND state IN (1, 2), latency, 0))
            FROM (SELECT server, state, latency, judged, part.1 AS bucket, part.2 AS ms, part.3 AS counted FROM (
              SELECT server, state, latency, judged, intDiv({begin} - {from_ms}, {width_ms}) AS first,
                intDiv(until_ms - 1 - {from_ms}, {width_ms}) AS last,
                arrayJoin(if(last > first,
                  [(first, {from_ms} + (first + 1) * {width_ms} - {begin}, toUInt8(time >= {from_ms})),
                   (last, until_ms - {from_ms} - last * {width_ms}, toUInt8(0))],
                  [(first, until_ms - {begin}, toUInt8(time >= {from_ms}))])) AS part
              FROM {self.judged(from_ms)} WHERE until_ms > {from_ms}))
            GROUP BY server, bucket""")
        return bars_from_rows(found, self.job, from_ms, width_ms, count)

    def dashboard(self):
        window = f"time >= {self.job.window_ms} AND time < {self.job.now_ms} AND server BETWEEN 1 AND {self.job.servers}"
        ranks = "quantilesExact(0.5, 0.95, 0.99)(latency)"
        percentiles = self.query(f"SELECT server, min(latency), {ranks}[1], {ranks}[2], {ranks}[3] FROM checks "
                                 f"WHERE {window} AND state IN (1, 2) AND latency IS NOT NULL GROUP BY server")
        last = self.query(f"SELECT server, argMax(state, time) FROM checks WHERE {window} GROUP BY server")
        down = self.query(f"SELECT server, time, until_ms FROM {self.judged(self.job.window_ms)} WHERE judged = 3 "
                          "ORDER BY server, time")
        width_ms = WINDOW_MS // BARS
        return dashboard_from_parts(self.job, self.bars(self.job.window_ms, width_ms, BARS), percentiles,
                                    sql.join_failures(self.job, down), last)

    def days(self):
        return self.bars(self.job.from_ms, DAY_MS, (self.job.now_ms - self.job.from_ms + DAY_MS - 1) // DAY_MS)

    def raw(self, server):
        text = self.run("", f"SELECT time, state, ifNull(latency, 0) FROM checks WHERE server = {server} ORDER BY time "
                            "FORMAT TabSeparated".encode())
        return [tuple(map(int, line.split(b"\t"))) for line in text.splitlines()]

    def append(self, level, rows):
        for row in rows:
            self.run("INSERT INTO checks FORMAT TabSeparated", ("\t".join(map(str, row)) + "\n").encode())

    def server_pid(self):
        return self.server.process.pid

    def disk_bytes(self):
        return self.part_bytes


if __name__ == "__main__":
    main(Clickhouse)
