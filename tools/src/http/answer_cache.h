// Answers of the last second, each worked out once however many clients ask for it at the same time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "http/message.h"

namespace nines::tools {

/// Thread-safe.
class AnswerCache {
 public:
  using Answer = std::shared_ptr<const WebResponse>;
  using Clock = std::chrono::steady_clock;

  /// Answers are at most `life` old; together they hold at most `most_bytes` of bodies.
  AnswerCache(std::chrono::milliseconds life, std::size_t most_bytes) : life_(life), most_bytes_(most_bytes) {}

  /// What was answered to `key` within the last `life`, else what `make` answers now. While one caller makes it,
  /// others who ask for the same wait for that. An exception of `make` goes to the caller that called it.
  [[nodiscard]] Answer get(const std::string& key, const std::function<WebResponse()>& make);
  /// What was answered before now is not answered again.
  void clear();

 private:
  struct Entry {
    Answer answer;  // none while it is being made
    Clock::time_point made;
    bool making = false;
  };

  /// What is known of `key`, after waiting for who makes it; null when it is for the caller to make.
  [[nodiscard]] Answer known_or_taken(const std::string& key);
  void tidy(Clock::time_point now) NINES_REQUIRES(mutex_);

  const std::chrono::milliseconds life_;
  const std::size_t most_bytes_;
  engine::Mutex mutex_;
  std::condition_variable made_;
  std::map<std::string, Entry> entries_ NINES_GUARDED_BY(mutex_);
  std::size_t bytes_ NINES_GUARDED_BY(mutex_) = 0;
  Clock::time_point tidied_ NINES_GUARDED_BY(mutex_);
  Clock::time_point cleared_ NINES_GUARDED_BY(mutex_);
};

}  // namespace nines::tools
