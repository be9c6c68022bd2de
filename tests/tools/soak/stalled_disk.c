// Preloaded into a program to make its disk stall: while the file $STALLED_DISK exists, whatever writes or syncs a file
// of the folder that it stands in does not return. The log that goes to a file elsewhere is not touched.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static void wait_for_disk(int fd) {
  const char* const switch_file = getenv("STALLED_DISK");
  if (switch_file == NULL || access(switch_file, F_OK) != 0) return;
  char link[64];
  char path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return;
  path[length] = '\0';
  const char* const slash = strrchr(switch_file, '/');
  if (slash == NULL || strncmp(path, switch_file, (size_t)(slash - switch_file) + 1) != 0) return;
  const struct timespec pause = {0, 10000000};
  while (access(switch_file, F_OK) == 0) nanosleep(&pause, NULL);
}

// The function of this name behind ours. Found anew each time: it is the same, and nothing here is shared by threads.
#define BEHIND(type, name) ((type)dlsym(RTLD_NEXT, name))

ssize_t write(int fd, const void* bytes, size_t count) {
  wait_for_disk(fd);
  return BEHIND(ssize_t (*)(int, const void*, size_t), "write")(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t offset) {
  wait_for_disk(fd);
  return BEHIND(ssize_t (*)(int, const void*, size_t, off64_t), "pwrite64")(fd, bytes, count, offset);
}

ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  wait_for_disk(fd);
  return BEHIND(ssize_t (*)(int, const void*, size_t, off_t), "pwrite")(fd, bytes, count, offset);
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  wait_for_disk(fd);
  return BEHIND(ssize_t (*)(int, const struct iovec*, int), "writev")(fd, parts, count);
}

int fsync(int fd) {
  wait_for_disk(fd);
  return BEHIND(int (*)(int), "fsync")(fd);
}

int fdatasync(int fd) {
  wait_for_disk(fd);
  return BEHIND(int (*)(int), "fdatasync")(fd);
}
