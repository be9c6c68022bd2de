#include "peers/prometheus_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <set>

#include "exchange/line_reader.h"
#include "show/output.h"

namespace nines::tools {
namespace {

enum Kind : int { kSuccess = 0, kDuration = 1, kStatusCode = 2 };

std::optional<Kind> kind_of(std::string_view name) {
  if (name == "probe_success") return kSuccess;
  if (name == "probe_duration_seconds") return kDuration;
  if (name == "probe_http_status_code") return kStatusCode;
  return std::nullopt;
}

// Seconds since 1970 stay below it until the year 5138, milliseconds are above it since 1973.
constexpr double kLeastMilliseconds = 1e11;

/// A sample's time in milliseconds from seconds with decimals or from milliseconds; -1 when it is neither.
std::int64_t to_milliseconds(double time) {
  if (!(time >= 0 && time < 1e16)) return -1;
  return std::llround(time < kLeastMilliseconds ? time * 1000 : time);
}

std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Sample {
  std::map<std::string, std::string> labels;  // with __name__
  double value = 0;
  std::int64_t time_ms = -1;
};

void skip_spaces(std::string_view text, std::size_t& at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
}

std::string_view word(std::string_view text, std::size_t& at, std::string_view ends) {
  const std::size_t begin = at;
  at = std::min(text.find_first_of(ends, at), text.size());
  return text.substr(begin, at - begin);
}

/// The labels between braces; false when they are not well formed. `at` stands behind the opening brace, then behind
/// the closing one.
bool read_labels(std::string_view text, std::size_t& at, std::map<std::string, std::string>& labels) {
  while (true) {
    skip_spaces(text, at);
    if (at < text.size() && text[at] == '}') {
      ++at;
      return true;
    }
    const std::string name(word(text, at, "=} \t"));
    skip_spaces(text, at);
    if (name.empty() || at >= text.size() || text[at++] != '=') return false;
    skip_spaces(text, at);
    if (at >= text.size() || text[at++] != '"') return false;
    std::string value;
    for (; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) {
        ++at;
        value += text[at] == 'n' ? '\n' : text[at];
      } else {
        value += text[at];
      }
    }
    if (at++ >= text.size()) return false;
    labels[name] = std::move(value);
    skip_spaces(text, at);
    if (at < text.size() && text[at] == ',') ++at;
  }
}

/// `name{labels} value time`, with the name among the labels in a dump.
std::optional<Sample> read_sample(std::string_view line) {
  Sample sample;
  std::size_t at = 0;
  skip_spaces(line, at);
  if (const std::string_view name = word(line, at, "{ \t"); !name.empty()) sample.labels["__name__"] = name;
  if (at < line.size() && line[at] == '{') {
    ++at;
    if (!read_labels(line, at, sample.labels)) return std::nullopt;
  }
  skip_spaces(line, at);
  const auto value = number_in(word(line, at, " \t\r"));
  skip_spaces(line, at);
  const std::string_view time_text = word(line, at, " \t\r#");
  if (!value) return std::nullopt;
  sample.value = *value;
  if (const auto time = number_in(time_text)) sample.time_ms = to_milliseconds(*time);
  return sample;
}

// A grid: every distance is a multiple of one step, and all series stand on the same points. True scrapes of several
// targets are spread over the interval, and of one target they do not fall on whole seconds.
class Grid {
 public:
  void add(std::int64_t series, std::int64_t time_ms) {
    ++samples_;
    if (origin_ < 0) origin_ = time_ms;
    const std::int64_t distance = std::abs(time_ms - origin_);
    step_ = std::gcd(step_, distance);
    phases_.insert(series);
  }
  [[nodiscard]] bool is_one() const {
    constexpr std::int64_t kLeastStepMs = 1000;
    constexpr std::uint64_t kLeastSamples = 4;
    return samples_ >= kLeastSamples && step_ >= kLeastStepMs && (phases_.size() > 1 || origin_ % 1000 == 0);
  }

 private:
  std::int64_t origin_ = -1;
  std::int64_t step_ = 0;
  std::uint64_t samples_ = 0;
  std::set<std::int64_t> phases_;
};

}  // namespace

