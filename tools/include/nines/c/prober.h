/* Probing: checks on a schedule, stored and told. <nines/nines.h> has the rules. */
#ifndef NINES_C_PROBER_H
#define NINES_C_PROBER_H

#include <nines/c/results.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Owns threads, which stop with nines_prober_stop(). Freed by nines_prober_free(). */
typedef struct nines_prober nines_prober;

/* A confirmed change of a server's state, backdated to the first check of the row that confirmed it. */
typedef struct nines_change {
  uint32_t size;
  uint32_t server;
  const char* name;
  uint8_t from; /* states */
  uint8_t to;
  int64_t since_ms;
} nines_change;

/* How a prober works, and who hears of it. Callbacks run on threads of the prober, one call of each at a time, and what
 * they are given lives for the call. They must not stop or free the prober. */
typedef struct nines_prober_options {
  uint32_t size;
  uint32_t max_in_flight; /* checks at one moment; 0 is the usual 2,000 */
  uint16_t location;      /* the place that results are stored under */
  const char* user_agent; /* NULL is "nines/" and the version */
  int64_t stop_grace_ms;  /* how long stopping waits for checks in flight; 0 is the usual 2 s */
  void* context;          /* given to the callbacks; must live as long as the prober */
  void (*on_result)(void* context, const nines_result* result); /* after it was stored */
  void (*on_change)(void* context, const nines_change* change); /* at once, stored or not */
  nines_log_callback log;
} nines_prober_options;

/* A prober for `store`, which may be closed first: then results are dropped. `options` may be NULL. */
NINES_API nines_code nines_prober_create(nines_store* store, const nines_prober_options* options, nines_prober** prober,
                                         nines_error* error);
/* Probes the server `id` of the store, by its rules, from now on, or by its new rules if it was probed before. `check`
 * is what is checked, in JSON with the keys of a configuration (tools/CONFIGURATION.md); NULL: the server's URL, with
 * the usual conditions. A URL of "push:" is a server whose jobs report. NINES_NOT_FOUND, NINES_INVALID_ARGUMENT. */
NINES_API nines_code nines_prober_watch(nines_prober* prober, uint32_t id, const char* check, nines_error* error);
/* Probes it no more. NINES_NOT_FOUND when it was not probed. */
NINES_API nines_code nines_prober_forget(nines_prober* prober, uint32_t id, nines_error* error);
/* Checks it as soon as may be, beside its schedule. */
NINES_API nines_code nines_prober_check_now(nines_prober* prober, uint32_t id, nines_error* error);
/* A job of the push server `name` reports: `failed` 0 or 1, `message` for a failure (may be NULL), `duration_ms` of the
 * run, -1 when it is not known. This is how a host adds a kind of check of its own. The result is stored soon after. */
NINES_API nines_code nines_prober_report(nines_prober* prober, const char* name, int32_t failed, const char* message,
                                         int64_t duration_ms, nines_error* error);
/* Begins. A prober runs once: NINES_UNAVAILABLE the second time. */
NINES_API nines_code nines_prober_start(nines_prober* prober, nines_error* error);
/* Starts no more checks, waits for those in flight, stores every result, and joins the threads. */
NINES_API nines_code nines_prober_stop(nines_prober* prober, nines_error* error);
/* Stops it when that was not done. Not from a callback. */
NINES_API void nines_prober_free(nines_prober* prober);
/* The confirmed state of a server. NINES_NOT_FOUND when it is not probed. */
NINES_API nines_code nines_prober_state(nines_prober* prober, uint32_t id, uint8_t* state, nines_error* error);

/* Counters since it was made, and figures of the moment. */
typedef struct nines_prober_stats {
  uint32_t size;
  uint8_t online; /* 0: its own network seems to be down */
  uint64_t servers;
  uint64_t in_flight;
  uint64_t checks; /* finished */
  uint64_t stored;
  uint64_t queued;  /* results waiting for the store */
  uint64_t dropped; /* lost to a full queue */
} nines_prober_stats;
NINES_API nines_code nines_prober_get_stats(nines_prober* prober, nines_prober_stats* stats, nines_error* error);

/* One check, now, without a store: blocks until it is done or its timeout has passed. `check` as above; a text that
 * begins with no "{" is a URL. `result->server` and `result->detail` are 0 and NULL; the detail is in `detail`, of
 * `detail_bytes` with its NUL, cut between two characters; both may be NULL and 0. */
NINES_API nines_code nines_check(const char* check, nines_result* result, char* detail, size_t detail_bytes,
                                 nines_error* error);

#ifdef __cplusplus
}
#endif

#endif
