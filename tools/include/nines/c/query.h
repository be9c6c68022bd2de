/* Questions: uptime, incidents, bars, dashboards. query/SEMANTICS.md has what the numbers mean, <nines/nines.h> the
 * rules. A ratio or a mean that does not exist is NaN, a time or duration that does not exist is -1. */
#ifndef NINES_C_QUERY_H
#define NINES_C_QUERY_H

#include <nines/c/results.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { NINES_EXCLUDE = 0, NINES_AS_UP = 1, NINES_AS_MEASURED = 2, NINES_AS_DOWN = 3 };

/* One question's frame. */
typedef struct nines_query {
  uint32_t size;
  uint8_t maintenance; /* NINES_EXCLUDE, NINES_AS_UP or NINES_AS_MEASURED */
  uint8_t unknown;     /* NINES_EXCLUDE, NINES_AS_UP or NINES_AS_DOWN: unknown time in the ratio */
  uint8_t exact;       /* 1: read results and never day summaries, so that percentiles are exact at any length */
  int64_t from_ms;
  int64_t to_ms;
  int64_t now_ms;             /* the moment of asking; 0 is now, by the store's clock */
  uint16_t confirm_failures;  /* instead of the server's rule; 0 is the server's */
  uint16_t confirm_successes; /* likewise */
  const int32_t* cancelled;   /* looked at while the question reads: once it is not 0 the question ends with
                                 NINES_UNAVAILABLE. Any thread may set it; NULL: never */
} nines_query;

/* What a question will read, by the catalog alone: nothing of the store is looked at for it. */
typedef struct nines_cost {
  uint32_t size;
  uint64_t range_scans;
  uint64_t results;
  uint64_t summaries; /* of days */
  uint64_t bytes;     /* as stored; what is in memory costs none */
} nines_cost;
/* The estimated cost of uptime, incidents, bars or a dashboard of the `count` `servers`, or of all when it is 0. With
 * `query->exact` each result of the window is read, as nines_scan() and nines_read() do. NINES_NOT_FOUND. */
NINES_API nines_code nines_estimate(nines_store* store, const uint32_t* servers, size_t count, const nines_query* query,
                                    nines_cost* cost, nines_error* error);

/* What a window comes to. */
typedef struct nines_figures {
  uint32_t size;
  uint32_t server;
  int64_t from_ms; /* the window as clipped: to now, and to the server's life */
  int64_t to_ms;
  double uptime_ratio;
  double uptime_lower; /* the ratio if all unknown time had been down */
  double uptime_upper; /* the ratio if all unknown time had been up */
  double coverage_ratio;
  double check_success_ratio;
  uint64_t checks;
  uint64_t failed_checks;
  uint64_t blips;                     /* failures that nothing confirmed */
  int64_t time_ms[NINES_STATE_COUNT]; /* by state */
  uint64_t incidents;
  double mttr_ms;
  double mtbf_ms;
  int64_t longest_outage_ms;
  uint64_t latency_count; /* of successful checks; latencies are NaN without any */
  double latency_mean_us;
  double latency_min_us;
  double latency_max_us;
  double latency_p50_us;
  double latency_p90_us;
  double latency_p95_us;
  double latency_p99_us;
  uint8_t latency_exact; /* 0: percentiles are within 1 % */
  uint8_t state;         /* at the window's end */
  uint8_t last_state;    /* of the newest check, as measured */
  uint16_t last_code;
  int64_t state_since_ms;
  int64_t last_time_ms;    /* -1: there was no check, and the other two mean nothing */
  int64_t last_latency_us; /* -1: none */
  uint64_t range_scans;    /* what the answer cost: ranges, */
  uint64_t bytes_read;     /* and stored bytes looked at; 0 in rows of a dashboard, which has the sums */
} nines_figures;

/* One server's figures. NINES_NOT_FOUND, NINES_INVALID_ARGUMENT, and those of nines_scan(). */
NINES_API nines_code nines_uptime(nines_store* store, uint32_t server, const nines_query* query, nines_figures* figures,
                                  nines_error* error);

/* A confirmed outage, as a part of the history: only `window_ms` depends on the question. */
typedef struct nines_incident {
  uint32_t size;
  uint32_t server;
  int64_t from_ms;
  int64_t to_ms;       /* -1: it is not over */
  int64_t duration_ms; /* to its end, or to now */
  int64_t window_ms;   /* of that, what lies in the window */
  int64_t down_ms;     /* of the whole, time in state down */
  int64_t detected_ms; /* when it was confirmed; -1 for what a correction says */
  uint64_t failed_checks;
  uint16_t code;      /* of the first failure */
  uint8_t cause;      /* likewise */
  uint8_t end_seen;   /* 0: knowledge ran out before it ended */
  const char* detail; /* likewise */
} nines_incident;