Result<PrometheusHistory> PrometheusHistory::create(HistoryWriter& writer) {
  PrometheusHistory history(writer);
  auto waiting = SqliteFile::temporary();
  if (!waiting) return tl::unexpected(waiting.error());
  history.waiting_ = std::move(*waiting);
  auto made = history.waiting_.run(
      "CREATE TABLE sample (series INTEGER NOT NULL, time INTEGER NOT NULL, kind INTEGER NOT NULL, value REAL NOT "
      "NULL); "
      "BEGIN");
  if (!made) return tl::unexpected(made.error());
  auto insert = history.waiting_.ask("INSERT INTO sample VALUES (?1, ?2, ?3, ?4)");
  if (!insert) return tl::unexpected(insert.error());
  history.insert_ = std::move(*insert);
  return history;
}

std::optional<PrometheusHistory::Series> PrometheusHistory::series_of(Labels labels) {
  const auto name = labels.find("__name__");
  const auto kind = name != labels.end() ? kind_of(name->second) : std::nullopt;
  if (!kind) return std::nullopt;
  labels.erase(name);
  const auto [at, added] = ids_.emplace(std::move(labels), static_cast<std::int64_t>(ids_.size()));
  return Series{at->second, *kind};
}

Result<void> PrometheusHistory::take(const Series& series, std::int64_t time_ms, double value) {
  // A stale marker: the series ended there.
  if (std::isnan(value)) return {};
  if (time_ms < 0) {
    writer_->leave_out("samples without a time");
    return {};
  }
  insert_.bind(1, series.id);
  insert_.bind(2, time_ms);
  insert_.bind(3, static_cast<std::int64_t>(series.kind));
  insert_.bind(4, value);
  const auto done = insert_.next();
  if (!done) return tl::unexpected(done.error());
  return {};
}

Result<void> PrometheusHistory::read_text(std::istream& in) {
  LineReader lines(in);
  std::string_view line;
  while (writer_->row() && lines.next(line)) {
    const auto first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos || line[first] == '#') continue;
    auto sample = lines.too_long() ? std::nullopt : read_sample(line);
    if (!sample) {
      writer_->leave_out("lines that are no samples");
      continue;
    }
    const auto series = series_of(std::move(sample->labels));
    if (!series) {
      writer_->leave_out("samples of other series than probe_success, probe_duration_seconds, probe_http_status_code");
      continue;
    }
    if (auto taken = take(*series, sample->time_ms, sample->value); !taken) return taken;
  }
  return {};
}

Result<void> PrometheusHistory::read_answer(std::istream& in) {
  const Json answer = Json::parse(in, nullptr, false);
  const auto not_one = [] {
    return fail(ErrorCode::invalid_argument, "it is no answer of the query API with a vector or matrix of samples");
  };
  if (!answer.is_object() || !answer.contains("data") || !answer["data"].is_object()) return not_one();
  const Json& data = answer["data"];
  if (!data.contains("result") || !data["result"].is_array()) return not_one();
  Grid grid;
  std::int64_t number = 0;
  for (const Json& entry : data["result"]) {
    if (!entry.is_object() || !entry.contains("metric") || !entry["metric"].is_object()) return not_one();
    Labels labels;
    for (const auto& [name, value] : entry["metric"].items()) {
      if (value.is_string()) labels[name] = value.get<std::string>();
    }
    const auto series = series_of(std::move(labels));
    Json samples = entry.contains("values")  ? entry["values"]
                   : entry.contains("value") ? Json::array({entry["value"]})
                                             : Json::array();
    if (!samples.is_array()) return not_one();
    if (!series) {
      writer_->leave_out("samples of other series than probe_success, probe_duration_seconds, probe_http_status_code",
                         samples.size());
      continue;
    }
    for (const Json& sample : samples) {
      if (!sample.is_array() || sample.size() != 2 || !sample[0].is_number() || !sample[1].is_string())
        return not_one();
      const std::int64_t time_ms = to_milliseconds(sample[0].get<double>());
      const auto value = number_in(sample[1].get_ref<const std::string&>());
      if (!value) continue;  // NaN
      grid.add(number, time_ms);
      if (auto taken = take(*series, time_ms, *value); !taken) return taken;
    }
    ++number;
  }
  if (grid.is_one()) {
    return fail(ErrorCode::invalid_argument,
                "its samples lie on a grid, as a range query answers: that repeats the last value and hides what is "
                "between; ask for the raw ones with /api/v1/query?query=probe_success[30d]");
  }
  return {};
}

