/* Opening, servers and care. <nines/nines.h> has the rules. */
#ifndef NINES_C_STORE_H
#define NINES_C_STORE_H

#include <nines/c/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An open store. Freed by nines_close(). */
typedef struct nines_store nines_store;

/* How a store is opened. A limit of 0 is the usual one; -1 is none. */
typedef struct nines_options {
  uint32_t size;
  uint8_t no_create;               /* 1: a directory that is missing is NINES_NOT_FOUND */
  uint8_t drop_damaged_log;        /* 1: of a log that is damaged in its middle, keep what precedes the damage */
  uint8_t trust_clock;             /* 1: retention takes the clock at its word, however far ahead it is */
  int64_t disk_reserve_bytes;      /* free bytes below which results are refused; usually 64 MiB */
  int64_t max_ahead_ms;            /* how far ahead of the clock a result may lie; usually a day */
  int64_t max_store_bytes;         /* the oldest days go above it; usually no limit */
  int32_t keep_checks_days;        /* days of results before the current one; usually for ever */
  int32_t keep_summaries_days;     /* likewise of day summaries */
  int64_t head_bytes;              /* memory for the newest day of all servers; usually 48 MiB */
  int64_t block_cache_bytes;       /* memory for blocks of older ones; usually 64 MiB */
  int32_t scan_threads;            /* threads of a dashboard, the caller's included; usually 1 */
  int32_t background_threads;      /* flushes and compactions; usually 1 */
  void* context;                   /* given to both callbacks; must live as long as the store */
  int64_t (*clock)(void* context); /* the moment now, in milliseconds; NULL is the system's. Any thread; must not call
                                      the store. One that throws has stopped. */
  nines_log_callback log;          /* NULL: nobody */
} nines_options;

/* Opens `path` for writing, and makes a store there when there is none. Blocks while the last log is read. `options`
 * may be NULL. NINES_LOCKED, NINES_NOT_A_STORE, NINES_NEWER_FORMAT, NINES_CORRUPTION, NINES_IO,
 * NINES_INVALID_ARGUMENT. */
NINES_API nines_code nines_open(const char* path, const nines_options* options, nines_store** store,
                                nines_error* error);
/* Opens `path` without its lock, beside a process that may be writing. Sees what was written by then, or by the last
 * nines_refresh(); writing calls return NINES_READ_ONLY. */
NINES_API nines_code nines_open_read_only(const char* path, const nines_options* options, nines_store** store,
                                          nines_error* error);
/* Sees what another process has written meanwhile. Does nothing for a store that was opened for writing. */
NINES_API nines_code nines_refresh(nines_store* store, nines_error* error);
/* Writes out what is in memory, joins the store's threads, and frees the handle, also when it returns an error. Cursors
 * and a prober of the store may live on: they get NINES_CLOSED. Answers do not need the store. In a forked child only
 * the child's copy of the handle is let go. */
NINES_API nines_code nines_close(nines_store* store, nines_error* error);

/* What is known of a server. Of one that goes in, `id` and `created_at_ms` are read where it is said so. */
typedef struct nines_server {
  uint32_t size;
  uint32_t id;
  const char* name;  /* unique, 1-200 bytes */
  const char* url;   /* NULL is "" */
  const char* group; /* NULL is "" */
  int64_t created_at_ms;
  int64_t interval_ms;        /* between checks; 0 is the usual minute */
  int64_t timeout_ms;         /* of a check; 0 is the usual ten seconds */
  uint16_t confirm_failures;  /* in a row, that confirm an outage; 0 is the usual 2 */
  uint16_t confirm_successes; /* in a row, that end it; 0 is the usual 1 */
  uint16_t quorum;            /* places that must be down; 0 is the majority */
  double objective;           /* of uptime, in (0, 1); 0 is none */
  int32_t keep_checks_days;   /* 0 is what the store keeps, -1 is for ever */
  int32_t keep_summaries_days;
  size_t tag_count;
  const char* const* tag_keys;   /* `tag_count` of them, in order when they come out */
  const char* const* tag_values; /* parallel to them */
} nines_server;

