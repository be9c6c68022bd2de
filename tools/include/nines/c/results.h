/* Check results: storing them, and reading them as columns. <nines/nines.h> has the rules. */
#ifndef NINES_C_RESULTS_H
#define NINES_C_RESULTS_H

#include <nines/c/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a check's time was spent, in microseconds; a phase that did not happen is 0. */
typedef struct nines_phases {
  uint32_t dns_us;
  uint32_t connect_us;
  uint32_t tls_us;
  uint32_t first_byte_us; /* from the request's end to the answer's first byte */
  uint32_t transfer_us;   /* from the first byte to the last */
} nines_phases;

/* One check of one server from one place at one moment. The three are its key: writing it again replaces the result. */
typedef struct nines_result {
  uint32_t size;
  uint32_t server;
  int64_t time_ms;
  uint16_t location; /* 0 to 1023; 0 where there is one place only */
  uint8_t state;     /* NINES_UNKNOWN to NINES_DOWN */
  uint8_t cause;     /* NINES_CAUSE_... */
  uint16_t code;     /* HTTP status or the protocol's own; 0 is none */
  uint8_t retry;     /* 1: made by the confirmation rule, faster than the interval */
  uint8_t has_latency;
  uint32_t latency_us;
  uint32_t interval_ms;       /* in force when it was written; 0 is the server's */
  const nines_phases* phases; /* NULL: not known */
  const char* detail;         /* for a person, at most 4096 bytes; NULL is "" */
} nines_result;

/* Stores one result at NINES_BUFFERED, NINES_PROCESS or NINES_DISK. NINES_NOT_FOUND, NINES_OUT_OF_RANGE (before 1970,
 * too far ahead, older than retention keeps), NINES_INVALID_ARGUMENT, NINES_OUT_OF_SPACE, NINES_UNAVAILABLE. */
NINES_API nines_code nines_append(nines_store* store, const nines_result* result, int32_t durability,
                                  nines_error* error);

/* Many results, a column a field: each is an array of `count`, or NULL where all have the usual value. */
typedef struct nines_batch {
  uint32_t size;
  uint32_t server; /* of all results; read where `servers` is NULL */
  size_t count;
  const uint32_t* servers;
  const int64_t* time_ms;     /* needed */
  const uint8_t* state;       /* needed */
  const uint32_t* latency_us; /* NINES_NO_LATENCY where there is none */
  const uint16_t* code;
  const uint8_t* cause;
  const uint16_t* location;
  const uint32_t* interval_ms;
  const char* const* detail; /* NULL among them is "" */
} nines_batch;

/* Stores many results of any servers in any order, all or none of each server's; all are looked at before any is
 * stored. Errors as nines_append(). */
NINES_API nines_code nines_append_batch(nines_store* store, const nines_batch* batch, int32_t durability,
                                        nines_error* error);
/* Stores much history of the one server `batch->server`, ascending by time: quicker, and durable at NINES_DISK after
 * nines_flush(). `servers` must be NULL. */
NINES_API nines_code nines_load(nines_store* store, const nines_batch* batch, nines_error* error);
/* Erases the results of a server in a window, of all places. How many there were is in `*erased`, which may be NULL. */
NINES_API nines_code nines_erase(nines_store* store, uint32_t server, int64_t from_ms, int64_t to_ms, uint64_t* erased,
                                 nines_error* error);

/* A stretch of consecutive results of one place that agree in everything below. A month without an outage is one. */
typedef struct nines_run {
  uint32_t begin; /* index of the first result in the segment */
  uint32_t end;   /* one past the last */
  int64_t first_ms;
  int64_t last_ms;
  uint32_t max_gap_ms; /* no two neighbours are further apart */
  uint32_t interval_ms;
  uint16_t code;
  uint8_t state;
  uint8_t cause;
  uint8_t retry;
  uint8_t has_latency; /* all of the run's results have one, or none has */
} nines_run;

/* The text of one result. */
typedef struct nines_detail {
  uint32_t index; /* in the segment */
  uint32_t bytes;
  const char* text; /* without a NUL at its end */
} nines_detail;

