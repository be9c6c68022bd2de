// Short histories for hand-computed cases: a server, its checks a minute apart, and questions about them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nines/bars.h>
#include <nines/calendar.h>
#include <nines/timeline.h>
#include <nines/uptime.h>

#include "support/model_store.h"

namespace nines::test {

inline constexpr std::int64_t kSecond = 1000;
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kHour = 60 * kMinute;

/// A moment in RFC 3339.
inline TimeMs at(std::string_view text) {
  return *parse_time(text, {});
}

/// Options of a store whose clock stands at a time after all that tests write.
inline Options options_at_2030() {
  Options options;
  options.clock = [] { return at("2030-01-01"); };
  return options;
}

/// A store with one server, "site": checked every 60 s, timeout 10 s, so that a result holds 160 s.
class History : public ::testing::Test {
 protected:
  History() {
    server_.name = "site";
    server_.created_at = at("2026-01-01");
    server_.id = store_.add(server_);
  }

  /// Changes the server by `edit`.
  template <class Edit>
  void change(Edit&& edit) {
    edit(server_);
    EXPECT_TRUE(store_.update_server(server_).has_value());
  }

  /// Checks a minute apart from `start` on, one for each letter: u(p), g (degraded), d(own), n (unknown), and '.' for
  /// a minute without a check.
  void checks(TimeMs start, std::string_view letters, LocationId location = LocationId{0}) {
    for (std::size_t i = 0; i < letters.size(); ++i) {
      if (letters[i] == '.') continue;
      check(start + std::chrono::minutes{i}, letters[i], location);
    }
  }

  void check(TimeMs time, char letter, LocationId location = LocationId{0}) {
    CheckResult result;
    result.server = server_.id;
    result.location = location;
    result.time = time;
    result.interval_ms = 60'000;
    switch (letter) {
      case 'u':
        result.state = State::up;
        result.code = 200;
        result.latency_us = 80'000;
        break;
      case 'g':
        result.state = State::degraded;
        result.error = ErrorClass::slow;
        result.latency_us = 900'000;
        break;
      case 'd':
        result.state = State::down;
        result.error = ErrorClass::http_status;
        result.code = 503;
        result.detail = "at " + format_time(time);
        break;
      default:
        result.state = State::unknown;
        result.error = ErrorClass::internal;
        break;
    }
    put(result);
  }

  void put(const CheckResult& result) { EXPECT_TRUE(store_.append(result, Durability::process).has_value()); }

  [[nodiscard]] Query query(TimeMs from, TimeMs to) const { return {{from, to}, now_, policy_, Summaries::when_long}; }

  [[nodiscard]] Figures figures(TimeMs from, TimeMs to) const {
    auto answer = uptime(store_, server_.id, query(from, to));
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return answer->figures;
  }

  /// The timeline as text: a letter and its length in seconds each, e.g. "u120 d60 ?30".
  [[nodiscard]] std::string line(TimeMs from, TimeMs to) const {
    const auto answer = timeline(store_, server_.id, query(from, to));
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    std::string text;
    for (const Span& span : answer->spans) {
      if (!text.empty()) text += ' ';
      text += "?ugdmp"[static_cast<std::size_t>(span.state)];
      text += std::to_string(span.length_ms() / kSecond);
    }
    return text;
  }

  Server server_;
  ModelStore store_{options_at_2030()};
  TimeMs now_ = at("2026-07-20");
  Policy policy_;
};

}  // namespace nines::test
