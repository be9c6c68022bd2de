#include "support/disk_pulse.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace nines::test {
namespace {

using std::chrono::milliseconds;

/// A sync that takes no longer is none that anybody waits for.
constexpr milliseconds kMoment{100};
constexpr milliseconds kPause{50};

DiskPulse::Clock::duration beyond_a_moment(DiskPulse::Clock::duration taken) {
  return std::max<DiskPulse::Clock::duration>(taken - kMoment, {});
}

}  // namespace

DiskPulse::DiskPulse(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file >= 0) thread_ = std::thread([this, file] { beat(file); });
}

DiskPulse::~DiskPulse() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  thread_.join();
}

DiskPulse::Clock::duration DiskPulse::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_ + (syncing_ ? beyond_a_moment(Clock::now() - *syncing_) : Clock::duration{});
}

void DiskPulse::beat(int file) {
  for (char value = 'a';; value = value == 'a' ? 'b' : 'a') {
    {
      const std::lock_guard lock(mutex_);
      if (stop_) break;
      syncing_ = Clock::now();
    }
    // A full disk takes no more; what was there is synced all the same.
    static_cast<void>(::pwrite(file, &value, 1, 0) == 1);
    ::fdatasync(file);
    {
      const std::lock_guard lock(mutex_);
      lost_ += beyond_a_moment(Clock::now() - *syncing_);
      syncing_.reset();
    }
    std::this_thread::sleep_for(kPause);
  }
  ::close(file);
}

}  // namespace nines::test