/* A consecutive piece of the results from one place. Points into the store's memory or the cursor's: nothing is copied,
 * and it is valid until the next call on the cursor. */
typedef struct nines_segment {
  uint32_t size;
  uint16_t location;
  uint32_t count;           /* results; 0 is the end */
  uint32_t first_in_window; /* index of the first that is not before the window: those before say what holds there */
  uint32_t run_count;
  const int64_t* time_ms;      /* `count` of them, ascending */
  const uint32_t* latency_us;  /* likewise, NINES_NO_LATENCY where there is none; NULL unless asked for */
  const nines_phases* phases;  /* likewise; NULL unless asked for and there are any */
  const uint8_t* has_phases;   /* 0 or 1; NULL when `phases` is */
  const nines_run* runs;       /* cover all results without holes */
  const nines_detail* details; /* ascending by index, of those results that have one, and only when asked for */
  uint32_t detail_count;
} nines_segment;

/* Columns that a scan may leave out; times and runs always come. */
enum { NINES_LATENCY = 1, NINES_PHASES = 2, NINES_DETAILS = 4 };

/* One server's results in a window, piece by piece. Freed by nines_cursor_free(); may outlive the store, and then gets
 * NINES_CLOSED. To cancel a scan, free it: what was not asked for was not read. */
typedef struct nines_cursor nines_cursor;
/* One range scan. `columns` is a sum of the above; results of `lookback_ms` before the window come too, to say what
 * holds at its start. NINES_NOT_FOUND, NINES_INVALID_ARGUMENT, NINES_UNAVAILABLE. */
NINES_API nines_code nines_scan(nines_store* store, uint32_t server, int64_t from_ms, int64_t to_ms, uint32_t columns,
                                int64_t lookback_ms, nines_cursor** cursor, nines_error* error);
/* The next piece; at the end its `count` is 0. After NINES_CORRUPTION another call goes on behind what is damaged. */
NINES_API nines_code nines_cursor_next(nines_cursor* cursor, nines_segment* segment, nines_error* error);
NINES_API void nines_cursor_free(nines_cursor* cursor);
/* The same of `count` servers at one moment: who finds a result in one of the cursors finds every result in the others
 * that was acknowledged before it was appended. `cursors` has room for `count`, at most 10,000, each to be freed; all
 * are NULL after an error. Appends to these servers wait until the cursors are there, for microseconds a server. */
NINES_API nines_code nines_scan_together(nines_store* store, const uint32_t* servers, size_t count, int64_t from_ms,
                                         int64_t to_ms, uint32_t columns, int64_t lookback_ms, nines_cursor** cursors,
                                         nines_error* error);

/* A window's results in whole columns, for languages that want arrays. Freed by nines_columns_free(). */
typedef struct nines_columns nines_columns;
/* The arrays of a nines_columns, `count` values each, valid as long as it. Results are in the scan's order: by time
 * where a server has one place, else by time within each place. */
typedef struct nines_arrays {
  uint32_t size;
  size_t count;
  const int64_t* time_ms;
  const uint32_t* latency_us; /* NINES_NO_LATENCY where there is none */
  const uint8_t* state;
  const uint8_t* cause;
  const uint16_t* code;
  const uint16_t* location;
} nines_arrays;
/* Reads all of a window at once, 18 bytes a result. Errors as nines_scan() and nines_cursor_next(). */
NINES_API nines_code nines_read(nines_store* store, uint32_t server, int64_t from_ms, int64_t to_ms,
                                nines_columns** columns, nines_error* error);
/* The newest `count` results before `before_ms`, newest first, and those that share the time of the last of them: to go
 * on backwards, ask again before that time. `count` is 1 to 100,000. */
NINES_API nines_code nines_newest(nines_store* store, uint32_t server, int64_t before_ms, size_t count,
                                  nines_columns** columns, nines_error* error);
NINES_API nines_code nines_columns_arrays(const nines_columns* columns, nines_arrays* arrays, nines_error* error);
NINES_API void nines_columns_free(nines_columns* columns);

#ifdef __cplusplus
}
#endif

#endif
