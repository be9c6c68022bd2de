#!/usr/bin/env python3
"""prometheus-blackbox-exporter beside nines: the same targets in one run, verdict by verdict and second by second.

    bench/peers/blackbox.py [--build DIR] [--rounds N] [--probes N] [--list]

Prints one JSON object; --list prints the verdicts as a table instead. Each of the two runs on the machine's last
processor, one after the other; the servers they check, and whoever asks the exporter, on the first. The exporter is
asked as Prometheus asks it: a GET of /probe for each check, over connections that are kept.
"""

import argparse
import http.client
import json
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from blackbox_targets import Servers, http_targets, other_targets
from peer import Http, Server, free_port, machine

PACKAGE = "prometheus-blackbox-exporter"
CLIENTS = 16
#: Of the checks whose cost is compared: what both call a page that is there.
PAGE = "page"
NGINX = """daemon off; master_process off; worker_processes 1; pid {dir}/pid; error_log stderr crit;
events {{ worker_connections 8192; }}
http {{ access_log off; client_body_temp_path {dir}/1; proxy_temp_path {dir}/2; fastcgi_temp_path {dir}/3;
uwsgi_temp_path {dir}/4; scgi_temp_path {dir}/5;
server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 'status ok'; }} }} }}
"""


def measure(what, **arguments):
    """Runs nines_measure_prober; it binds itself to a processor."""
    program = machine.BUILD / "bench" / "nines_measure_prober"
    command = [program, what, *(f"{key}={value}" for key, value in arguments.items())]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise machine.Failed(done.stderr.strip() or f"{what} ended with {done.returncode}")
    return json.loads(done.stdout)


def start_nginx(directory):
    """An nginx that answers everything with 200; (server, url)."""
    port = free_port()
    configuration = pathlib.Path(directory) / "nginx.conf"
    configuration.write_text(NGINX.format(dir=directory, port=port), encoding="ascii")
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    server = Server([program, "-c", configuration, "-p", directory, "-e", "stderr"], configuration.with_suffix(".log"))
    http_client = Http(port)
    server.wait_until(lambda: http_client.answers("/"))
    return server, f"http://127.0.0.1:{port}"


class Exporter:
    """A running blackbox_exporter with one module a target."""

    def __init__(self, directory, targets, processor):
        modules = {f"m{i}": target.module for i, target in enumerate(targets)}
        modules[PAGE] = {"prober": "http", "timeout": "5s", "http": {"preferred_ip_protocol": "ip4"}}
        configuration = pathlib.Path(directory) / "blackbox.json"  # JSON is YAML
        configuration.write_text(json.dumps({"modules": modules}), encoding="utf-8")
        self.port = free_port()
        self.server = Server(
            ["taskset", "-c", processor, PACKAGE, f"--config.file={configuration}",
             f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=error"], configuration.with_suffix(".log"))
        http_client = Http(self.port)
        self.server.wait_until(lambda: http_client.answers("/-/healthy"))

    def seconds(self):
        """Processor time that it has used."""
        fields = pathlib.Path(f"/proc/{self.server.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def probe_all(self, jobs):
        """Verdicts of (module, address) pairs, by CLIENTS connections at a time."""
        waiting, verdicts = queue.SimpleQueue(), [None] * len(jobs)
        for item in enumerate(jobs):
            waiting.put(item)

        def work():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            while True:
                try:
                    number, (module, address) = waiting.get_nowait()
                except queue.Empty:
                    return
                connection.request("GET", "/probe?" + urllib.parse.urlencode({"module": module, "target": address}))
                text = connection.getresponse().read().decode()
                verdicts[number] = "\nprobe_success 1" in text

        threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return verdicts


def compare_verdicts(targets, found, exporter):
    """A line a target that is not as it should be, or on which the two differ; and the table of all."""
    lines = []
    for target, verdict, success in zip(targets, found["verdicts"], exporter):
        lines.append({"name": target.name, "right": target.good, "nines": verdict["state"] in ("up", "degraded"),
                      "exporter": success, "nines_error": verdict["error"], "nines_detail": verdict["detail"],
                      "steady": verdict["steady"], "why": target.why})
    return lines


def run(options, directory):
    """All that is measured."""
    servers = Servers(directory)
    nginx, url = start_nginx(directory)
    targets = http_targets(servers.ports, servers.authority.file) + other_targets(servers.ports, servers.authority.file)
    exporter = Exporter(directory, targets, options.processor)
    try:
        checks = pathlib.Path(directory) / "checks.json"
        checks.write_text(json.dumps([{"name": target.name, "check": target.nines} for target in targets]))
        found = measure("list", file=checks, rounds=options.rounds, width=CLIENTS)
        before = exporter.seconds()
        jobs = [(f"m{i}", target.address) for i, target in enumerate(targets)]
        verdicts = [exporter.probe_all(jobs) for _ in range(options.rounds)][-1]
        list_seconds = exporter.seconds() - before
        page = measure("load", url=url, servers=1000, interval_s=1, seconds=max(5, options.probes // 1000))
        exporter.probe_all([(PAGE, f"{url}/check/{i}") for i in range(500)])  # warm
        before, begin = exporter.seconds(), time.monotonic()
        good = sum(exporter.probe_all([(PAGE, f"{url}/check/{i}") for i in range(options.probes)]))
        page_seconds, elapsed = exporter.seconds() - before, time.monotonic() - begin
    finally:
        exporter.server.stop()
        nginx.stop()
        servers.stop()
    lines = compare_verdicts(targets, found, verdicts)
    return {
        "name": "blackbox_exporter", "version": machine.output_of(PACKAGE, "--version").split()[2],
        "targets": len(targets), "good": sum(target.good for target in targets),
        "same": sum(line["nines"] == line["exporter"] for line in lines),
        "nines_right": sum(line["nines"] == line["right"] for line in lines),
        "exporter_right": sum(line["exporter"] == line["right"] for line in lines),
        "differences": [line for line in lines if not line["nines"] == line["exporter"] == line["right"]],
        "list_us_a_check": {"nines": found["us_a_check"], "exporter": list_seconds / len(jobs) / options.rounds * 1e6},
        "page_us_a_check": {"nines": page["us_a_check"], "exporter": page_seconds / options.probes * 1e6},
        "page_checks": {"nines": page["up"], "exporter": good, "exporter_a_second": options.probes / elapsed},
        "verdicts": lines,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=machine.BUILD, help="build directory, Release")
    parser.add_argument("--rounds", type=int, default=3, help="times that the list is checked by each")
    parser.add_argument("--probes", type=int, default=10_000, help="checks of a good page by the exporter")
    parser.add_argument("--list", action="store_true", help="print the verdicts as a table")
    options = parser.parse_args()
    machine.BUILD = options.build.resolve()
    if not shutil.which(PACKAGE):
        print(json.dumps({"name": "blackbox_exporter", "missing": f"the package {PACKAGE} is not installed"}))
        return 0
    options.processor = machine.core()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # and the servers with us
    with tempfile.TemporaryDirectory(prefix="nines-blackbox-") as directory:
        figures = run(options, directory)
    verdicts = figures.pop("verdicts")
    if options.list:
        for line in verdicts:
            print(f"{line['name']:40} {'good' if line['right'] else 'bad':5} nines {'up' if line['nines'] else 'down':5}"
                  f" exporter {'up' if line['exporter'] else 'down':5} {line['nines_error']}: {line['nines_detail']}")
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
