"""The harness of the benchmarks: what its comparisons find, and that a report is made of whatever was measured."""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "peers"))
import peer  # pylint: disable=wrong-import-position
import regress  # pylint: disable=wrong-import-position
import report  # pylint: disable=wrong-import-position
import run  # pylint: disable=wrong-import-position
from harness import figures  # pylint: disable=wrong-import-position


class NoiseGate(unittest.TestCase):
    """What is measured in a slow moment of the machine is measured again."""

    def gate(self, looks, budget_s=60):
        """A gate whose loop takes these times, after 5 times 1 ms."""
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        stack.enter_context(mock.patch.object(figures.NoiseGate, "look", side_effect=[1.0] * 5 + looks))
        return figures.NoiseGate(budget_s)

    def test_calm_moment_is_taken_as_it_is(self):
        gate = self.gate([1.0, 1.05])
        self.assertEqual(gate.measure(iter(["first", "second"]).__next__), "first")
        self.assertEqual((gate.repeated, gate.kept_slow), (0, 0))

    def test_slow_moment_before_or_behind_is_not(self):
        gate = self.gate([1.5, 1.0, 1.0, 1.5, 1.0, 1.0])
        self.assertEqual(gate.measure(iter(["first", "second", "third"]).__next__), "third")
        self.assertEqual((gate.repeated, gate.kept_slow), (2, 0))

    def test_out_of_budget_the_measurement_is_kept_and_counted(self):
        gate = self.gate([1.5, 1.0], budget_s=0)
        self.assertEqual(gate.measure(iter(["first"]).__next__), "first")
        self.assertEqual((gate.repeated, gate.kept_slow), (0, 1))

    def test_of_slow_ones_the_calmest_is_kept(self):
        gate = self.gate([1.3, 1.3, 1.5, 1.5], budget_s=1e-9)
        self.assertEqual(gate.measure(iter(["calmer", "later"]).__next__), "calmer")


class Regress(unittest.TestCase):
    """bench/regress.py against a baseline; counting itself is stood in for."""

    COUNTS = {name: 1_000_000 + 1000 * number for number, name in enumerate(regress.TASKS)}

    def run_against(self, baseline, compiler="c++ 1"):
        """Status and output of a comparison with `baseline`, on a tree that costs COUNTS."""
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            path = pathlib.Path(folder) / "baseline.json"
            path.write_text(json.dumps({"compiler": "c++ 1", "instructions": baseline}), encoding="utf-8")
            stack.enter_context(mock.patch.object(regress, "count", self.COUNTS.get))
            stack.enter_context(mock.patch.object(regress.machine, "output_of", return_value=compiler))
            out = stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
            return regress.main(["--baseline", str(path)]), out.getvalue()

    def test_same_counts_pass(self):
        status, _ = self.run_against(self.COUNTS)
        self.assertEqual(status, 0)

    def test_noise_of_background_work_passes(self):
        status, _ = self.run_against({name: count / 1.02 for name, count in self.COUNTS.items()})
        self.assertEqual(status, 0)

    def test_one_task_that_was_cheaper_fails(self):
        doctored = {**self.COUNTS, "append one result": self.COUNTS["append one result"] / 1.05}
        status, out = self.run_against(doctored)
        self.assertEqual(status, 1)
        self.assertEqual([line for line in out.splitlines() if "GREW" in line],
                         [line for line in out.splitlines() if line.startswith("append one result")])

    def test_gain_in_one_does_not_pay_for_another(self):
        doctored = {**{name: count * 2 for name, count in self.COUNTS.items()},
                    "dashboard from chunks": self.COUNTS["dashboard from chunks"] / 1.04}
        self.assertEqual(self.run_against(doctored)[0], 1)

    def test_task_that_the_baseline_does_not_have_is_said_to_be_new(self):
        status, out = self.run_against({"append one result": self.COUNTS["append one result"]})
        self.assertEqual(status, 0)
        self.assertIn("not in the baseline", out)

    def test_another_compiler_is_not_a_pass(self):
        self.assertEqual(self.run_against(self.COUNTS, compiler="c++ 2")[0], 2)

    def test_committed_baseline_has_every_task(self):
        baseline = json.loads(regress.BASELINE.read_text(encoding="utf-8"))
        self.assertEqual(set(baseline["instructions"]), set(regress.TASKS))


