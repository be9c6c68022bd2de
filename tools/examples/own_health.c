/* A host that records its own health: each turn of its work is a result of the server "worker", with how long it took
 * and, when it failed, why. At the end it says how available it was, and what its outages were.
 *
 *   cc own_health.c $(pkg-config --cflags --libs nines) -o own_health && ./own_health health.db */
#include <inttypes.h>
#include <nines/nines.h>
#include <stdio.h>

static nines_error error;

static int give_up(const char* what) {
  fprintf(stderr, "own_health: %s: %s\n", what, error.message);
  return 1;
}

/* The host's work: a queue that nobody empties from the 20th minute to the 24th. Returns why it failed, or NULL. */
static const char* work(int minute, uint32_t* took_us) {
  *took_us = 1500 + (uint32_t)(minute * 7919 % 400);
  return minute >= 20 && minute < 24 ? "the queue is full" : NULL;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: own_health STORE\n");
    return 2;
  }
  nines_store* store = NULL;
  if (nines_open(argv[1], NULL, &store, &error) != NINES_OK) return give_up("opening the store");
  /* A clock of the example's own, so that an hour of work takes a moment: it begins an hour ago. */
  const int64_t minute_ms = 60000;
  const int64_t begin_ms = nines_now_ms() - 60 * minute_ms;
  nines_server server = NINES_INIT(nines_server);
  server.name = "worker";
  server.interval_ms = minute_ms;
  server.created_at_ms = begin_ms;
  uint32_t id = 0;
  if (nines_add_server(store, &server, &id, &error) != NINES_OK) return give_up("adding the server");

  for (int minute = 0; minute < 60; ++minute) {
    nines_result result = NINES_INIT(nines_result);
    result.server = id;
    result.time_ms = begin_ms + minute * minute_ms;
    result.has_latency = 1;
    result.detail = work(minute, &result.latency_us);
    result.state = result.detail == NULL ? NINES_UP : NINES_DOWN;
    result.cause = result.detail == NULL ? NINES_CAUSE_NONE : NINES_CAUSE_REPORTED;
    /* NINES_PROCESS: the host may be killed at any time and loses nothing that was recorded. */
    if (nines_append(store, &result, NINES_PROCESS, &error) != NINES_OK) return give_up("recording");
  }

  nines_query query = NINES_INIT(nines_query);
  query.from_ms = begin_ms;
  query.to_ms = query.now_ms = begin_ms + 60 * minute_ms;
  nines_figures figures = NINES_INIT(nines_figures);
  if (nines_uptime(store, id, &query, &figures, &error) != NINES_OK) return give_up("asking");
  printf("worker: %" PRIu64 " turns, %.2f %% up, p95 %.0f us\n", figures.checks, 100 * figures.uptime_ratio,
         figures.latency_p95_us);
  nines_incidents* incidents = NULL;
  if (nines_list_incidents(store, &id, 1, &query, &incidents, &error) != NINES_OK) return give_up("asking");
  for (size_t i = 0; i < nines_incidents_count(incidents); ++i) {
    nines_incident incident = NINES_INIT(nines_incident);
    if (nines_incidents_get(incidents, i, &incident, &error) != NINES_OK) return give_up("asking");
    printf("down for %" PRId64 " minutes: %s\n", incident.duration_ms / minute_ms, incident.detail);
  }
  nines_incidents_free(incidents);
  return nines_close(store, &error) == NINES_OK ? 0 : give_up("closing");
}
