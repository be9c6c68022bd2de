"""PostgreSQL: COPY, a covering index made after it, VACUUM ANALYZE; memory settings as its manual advises; psycopg2."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess

import sql
from peer import Peer, Server, free_port, machine, main

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")
SCHEMA = """
CREATE TABLE servers(id integer PRIMARY KEY);
CREATE TABLE checks(server integer NOT NULL, time bigint NOT NULL, state smallint NOT NULL, latency integer,
  code smallint NOT NULL, error smallint NOT NULL, detail text);
"""


class Postgresql(Peer):
    name = "PostgreSQL"
    server = None
    connection = None
    port = 0
    table_bytes = 0
    options = {"shared_buffers": "2GB", "effective_cache_size": "6GB", "work_mem": "64MB", "maintenance_work_mem": "512MB",
               "max_wal_size": "4GB", "random_page_cost": "1.1", "jit": "off"}

    def missing(self):
        if not (PROGRAMS / "postgres").exists():
            return "the package postgresql-15 is not installed"
        try:
            import psycopg2  # pylint: disable=import-outside-toplevel,unused-import
        except ImportError:
            return "the package python3-psycopg2 is not installed"
        return None

    def version(self):
        return machine.output_of(str(PROGRAMS / "postgres"), "--version").split()[2]

    def settings(self):
        return ", ".join(f"{key}={value}" for key, value in self.options.items())

    def as_owner(self, *command):
        """The server refuses to run as root: then it runs as the package's own user."""
        if os.getuid() != 0:
            return [str(word) for word in command]
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *map(str, command)]

    def start(self):
        data = self.job.directory / "data"
        if not data.exists():
            if os.getuid() == 0:
                shutil.chown(self.job.directory, "postgres", pwd.getpwnam("postgres").pw_gid)
            subprocess.run(self.as_owner(PROGRAMS / "initdb", "-D", data, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"),
                           check=True, capture_output=True, cwd="/")
        self.port = free_port()
        settings = [word for key, value in self.options.items() for word in ("-c", f"{key}={value}")]
        self.server = Server(self.as_owner(PROGRAMS / "postgres", "-D", data, "-p", self.port, "-h", "127.0.0.1", "-k",
                                           self.job.directory, *settings), self.job.directory / "log", cwd="/")

        self.server.wait_until(self.connect)

    def url(self):
        """For SQLAlchemy."""
        return f"postgresql+psycopg2://{self.user()}@127.0.0.1:{self.port}/postgres"

    def user(self):
        return "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name

    def connect(self):
        """Whether the server lets one in."""
        import psycopg2  # pylint: disable=import-outside-toplevel
        try:
            self.connection = psycopg2.connect(host="127.0.0.1", port=self.port, dbname="postgres", user=self.user())
        except psycopg2.OperationalError:
            return False
        self.connection.autocommit = True
        return True

    def disconnect(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def stop(self):
        self.disconnect()
        if self.server:
            self.server.stop(signal.SIGINT)
        self.server = None

    def query(self, text):
        with self.connection.cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchall()

    def load(self):
        with self.connection.cursor() as cursor:
            cursor.execute(SCHEMA)
            cursor.execute("INSERT INTO servers SELECT generate_series(1, %s)", (self.job.servers,))
            with open(self.job.csv, encoding="utf-8") as file:
                cursor.copy_expert("COPY checks FROM STDIN (FORMAT csv, HEADER)", file, 1 << 20)
            cursor.execute("CREATE UNIQUE INDEX checks_key ON checks(server, time) INCLUDE (state, latency)")
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("CHECKPOINT")
        # With its index; a cluster's own catalogs would weigh on a small history.
        self.table_bytes = self.query("SELECT pg_total_relation_size('checks')")[0][0]

    def dashboard(self):
        return sql.dashboard(self.job, sql.Dialect(), self.query)

    def days(self):
        return sql.days(self.job, sql.Dialect(), self.query)

    def raw(self, server):
        return self.query(f"SELECT time, state, latency FROM checks WHERE server = {server} ORDER BY time")

    def append_levels(self):
        return ["buffered", "disk"]

    def append(self, level, rows):
        with self.connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = " + ("on" if level == "disk" else "off"))
            cursor.execute("DEALLOCATE ALL")
            cursor.execute("PREPARE add(integer, bigint, smallint, integer, smallint, smallint, text) AS INSERT INTO checks "
                           "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (server, time) DO UPDATE SET state = $3, "
                           "latency = $4, code = $5, error = $6, detail = $7")
            for row in rows:
                cursor.execute("EXECUTE add(%s, %s, %s, %s, %s, %s, %s)", row)

    def server_pid(self):
        return self.server.process.pid

    def disk_bytes(self):
        return self.table_bytes


if __name__ == "__main__":
    main(Postgresql)
