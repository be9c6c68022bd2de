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
import regress  # pylint: disable=wrong-import-position


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


if __name__ == "__main__":
    unittest.main()
