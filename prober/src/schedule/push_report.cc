// A job's report as it comes in a request. What is not understood is refused by name.
#include <nines/push.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "base/text.h"

namespace nines {
namespace {

using Kind = PushReport::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 9> kStates{{{"start", Kind::start},
                                                                    {"success", Kind::success},
                                                                    {"up", Kind::success},
                                                                    {"ok", Kind::success},
                                                                    {"fail", Kind::failure},
                                                                    {"failure", Kind::failure},
                                                                    {"failed", Kind::failure},
                                                                    {"down", Kind::failure},
                                                                    {"log", Kind::log}}};
constexpr int kMostExitCode = 65'535;

enum class Parameter { state, success, exit_code, duration, ping, message };
constexpr std::array<std::pair<std::string_view, Parameter>, 10> kParameters{{{"state", Parameter::state},
                                                                              {"status", Parameter::state},
                                                                              {"success", Parameter::success},
                                                                              {"exit-code", Parameter::exit_code},
                                                                              {"exit_code", Parameter::exit_code},
                                                                              {"duration", Parameter::duration},
                                                                              {"ping", Parameter::ping},
                                                                              {"msg", Parameter::message},
                                                                              {"error", Parameter::message},
                                                                              {"message", Parameter::message}}};

template <class Table>
auto find(const Table& table, std::string_view name) {
  return std::find_if(table.begin(), table.end(), [&](const auto& item) { return item.first == name; });
}

tl::unexpected<Error> bad(std::string_view name, const std::string& what) {
  return fail(ErrorCode::invalid_argument, prober::shorten(prober::one_line(name), 40) + ": " + what);
}

std::optional<int> exit_code_of(std::string_view text) noexcept {
  int code = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
  if (error != std::errc{} || end != text.data() + text.size() || code < 0 || code > kMostExitCode) return std::nullopt;
  return code;
}

/// Numbers with a unit each, one behind the other, as Go writes durations: "1m30s", "250ms", "1.5h"; or "0". Up to 31
/// days.
std::optional<std::chrono::milliseconds> span_of(std::string_view text) noexcept {
  constexpr std::pair<std::string_view, double> kUnits[] = {{"ns", 1e-6},      {"us", 1e-3},    {"\u00b5s", 1e-3},
                                                            {"\u03bcs", 1e-3}, {"ms", 1},       {"s", 1'000},
                                                            {"m", 60'000},     {"h", 3'600'000}};
  if (text == "0") return std::chrono::milliseconds{0};
  double total_ms = 0;
  do {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc{} || !std::isfinite(value) || value < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto* const unit = std::find_if(std::begin(kUnits), std::end(kUnits), [text](const auto& each) {
      // "m" is not the unit of "ms".
      const std::string_view rest = text.substr(std::min(each.first.size(), text.size()));
      return text.starts_with(each.first) && (rest.empty() || (rest[0] >= '0' && rest[0] <= '9') || rest[0] == '.');
    });
    if (unit == std::end(kUnits)) return std::nullopt;
    text.remove_prefix(unit->first.size());
    total_ms += value * unit->second;
  } while (!text.empty());
  constexpr double kMostMs = 31.0 * static_cast<double>(kDayMs);
  if (total_ms > kMostMs) return std::nullopt;
  return std::chrono::milliseconds{static_cast<std::int64_t>(std::llround(total_ms))};
}

/// A number of milliseconds, without a unit or with it.
std::optional<std::chrono::milliseconds> ping_of(std::string_view text) {
  if (text.ends_with("ms")) text.remove_suffix(2);
  if (text.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
  return span_of(std::string(text) + "ms");
}

constexpr std::string_view kVerdicts[] = {"state", "status", "success", "exit-code", "exit_code", "rc"};

/// What of `body` looks like a verdict that its sender put in the wrong place: a form, its fields, or a JSON object. A
/// report that is not understood must not become a success.
std::string_view verdict_in(std::string_view body) {
  const auto begins = [](std::string_view text, std::string_view name, std::string_view mark) {
    return text.starts_with(name) && text.substr(name.size()).starts_with(mark);
  };
  if (body.starts_with('{')) {
    const auto object = nlohmann::json::parse(body, nullptr, false);
    for (const std::string_view name : kVerdicts) {
      if (object.is_object() && object.contains(std::string(name))) return name;
    }
    return {};
  }
  constexpr std::string_view kField = "form-data; name=\"";
  for (std::size_t at = body.find(kField); at != std::string_view::npos; at = body.find(kField, at + 1)) {
    for (const std::string_view name : kVerdicts) {
      if (begins(body.substr(at + kField.size()), name, "\"")) return name;
    }
  }
  for (const std::string_view part : prober::split(body.substr(0, body.find_first_of("\r\n")), '&')) {
    for (const std::string_view name : kVerdicts) {
      if (begins(part, name, "=")) return name;
    }
  }
  return {};
}

class Reader {
 public:
  Result<void> take_word(std::string_view word) {
    if (word.empty()) return {};
    if (const auto code = exit_code_of(word)) return set_exit_code(word, *code);
    return set_state("path", word);
  }
  Result<void> take(const std::string& name, const std::string& value) {
    const auto* const found = find(kParameters, name);
    if (found == kParameters.end()) {
      return bad(name, "there is no such parameter; a report has state, exit-code, duration, ping and msg");
    }
    switch (found->second) {
      case Parameter::state:
        return set_state(name, value);
      case Parameter::success:
        if (value != "true" && value != "false") return bad(name, "must be true or false");
        return set_state(name, value == "true" ? "success" : "fail");
      case Parameter::exit_code: {
        const auto code = exit_code_of(value);
        if (!code) return bad(name, "must be a whole number from 0 to 65535");
        return set_exit_code(name, *code);
      }
      case Parameter::duration:
        return set_duration(name, span_of(value), "must be like 250ms, 1.5s, 2m or 1h30m");
      case Parameter::ping:
        // Those who have nothing to say send it empty.
        if (value.empty()) return {};
        return set_duration(name, ping_of(value), "must be a number of milliseconds");
      case Parameter::message:
        // Those who have nothing to say send it empty.
        if (!value.empty()) report_.log_line = value;
        return {};
    }
    return {};
  }
  Result<PushReport> finish(std::string_view body) {
    // A body is a log, whatever it says; one that is nothing but a parameter was meant to be heard.
    const std::string_view name = body.substr(0, body.find('='));
    const bool is_parameter = name.size() < body.size() && find(kParameters, name) != kParameters.end() &&
                              body.find_first_of(" \r\n") >= body.find_last_not_of("\r\n") + 1;
    if (is_parameter) return bad(name, "belongs into the query: a body is a log");
    const bool is_said = state_ || report_.exit_code;
    if (const std::string_view meant = is_said ? "" : verdict_in(body); !meant.empty()) {
      return bad(meant, "belongs into the query: a body is a log, and nothing else says how it went");
    }
    if (!body.empty()) report_.log_line = body;
    const bool ends = report_.kind == Kind::success || report_.kind == Kind::failure;
    if (report_.exit_code && !ends) return bad("exit-code", "contradicts a report of " + *state_);
    return report_;
  }

 private:
  Result<void> set_state(std::string_view name, const std::string_view value) {
    const auto* const found = find(kStates, value);
    if (found == kStates.end()) return bad(name, "takes start, success, fail, log or an exit code");
    if (state_ && found->second != report_.kind) return bad(name, "contradicts " + *state_);
    state_ = value;
    report_.kind = found->second;
    return {};
  }
  Result<void> set_exit_code(std::string_view name, int code) {
    if (report_.exit_code && *report_.exit_code != code) return bad(name, "is given twice");
    report_.exit_code = code;
    return {};
  }
  Result<void> set_duration(std::string_view name, std::optional<std::chrono::milliseconds> duration,
                            const char* otherwise) {
    if (!duration) return bad(name, otherwise);
    if (report_.duration && report_.duration != duration) return bad(name, "is given twice");
    report_.duration = duration;
    return {};
  }

  PushReport report_;
  std::optional<std::string> state_;
};

}  // namespace

Result<PushReport> parse_push_report(std::string_view word,
                                     std::span<const std::pair<std::string, std::string>> parameters,
                                     std::string_view body) {
  Reader reader;
  if (auto taken = reader.take_word(word); !taken) return tl::unexpected(taken.error());
  for (const auto& [name, value] : parameters) {
    if (auto taken = reader.take(name, value); !taken) return tl::unexpected(taken.error());
  }
  return reader.finish(body);
}

}  // namespace nines
