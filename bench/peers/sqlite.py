"""SQLite, by Python's own module: a table WITHOUT ROWID in the order of its key, write-ahead log, hand-written SQL."""

import csv
import sqlite3

import sql
from peer import Peer, main


class Dialect(sql.Dialect):
    """No percentiles here: ranks are counted."""

    greatest = "MAX"
    least = "MIN"

    def percentiles(self, source):
        ranks = ", ".join(f"MAX(CASE WHEN rank = (n * {percent} + 99) / 100 THEN latency END)" for percent in (50, 95, 99))
        return f"""SELECT server, MIN(latency), {ranks} FROM (
            SELECT server, latency, ROW_NUMBER() OVER (PARTITION BY server ORDER BY latency) AS rank,
                   COUNT(*) OVER (PARTITION BY server) AS n FROM {source}) GROUP BY server"""


SCHEMA = """
CREATE TABLE servers(id INTEGER PRIMARY KEY);
CREATE TABLE checks(server INTEGER NOT NULL, time INTEGER NOT NULL, state INTEGER NOT NULL, latency INTEGER,
  code INTEGER NOT NULL, error INTEGER NOT NULL, detail TEXT, PRIMARY KEY(server, time)) WITHOUT ROWID;
"""


class Sqlite(Peer):
    name = "SQLite"
    database = None
    pragmas = ["journal_mode=WAL", "synchronous=NORMAL", "cache_size=-65536", "mmap_size=2147483648", "temp_store=MEMORY"]

    def version(self):
        return sqlite3.sqlite_version

    def settings(self):
        return ", ".join(self.pragmas)

    def url(self):
        """For SQLAlchemy."""
        return f"sqlite:///{self.job.directory / 'checks.sqlite'}"

    def start(self):
        self.connect()

    def connect(self):
        self.database = sqlite3.connect(self.job.directory / "checks.sqlite", isolation_level=None)
        for pragma in self.pragmas:
            self.database.execute(f"PRAGMA {pragma}").fetchall()
        self.query("SELECT COUNT(*) FROM sqlite_master")

    def stop(self):
        self.disconnect()

    def disconnect(self):
        if self.database:
            self.database.close()
        self.database = None

    def query(self, text):
        return self.database.execute(text).fetchall()

    def load(self):
        self.database.executescript(SCHEMA)
        self.database.execute("BEGIN")
        self.database.executemany("INSERT INTO servers VALUES (?)", ((i + 1,) for i in range(self.job.servers)))
        with open(self.job.csv, encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            next(rows)
            self.database.executemany("INSERT INTO checks VALUES (?, ?, ?, NULLIF(?, ''), ?, ?, NULLIF(?, ''))", rows)
        self.database.execute("COMMIT")
        self.query("PRAGMA wal_checkpoint(TRUNCATE)")

    def dashboard(self):
        return sql.dashboard(self.job, Dialect(), self.query)

    def days(self):
        return sql.days(self.job, Dialect(), self.query)

    def raw(self, server):
        return self.database.execute("SELECT time, state, latency FROM checks WHERE server = ? ORDER BY time",
                                     (server,)).fetchall()

    def append_levels(self):
        return ["process", "disk"]

    def append(self, level, rows):
        self.query(f"PRAGMA synchronous={'FULL' if level == 'disk' else 'NORMAL'}")
        for row in rows:
            self.database.execute("INSERT OR REPLACE INTO checks VALUES (?, ?, ?, ?, ?, ?, ?)", row)


if __name__ == "__main__":
    main(Sqlite)
