/* A host in C11 that uses the whole API as somebody else would, by <nines/nines.h> alone, and checks every answer
 * against numbers worked out by hand. Run with the path of a store to be made. Says the first thing that is not as it
 * has to be, and returns 1. */
#include <dirent.h>
#include <math.h>
#include <nines/nines.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(holds)                                                      \
  do {                                                                    \
    if (!(holds)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #holds); \
      exit(1);                                                            \
    }                                                                     \
  } while (0)

static nines_error error;
#define OK(call)                                                                                     \
  do {                                                                                               \
    const nines_code code_ = (call);                                                                 \
    if (code_ != NINES_OK) {                                                                         \
      fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, nines_code_name(code_), error.message); \
      exit(1);                                                                                       \
    }                                                                                                \
  } while (0)

/* 2026-01-01 12:00 UTC, and the minutes after it. */
static const int64_t kNoon = 1767268800000;
static const int64_t kMinute = 60000;

static int entries_of(const char* folder) {
  DIR* const dir = opendir(folder);
  CHECK(dir != NULL);
  int count = 0;
  while (readdir(dir) != NULL) ++count;
  closedir(dir);
  return count;
}

static int64_t host_clock(void* context) {
  return *(const int64_t*)context;
}

static void count_line(void* context, int32_t level, const char* message) {
  (void)context;
  CHECK(level >= NINES_LOG_DEBUG && level <= NINES_LOG_ERROR && message != NULL);
}

static uint32_t add_site(nines_store* store) {
  const char* keys[] = {"tier", "team"};
  const char* values[] = {"1", "web"};
  nines_server server = NINES_INIT(nines_server);
  server.name = "site";
  server.url = "https://example.org";
  server.group = "core";
  server.created_at_ms = kNoon;
  server.tag_count = 2;
  server.tag_keys = keys;
  server.tag_values = values;
  server.objective = 0.999;
  uint32_t id = 0;
  OK(nines_add_server(store, &server, &id, &error));
  CHECK(id == 1);
  CHECK(nines_add_server(store, &server, NULL, &error) == NINES_ALREADY_EXISTS);
  CHECK(strstr(error.message, "site") != NULL);
  return id;
}

static void read_catalog(nines_store* store, uint32_t id) {
  uint32_t found = 0;
  OK(nines_find_server(store, "site", &found, &error));
  CHECK(found == id);
  CHECK(nines_find_server(store, "nowhere", &found, &error) == NINES_NOT_FOUND);
  CHECK(error.code == NINES_NOT_FOUND && strstr(error.message, "nowhere") != NULL);
  nines_servers* servers = NULL;
  OK(nines_list_servers(store, &servers, &error));
  CHECK(nines_servers_count(servers) == 1);
  nines_server server = NINES_INIT(nines_server);
  OK(nines_servers_get(servers, 0, &server, &error));
  CHECK(nines_servers_get(servers, 1, &server, &error) == NINES_OUT_OF_RANGE);
  CHECK(server.id == id && strcmp(server.name, "site") == 0 && strcmp(server.group, "core") == 0);
  CHECK(server.interval_ms == kMinute && server.timeout_ms == 10000 && server.confirm_failures == 2);
  CHECK(server.tag_count == 2 && strcmp(server.tag_keys[0], "team") == 0 && strcmp(server.tag_values[1], "1") == 0);
  CHECK(server.objective == 0.999);
  /* The list is of one moment: it outlives changes. */
  server.group = "edge";
  server.confirm_failures = 3;
  OK(nines_update_server(store, &server, &error));
  CHECK(nines_servers_count(servers) == 1 && strcmp(server.name, "site") == 0);
  server.confirm_failures = 2;
  OK(nines_update_server(store, &server, &error));
  nines_servers_free(servers);
}

