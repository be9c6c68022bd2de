// Preloaded into a program to give it a machine that fails, in what machine.py writes into the shared page
// $FAULTY_MACHINE: a disk whose calls fail, take their time or do not return; a wall clock that is wrong; a system that
// gives no threads and no connections.
//
// Only files of the folder $FAULTY_FOLDER are on the faulty disk. What happens to them is noted in $FAULTY_NOTES, one
// line for each change, so that what a power cut would have left can be made afterwards: files only grow here, so the
// length that was synced says which bytes were. A file that is unlinked or replaced keeps a link in $FAULTY_GRAVES, for
// its removal may not have reached the disk.
//
//   W inode length                a write has left the file so long
//   S inode length                a sync of at least so many bytes has returned
//   T inode                       the file was cut to nothing, or written to in its middle
//   C folder name inode           a file was made         M folder name inode    a folder was made
//   L folder name inode           a link was made         D folder               the folder was synced
//   R folder name folder name     a renaming              U folder name          a name was taken away
//
// Folders are inode numbers. Notes are made after the call, a line in one write; those of two threads may change
// places where their calls do not depend on each other.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// The page, all of whose fields another process writes. machine.py has the same list.
struct page {
  int64_t fault;        // errno of what fails on the disk, 0 for none
  int64_t fault_share;  // of how many calls, in thousandths
  int64_t fault_kinds;  // which calls: a sum of the following
  int64_t write_ms;     // what each write and sync takes longer
  int64_t stalled;      // nothing is written or synced while this is not 0
  int64_t clock_ms;     // by which the wall clock is ahead
  int64_t no_threads;   // in thousandths
  int64_t no_network;   // connecting fails while this is not 0
  int64_t seed;
};
enum { WRITES = 1, SYNCS = 2, MAKING = 4, NAMES = 8, READING = 16 };

static volatile struct page* page;
static char folder[PATH_MAX];
static size_t folder_length;
static const char* graves;
static int notes = -1;
static uint64_t drawn;

// The function of this name behind ours. Found anew each time: it is the same, and nothing here is shared by threads.
#define BEHIND(type, name) ((type)dlsym(RTLD_NEXT, name))

