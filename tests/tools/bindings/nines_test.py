"""The Python binding: what is appended is what the arrays have, and figures are those worked out by hand."""
import array
import gc
import os
import re
import sys
import tempfile
import threading
import unittest

import nines

NOON = 1_767_268_800_000
MINUTE = 60_000


class Binding(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="nines-python-")
        self.path = os.path.join(self.folder.name, "store")
        self.store = nines.open(self.path)
        self.site = self.store.add_server("site", url="https://example.org", created_at_ms=NOON, tags={"b": "2", "a": "1"})

    def tearDown(self):
        self.store.close()
        self.folder.cleanup()

    def append_hour(self):
        """Down in the minutes 30 to 33."""
        times = array.array("q", (NOON + i * MINUTE for i in range(60)))
        states = array.array("B", (3 if 30 <= i < 34 else 1 for i in range(60)))
        latencies = array.array("I", (nines.NO_LATENCY if 30 <= i < 34 else 1000 + i for i in range(60)))
        codes = array.array("H", (503 if 30 <= i < 34 else 200 for i in range(60)))
        self.store.append_many("site", times, states, latency_us=latencies, code=codes)

    def test_columns_are_what_was_appended(self):
        self.append_hour()
        hour = self.store.scan("site", (NOON, NOON + 60 * MINUTE))
        self.assertEqual(len(hour), 60)
        self.assertEqual(list(hour.time_ms), [NOON + i * MINUTE for i in range(60)])
        self.assertEqual(list(hour.state), [3 if 30 <= i < 34 else 1 for i in range(60)])
        self.assertEqual(hour.latency_us[59], 1059)
        self.assertEqual(hour.latency_us[30], nines.NO_LATENCY)
        self.assertEqual(list(hour.code[29:31]), [200, 503])
        self.assertEqual(len(self.store.scan(self.site, (0, 1))), 0)

    def test_columns_outlive_what_they_came_from(self):
        self.append_hour()
        latencies = self.store.scan("site", (NOON, NOON + 60 * MINUTE)).latency_us
        self.store.close()
        gc.collect()
        self.assertEqual(int(latencies[59]), 1059)

    def test_columns_cannot_be_written(self):
        self.append_hour()
        hour = self.store.scan("site", (NOON, NOON + 60 * MINUTE))
        with self.assertRaises((ValueError, TypeError)):
            hour.state[0] = 3

    @unittest.skipUnless(nines.numpy, "numpy is not installed")
    def test_numpy_looks_at_the_memory_of_the_library(self):
        self.append_hour()
        hour = self.store.scan("site", (NOON, NOON + 60 * MINUTE))
        for column in (hour.time_ms, hour.latency_us, hour.state, hour.code):
            self.assertIsInstance(column, nines.numpy.ndarray)
            self.assertFalse(column.flags.owndata)
        self.assertEqual(int(hour.latency_us[hour.state == 1].max()), 1059)

    def test_figures(self):
        self.append_hour()
        end = NOON + 60 * MINUTE
        figures = self.store.uptime("site", (NOON, end), now=end)
        self.assertAlmostEqual(figures.uptime_ratio, 56 / 60, 12)
        self.assertEqual((figures.checks, figures.failed_checks, figures.incidents), (60, 4, 1))
        self.assertEqual(figures.time_ms["down"], 4 * MINUTE)
        self.assertEqual((figures.state, figures.last_code), ("up", 200))
        incident, = self.store.incidents((NOON, end), ["site"], now=end)
        self.assertEqual((incident.from_ms, incident.to_ms), (NOON + 30 * MINUTE, NOON + 34 * MINUTE))
        self.assertEqual((incident.code, incident.cause), (503, ""))
        bars = self.store.bars("site", (NOON, end), 6, now=end)
        self.assertEqual([bar.failed_checks for bar in bars], [0, 0, 0, 4, 0, 0])
        row, = self.store.dashboard((NOON, end), bars=6, sort="worst", now=end)
        self.assertEqual((row.name, row.failed_checks, len(row.bars)), ("site", 4, 6))
        self.assertIsNone(self.store.uptime("site", (0, NOON), now=end).uptime_ratio)

    def test_catalog(self):
        site, = self.store.servers()
        self.assertEqual((site.id, site.name, site.interval_ms), (self.site, "site", MINUTE))
        self.assertEqual(site.tags, {"a": "1", "b": "2"})
        self.store.remove_server("site")
        self.assertEqual(self.store.servers(), [])

    def test_errors_have_their_code(self):
        for code, call in (("not_found", lambda: self.store.scan("nowhere", "-1h")),
                           ("already_exists", lambda: self.store.add_server("site")),
                           ("locked", lambda: nines.open(self.path)),
                           ("invalid_argument", lambda: self.store.append("site", NOON, "fine")),
                           ("invalid_argument", lambda: self.store.scan("site", "soon")),
                           ("invalid_argument", lambda: self.store.append_many("site", [NOON], [1, 1])),
                           ("out_of_range", lambda: self.store.append("site", -1, "up"))):
            with self.assertRaises(nines.Error) as raised:
                call()
            self.assertEqual(raised.exception.code, code)
        self.store.close()
        self.store.close()
        with self.assertRaises(nines.Error) as raised:
            self.store.flush()
        self.assertEqual(raised.exception.code, "closed")

    def test_clock_of_the_host(self):
        with nines.open(self.path + "2", clock=lambda: NOON, log=lambda level, message: None) as store:
            store.add_server("site")
            self.assertEqual(store.servers()[0].created_at_ms, NOON)
            # What a window counts back from is the clock's now, too.
            store.append("site", NOON - MINUTE, "up", latency_us=5)
            self.assertEqual(len(store.scan("site", "-1h")), 1)
            self.assertFalse(hasattr(store.servers()[0], "no_such_field"))

    def test_second_process_reads_a_live_store(self):
        self.append_hour()
        with nines.open(self.path, read_only=True) as reader:
            self.assertEqual(len(reader.scan("site", (NOON, NOON + 60 * MINUTE))), 60)
            self.store.append("site", NOON + 60 * MINUTE, "up", latency_us=5)
            reader.refresh()
            self.assertEqual(len(reader.scan("site", (NOON, NOON + 61 * MINUTE))), 61)

    def test_threads(self):
        def append(first):
            for i in range(first, 400, 2):
                self.store.append(self.site, NOON + i * 1000, "up", durability="buffered")

        threads = [threading.Thread(target=append, args=(first,)) for first in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(self.store.scan("site", (NOON, NOON + 400_000))), 400)

    def test_structs_are_those_of_the_header(self):
        """Field by field, in order; the library refuses a size that is too small, and not one with fields swapped."""
        text = ""
        folder = os.path.join(os.environ["NINES_INCLUDE"], "nines", "c")
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                text += re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
        checked = 0
        for name, body in re.findall(r"typedef struct nines_(\w+) \{(.*?)\} nines_\1;", text, re.S):
            declared = re.findall(r"(?:\(\*)?(\w+)(?:\[\w+\])?(?:\)\([^)]*\))?;", body)
            struct = getattr(nines, "_" + "".join(word.title() for word in name.split("_")), None)
            if struct is None:
                continue
            self.assertEqual([field[0] for field in struct._fields_], declared, name)
            checked += 1
        self.assertEqual(checked, 10)


if __name__ == "__main__":
    print("numpy", nines.numpy.__version__ if nines.numpy else "is not installed", file=sys.stderr)
    unittest.main()
