/* A kind of check of the host's own, by callback: how much room a file system has, which nines cannot look at over a
 * network. The host calls the callback on a schedule of its own and reports what it says to the prober, which
 * confirms outages, stores results and tells of changes, as for any other server.
 *
 *   cc custom_check.c $(pkg-config --cflags --libs nines) -o custom_check && ./custom_check checks.db / */
#include <nines/nines.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <time.h>

/* A check of the host's: 0 when all is well, 1 with a sentence in `message` when it is not. */
typedef int (*check_callback)(const char* target, char* message, size_t bytes);

struct own_check {
  const char* name;
  const char* target;
  check_callback check;
};

static nines_error error;

static int give_up(const char* what) {
  fprintf(stderr, "custom_check: %s: %s\n", what, error.message);
  return 1;
}

static int room_left(const char* target, char* message, size_t bytes) {
  struct statvfs room;
  if (statvfs(target, &room) != 0) {
    snprintf(message, bytes, "%s is no folder of any file system", target);
    return 1;
  }
  const double free_ratio = room.f_blocks == 0 ? 1.0 : (double)room.f_bavail / (double)room.f_blocks;
  snprintf(message, bytes, "%.1f %% of %s is free", 100 * free_ratio, target);
  return free_ratio < 0.001;
}

/* Called by a thread of the prober, one call at a time: what it touches is the example's alone. */
static void on_change(void* context, const nines_change* change) {
  (void)context;
  printf("%s: %s -> %s\n", change->name, nines_state_name(change->from), nines_state_name(change->to));
}

static int run_check(nines_prober* prober, const struct own_check* check) {
  char message[200] = "";
  struct timespec begin;
  struct timespec end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  const int failed = check->check(check->target, message, sizeof message);
  clock_gettime(CLOCK_MONOTONIC, &end);
  const int64_t took_ms = (end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000;
  return nines_prober_report(prober, check->name, failed, message, took_ms, &error) == NINES_OK ? 0 : 1;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: custom_check STORE FOLDER\n");
    return 2;
  }
  const struct own_check checks[] = {{"room", argv[2], room_left}, {"nowhere", "/no/such/folder", room_left}};
  nines_store* store = NULL;
  nines_prober* prober = NULL;
  nines_prober_options options = NINES_INIT(nines_prober_options);
  options.on_change = on_change;
  if (nines_open(argv[1], NULL, &store, &error) != NINES_OK) return give_up("opening the store");
  if (nines_prober_create(store, &options, &prober, &error) != NINES_OK) return give_up("making the prober");
  for (size_t i = 0; i < sizeof checks / sizeof checks[0]; ++i) {
    nines_server server = NINES_INIT(nines_server);
    server.name = checks[i].name;
    server.url = "push:"; /* its results are reported, not fetched */
    server.interval_ms = 60000;
    server.confirm_failures = 1;
    uint32_t id = 0;
    if (nines_add_server(store, &server, &id, &error) != NINES_OK) return give_up("adding a server");
    if (nines_prober_watch(prober, id, NULL, &error) != NINES_OK) return give_up("watching it");
  }
  if (nines_prober_start(prober, &error) != NINES_OK) return give_up("starting");
  /* A host would do this each minute, on a thread of its own. */
  for (size_t i = 0; i < sizeof checks / sizeof checks[0]; ++i) {
    if (run_check(prober, &checks[i]) != 0) return give_up("reporting");
  }
  if (nines_prober_stop(prober, &error) != NINES_OK) return give_up("stopping");
  for (size_t i = 0; i < sizeof checks / sizeof checks[0]; ++i) {
    uint32_t id = 0;
    nines_columns* columns = NULL;
    nines_arrays arrays = NINES_INIT(nines_arrays);
    if (nines_find_server(store, checks[i].name, &id, &error) != NINES_OK) return give_up("looking");
    if (nines_newest(store, id, INT64_MAX, 1, &columns, &error) != NINES_OK) return give_up("reading");
    if (nines_columns_arrays(columns, &arrays, &error) != NINES_OK || arrays.count == 0) return give_up("reading");
    printf("%s is stored as %s\n", checks[i].name, nines_state_name(arrays.state[0]));
    nines_columns_free(columns);
  }
  nines_prober_free(prober);
  return nines_close(store, &error) == NINES_OK ? 0 : give_up("closing");
}