__attribute__((constructor)) static void begin(void) {
  const char* const page_file = getenv("FAULTY_MACHINE");
  const char* const watched = getenv("FAULTY_FOLDER");
  const char* const notes_file = getenv("FAULTY_NOTES");
  graves = getenv("FAULTY_GRAVES");
  if (page_file == NULL || watched == NULL || notes_file == NULL || graves == NULL) return;
  folder_length = (size_t)snprintf(folder, sizeof folder, "%s/", watched);
  typedef int (*opening)(const char*, int, ...);
  const int file = BEHIND(opening, "open")(page_file, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void* const mapped = mmap(NULL, sizeof(struct page), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  // Out of the way of a program that is left without descriptors.
  const int low = BEHIND(opening, "open")(notes_file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  notes = fcntl(low, F_DUPFD_CLOEXEC, 900);
  close(low);
  if (mapped != MAP_FAILED && notes >= 0) page = mapped;
}

static int watches_path(const char* path) {
  return page != NULL && path != NULL && strncmp(path, folder, folder_length - 1) == 0 &&
         (path[folder_length - 1] == '/' || path[folder_length - 1] == '\0');
}

static int watches(int fd) {
  if (page == NULL || fd == notes) return 0;
  char link[64];
  char path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = '\0';
  return watches_path(path);
}

// Whether this happens now, by chance; the sequence of chances follows from the seed.
static int happens(int64_t thousandths) {
  if (thousandths <= 0) return 0;
  uint64_t z = (uint64_t)page->seed + 0x9e3779b97f4a7c15U * __atomic_add_fetch(&drawn, 1, __ATOMIC_RELAXED);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return (int64_t)((z ^ (z >> 31U)) % 1000U) < thousandths;
}

static int fails(int kind) {
  if (page->fault == 0 || (page->fault_kinds & kind) == 0 || !happens(page->fault_share)) return 0;
  errno = (int)page->fault;
  return 1;
}

static void take_time(void) {
  const int64_t ms = page->write_ms;
  const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
  if (ms > 0) nanosleep(&pause, NULL);
  const struct timespec moment = {0, 10000000};
  while (page->stalled != 0) nanosleep(&moment, NULL);
}

static void note(const char* format, ...) {
  char line[2 * NAME_MAX + 128];
  const int before = errno;
  va_list values;
  va_start(values, format);
  const int length = vsnprintf(line, sizeof line, format, values);
  va_end(values);
  if (length > 0) (void)!BEHIND(ssize_t (*)(int, const void*, size_t), "write")(notes, line, (size_t)length);
  errno = before;
}

static unsigned long inode(const char* path) {
  struct stat found;
  return lstat(path, &found) == 0 ? (unsigned long)found.st_ino : 0;
}

// Splits a path into its folder's inode and its name.
struct place {
  unsigned long folder;
  const char* name;
};
static struct place place_of(const char* path) {
  char parent[PATH_MAX];
  snprintf(parent, sizeof parent, "%s", path);
  char* const slash = strrchr(parent, '/');
  if (slash != NULL) *slash = '\0';
  const char* const name = strrchr(path, '/');
  return (struct place){inode(parent), name != NULL ? name + 1 : path};
}

// Keeps what has the name `path`, which is about to go.
static void bury(const char* path) {
  struct stat found;
  const int before = errno;
  if (lstat(path, &found) == 0 && S_ISREG(found.st_mode)) {
    char grave[PATH_MAX];
    snprintf(grave, sizeof grave, "%s/%lu", graves, (unsigned long)found.st_ino);
    (void)BEHIND(int (*)(const char*, const char*), "link")(path, grave);
  }
  errno = before;
}

static int open_watched(const char* path, int flags, mode_t mode) {
  typedef int (*opening)(const char*, int, ...);
  if (!watches_path(path) || (flags & O_DIRECTORY) != 0) return BEHIND(opening, "open")(path, flags, mode);
  const int writes = (flags & O_ACCMODE) != O_RDONLY;
  if (fails(writes ? MAKING : READING)) return -1;
  const unsigned long former = inode(path);
  const int fd = BEHIND(opening, "open")(path, flags, mode);
  if (fd < 0 || !writes) return fd;
  struct stat found;
  if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) return fd;
  if (former == 0) {
    const struct place place = place_of(path);
    note("C %lu %s %lu\n", place.folder, place.name, (unsigned long)found.st_ino);
  } else if ((flags & O_TRUNC) != 0) {
    note("T %lu\n", former);
  }
  return fd;
}

int open(const char* path, int flags, ...) {
  va_list values;
  va_start(values, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(values, mode_t) : 0;
  va_end(values);
  return open_watched(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list values;
  va_start(values, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(values, mode_t) : 0;
  va_end(values);
  return open_watched(path, flags, mode);
}

static FILE* fopen_watched(const char* path, const char* mode, const char* name) {
  typedef FILE* (*opening)(const char*, const char*);
  const int writes = strpbrk(mode, "wa+") != NULL;
  if (!watches_path(path)) return BEHIND(opening, name)(path, mode);
  if (fails(writes ? MAKING : READING)) return NULL;
  const unsigned long former = inode(path);
  FILE* const file = BEHIND(opening, name)(path, mode);
  if (file != NULL && writes && former == 0) {
    const struct place place = place_of(path);
    note("C %lu %s %lu\n", place.folder, place.name, inode(path));
  }
  return file;
}

FILE* fopen(const char* path, const char* mode) {
  return fopen_watched(path, mode, "fopen");
}
FILE* fopen64(const char* path, const char* mode) {
  return fopen_watched(path, mode, "fopen64");
}

static void note_write(int fd) {
  struct stat found;
  if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode)) {
    note("W %lu %lld\n", (unsigned long)found.st_ino, (long long)found.st_size);
  }
}

ssize_t write(int fd, const void* bytes, size_t count) {
  typedef ssize_t (*writing)(int, const void*, size_t);
  if (!watches(fd)) return BEHIND(writing, "write")(fd, bytes, count);
  take_time();
  if (fails(WRITES)) {
    // Half of it, as a disk does that fills up in the middle; what follows then fails.
    if (count < 2 || !happens(300)) return -1;
    count /= 2;
  }
  const ssize_t written = BEHIND(writing, "write")(fd, bytes, count);
  if (written > 0) note_write(fd);
  return written;
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  typedef ssize_t (*writing)(int, const struct iovec*, int);
  if (!watches(fd)) return BEHIND(writing, "writev")(fd, parts, count);
  take_time();
  if (fails(WRITES)) return -1;
  const ssize_t written = BEHIND(writing, "writev")(fd, parts, count);
  if (written > 0) note_write(fd);
  return written;
}

static ssize_t pwrite_watched(int fd, const void* bytes, size_t count, off64_t offset) {
  typedef ssize_t (*writing)(int, const void*, size_t, off64_t);
  if (!watches(fd)) return BEHIND(writing, "pwrite64")(fd, bytes, count, offset);
  take_time();
  if (fails(WRITES)) return -1;
  struct stat former;
  if (fstat(fd, &former) == 0 && offset < former.st_size) note("T %lu\n", (unsigned long)former.st_ino);
  const ssize_t written = BEHIND(writing, "pwrite64")(fd, bytes, count, offset);
  if (written > 0) note_write(fd);
  return written;
}
ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  return pwrite_watched(fd, bytes, count, offset);
}
ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t offset) {
  return pwrite_watched(fd, bytes, count, offset);
}

static int sync_watched(int fd, const char* name) {
  typedef int (*syncing)(int);
  if (!watches(fd)) return BEHIND(syncing, name)(fd);
  take_time();
  if (fails(SYNCS)) return -1;
  struct stat found;
  const int known = fstat(fd, &found) == 0;
  const int outcome = BEHIND(syncing, name)(fd);
  if (outcome != 0 || !known) return outcome;
  if (S_ISDIR(found.st_mode)) note("D %lu\n", (unsigned long)found.st_ino);
  if (S_ISREG(found.st_mode)) note("S %lu %lld\n", (unsigned long)found.st_ino, (long long)found.st_size);
  return outcome;
}
int fsync(int fd) {
  return sync_watched(fd, "fsync");
}
int fdatasync(int fd) {
  return sync_watched(fd, "fdatasync");
}

int rename(const char* from, const char* to) {
  typedef int (*renaming)(const char*, const char*);
  if (!watches_path(from) && !watches_path(to)) return BEHIND(renaming, "rename")(from, to);
  if (fails(NAMES)) return -1;
  bury(to);
  const struct place former = place_of(from);
  const struct place place = place_of(to);
  const int outcome = BEHIND(renaming, "rename")(from, to);
  if (outcome == 0) note("R %lu %s %lu %s\n", former.folder, former.name, place.folder, place.name);
  return outcome;
}

int link(const char* from, const char* to) {
  typedef int (*linking)(const char*, const char*);
  if (!watches_path(to)) return BEHIND(linking, "link")(from, to);
  if (fails(NAMES)) return -1;
  const int outcome = BEHIND(linking, "link")(from, to);
  const struct place place = place_of(to);
  if (outcome == 0) note("L %lu %s %lu\n", place.folder, place.name, inode(to));
  return outcome;
}

static int remove_watched(const char* path, const char* function) {
  typedef int (*removing)(const char*);
  if (!watches_path(path)) return BEHIND(removing, function)(path);
  if (fails(NAMES)) return -1;
  bury(path);
  const struct place place = place_of(path);
  const int outcome = BEHIND(removing, function)(path);
  if (outcome == 0) note("U %lu %s\n", place.folder, place.name);
  return outcome;
}
int unlink(const char* path) {
  return remove_watched(path, "unlink");
}
int rmdir(const char* path) {
  return remove_watched(path, "rmdir");
}
int remove(const char* path) {
  return remove_watched(path, "remove");
}

int mkdir(const char* path, mode_t mode) {
  typedef int (*making)(const char*, mode_t);
  if (!watches_path(path)) return BEHIND(making, "mkdir")(path, mode);
  if (fails(NAMES)) return -1;
  const int outcome = BEHIND(making, "mkdir")(path, mode);
  const struct place place = place_of(path);
  if (outcome == 0) note("M %lu %s %lu\n", place.folder, place.name, inode(path));
  return outcome;
}

int unlinkat(int fd, const char* path, int flags) {
  typedef int (*removing)(int, const char*, int);
  char full[PATH_MAX];
  snprintf(full, sizeof full, "%s", path);
  if (page != NULL && path[0] != '/' && fd != AT_FDCWD) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t length = readlink(link, full, sizeof full - NAME_MAX - 2);
    if (length > 0) snprintf(full + length, sizeof full - (size_t)length, "/%s", path);
  }
  if (!watches_path(full)) return BEHIND(removing, "unlinkat")(fd, path, flags);
  if (fails(NAMES)) return -1;
  bury(full);
  const struct place place = place_of(full);
  const int outcome = BEHIND(removing, "unlinkat")(fd, path, flags);
  if (outcome == 0) note("U %lu %s\n", place.folder, place.name);
  return outcome;
}