/* Up at every minute of the first hour, but down from minute 30 to 33: four failures, one incident of four minutes. */
static void append_hour(nines_store* store, uint32_t id) {
  int64_t times[60];
  uint8_t states[60];
  uint32_t latencies[60];
  uint16_t codes[60];
  uint8_t causes[60];
  const char* details[60];
  for (int i = 0; i < 60; ++i) {
    const int down = i >= 30 && i < 34;
    times[i] = kNoon + i * kMinute;
    states[i] = down ? NINES_DOWN : NINES_UP;
    latencies[i] = down ? NINES_NO_LATENCY : 1000 + (uint32_t)i;
    codes[i] = down ? 503 : 200;
    causes[i] = down ? NINES_CAUSE_HTTP_STATUS : NINES_CAUSE_NONE;
    details[i] = down ? "the status is 503" : NULL;
  }
  nines_batch batch = NINES_INIT(nines_batch);
  batch.server = id;
  batch.count = 59;
  batch.time_ms = times;
  batch.state = states;
  batch.latency_us = latencies;
  batch.code = codes;
  batch.cause = causes;
  batch.detail = details;
  OK(nines_append_batch(store, &batch, NINES_PROCESS, &error));
  nines_result last = NINES_INIT(nines_result);
  last.server = id;
  last.time_ms = times[59];
  last.state = NINES_UP;
  last.has_latency = 1;
  last.latency_us = 1059;
  last.code = 200;
  OK(nines_append(store, &last, NINES_DISK, &error));
  last.server = 77;
  CHECK(nines_append(store, &last, NINES_PROCESS, &error) == NINES_NOT_FOUND);
  last.server = id;
  last.state = NINES_PAUSED;
  CHECK(nines_append(store, &last, NINES_PROCESS, &error) == NINES_INVALID_ARGUMENT);
}

static void scan_hour(nines_store* store, uint32_t id) {
  nines_cursor* cursor = NULL;
  OK(nines_scan(store, id, kNoon, kNoon + 60 * kMinute, NINES_LATENCY | NINES_DETAILS, 0, &cursor, &error));
  nines_segment segment = NINES_INIT(nines_segment);
  uint32_t results = 0;
  uint32_t failures = 0;
  uint32_t details = 0;
  for (;;) {
    OK(nines_cursor_next(cursor, &segment, &error));
    if (segment.count == 0) break;
    CHECK(segment.phases == NULL && segment.latency_us != NULL);
    for (uint32_t i = 0; i < segment.count; ++i) {
      CHECK(segment.time_ms[i] == kNoon + (int64_t)(results + i) * kMinute);
    }
    for (uint32_t i = 0; i < segment.run_count; ++i) {
      if (segment.runs[i].state == NINES_DOWN) failures += segment.runs[i].end - segment.runs[i].begin;
    }
    for (uint32_t i = 0; i < segment.detail_count; ++i) {
      CHECK(segment.details[i].bytes == 17 && memcmp(segment.details[i].text, "the status is 503", 17) == 0);
    }
    details += segment.detail_count;
    results += segment.count;
  }
  CHECK(results == 60 && failures == 4 && details == 4);
  nines_cursor_free(cursor);

  nines_columns* columns = NULL;
  OK(nines_read(store, id, kNoon, kNoon + 60 * kMinute, &columns, &error));
  nines_arrays arrays = NINES_INIT(nines_arrays);
  OK(nines_columns_arrays(columns, &arrays, &error));
  CHECK(arrays.count == 60);
  CHECK(arrays.state[29] == NINES_UP && arrays.state[30] == NINES_DOWN && arrays.state[34] == NINES_UP);
  CHECK(arrays.code[33] == 503 && arrays.cause[33] == NINES_CAUSE_HTTP_STATUS && arrays.location[33] == 0);
  CHECK(arrays.latency_us[29] == 1029 && arrays.latency_us[31] == NINES_NO_LATENCY);
  nines_columns_free(columns);
}

