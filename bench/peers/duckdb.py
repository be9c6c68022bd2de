"""DuckDB by its npm package: COPY in the order of the key, hand-written SQL; one thread, as all here."""

import json
import pathlib
import shutil
import subprocess

import sql
from peer import Peer, main

PROGRAM = pathlib.Path(__file__).with_name("duckdb.mjs")
SCHEMA = """CREATE TABLE servers(id INTEGER PRIMARY KEY);
CREATE TABLE checks(server INTEGER NOT NULL, time BIGINT NOT NULL, state TINYINT NOT NULL, latency INTEGER,
  code SMALLINT NOT NULL, error UTINYINT NOT NULL, detail VARCHAR)"""


class Dialect(sql.Dialect):
    divide = "//"
    ranks = "quantile_disc(latency, [0.5, 0.95, 0.99])"


class Duckdb(Peer):
    name = "DuckDB"
    notes = ["No key on (server, time): a primary key slows it down and is not used for ranges; the order of the rows "
             "serves, as its guide says. So writing a result again would store it twice."]
    process = None

    def missing(self):
        if not shutil.which("node"):
            return "node is not installed"
        if not (pathlib.Path(self.job.tools["node_modules"]) / "@duckdb" / "node-api").exists():
            return "the npm package @duckdb/node-api is not installed in build/npm"
        return None

    def version(self):
        package = pathlib.Path(self.job.tools["node_modules"]) / "@duckdb" / "node-api" / "package.json"
        return json.loads(package.read_text(encoding="utf-8"))["version"]

    def settings(self):
        return "threads=1"

    def start(self):
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            ["node", str(PROGRAM), self.job.tools["node_modules"], str(self.job.directory / "checks.duckdb")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ask({"sql": "SELECT 1"})

    def stop(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait(60)
        self.process = None

    def ask(self, request):
        """One line of JSON there, one back."""
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["rows"]

    def query(self, text):
        return self.ask({"sql": text})

    def load(self):
        for statement in SCHEMA.split(";"):
            self.query(statement)
        self.query(f"INSERT INTO servers SELECT range + 1 FROM range({self.job.servers})")
        self.query(f"COPY checks FROM '{self.job.csv}' (FORMAT csv, HEADER)")
        self.query("CHECKPOINT")

    def dashboard(self):
        return sql.dashboard(self.job, Dialect(), self.query)

    def days(self):
        return sql.days(self.job, Dialect(), self.query)

    def raw(self, server):
        text = f"SELECT time, state, latency FROM checks WHERE server = {server} ORDER BY time"
        self.ask({"raw": text})
        return text

    def raw_rows(self, fetched, server):
        """It stays with node, which looks at each value; here the rows come over the pipe."""
        return self.query(fetched)

    def append_levels(self):
        return ["disk"]

    def append(self, level, rows):
        self.ask({"append": list(rows)})

    def server_pid(self):
        return self.process.pid


if __name__ == "__main__":
    main(Duckdb)