int clock_gettime(clockid_t clock, struct timespec* time) {
  typedef int (*telling)(clockid_t, struct timespec*);
  static telling behind;
  if (behind == NULL) behind = BEHIND(telling, "clock_gettime");
  const int outcome = behind(clock, time);
  if (outcome != 0 || page == NULL || clock != CLOCK_REALTIME) return outcome;
  const int64_t ahead = page->clock_ms;
  time->tv_sec += ahead / 1000;
  return outcome;
}

int gettimeofday(struct timeval* restrict time, void* restrict zone) {
  typedef int (*telling)(struct timeval*, void*);
  const int outcome = BEHIND(telling, "gettimeofday")(time, zone);
  if (outcome == 0 && page != NULL) time->tv_sec += page->clock_ms / 1000;
  return outcome;
}

time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*), void* argument) {
  typedef int (*creating)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  if (page != NULL && happens(page->no_threads)) return EAGAIN;
  return BEHIND(creating, "pthread_create")(thread, attributes, body, argument);
}

int connect(int fd, const struct sockaddr* address, socklen_t length) {
  typedef int (*connecting)(int, const struct sockaddr*, socklen_t);
  if (page != NULL && page->no_network != 0 && (address->sa_family == AF_INET || address->sa_family == AF_INET6)) {
    errno = ENETUNREACH;
    return -1;
  }
  return BEHIND(connecting, "connect")(fd, address, length);
}
