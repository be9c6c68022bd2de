/* Feeds: what is stored from now on, and what states change, for the process that has the store open for writing.
 * <nines/nines.h> has the rules.
 *
 * A feed is a queue: nothing is called back, and a host that is slow keeps no writer waiting. Where the queue is full
 * the oldest results are dropped, and the next batch says which. A feed is for one thread at a time, but for
 * nines_feed_wake() and nines_states_wake(), which any thread may call while the feed lives. */
#ifndef NINES_C_FEED_H
#define NINES_C_FEED_H

#include <nines/c/prober.h>
#include <nines/c/results.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nines_feed_options {
  uint32_t size;
  uint64_t max_bytes; /* memory for what waits, at least 16 KiB; a result takes about 100 bytes; 0 is the usual 8 MiB */
  int64_t look_ms;    /* of states: how often all servers are judged for what no result says, such as silence and
                         maintenance; 0 is the usual ten seconds */
} nines_feed_options;

/* Results as they are appended, once readers see them, corrections and repetitions among them. Not what is loaded or
 * erased, which nines_stats.changes counts. To begin with what is there, subscribe first and read then: what is stored
 * in between comes twice and not never. Freed by nines_feed_free(); may outlive the store, and is NINES_CLOSED then
 * when it has been emptied. */
typedef struct nines_feed nines_feed;
/* `options` may be NULL. NINES_READ_ONLY: another process appends to such a store. */
NINES_API nines_code nines_subscribe(nines_store* store, const nines_feed_options* options, nines_feed** feed,
                                     nines_error* error);

/* What a call of nines_feed_next() has taken out of a feed. */
typedef struct nines_feed_batch {
  uint32_t size;
  uint32_t dropped; /* servers of which results were dropped since the last batch */
  size_t results;
} nines_feed_batch;
/* Waits up to `wait_ms` until there is something, and takes it. Nothing of either: there was nothing, or the feed was
 * woken. NINES_CLOSED. */
NINES_API nines_code nines_feed_next(nines_feed* feed, int64_t wait_ms, nines_feed_batch* batch, nines_error* error);
/* Result `index` of the last batch, in the order in which they were stored. Its texts and phases live until the next
 * call of nines_feed_next() or this one. NINES_OUT_OF_RANGE. */
NINES_API nines_code nines_feed_result(nines_feed* feed, size_t index, nines_result* result, nines_error* error);

/* Results of a server that a full queue has dropped: they are in the store, where a scan of the window finds them. */
typedef struct nines_dropped {
  uint32_t size;
  uint32_t server; /* 0: of any, where there was no memory to note which */
  int64_t from_ms;
  int64_t to_ms;
  uint64_t results;
} nines_dropped;
/* Number `index` of what was dropped before the last batch, ascending by server. NINES_OUT_OF_RANGE. */
NINES_API nines_code nines_feed_dropped(nines_feed* feed, size_t index, nines_dropped* dropped, nines_error* error);
/* Has the call that waits return at once, or else the next one. */
NINES_API void nines_feed_wake(nines_feed* feed);
NINES_API void nines_feed_free(nines_feed* feed);

/* States as nines_uptime() judges them, each time that one changes: with confirmation, maintenance and pauses. Freed by
 * nines_states_free(), before the store is closed or after. */
typedef struct nines_states nines_states;
/* Judges all servers, silently: changes count from here. `options` may be NULL. Errors as nines_subscribe(). */
NINES_API nines_code nines_watch_states(nines_store* store, const nines_feed_options* options, nines_states** states,
                                        nines_error* error);
/* Waits up to `wait_ms` for changes. How many there are is in `*count`; 0: none, or it was woken. A slow host misses
 * what lay between two states of a server, and never the last one. NINES_CLOSED, and errors of nines_ask_dashboard().
 */
NINES_API nines_code nines_states_next(nines_states* states, int64_t wait_ms, size_t* count, nines_error* error);
/* Change `index` of the last call, ascending by server. Its name lives until the next one. NINES_OUT_OF_RANGE. */
NINES_API nines_code nines_states_get(nines_states* states, size_t index, nines_change* change, nines_error* error);
NINES_API void nines_states_wake(nines_states* states);
NINES_API void nines_states_free(nines_states* states);

#ifdef __cplusplus
}
#endif

#endif
