"""Prometheus: blocks made by promtool from OpenMetrics text, as its manual tells for backfilling; PromQL."""

import shutil
import subprocess

from peer import Http, Server, free_port, machine, main
from promql import REMARKS, PromQl, write_text


class Prometheus(PromQl):
    name = "Prometheus"
    notes = [*REMARKS, "It pulls, so that there is no single append."]
    server = None

    def missing(self):
        return None if shutil.which("prometheus") else "the package prometheus is not installed"

    def version(self):
        return machine.output_of("prometheus", "--version").split()[2].rstrip(",")

    def settings(self):
        return "retention 100y, blocks of 32 days"

    def prepare(self):
        write_text(self.job, 1000)

    def start(self):
        port = free_port()
        config = self.job.directory / "prometheus.yml"
        config.write_text("{}\n", encoding="ascii")
        self.http = Http(port)
        self.server = Server(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.job.directory / 'data'}",
             "--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
             "--query.max-samples=500000000"],
            self.job.directory / "log")
        self.server.wait_until(lambda: self.http.answers("/-/ready"))

    def stop(self):
        if self.server:
            self.server.stop()
        self.server = None

    def load(self):
        self.stop()
        done = subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=768h",
                               str(self.job.input), str(self.job.directory / "data")], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise machine.Failed(f"promtool: {(done.stderr or done.stdout)[-300:]}")
        self.job.input.unlink()

    def server_pid(self):
        return self.server.process.pid


if __name__ == "__main__":
    main(Prometheus)