static void ask(nines_store* store, uint32_t id) {
  nines_query query = NINES_INIT(nines_query);
  query.from_ms = kNoon;
  query.to_ms = kNoon + 60 * kMinute;
  query.now_ms = query.to_ms;
  nines_figures figures = NINES_INIT(nines_figures);
  OK(nines_uptime(store, id, &query, &figures, &error));
  CHECK(figures.checks == 60 && figures.failed_checks == 4 && figures.incidents == 1 && figures.blips == 0);
  CHECK(figures.time_ms[NINES_DOWN] == 4 * kMinute && figures.time_ms[NINES_UP] == 56 * kMinute);
  CHECK(fabs(figures.uptime_ratio - 56.0 / 60.0) < 1e-12 && figures.coverage_ratio == 1.0);
  CHECK(figures.latency_count == 56 && figures.latency_min_us == 1000 && figures.latency_max_us == 1059);
  CHECK(figures.state == NINES_UP && figures.last_time_ms == kNoon + 59 * kMinute && figures.last_code == 200);
  CHECK(figures.range_scans >= 1);

  nines_incidents* incidents = NULL;
  OK(nines_list_incidents(store, NULL, 0, &query, &incidents, &error));
  CHECK(nines_incidents_count(incidents) == 1);
  nines_incident incident = NINES_INIT(nines_incident);
  OK(nines_incidents_get(incidents, 0, &incident, &error));
  CHECK(incident.server == id && incident.from_ms == kNoon + 30 * kMinute && incident.to_ms == kNoon + 34 * kMinute);
  CHECK(incident.detected_ms == kNoon + 31 * kMinute && incident.failed_checks == 4 && incident.code == 503);
  CHECK(strcmp(incident.detail, "the status is 503") == 0 &&
        strcmp(nines_cause_name(incident.cause), "http_status") == 0);
  nines_incidents_free(incidents);

  nines_bars* bars = NULL;
  OK(nines_list_bars(store, id, &query, 6, &bars, &error));
  CHECK(nines_bars_count(bars) == 6);
  nines_bar bar = NINES_INIT(nines_bar);
  OK(nines_bars_get(bars, 3, &bar, &error));
  CHECK(bar.from_ms == kNoon + 30 * kMinute && bar.failed_checks == 4 && bar.time_ms[NINES_DOWN] == 4 * kMinute);
  nines_bars_free(bars);
  OK(nines_list_calendar_bars(store, id, &query, "hour", "Europe/Paris", &bars, &error));
  CHECK(nines_bars_count(bars) == 1);
  nines_bars_free(bars);
  CHECK(nines_list_calendar_bars(store, id, &query, "fortnight", NULL, &bars, &error) == NINES_INVALID_ARGUMENT);
  CHECK(bars == NULL);

  nines_dashboard* board = NULL;
  nines_dashboard_options options = NINES_INIT(nines_dashboard_options);
  options.bars = 6;
  options.sort = NINES_WORST_FIRST;
  OK(nines_ask_dashboard(store, &query, &options, &board, &error));
  CHECK(nines_dashboard_count(board) == 1 && strcmp(nines_dashboard_name(board, 0), "site") == 0);
  CHECK(nines_dashboard_name(board, 1) == NULL && nines_dashboard_bar_count(board, 0) == 6);
  OK(nines_dashboard_figures(board, 0, &figures, &error));
  CHECK(figures.failed_checks == 4 && figures.incidents == 1);
  OK(nines_dashboard_bar(board, 0, 3, &bar, &error));
  CHECK(bar.failed_checks == 4);
  nines_dashboard_free(board);

  /* No known time: no value. */
  query.from_ms = kNoon - 60 * kMinute;
  query.to_ms = kNoon;
  OK(nines_uptime(store, id, &query, &figures, &error));
  CHECK(isnan(figures.uptime_ratio) && figures.longest_outage_ms == -1 && isnan(figures.latency_p95_us));

  /* Said afterwards to have been planned: the outage leaves the ratio. */
  OK(nines_add_maintenance(store, id, kNoon + 30 * kMinute, kNoon + 34 * kMinute, "deploy", &error));
  query.from_ms = kNoon;
  query.to_ms = kNoon + 60 * kMinute;
  OK(nines_uptime(store, id, &query, &figures, &error));
  CHECK(figures.uptime_ratio == 1.0 && figures.time_ms[NINES_MAINTENANCE] == 4 * kMinute);
  query.maintenance = NINES_AS_MEASURED;
  OK(nines_uptime(store, id, &query, &figures, &error));
  CHECK(figures.incidents == 1);
}

struct told {
  volatile int results;
  volatile int down;
};
static void on_result(void* context, const nines_result* result) {
  struct told* const told = context;
  CHECK(result->server == 1 && result->detail != NULL);
  if (result->state == NINES_DOWN) ++told->down;
  ++told->results;
}

/* A job reports, which is how a host adds a kind of check of its own. */
static void probe(nines_store* store, uint32_t id) {
  struct told told = {0, 0};
  nines_prober_options options = NINES_INIT(nines_prober_options);
  options.context = &told;
  options.on_result = on_result;
  options.log = count_line;
  nines_prober* prober = NULL;
  OK(nines_prober_create(store, &options, &prober, &error));
  CHECK(nines_prober_watch(prober, 99, NULL, &error) == NINES_NOT_FOUND);
  CHECK(nines_prober_watch(prober, id, "{\"url\": \"nonsense\"}", &error) == NINES_INVALID_ARGUMENT);
  OK(nines_prober_watch(prober, id, "push:", &error));
  OK(nines_prober_start(prober, &error));
  CHECK(nines_prober_start(prober, &error) == NINES_UNAVAILABLE);
  OK(nines_prober_report(prober, "site", 1, "out of paper", 250, &error));
  OK(nines_prober_stop(prober, &error));
  CHECK(told.results >= 1 && told.down >= 1);
  nines_prober_stats stats = NINES_INIT(nines_prober_stats);
  OK(nines_prober_get_stats(prober, &stats, &error));
  CHECK(stats.servers == 1);
  nines_prober_free(prober);

  nines_result result = NINES_INIT(nines_result);
  char detail[40];
  OK(nines_check("tcp://127.0.0.1:1", &result, detail, sizeof detail, &error));
  CHECK(result.state == NINES_DOWN && result.cause == NINES_CAUSE_CONNECT_REFUSED && detail[0] != '\0');
}

