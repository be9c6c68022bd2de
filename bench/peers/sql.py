"""The dashboard and the daily bars in SQL, as one would write them by hand: window functions over an index range.

One table `checks(server, time, state, latency, code, error, detail)` with the key (server, time), and `servers(id)`.
The dialects differ in a few functions only.
"""

from peer import BARS, DAY_MS, LOOKBACK_MS, WINDOW_MS, bars_from_rows, dashboard_from_parts


class Dialect:
    """PostgreSQL's words, which DuckDB shares."""

    greatest = "GREATEST"
    least = "LEAST"
    divide = "/"
    ranks = "percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY latency)"

    def percentiles(self, source):
        """Rows (server, min, p50, p95, p99)."""
        return f"""SELECT server, least, ranks[1], ranks[2], ranks[3] FROM (
            SELECT server, MIN(latency) AS least, {self.ranks} AS ranks FROM {source} GROUP BY server) AS by_server"""


def judged(job, dialect, from_ms):
    """Every result from a while before `from_ms` on: its judged state, and until when it holds. Under the default
    rules a failure counts when the one before or after it failed as well."""
    return f"""seen AS (
        SELECT c.server, c.time, c.state, c.latency, LAG(c.state) OVER w AS before, LEAD(c.state) OVER w AS after,
               LEAD(c.time) OVER w AS next
        FROM servers s JOIN checks c ON c.server = s.id AND c.time >= {from_ms - LOOKBACK_MS} AND c.time < {job.now_ms}
        WINDOW w AS (PARTITION BY c.server ORDER BY c.time)),
      judged AS (
        SELECT server, time, state, latency,
               CASE WHEN state = 3 AND COALESCE(before, 0) <> 3 AND COALESCE(after, 0) <> 3 THEN 1 ELSE state END
                 AS judged,
               {dialect.least}(COALESCE(next, {job.now_ms}), time + {job.holds_ms}) AS until
        FROM seen)"""


def bars_sql(job, dialect, from_ms, width_ms):
    """Rows for bars_from_rows(). What a result holds is cut where a bar ends; no result holds longer than a bar."""
    bucket = f"({{}} - {from_ms}) {dialect.divide} {width_ms}"
    begin = f"{dialect.greatest}(time, {from_ms})"
    return f"""WITH {judged(job, dialect, from_ms)},
      placed AS (
        SELECT server, time, state, latency, judged, {begin} AS begin, until,
               {bucket.format(begin)} AS first, {bucket.format("until - 1")} AS last
        FROM judged WHERE until > {from_ms}),
      parts AS (
        SELECT server, first AS bucket, judged, {dialect.least}(until, {from_ms} + (first + 1) * {width_ms}) - begin AS ms,
               CASE WHEN time >= {from_ms} THEN state END AS state,
               CASE WHEN time >= {from_ms} AND state IN (1, 2) THEN latency END AS latency
        FROM placed
        UNION ALL
        SELECT server, last, judged, until - ({from_ms} + last * {width_ms}), NULL, NULL FROM placed WHERE last > first)
      SELECT server, bucket, SUM(CASE WHEN judged = 1 THEN ms ELSE 0 END), SUM(CASE WHEN judged = 2 THEN ms ELSE 0 END),
             SUM(CASE WHEN judged = 3 THEN ms ELSE 0 END), COUNT(state), COUNT(CASE WHEN state = 3 THEN 1 END),
             COUNT(latency), SUM(latency), MAX(latency)
      FROM parts GROUP BY server, bucket"""


def successful_sql(job):
    """The latencies of the window's successful results, as a source for percentiles."""
    return f"""(SELECT c.server, c.latency FROM servers s JOIN checks c ON c.server = s.id
        AND c.time >= {job.window_ms} AND c.time < {job.now_ms} WHERE c.state IN (1, 2) AND c.latency IS NOT NULL)
        AS successful"""


def incidents_sql(job, dialect):
    """Rows (server, from, to, failed checks inside the window): islands of `down` that touch."""
    return f"""WITH {judged(job, dialect, job.window_ms)},
      numbered AS (
        SELECT server, time, judged, until,
               SUM(begins) OVER (PARTITION BY server ORDER BY time) AS island
        FROM (SELECT server, time, judged, until,
                     CASE WHEN LAG(judged) OVER w = 3 AND LAG(until) OVER w = time THEN 0 ELSE 1 END AS begins
              FROM judged WINDOW w AS (PARTITION BY server ORDER BY time)) AS marked
        WHERE judged = 3)
      SELECT server, MIN(time), MAX(until), COUNT(CASE WHEN time >= {job.window_ms} THEN 1 END)
      FROM numbered GROUP BY server, island HAVING MAX(until) > {job.window_ms} ORDER BY server, MIN(time)"""


def join_failures(job, failures):
    """The same from rows (server, time, until) of all failures that are confirmed, ascending."""
    incidents = []
    for server, begin, until in failures:
        if not incidents or incidents[-1][0] != server or incidents[-1][2] != begin:
            incidents.append([server, begin, until, 0])
        incidents[-1][2] = until
        incidents[-1][3] += begin >= job.window_ms
    return [incident for incident in incidents if incident[2] > job.window_ms]


def last_sql(job):
    """Rows (server, state of its newest result)."""
    return f"""SELECT s.id, (SELECT c.state FROM checks c WHERE c.server = s.id AND c.time < {job.now_ms}
        ORDER BY c.time DESC LIMIT 1) FROM servers s"""


def dashboard(job, dialect, query):
    """The whole dashboard; `query(sql)` returns rows."""
    width_ms = WINDOW_MS // BARS
    bars = bars_from_rows(query(bars_sql(job, dialect, job.window_ms, width_ms)), job, job.window_ms, width_ms, BARS)
    percentiles = query(dialect.percentiles(successful_sql(job)))
    return dashboard_from_parts(job, bars, percentiles, query(incidents_sql(job, dialect)), query(last_sql(job)))


def days(job, dialect, query):
    """The daily bars of the whole history."""
    count = (job.now_ms - job.from_ms + DAY_MS - 1) // DAY_MS
    return bars_from_rows(query(bars_sql(job, dialect, job.from_ms, DAY_MS)), job, job.from_ms, DAY_MS, count)
