"""Opens a store, appends a result, asks. NINES_LIBRARY=path/to/libnines.so PYTHONPATH=tools/bindings/python python3 hello.py STORE"""
import sys

import nines

with nines.open(sys.argv[1]) as store:
    noon = 1_767_268_800_000  # 2026-01-01 12:00 UTC
    store.add_server("site", url="https://example.org", created_at_ms=noon)
    store.append("site", noon, "up", latency_us=80_112, code=200)
    hour = store.scan("site", (noon, noon + 3_600_000))
    figures = store.uptime("site", (noon, noon + 60_000), now=noon + 60_000)
    print(f"{len(hour)} result, {hour.latency_us[0]} us, uptime {figures.uptime_ratio:.4f}")
