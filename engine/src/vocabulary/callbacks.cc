#include "vocabulary/callbacks.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <utility>

namespace nines::engine {
namespace {

TimeMs system_time() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

class ContainedClock {
 public:
  using Log = std::function<void(LogLevel, std::string_view)>;
  ContainedClock(std::function<TimeMs()> clock, Log log) : clock_(std::move(clock)), log_(std::move(log)) {}

  TimeMs now() noexcept {
    try {
      const TimeMs time = std::clamp(clock_(), from_ms(0), kTimeLimit);
      last_ = to_ms(time);
      return time;
    } catch (...) {
      if (!told_.exchange(true) && log_) {
        log_(LogLevel::error,
             "Options::clock has thrown, which it must not; its last time stands for those it does not give");
      }
      return from_ms(last_);
    }
  }

 private:
  const std::function<TimeMs()> clock_;
  const Log log_;  // does not throw
  std::atomic<std::int64_t> last_{0};
  std::atomic<bool> told_{false};
};

}  // namespace

Options with_callbacks_contained(Options options) {
  if (options.log) {
    options.log = [log = std::move(options.log)](LogLevel level, std::string_view message) noexcept {
      try {
        log(level, message);
      } catch (...) {  // see the header
      }
    };
  }
  if (!options.clock) options.clock = system_time;
  options.clock = [clock = std::make_shared<ContainedClock>(std::move(options.clock), options.log)] {
    return clock->now();
  };
  return options;
}

}  // namespace nines::engine