/* Adds a server; its number is in `*id`, which may be NULL. A `created_at_ms` of 0 is now. NINES_ALREADY_EXISTS,
 * NINES_INVALID_ARGUMENT. */
NINES_API nines_code nines_add_server(nines_store* store, const nines_server* server, uint32_t* id, nines_error* error);
/* Replaces what is known of the server `server->id`, except for `created_at_ms`, maintenance and history. Rules that
 * differ (interval, timeout, confirmation, quorum) hold from now on: answers about last month use last month's. */
NINES_API nines_code nines_update_server(nines_store* store, const nines_server* server, nines_error* error);
/* Removes a server and all of its history; its number is not given again. NINES_NOT_FOUND. */
NINES_API nines_code nines_remove_server(nines_store* store, uint32_t id, nines_error* error);
/* The number of the server of that name. NINES_NOT_FOUND. Costs a look at memory. */
NINES_API nines_code nines_find_server(nines_store* store, const char* name, uint32_t* id, nines_error* error);
/* Plans maintenance once, or says afterwards that it was. NINES_NOT_FOUND, NINES_INVALID_ARGUMENT. */
NINES_API nines_code nines_add_maintenance(nines_store* store, uint32_t id, int64_t from_ms, int64_t to_ms,
                                           const char* note, nines_error* error);

/* All servers at one moment, ascending by number. Freed by nines_servers_free(). */
typedef struct nines_servers nines_servers;
/* Touches memory only, no check result. */
NINES_API nines_code nines_list_servers(nines_store* store, nines_servers** servers, nines_error* error);
NINES_API size_t nines_servers_count(const nines_servers* servers);
/* Server `index`; its texts live as long as `servers`. NINES_OUT_OF_RANGE. */
NINES_API nines_code nines_servers_get(const nines_servers* servers, size_t index, nines_server* server,
                                       nines_error* error);
NINES_API void nines_servers_free(nines_servers* servers);

/* Makes everything that was appended so far durable at NINES_DISK. */
NINES_API nines_code nines_flush(nines_store* store, nines_error* error);
/* Drops the days that retention does not keep. */
NINES_API nines_code nines_apply_retention(nines_store* store, nines_error* error);
/* A checked copy in the new directory `path`, while others write. A store that was opened read-only may, too. */
NINES_API nines_code nines_backup(nines_store* store, const char* path, nines_error* error);

/* How a copy is made. */
typedef struct nines_backup_options {
  uint32_t size;
  const char* previous; /* an earlier backup of the store on the same file system, whose tables are shared by hard
                           links; NULL: every file is the backup's own */
  void* context;
  int32_t (*progress)(void* context, uint64_t bytes, uint64_t total_bytes); /* after each piece of about a MiB, on the
                           calling thread; 0 ends the backup with NINES_UNAVAILABLE; NULL: nobody is told */
} nines_backup_options;
/* nines_backup() with `options`. One that was ended goes on where it was when it is called again. */
NINES_API nines_code nines_backup_with(nines_store* store, const char* path, const nines_backup_options* options,
                                       nines_error* error);

/* Sizes of a store, and how it is. */
typedef struct nines_stats {
  uint32_t size;
  uint8_t writable; /* 0: results are refused now; the next attempt tries again */
  uint64_t servers;
  uint64_t disk_bytes;        /* all files, logs included */
  uint64_t head_bytes;        /* memory: of the newest day, */
  uint64_t block_cache_bytes; /* of blocks, */
  uint64_t memtable_bytes;    /* of what is not in a table yet */
  uint64_t appended;          /* results since it was opened */
  uint64_t range_scans;       /* ranges read since then */
  uint64_t bytes_read;        /* stored bytes that reads looked at since then */
  uint64_t changes;           /* grows with each change; as long as it is the same, so are all answers */
} nines_stats;
NINES_API nines_code nines_get_stats(nines_store* store, nines_stats* stats, nines_error* error);

#ifdef __cplusplus
}
#endif

#endif
