/* Reading a live store from a second process. The first one appends; the second opens the same store read-only, without
 * its lock, sees what was written when it opened, and more after each nines_refresh().
 *
 * The reader is a program of its own (here the same one, started anew): a store must not be used in a forked child of the
 * process that opened it.
 *
 *   cc second_process.c $(pkg-config --cflags --libs nines) -o second_process && ./second_process live.db */
#include <nines/nines.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kResults = 200 };

static nines_error error;

static int give_up(const char* who, const char* what) {
  fprintf(stderr, "second_process: %s, %s: %s\n", who, what, error.message);
  return 1;
}

static void pause_ms(long milliseconds) {
  const struct timespec time = {0, milliseconds * 1000000};
  nanosleep(&time, NULL);
}

static int read_live(const char* path) {
  nines_store* store = NULL;
  if (nines_open_read_only(path, NULL, &store, &error) != NINES_OK) return give_up("reader", "opening");
  size_t seen = 0;
  int looks = 0;
  for (; seen < kResults && looks < 2000; ++looks) {
    nines_code code = nines_refresh(store, &error);
    nines_columns* columns = NULL;
    if (code == NINES_OK) code = nines_read(store, 1, 0, INT64_MAX, &columns, &error);
    /* The writer was changing files at each attempt: nothing is damaged, and the next one may be luckier. */
    if (code == NINES_UNAVAILABLE) {
      pause_ms(5);
      continue;
    }
    if (code != NINES_OK) return give_up("reader", "reading");
    nines_arrays arrays = NINES_INIT(nines_arrays);
    if (nines_columns_arrays(columns, &arrays, &error) != NINES_OK) return give_up("reader", "reading");
    if (arrays.count < seen) return give_up("reader", "what was there once is gone");
    seen = arrays.count;
    nines_columns_free(columns);
    pause_ms(5);
  }
  printf("the reader saw %zu results\n", seen);
  if (nines_close(store, &error) != NINES_OK) return give_up("reader", "closing");
  return seen == kResults ? 0 : 1;
}

static int write_live(const char* program, const char* path) {
  nines_store* store = NULL;
  if (nines_open(path, NULL, &store, &error) != NINES_OK) return give_up("writer", "opening");
  nines_server server = NINES_INIT(nines_server);
  server.name = "site";
  if (nines_add_server(store, &server, NULL, &error) != NINES_OK) return give_up("writer", "adding the server");
  const pid_t reader = fork();
  if (reader == 0) {
    execl(program, program, "--read", path, (char*)NULL);
    _exit(127);
  }
  if (reader < 0) return give_up("writer", "starting the reader");
  const int64_t begin_ms = nines_now_ms() - kResults;
  for (int i = 0; i < kResults; ++i) {
    nines_result result = NINES_INIT(nines_result);
    result.server = 1;
    result.time_ms = begin_ms + i;
    result.state = NINES_UP;
    /* NINES_PROCESS: handed to the operating system, where the other process finds it. */
    if (nines_append(store, &result, NINES_PROCESS, &error) != NINES_OK) return give_up("writer", "appending");
    if (i % 20 == 0) pause_ms(2);
  }
  int status = 0;
  waitpid(reader, &status, 0);
  if (nines_close(store, &error) != NINES_OK) return give_up("writer", "closing");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char** argv) {
  if (argc == 3 && strcmp(argv[1], "--read") == 0) return read_live(argv[2]);
  if (argc == 2) return write_live(argv[0], argv[1]);
  fprintf(stderr, "usage: second_process STORE\n");
  return 2;
}
