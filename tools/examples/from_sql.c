/* Moving from a SQL table of checks: reads it host by host in the order of time, loads each history at once, and compares
 * what is there afterwards with what SQL counts. Here the table is SQLite's; a driver of another system changes three
 * functions' bodies.
 *
 *   cc from_sql.c $(pkg-config --cflags --libs nines sqlite3) -o from_sql && ./from_sql checks.sqlite nines.db
 *
 * The table is checks(host, checked_at, ok, latency_ms, note), with seconds since 1970; it is made, with three days of
 * three hosts, when the file has none. */
#include <inttypes.h>
#include <nines/nines.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kAtOnce = 10000, kNoteBytes = 64 };

static nines_error error;

static int give_up(const char* what, const char* why) {
  fprintf(stderr, "from_sql: %s: %s\n", what, why);
  return 1;
}

/* 2026-01-01 to 04, a check a minute; host-2 fails for ten minutes each day at noon. */
static const char kExample[] =
    "CREATE TABLE checks(host TEXT, checked_at INTEGER, ok INTEGER, latency_ms INTEGER, note TEXT);"
    "WITH RECURSIVE minute(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM minute WHERE n < 3 * 1440 - 1),"
    " host(h) AS (VALUES (1), (2), (3))"
    "INSERT INTO checks SELECT 'host-' || h, 1767225600 + n * 60,"
    " NOT (h = 2 AND n % 1440 >= 720 AND n % 1440 < 730), 40 + n % 50,"
    " CASE WHEN h = 2 AND n % 1440 >= 720 AND n % 1440 < 730 THEN 'status 500' END FROM minute, host";

/* Columns of one host's results that go into the store at once. */
struct columns {
  size_t count;
  int64_t time_ms[kAtOnce];
  uint8_t state[kAtOnce];
  uint32_t latency_us[kAtOnce];
  char note[kAtOnce][kNoteBytes];
  const char* detail[kAtOnce];
};

static int load(nines_store* store, uint32_t server, struct columns* columns) {
  if (columns->count == 0) return 0;
  nines_batch batch = NINES_INIT(nines_batch);
  batch.server = server;
  batch.count = columns->count;
  batch.time_ms = columns->time_ms;
  batch.state = columns->state;
  batch.latency_us = columns->latency_us;
  batch.detail = columns->detail;
  columns->count = 0;
  return nines_load(store, &batch, &error) == NINES_OK ? 0 : give_up("loading", error.message);
}

static void add_row(struct columns* columns, sqlite3_stmt* row) {
  const size_t i = columns->count++;
  const int ok = sqlite3_column_int(row, 1);
  const char* const note = (const char*)sqlite3_column_text(row, 3);
  columns->time_ms[i] = sqlite3_column_int64(row, 0) * 1000;
  columns->state[i] = ok ? NINES_UP : NINES_DOWN;
  columns->latency_us[i] = ok ? (uint32_t)sqlite3_column_int(row, 2) * 1000 : NINES_NO_LATENCY;
  snprintf(columns->note[i], kNoteBytes, "%s", note == NULL ? "" : note);
  columns->detail[i] = columns->note[i];
}

/* Moves one host; how many rows SQL counts of it is `expected`. */
static int move_host(sqlite3* database, nines_store* store, const char* host, int64_t first_ms, uint64_t expected,
                     struct columns* columns) {
  nines_server server = NINES_INIT(nines_server);
  server.name = host;
  server.created_at_ms = first_ms;
  uint32_t id = 0;
  if (nines_add_server(store, &server, &id, &error) != NINES_OK) return give_up("adding a server", error.message);
  sqlite3_stmt* rows = NULL;
  const char* const sql = "SELECT checked_at, ok, latency_ms, note FROM checks WHERE host = ? ORDER BY checked_at";
  if (sqlite3_prepare_v2(database, sql, -1, &rows, NULL) != SQLITE_OK) return give_up("SQL", sqlite3_errmsg(database));
  sqlite3_bind_text(rows, 1, host, -1, SQLITE_TRANSIENT);
  int failed = 0;
  while (!failed && sqlite3_step(rows) == SQLITE_ROW) {
    add_row(columns, rows);
    if (columns->count == kAtOnce) failed = load(store, id, columns);
  }
  sqlite3_finalize(rows);
  if (failed || load(store, id, columns) != 0) return 1;

  nines_query query = NINES_INIT(nines_query);
  query.from_ms = first_ms;
  query.to_ms = query.now_ms = first_ms + 3LL * 86400000;
  query.exact = 1;
  nines_figures figures = NINES_INIT(nines_figures);
  if (nines_uptime(store, id, &query, &figures, &error) != NINES_OK) return give_up("asking", error.message);
  printf("%s: %" PRIu64 " checks moved, %.2f %% up, %" PRIu64 " outages\n", host, figures.checks,
         100 * figures.uptime_ratio, figures.incidents);
  return figures.checks == expected ? 0 : give_up(host, "the numbers of checks differ");
}

static int move_all(sqlite3* database, nines_store* store) {
  sqlite3_stmt* hosts = NULL;
  const char* const sql = "SELECT host, min(checked_at), count(*) FROM checks GROUP BY host ORDER BY host";
  if (sqlite3_prepare_v2(database, sql, -1, &hosts, NULL) != SQLITE_OK) {
    if (sqlite3_exec(database, kExample, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(database, sql, -1, &hosts, NULL) != SQLITE_OK) {
      return give_up("SQL", sqlite3_errmsg(database));
    }
  }
  struct columns* const columns = calloc(1, sizeof *columns);
  int failed = columns == NULL;
  while (!failed && sqlite3_step(hosts) == SQLITE_ROW) {
    failed = move_host(database, store, (const char*)sqlite3_column_text(hosts, 0),
                       sqlite3_column_int64(hosts, 1) * 1000, (uint64_t)sqlite3_column_int64(hosts, 2), columns);
  }
  free(columns);
  sqlite3_finalize(hosts);
  return failed;
}

int main(int argc, char** argv) {
  if (argc != 3) return give_up("usage", "from_sql DATABASE STORE");
  sqlite3* database = NULL;
  nines_store* store = NULL;
  if (sqlite3_open(argv[1], &database) != SQLITE_OK) return give_up("opening the database", sqlite3_errmsg(database));
  if (nines_open(argv[2], NULL, &store, &error) != NINES_OK) return give_up("opening the store", error.message);
  int failed = move_all(database, store);
  /* What was loaded is durable behind this. */
  if (!failed && nines_flush(store, &error) != NINES_OK) failed = give_up("flushing", error.message);
  if (nines_close(store, &error) != NINES_OK) failed = give_up("closing", error.message);
  sqlite3_close(database);
  return failed;
}
