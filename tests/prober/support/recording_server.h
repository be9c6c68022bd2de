// A server for tests that remembers the requests.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "prober/support/loopback_server.h"

namespace nines::prober_test {

/// Keeps what it was asked, and answers each request with the next of its answers, the last one for ever.
class RecordingServer {
 public:
  explicit RecordingServer(std::vector<std::string> answers) : answers_(std::move(answers)) {}

  [[nodiscard]] std::string request(std::size_t i) {
    const std::lock_guard lock(mutex_);
    return i < requests_.size() ? requests_[i] : "";
  }
  LoopbackServer& server() { return server_; }

 private:
  void serve(Connection& c) {
    auto text = c.read_request();
    if (const auto at = text.find("Content-Length: "); at != std::string::npos) {
      const auto wanted = std::stoul(text.substr(at + 16));
      const auto have = text.size() - text.find("\r\n\r\n") - 4;
      if (have < wanted) text += c.read_bytes(wanted - have);
    }
    std::string answer;
    {
      const std::lock_guard lock(mutex_);
      answer = answers_[std::min(requests_.size(), answers_.size() - 1)];
      requests_.push_back(text);
    }
    c.send(answer);
  }

  std::mutex mutex_;
  const std::vector<std::string> answers_;
  std::vector<std::string> requests_;  // guarded by mutex_
  LoopbackServer server_{[this](Connection& c) { serve(c); }};
};

}  // namespace nines::prober_test
