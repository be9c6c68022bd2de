/* Opens a store, appends a result, asks. cc hello.c $(pkg-config --cflags --libs nines) && ./a.out STORE */
#include <nines/nines.h>
#include <stdio.h>

int main(int argc, char **argv) {
  const int64_t noon = 1767268800000; /* 2026-01-01 12:00 UTC */
  nines_error error;
  nines_store *store = NULL;
  if (argc != 2 || nines_open(argv[1], NULL, &store, &error) != NINES_OK) goto failed;

  nines_server server = NINES_INIT(nines_server);
  server.name = "site";
  server.url = "https://example.org";
  server.created_at_ms = noon;
  uint32_t id = 0;
  if (nines_add_server(store, &server, &id, &error) != NINES_OK) goto failed;

  nines_result result = NINES_INIT(nines_result);
  result.server = id;
  result.time_ms = noon;
  result.state = NINES_UP;
  result.has_latency = 1;
  result.latency_us = 80112;
  result.code = 200;
  if (nines_append(store, &result, NINES_PROCESS, &error) != NINES_OK) goto failed;

  nines_query query = NINES_INIT(nines_query);
  query.from_ms = noon;
  query.to_ms = query.now_ms = noon + 60000;
  nines_figures figures = NINES_INIT(nines_figures);
  if (nines_uptime(store, id, &query, &figures, &error) != NINES_OK) goto failed;
  printf("%d result, %.0f us, uptime %.4f\n", (int)figures.checks, figures.latency_max_us, figures.uptime_ratio);
  return nines_close(store, &error) == NINES_OK ? 0 : 1;

failed:
  fprintf(stderr, "hello: %s\n", argc != 2 ? "name a store" : error.message);
  nines_close(store, NULL);
  return 1;
}