def spread(median):
    return {"median": median, "low": median * 0.9, "high": median * 1.1, "runs": 5}


def system(name, dashboard_ms, disk, **more):
    """A system's figures as harness/peers.py keeps them."""
    return {"name": name, "version": "1", "settings": "defaults", "notes": [], "dashboard": spread(dashboard_ms),
            "dashboard_answers": {}, "days": spread(dashboard_ms * 2), "days_answers": "equal",
            "raw": spread(1), "raw_answers": "equal", "append": {"disk": spread(disk)}, "load_a_second": 1e6,
            "bytes_a_check": 3.3, "resident_bytes": 2e7, "start_ms": 10, "run": "now", **more}


class Report(unittest.TestCase):
    """bench/report.py on figures that were not all measured."""

    def text_of(self, found):
        with tempfile.TemporaryDirectory() as folder:
            return report.report(found, pathlib.Path(folder))

    def test_nothing_measured_is_still_a_report(self):
        self.assertIn("# Results", self.text_of({}))

    def test_failed_section_is_named_with_its_reason(self):
        self.assertIn("- growth: Failed: disk full", self.text_of({"failures": {"growth": "Failed: disk full"}}))

    def test_target_that_is_missed_is_marked_and_one_that_is_met_is_not(self):
        row = {"target": 1, "unit": "ms", "better": "lower", "what": "slow one", **spread(2)}
        text = self.text_of({"figures": [row, {**row, "what": "fast one", **spread(0.5)},
                                         {**row, "what": "rate", "better": "higher", **spread(2)},
                                         {**row, "what": "broken", "failed": "no root"}]})
        marked = [line for line in text.splitlines() if line.startswith("|") and "✗" in line]
        self.assertEqual(len(marked), 1)
        self.assertIn("slow one", marked[0])
        self.assertIn("no root", text)

    def test_system_that_is_missing_or_failed_is_skipped_by_name(self):
        text = self.text_of({"peers": {"size": "T2", "systems": [
            system("nines", 1, 500), {"name": "DuckDB", "missing": "no npm"}, {"name": "influxdb", "failed": "it hung"},
            system("SQLite", 8, 400, beside={"nines": spread(1200), "file": spread(1300)})]}})
        self.assertIn("- DuckDB: no npm", text)
        self.assertIn("- influxdb: it hung", text)
        ahead = next(line for line in text.splitlines() if line.startswith("| dashboard |"))
        self.assertIn("**8 ×** ✗", ahead, "10 times was wanted")
        synced = next(line for line in text.splitlines() if "power cut, of the same minute" in line)
        self.assertIn("**3 ×**", synced, "1200 of the same minute to 400, not 500 of another")

    def test_peer_that_is_better_is_named_with_the_reason(self):
        text = self.text_of({"peers": {"size": "T2", "systems": [
            system("nines", 1, 500), system("SQLite", 8, 400, start_ms=0.4)]}})
        self.assertIn("- start: SQLite is better (0.4 ms to 10 ms). It opens its file", text)

    def test_answer_that_is_not_equal_is_said(self):
        text = self.text_of({"peers": {"size": "T2", "systems": [
            system("nines", 1, 500), system("Prometheus", 8, 400, raw_answers="within 0.7 %")]}})
        self.assertIn("raw history within 0.7 %", text)

    def test_half_of_the_prober_is_shown(self):
        text = self.text_of({"prober": {"seconds": 60, "load": {"failed": "no nginx"},
                                        "hanging": {"lag_p99_us": 6000}}})
        self.assertIn("no nginx", text)
        self.assertIn("**6 ms** ✗", text)

    def test_command_beyond_its_target_is_marked(self):
        text = self.text_of({"command": {"load": 0.3, "rows": [
            {"what": "status", "wall_ms": 41, "cpu_ms": 30, "target_ms": 40},
            {"what": "record", "wall_ms": 15, "cpu_ms": 9, "target_ms": 15},
            {"what": "--version", "wall_ms": 4, "cpu_ms": 3, "target_ms": None}]}})
        marked = [line for line in text.splitlines() if line.startswith("|") and "✗" in line]
        self.assertEqual([line.split("|")[1].strip() for line in marked], ["status"])
        self.assertIn("a load of 0.3", text)

    def test_scale_is_shown_beside_its_targets(self):
        day = {"servers": 10_000, "interval_s": 60, "behind": 20, "hours": 24, "written_bytes_a_day": 200e6,
               "resident_bytes": 151e6, "scan_ms": 80, "open_ms": spread(301)}
        orders = {order: {"us_each": spread(us)} for order, us in
                  (("straight", 2), ("swapped", 8), ("twice", 8.2), ("ahead", 2.2))}
        text = self.text_of({"scale": {"live": [day], "drop": {"written_ratio": 0.01, "extra_ratio": -0.1},
                                       "syncs": {"one": 18, "overlapping": 11}, "disorder": orders}})
        missed = [line for line in text.splitlines() if line.startswith("|") and "✗" in line]
        self.assertEqual([line.split("|")[1].strip() for line in missed],
                         ["10 000 servers x 60 s: resident memory", "10 000 servers x 60 s: opening after a kill",
                          "appends a sync, 32 threads, batches of the same servers",
                          "an append, each repeated, to one in order"])

    def test_scale_that_was_broken_off_shows_what_there_is(self):
        text = self.text_of({"scale": {"live": []}})
        self.assertIn("## Many servers, and disorder", text)

    def test_suite_with_a_failed_benchmark_keeps_the_others(self):
        text = self.text_of({"suites": {"engine": [{"name": "A", "ns": spread(1500), "items_a_second": None},
                                                   {"name": "B", "failed": "not sealed"}], "query": {"failed": "died"}}})
        for part in ("1.5 µs", "failed: not sealed", "It failed: died"):
            self.assertIn(part, text)