int main(int argc, char** argv) {
  CHECK(argc == 2);
  /* Nothing was done before the first call: no thread, and no descriptor but those of every program. */
  CHECK(entries_of("/proc/self/task") == 2 + 1);
  CHECK(nines_version() == NINES_VERSION && strcmp(nines_version_text(), "0.1.0") == 0);
  CHECK(strcmp(nines_state_name(NINES_DOWN), "down") == 0 && nines_state_name(99)[0] == '\0');
  CHECK(strcmp(nines_code_name(NINES_OUT_OF_SPACE), "out_of_space") == 0);
  CHECK(strcmp(nines_code_name(-5), "unknown") == 0 && nines_cause_name(99)[0] == '\0');
  int64_t from = 0;
  int64_t to = 0;
  OK(nines_parse_window("-24h", kNoon, NULL, &from, &to, &error));
  CHECK(to == kNoon && from == kNoon - 1440 * kMinute);
  CHECK(nines_parse_window("soon", kNoon, NULL, &from, &to, &error) == NINES_INVALID_ARGUMENT);
  CHECK(nines_parse_window("today", kNoon, "Mars/Olympus", &from, &to, &error) == NINES_INVALID_ARGUMENT);

  int64_t now = nines_now_ms();
  nines_options options = NINES_INIT(nines_options);
  options.clock = host_clock;
  options.context = &now;
  options.log = count_line;
  nines_store* store = NULL;
  options.no_create = 1;
  CHECK(nines_open(argv[1], &options, &store, &error) == NINES_NOT_FOUND && store == NULL);
  options.no_create = 0;
  OK(nines_open(argv[1], &options, &store, &error));
  nines_store* second = NULL;
  CHECK(nines_open(argv[1], NULL, &second, &error) == NINES_LOCKED && second == NULL);
  const uint32_t id = add_site(store);
  read_catalog(store, id);
  append_hour(store, id);
  scan_hour(store, id);
  ask(store, id);

  nines_store* reader = NULL;
  OK(nines_open_read_only(argv[1], NULL, &reader, &error));
  scan_hour(reader, id);
  CHECK(nines_flush(reader, &error) == NINES_READ_ONLY || nines_remove_server(reader, id, &error) == NINES_READ_ONLY);
  uint64_t erased = 0;
  OK(nines_erase(store, id, kNoon, kNoon + 10 * kMinute, &erased, &error));
  CHECK(erased == 10);
  scan_hour(reader, id);
  OK(nines_refresh(reader, &error));
  nines_columns* columns = NULL;
  OK(nines_read(reader, id, kNoon, kNoon + 60 * kMinute, &columns, &error));
  nines_arrays arrays = NINES_INIT(nines_arrays);
  OK(nines_columns_arrays(columns, &arrays, &error));
  OK(nines_close(reader, &error));
  CHECK(arrays.count == 50 && arrays.time_ms[0] == kNoon + 10 * kMinute);
  nines_columns_free(columns);

  probe(store, id);
  nines_stats stats = NINES_INIT(nines_stats);
  OK(nines_get_stats(store, &stats, &error));
  CHECK(stats.writable == 1 && stats.servers == 1 && stats.appended >= 60 && stats.disk_bytes > 0);
  char backup[4096];
  snprintf(backup, sizeof backup, "%s-copy", argv[1]);
  OK(nines_backup(store, backup, &error));

  /* A cursor outlives its store, and says so. */
  nines_cursor* cursor = NULL;
  OK(nines_scan(store, id, kNoon, kNoon + 60 * kMinute, 0, 0, &cursor, &error));
  OK(nines_remove_server(store, id, &error));
  CHECK(nines_remove_server(store, id, &error) == NINES_NOT_FOUND);
  OK(nines_close(store, &error));
  nines_segment segment = NINES_INIT(nines_segment);
  CHECK(nines_cursor_next(cursor, &segment, &error) == NINES_CLOSED);
  nines_cursor_free(cursor);
  OK(nines_open_read_only(backup, NULL, &store, &error));
  OK(nines_find_server(store, "site", &(uint32_t){0}, &error));
  OK(nines_close(store, &error));
  return 0;
}
