#include "base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace nines::engine {
namespace {

bool same_file(int file, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(file, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_dev == named.st_dev &&
         opened.st_ino == named.st_ino;
}

}  // namespace

FileLock::~FileLock() {
  if (file_ < 0) return;
  // By word, since a forked child has the same open file and would keep the lock.
  ::flock(file_, LOCK_UN);
  ::close(file_);
}

FileLock::FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

Result<FileLock> FileLock::take(const std::string& path, const std::string& refusal) {
  for (;;) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return fail(ErrorCode::io, "cannot open " + path + ": " + std::strerror(errno));
    FileLock lock(file);
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return fail(ErrorCode::locked, refusal);
      if (errno == EINTR) continue;
      if (errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS) return FileLock();
      return fail(ErrorCode::io, "cannot lock " + path + ": " + std::strerror(errno));
    }
    // Meanwhile another may have been put in its place.
    if (same_file(file, path)) return lock;
  }
}

}  // namespace nines::engine
