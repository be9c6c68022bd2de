"""The questions in PromQL, for the systems that speak it: over `probe_success` and `probe_duration_seconds`.

A language for graphs: time in a state is what share of the checks succeeded, quantiles are interpolated, and incidents
cannot be asked for. Durations are recorded for successful checks only, since one series cannot filter another.
"""

import json
import urllib.parse

from peer import BARS, DAY_MS, WINDOW_MS, Peer, rows

REMARKS = ["Time in a state is the share of checks that succeeded; quantiles are interpolated; incidents cannot be asked "
           "for. Latencies of failed checks are not recorded."]


def write_text(job, unit):
    """The exposition format, a sample a line; `unit` is how many of the format's time units are in a millisecond."""
    with open(job.input, "w", encoding="ascii") as out:
        lines = {"probe_success": [], "probe_duration_seconds": []}
        for server, time, state, latency in rows(job):
            stamp = time if unit == 1 else f"{time // 1000}.{time % 1000:03}"
            lines["probe_success"].append(f'probe_success{{server="{server}"}} {int(state in (1, 2))} {stamp}\n')
            if state in (1, 2) and latency is not None:
                lines["probe_duration_seconds"].append(
                    f'probe_duration_seconds{{server="{server}"}} {latency / 1e6:.6f} {stamp}\n')
            if unit == 1 and len(lines["probe_success"]) > 10_000:
                for some in lines.values():
                    out.writelines(some)
                    some.clear()
        for name, some in lines.items():
            if unit != 1:
                out.write(f"# TYPE {name} gauge\n")
            out.writelines(some)
        if unit != 1:
            out.write("# EOF\n")


def microseconds(seconds):
    return round(float(seconds) * 1e6)


class PromQl(Peer):
    """What the two systems share; `http` is set by start()."""

    http = None
    notes = REMARKS

    def ask(self, path, **parameters):
        text = self.http.ask("GET", f"/api/v1/{path}?" + urllib.parse.urlencode(parameters))
        return json.loads(text)["data"]["result"]

    def instant(self, query, at_ms):
        """One value a server."""
        return {int(series["metric"]["server"]): series["value"][1]
                for series in self.ask("query", query=query, time=at_ms / 1000)}

    def steps(self, query, begin_ms, width_ms, count):
        """Rows (server, bucket, value) of buckets of equal width; the last ends at begin + count x width."""
        for series in self.ask("query_range", query=query, start=(begin_ms + width_ms - 1) / 1000,
                               end=(begin_ms + count * width_ms - 1) / 1000, step=width_ms / 1000):
            for at_s, value in series["values"]:
                yield (int(series["metric"]["server"]), round((at_s * 1000 + 1 - begin_ms) / width_ms) - 1, value)

    def bars(self, begin_ms, width_ms, whole):
        """Bars as in the expected answers, of whole buckets, and of what is left until now when there is any."""
        left_ms = self.job.now_ms - begin_ms - whole * width_ms
        found = [[[0] * 9 for _ in range(whole + (left_ms > 0))] for _ in range(self.job.servers)]
        columns = [("count_over_time(probe_success[{}])", 4, int), ("sum_over_time(probe_success[{}])", 5, int),
                   ("count_over_time(probe_duration_seconds[{}])", 6, int),
                   ("sum_over_time(probe_duration_seconds[{}])", 7, microseconds),
                   ("max_over_time(probe_duration_seconds[{}])", 8, microseconds)]
        for query, column, convert in columns:
            for server, bucket, value in self.steps(query.format(f"{width_ms}ms"), begin_ms, width_ms, whole):
                found[server - 1][bucket][column] = convert(value)
            if left_ms > 0:
                for server, value in self.instant(query.format(f"{left_ms}ms"), self.job.now_ms - 1).items():
                    found[server - 1][whole][column] = convert(value)
        for server in found:
            for bucket, bar in enumerate(server):
                length_ms = width_ms if bucket < whole else left_ms
                bar[0] = round(length_ms * bar[5] / max(1, bar[4]))
                bar[2] = length_ms - bar[0]
                bar[5] = bar[4] - bar[5]
        return found

    def dashboard(self):
        at_ms = self.job.now_ms - 1
        day = f"{WINDOW_MS}ms"
        least = self.instant(f"min_over_time(probe_duration_seconds[{day}])", at_ms)
        ranks = [self.instant(f"quantile_over_time({rank}, probe_duration_seconds[{day}])", at_ms)
                 for rank in (0.5, 0.95, 0.99)]
        last = self.instant(f"last_over_time(probe_success[{day}])", at_ms)
        answers = []
        for server, bars in enumerate(self.bars(self.job.window_ms, WINDOW_MS // BARS, BARS), 1):
            total = [sum(bar[i] for bar in bars) for i in range(8)]
            answers.append({"checks": total[4], "failed": total[5], "time_ms": total[:4],
                            "latency": [total[6], total[7], microseconds(least[server]), max(bar[8] for bar in bars)],
                            "percentiles": [microseconds(rank[server]) for rank in ranks],
                            "last": "up" if last[server] == "1" else "down", "bars": bars})
        return answers

    def days(self):
        return self.bars(self.job.from_ms, DAY_MS, (self.job.now_ms - self.job.from_ms) // DAY_MS)

    def raw(self, server):
        length_ms = self.job.now_ms - self.job.from_ms
        return [self.ask("query", query=f'{name}{{server="{server}"}}[{length_ms}ms]',
                         time=(self.job.now_ms - 1) / 1000)[0]["values"]
                for name in ("probe_success", "probe_duration_seconds")]

    def raw_rows(self, fetched, server):
        latencies = {at_s: microseconds(value) for at_s, value in fetched[1]}
        return [(round(at_s * 1000), 1 if up == "1" else 3, latencies.get(at_s)) for at_s, up in fetched[0]]
