/* nines as a C library: everything that a host in C, or in a language that calls C, needs to store check results, to
 * ask about them and to probe. Link `nines::c` (CMake), `nines` (pkg-config) or -lnines.
 *
 * Errors. A function that can fail returns a nines_code, NINES_OK or what went wrong, and fills a nines_error of the
 * caller's when it was given one; NULL is allowed. After an error no out parameter holds anything to be freed. A lack
 * of memory is NINES_UNAVAILABLE. No exception leaves a function, and nothing prints, exits, or installs a handler.
 *
 * Structs begin with `size`, which the caller sets to sizeof of what it was compiled with: NINES_INIT(type) does, and
 * zeroes the rest. In structs that go in, zero is the usual value of every field, and a field that a later version
 * adds has its usual value for a caller that does not know it. A later library fills as much of a struct that goes out
 * as the caller knows; an earlier one zeroes what it does not know, and takes a struct that goes in when that is zero
 * there. Any other size is NINES_INVALID_ARGUMENT. Structs without `size` never change.
 *
 * Ownership. What goes in is copied before the call returns. A handle is freed by the one function that its comment
 * names, which takes NULL; nothing else is freed by the caller. Texts and arrays that come out belong to the handle
 * they came from, and live as long as it, unless it is said otherwise. Texts are UTF-8 and end with a NUL byte.
 *
 * Threads. A nines_store and a nines_prober may be used from any threads at once; the call that frees a handle must be
 * the last one on it. Answers do not change and may be read from any threads at once. A nines_cursor and a feed are for
 * one thread at a time. There is no global state: handles know nothing of each other. In a forked child every call on a
 * handle of the parent is refused with NINES_FATAL; leave such a child by _exit(), as exit() waits for threads it does
 * not have.
 *
 * Times are UTC milliseconds since 1970. Windows are half-open: `from_ms` belongs to them, `to_ms` does not. */
#ifndef NINES_NINES_H
#define NINES_NINES_H

#include <nines/c/base.h>
#include <nines/c/feed.h>
#include <nines/c/prober.h>
#include <nines/c/query.h>
#include <nines/c/results.h>
#include <nines/c/store.h>

#endif
