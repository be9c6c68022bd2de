/* Versions, errors and the constants that all of <nines/nines.h> shares; that header has the rules. */
#ifndef NINES_C_BASE_H
#define NINES_C_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the shared library shows; the same list, name by name, is tools/src/c/nines.map. */
#if defined(__GNUC__)
#define NINES_API __attribute__((visibility("default")))
#else
#define NINES_API
#endif

#define NINES_VERSION_MAJOR 0
#define NINES_VERSION_MINOR 1
#define NINES_VERSION_PATCH 0
/* Compares as a number: 1.2.3 is 10203. */
#define NINES_VERSION (NINES_VERSION_MAJOR * 10000 + NINES_VERSION_MINOR * 100 + NINES_VERSION_PATCH)

/* NINES_VERSION of the library that is running, which may be newer than the header. */
NINES_API int32_t nines_version(void);
/* The same as text, "0.1.0". Lives for ever. */
NINES_API const char* nines_version_text(void);

/* A struct's first value: its size, and zero in all other fields. nines_query query = NINES_INIT(nines_query); */
#ifdef __cplusplus
#define NINES_INIT(type)                                    \
  [] {                                                      \
    type nines_value{};                                     \
    nines_value.size = static_cast<uint32_t>(sizeof(type)); \
    return nines_value;                                     \
  }()
#else
#define NINES_INIT(type) \
  { .size = (uint32_t)sizeof(type) }
#endif

/* What a call came to. Codes are never renumbered; a later version may add some. */
typedef int32_t nines_code;
enum {
  NINES_OK = 0,
  NINES_INVALID_ARGUMENT = 1, /* the caller's input is malformed; nothing was changed */
  NINES_OUT_OF_RANGE = 2,     /* a time before 1970 or too far ahead, a text over its limit; nothing was changed */
  NINES_NOT_FOUND = 3,        /* no such server, file or path */
  NINES_ALREADY_EXISTS = 4,   /* the name is taken by another server */
  NINES_NOT_A_STORE = 5,      /* the directory exists and does not hold a store */
  NINES_NEWER_FORMAT = 6,     /* written by a newer version; upgrade to read it */
  NINES_LOCKED = 7,           /* another process, or another handle, holds the store open for writing */
  NINES_READ_ONLY = 8,        /* a writing call on a store that was opened read-only */
  NINES_OUT_OF_SPACE = 9,     /* the disk is full or the reserve is reached; clears by itself when there is room */
  NINES_CORRUPTION = 10,      /* stored bytes are damaged; the message names the key */
  NINES_IO = 11,              /* the operating system refused a read or a write */
  NINES_UNAVAILABLE = 12,     /* not possible now, try again: reopening after a fault, a full queue, no memory */
  NINES_FATAL = 13,           /* this handle will never work again: free it and open anew */
  NINES_CLOSED = 14           /* the store was closed */
};
/* The name of a code in lower case, "out_of_space"; "unknown" for one that this library does not know. Lives for ever.
 */
NINES_API const char* nines_code_name(nines_code code);

/* Bytes of an error's message, its NUL included; longer messages are cut between two characters. */
#define NINES_MESSAGE_BYTES 504

/* Memory of the caller's for what went wrong. Written on failure only, and needs no initial value. */
typedef struct nines_error {
  nines_code code;
  uint32_t reserved;
  char message[NINES_MESSAGE_BYTES]; /* a sentence: what was wrong, where, and what to do */
} nines_error;

/* States, as in nines::State. A check result is one of the first four. */
enum {
  NINES_UNKNOWN = 0,
  NINES_UP = 1,
  NINES_DEGRADED = 2, /* answered, but slow or partly failing */
  NINES_DOWN = 3,
  NINES_MAINTENANCE = 4,
  NINES_PAUSED = 5
};
#define NINES_STATE_COUNT 6
/* "unknown", "up", "degraded", "down", "maintenance", "paused"; "" for any other number. Lives for ever. */
NINES_API const char* nines_state_name(uint32_t state);

/* Why a check did not find its server up, as in nines::ErrorClass. */
enum {
  NINES_CAUSE_NONE = 0,
  NINES_CAUSE_DNS = 1,
  NINES_CAUSE_CONNECT_REFUSED = 2,
  NINES_CAUSE_CONNECT_TIMEOUT = 3,
  NINES_CAUSE_TLS = 4,
  NINES_CAUSE_CERTIFICATE = 5,
  NINES_CAUSE_RESET = 6,
  NINES_CAUSE_TIMEOUT = 7,
  NINES_CAUSE_HTTP_STATUS = 8,
  NINES_CAUSE_CONDITION = 9,
  NINES_CAUSE_PROTOCOL = 10,
  NINES_CAUSE_TOO_LARGE = 11,
  NINES_CAUSE_UNREACHABLE = 12,
  NINES_CAUSE_REDIRECT = 13,
  NINES_CAUSE_BLOCKED = 14,
  NINES_CAUSE_SLOW = 15,
  NINES_CAUSE_SILENCE = 16,
  NINES_CAUSE_REPORTED = 17,
  NINES_CAUSE_OWN_NETWORK = 18,
  NINES_CAUSE_NOT_RUNNING = 19,
  NINES_CAUSE_DROPPED = 20,
  NINES_CAUSE_INTERNAL = 21,
  NINES_CAUSE_OTHER = 255
};
/* "dns", "connect_refused" and so on; "" for none and for any other number. Lives for ever. */
NINES_API const char* nines_cause_name(uint32_t cause);

/* How safe an append is when it returns. */
enum {
  NINES_BUFFERED = 0, /* in the store's memory: a crash of the process may lose it */
  NINES_PROCESS = 1,  /* handed to the operating system: survives kill -9, not a power cut */
  NINES_DISK = 2      /* synced to the device: survives a power cut; callers at one time share a sync */
};

/* A latency that is not there, in columns. */
#define NINES_NO_LATENCY UINT32_MAX

enum { NINES_LOG_DEBUG = 0, NINES_LOG_INFO = 1, NINES_LOG_WARNING = 2, NINES_LOG_ERROR = 3 };
/* Receives a message, from any of the library's threads. `message` lives for the call; it must not call the store. What
 * a callback of a C++ host throws is dropped, here and everywhere else that a callback has no result. */
typedef void (*nines_log_callback)(void* context, int32_t level, const char* message);

/* The moment now, by the system's clock. */
NINES_API int64_t nines_now_ms(void);
/* A window as people write it: "24h", "7d", "today", "last-month", "2026-07", "2026-W29", "A/B" with two moments, and
 * "-24h", which is "24h". Relative to `now_ms`, in the IANA zone `zone` (NULL: UTC). NINES_INVALID_ARGUMENT. */
NINES_API nines_code nines_parse_window(const char* text, int64_t now_ms, const char* timezone, int64_t* from_ms,
                                        int64_t* to_ms, nines_error* error);

#ifdef __cplusplus
}
#endif

#endif