Result<void> PrometheusHistory::write_series(std::int64_t id) {
  auto rows =
      waiting_.ask(fmt::format("SELECT time, kind, value FROM sample WHERE series = {} ORDER BY time, kind", id));
  if (!rows) return tl::unexpected(rows.error());
  std::optional<CheckResult> result;
  const auto flush = [&]() -> Result<void> {
    if (!result) return {};
    // How long a failed probe took is the time to its failure; where something answered, it is the answer's.
    if (result->state != State::up && result->code == 0) result->latency_us.reset();
    auto taken = writer_->take(std::move(*result));
    result.reset();
    return taken;
  };
  while (true) {
    const auto more = rows->next();
    if (!more) return tl::unexpected(more.error());
    if (!*more || !writer_->row()) return flush();
    const TimeMs time = from_ms(rows->integer(0));
    const double value = rows->number(2);
    if (rows->integer(1) == kSuccess) {
      if (result && result->time == time) continue;  // the same sample out of two files
      if (auto flushed = flush(); !flushed) return flushed;
      result.emplace();
      result->time = time;
      result->state = value != 0 ? State::up : State::down;
      if (value == 0) result->error = ErrorClass::other;
    } else if (!result || result->time != time) {
      writer_->leave_out("durations and status codes without a probe_success of their time");
    } else if (rows->integer(1) == kDuration) {
      if (value >= 0 && value * 1e6 <= kMaxLatencyUs) {
        result->latency_us = static_cast<std::uint32_t>(std::llround(value * 1e6));
      }
    } else if (value > 0 && value <= 0xFFFF) {
      result->code = static_cast<std::uint16_t>(value);
      if (result->state == State::down) result->error = ErrorClass::condition;
      constexpr int kFirstError = 400;
      if (result->state == State::down && result->code >= kFirstError) result->error = ErrorClass::http_status;
    }
  }
}

Result<void> PrometheusHistory::finish() {
  if (auto indexed = waiting_.run("CREATE INDEX by_series ON sample (series, time, kind)"); !indexed) return indexed;
  for (const auto& [labels, id] : ids_) {
    // The usual distance of two of the first probes is how often it is probed.
    auto rows =
        waiting_.ask(fmt::format("SELECT time FROM sample WHERE series = {} AND kind = {} ORDER BY time LIMIT 1000", id,
                                 static_cast<int>(kSuccess)));
    if (!rows) return tl::unexpected(rows.error());
    std::vector<std::int64_t> distances;
    std::int64_t first = -1;
    std::int64_t before = -1;
    while (true) {
      const auto more = rows->next();
      if (!more) return tl::unexpected(more.error());
      if (!*more) break;
      if (first < 0) first = rows->integer(0);
      if (before >= 0 && rows->integer(0) > before) distances.push_back(rows->integer(0) - before);
      before = rows->integer(0);
    }
    if (first < 0) {
      writer_->leave_out("series of durations and status codes without a probe_success");
      continue;
    }
    PeerServer server;
    Server& entry = server.entry;
    entry.created_at = from_ms(first);
    std::string all;
    for (const auto& [name, value] : labels) {
      all += fmt::format("{}{}={}", all.empty() ? "" : ",", name, value);
      if (name != "instance" && name != "__name__") entry.tags[name] = value;
    }
    server.origin = "prometheus/" + all;
    const auto instance = labels.find("instance");
    entry.name = instance != labels.end() ? instance->second : all;
    entry.url = instance != labels.end() ? instance->second : "";
    if (const auto job = labels.find("job"); job != labels.end()) entry.group = job->second;
    if (!distances.empty()) {
      const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
      std::nth_element(distances.begin(), middle, distances.end());
      constexpr std::int64_t kSecondMs = 1000;
      constexpr std::int64_t kLongestMs = std::chrono::milliseconds{ServerLimits::kMaxRuleDuration}.count();
      const std::int64_t interval = std::max<std::int64_t>((*middle + kSecondMs / 2) / kSecondMs, 1) * kSecondMs;
      entry.rules.front().interval = std::chrono::milliseconds{std::min(interval, kLongestMs)};
    }
    auto begun = writer_->begin(std::move(server));
    if (!begun) return tl::unexpected(begun.error());
    if (!*begun) continue;
    if (auto written = write_series(id); !written) return written;
    if (auto ended = writer_->end(); !ended) return ended;
  }
  return {};
}

}  // namespace nines::tools