class Answers(unittest.TestCase):
    """peers/peer.py: what counts as equal."""

    RIGHT = [(1000, 1, 10), (2000, 3, None), (3000, 1, 30)]

    def test_same_rows_have_the_same_sums(self):
        self.assertEqual(peer.raw_sums(self.RIGHT), [3, 6000, 1 + 6 + 3, 10 + 90])

    def test_latencies_in_another_order_are_seen(self):
        swapped = [(1000, 1, 30), (2000, 3, None), (3000, 1, 10)]
        self.assertNotEqual(peer.raw_sums(swapped), peer.raw_sums(self.RIGHT))

    def test_difference_is_told_in_percent_or_as_a_difference_of_kind(self):
        self.assertEqual(peer.verdict(peer.difference([1, [2, 3]], [1, [2, 3]])), "equal")
        self.assertEqual(peer.verdict(peer.difference([99], [100])), "within 1 %")
        self.assertEqual(peer.verdict(peer.difference([1, 2], [1, 2, 3])), "differs")
        self.assertEqual(peer.verdict(peer.difference(None, [1])), "differs")


class Run(unittest.TestCase):
    """bench/run.py: what was measured is kept, whatever comes after."""

    def test_failing_section_costs_no_other(self):
        def section(name, options):
            if name == "limits":
                options.found["limits"] = "half"
                raise run.machine.Failed("no memory")
            return f"figures of {name}"

        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            stack.enter_context(mock.patch.dict(run.machine.os.environ, {"NINES_BENCH_DIR": folder}))
            stack.enter_context(mock.patch.object(run, "section", section))
            stack.enter_context(mock.patch.object(sys, "argv", ["run.py"]))
            stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
            (pathlib.Path(folder) / "T2.nines").mkdir()
            (pathlib.Path(folder) / "mine").mkdir()
            self.assertEqual(run.main(), 1)
            found = json.loads((pathlib.Path(folder) / "results.json").read_text(encoding="utf-8"))
            self.assertEqual(found["failures"], {"limits": "Failed: no memory"})
            self.assertEqual(found["suites"], "figures of suites")
            self.assertFalse((pathlib.Path(folder) / "T2.nines").exists(), "a whole run builds its data anew")
            self.assertTrue((pathlib.Path(folder) / "mine").exists())


if __name__ == "__main__":
    unittest.main()