/* Freed by nines_incidents_free(). */
typedef struct nines_incidents nines_incidents;
/* Incidents with a part in the window, ascending by start: of the `count` `servers`, or of all when it is 0. */
NINES_API nines_code nines_list_incidents(nines_store* store, const uint32_t* servers, size_t count,
                                          const nines_query* query, nines_incidents** incidents, nines_error* error);
NINES_API size_t nines_incidents_count(const nines_incidents* incidents);
NINES_API nines_code nines_incidents_get(const nines_incidents* incidents, size_t index, nines_incident* incident,
                                         nines_error* error);
NINES_API void nines_incidents_free(nines_incidents* incidents);

/* One bucket of a window. Time before the server's life and after now is in no state. */
typedef struct nines_bar {
  uint32_t size;
  uint32_t latency_max_us;
  int64_t from_ms;
  int64_t to_ms;
  int64_t time_ms[NINES_STATE_COUNT];
  double uptime_ratio;
  uint64_t checks;
  uint64_t failed_checks;
  double latency_mean_us;
} nines_bar;

/* Freed by nines_bars_free(). */
typedef struct nines_bars nines_bars;
/* The window in `count` equal buckets, 1 to 20,000. */
NINES_API nines_code nines_list_bars(nines_store* store, uint32_t server, const nines_query* query, uint32_t count,
                                     nines_bars** bars, nines_error* error);
/* The same by "hour", "day", "week", "month", "quarter" or "year" of the IANA zone `zone` (NULL: UTC). */
NINES_API nines_code nines_list_calendar_bars(nines_store* store, uint32_t server, const nines_query* query,
                                              const char* unit, const char* timezone, nines_bars** bars,
                                              nines_error* error);
NINES_API size_t nines_bars_count(const nines_bars* bars);
NINES_API nines_code nines_bars_get(const nines_bars* bars, size_t index, nines_bar* bar, nines_error* error);
NINES_API void nines_bars_free(nines_bars* bars);

enum { NINES_BY_NAME = 0, NINES_WORST_FIRST = 1, NINES_SLOWEST = 2 };

/* What a dashboard shows. NULL and 0 do not restrict. */
typedef struct nines_dashboard_options {
  uint32_t size;
  uint32_t bars;      /* bars a row; 0 is none */
  const char* group;  /* servers of this group */
  const char* search; /* servers with this in their name or URL */
  uint8_t sort;       /* NINES_BY_NAME, NINES_WORST_FIRST or NINES_SLOWEST */
  uint32_t offset;    /* rows left out at the beginning */
  uint32_t limit;     /* rows at most; 0 is all */
} nines_dashboard_options;

/* Many servers in one question: one range scan each. Freed by nines_dashboard_free(). */
typedef struct nines_dashboard nines_dashboard;
/* `options` may be NULL: all servers by name. */
NINES_API nines_code nines_ask_dashboard(nines_store* store, const nines_query* query,
                                         const nines_dashboard_options* options, nines_dashboard** dashboard,
                                         nines_error* error);
NINES_API size_t nines_dashboard_count(const nines_dashboard* dashboard);
/* The server of row `index`; NULL when there is no such row. Lives as long as `dashboard`. */
NINES_API const char* nines_dashboard_name(const nines_dashboard* dashboard, size_t index);
/* Without `state_since_ms` from before the window, which would cost a look back for each row. */
NINES_API nines_code nines_dashboard_figures(const nines_dashboard* dashboard, size_t index, nines_figures* figures,
                                             nines_error* error);
NINES_API size_t nines_dashboard_bar_count(const nines_dashboard* dashboard, size_t index);
NINES_API nines_code nines_dashboard_bar(const nines_dashboard* dashboard, size_t index, size_t bar, nines_bar* out,
                                         nines_error* error);
/* The bars of a row where they lie, for who draws thousands: nothing is copied, and they live as long as the dashboard.
 * Value `i` of a column lies `i * stride` bytes behind its first: *(const uint64_t*)NINES_STEP(bars.checks,
 * bars.stride, i). What is worked out for nines_bar is not here: its ratio, and that a mean without latencies does not
 * exist. */
typedef struct nines_bar_columns {
  uint32_t size;
  uint32_t count;
  size_t stride;
  const int64_t* from_ms; /* NULL, as all columns, when there are no bars */
  const int64_t* to_ms;
  const int64_t* time_ms; /* NINES_STATE_COUNT of them a bar, one behind the other */
  const uint64_t* checks;
  const uint64_t* failed_checks;
  const uint64_t* latency_count;
  const double* latency_mean_us; /* 0 without latencies, likewise below */
  const uint32_t* latency_max_us;
} nines_bar_columns;
#define NINES_STEP(column, stride, index) ((const void*)((const char*)(column) + (size_t)(index) * (stride)))
NINES_API nines_code nines_dashboard_bars(const nines_dashboard* dashboard, size_t index, nines_bar_columns* bars,
                                          nines_error* error);
NINES_API void nines_dashboard_free(nines_dashboard* dashboard);

#ifdef __cplusplus
}
#endif

#endif
