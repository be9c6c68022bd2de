"""VictoriaMetrics: its import of exposition text over HTTP; PromQL without its cache of answers."""

import shutil
import subprocess

from peer import Http, Server, free_port, main, wait_for_rest
from promql import REMARKS, PromQl, write_text


class VictoriaMetrics(PromQl):
    name = "VictoriaMetrics"
    notes = [*REMARKS, "A single append is two samples, and waits in memory for up to some seconds before it is stored."]
    server = None

    def missing(self):
        return None if shutil.which("victoria-metrics") else "the package victoria-metrics is not installed"

    def version(self):
        found = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "victoria-metrics"], capture_output=True, text=True,
                               check=False)
        return found.stdout

    def settings(self):
        return "retention 100y, nocache=1 in questions"

    def prepare(self):
        write_text(self.job, 1)

    def start(self):
        port = free_port()
        self.http = Http(port)
        self.server = Server(
            ["victoria-metrics", f"-storageDataPath={self.job.directory / 'data'}", f"-httpListenAddr=127.0.0.1:{port}",
             "-retentionPeriod=100y", "-search.latencyOffset=0s", "-loggerLevel=ERROR"], self.job.directory / "log")
        self.server.wait_until(lambda: self.http.answers("/health"))

    def stop(self):
        if self.server:
            self.server.stop()
        self.server = None

    def ask(self, path, **parameters):
        return super().ask(path, nocache=1, **parameters)

    def load(self):
        self.http.post_file("/api/v1/import/prometheus", self.job.input)
        self.http.ask("GET", "/internal/force_flush")
        self.job.input.unlink()

    def settle(self):
        self.http.ask("GET", "/internal/force_merge")
        wait_for_rest(self.job.directory)

    def append_levels(self):
        return ["buffered"]

    def append(self, level, rows):
        for server, time, state, latency, *_ in rows:
            self.http.ask("POST", "/api/v1/import/prometheus",
                          f'probe_success{{server="{server}"}} {state} {time}\n'
                          f'probe_duration_seconds{{server="{server}"}} {latency / 1e6:.6f} {time}\n')

    def server_pid(self):
        return self.server.process.pid


if __name__ == "__main__":
    main(VictoriaMetrics)
