#include "kv/rocksdb/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "kv/rocksdb/marker.h"

namespace nines::engine {
namespace {

bool same_file(int file, const std::string& name) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(file, &opened) == 0 && ::stat(name.c_str(), &named) == 0 && opened.st_dev == named.st_dev &&
         opened.st_ino == named.st_ino;
}

}  // namespace

DirectoryLock::~DirectoryLock() {
  if (file_ < 0) return;
  // By word, since a forked child has the same open file and would keep the lock.
  ::flock(file_, LOCK_UN);
  ::close(file_);
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

Result<DirectoryLock> DirectoryLock::take(const std::string& path) {
  const std::string name = path + "/" + std::string(kMarkerName);
  for (;;) {
    const int file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return fail(ErrorCode::io, "cannot open " + name + ": " + std::strerror(errno));
    DirectoryLock lock(file);
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) {
        return fail(ErrorCode::locked, "another process, or this one, has the store at " + path +
                                           " open for writing; stop it, or open read-only");
      }
      if (errno == EINTR) continue;
      if (errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS) return DirectoryLock();  // RocksDB's is left
      return fail(ErrorCode::io, "cannot lock " + name + ": " + std::strerror(errno));
    }
    // Who creates a store at the same moment may have put another file in its place.
    if (same_file(file, name)) return lock;
  }
}

}  // namespace nines::engine
