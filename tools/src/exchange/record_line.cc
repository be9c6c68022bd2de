#include "exchange/record_line.h"

#include <fmt/format.h>
#include <nines/calendar.h>
#include <nines/server.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/time_text.h"
#include "base/utf8.h"
#include "show/number.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

constexpr std::array<std::string_view, kFieldCount> kNames{
    "server",     "time",  "time_ms", "state", "up",     "latency_us", "latency_ms", "code",          "location",
    "interval_s", "error", "detail",  "retry", "dns_us", "connect_us", "tls_us",     "first_byte_us", "transfer_us"};

constexpr std::array kUsualFields{Field::server,   Field::time,       Field::state, Field::latency_us, Field::code,
                                  Field::location, Field::interval_s, Field::error, Field::detail};
constexpr std::array kAllFields{Field::server, Field::time,          Field::state,      Field::latency_us,
                                Field::code,   Field::location,      Field::interval_s, Field::error,
                                Field::detail, Field::retry,         Field::dns_us,     Field::connect_us,
                                Field::tls_us, Field::first_byte_us, Field::transfer_us};
constexpr std::array kPhaseFields{Field::dns_us, Field::connect_us, Field::tls_us, Field::first_byte_us,
                                  Field::transfer_us};

constexpr std::uint64_t kLongestIntervalMs = 31ULL * 86'400'000;

tl::unexpected<Error> bad(Field field, std::string_view text, std::string_view why) {
  return fail(ErrorCode::invalid_argument, fmt::format("{} `{}` {}", to_string(field), printable(fit(text, 60)), why));
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    constexpr unsigned char kAscii = 0x80;
    const std::size_t length = static_cast<unsigned char>(text[at]) < kAscii ? 1 : engine::utf8_length(text.substr(at));
    if (length == 0) return false;
    at += length;
  }
  return true;
}

// `text` as a whole number of at most `limit`; absent text leaves `value` alone.
template <class T>
Result<void> read_number(const RecordTexts& texts, Field field, std::uint64_t limit, T& value) {
  const std::string_view text = texts[field];
  if (text.empty()) return {};
  const auto number = parse_decimal(text, 1, limit);
  const std::size_t point = number ? text.find('.') : std::string_view::npos;
  // A program that keeps its codes as fractions writes `200.0`.
  const bool whole = point == std::string_view::npos ||
                     (point > 0 && text.find_first_not_of('0', point + 1) == std::string_view::npos);
  if (!number || !whole) return bad(field, text, fmt::format("is not a whole number from 0 to {}", limit));
  value = static_cast<T>(*number);
  return {};
}

// Nothing was checked over HTTP before; seconds since 1970 that are read as milliseconds lie in January 1970, and so do
// the times of a machine whose clock was not set.
constexpr TimeMs kYear2000 = from_ms(946'684'800'000);

Result<void> read_time(const RecordTexts& texts, TimeMs latest, TimeMs& time) {
  const std::string_view text = texts[Field::time];
  const std::string_view ms = texts[Field::time_ms];
  if (text.empty() == ms.empty()) {
    return fail(ErrorCode::invalid_argument, text.empty() ? "it has no time" : "it has both time and time_ms");
  }
  const Field field = text.empty() ? Field::time_ms : Field::time;
  if (text.empty()) {
    const auto number = parse_decimal(ms, 1, static_cast<std::uint64_t>(to_ms(kTimeLimit)) - 1);
    if (!number) return bad(field, ms, "is not milliseconds since 1970");
    time = from_ms(static_cast<std::int64_t>(*number));
    if (time < kYear2000) {
      return bad(field, ms, "lies before the year 2000; it takes milliseconds, are these seconds?");
    }
    if (time > latest) return bad(field, ms, "lies in the future; it takes milliseconds since 1970");
  } else {
    const auto parsed = parse_rfc3339(text);
    if (!parsed) return bad(field, text, "is not an RFC 3339 time like 2026-07-14T09:30:00.000Z");
    time = *parsed;
  }
  if (time < kYear2000) return bad(field, texts[field], "lies before the year 2000");
  if (time > latest) return bad(field, texts[field], "lies in the future");
  return {};
}

Result<void> read_state(const RecordTexts& texts, State& state) {
  const std::string_view name = texts[Field::state];
  const std::string_view up = texts[Field::up];
  if (name.empty() == up.empty()) {
    return fail(ErrorCode::invalid_argument, name.empty() ? "it has no state" : "it has both state and up");
  }
  if (!up.empty()) {
    if (up != "0" && up != "1") return bad(Field::up, up, "is neither 0 nor 1");
    state = up == "1" ? State::up : State::down;
    return {};
  }
  const auto parsed = parse_state(name);
  if (!parsed || *parsed == State::maintenance || *parsed == State::paused) {
    return bad(Field::state, name, "is not one of up, degraded, down, unknown");
  }
  state = *parsed;
  return {};
}

Result<void> read_latency(const RecordTexts& texts, std::optional<std::uint32_t>& latency) {
  const std::string_view us = texts[Field::latency_us];
  const std::string_view ms = texts[Field::latency_ms];
  if (us.empty() && ms.empty()) return {};
  if (!us.empty() && !ms.empty()) return fail(ErrorCode::invalid_argument, "it has both latency_us and latency_ms");
  const Field field = us.empty() ? Field::latency_ms : Field::latency_us;
  const auto number = parse_decimal(texts[field], us.empty() ? 1000 : 1, kMaxLatencyUs);
  if (!number) return bad(field, texts[field], "is not a latency from 0 to 71 minutes");
  latency = static_cast<std::uint32_t>(*number);
  return {};
}

Result<void> read_error(const RecordTexts& texts, CheckResult& result) {
  const std::string_view name = texts[Field::error];
  if (!name.empty()) {
    const auto parsed = parse_error_class(name);
    if (!parsed) return bad(Field::error, name, "is not an error class");
    result.error = *parsed;
  }
  const std::string_view detail = texts[Field::detail];
  if (detail.size() > kMaxDetailBytes)
    return bad(Field::detail, detail, fmt::format("is over {} bytes", kMaxDetailBytes));
  if (!is_utf8(detail)) return bad(Field::detail, detail, "is not UTF-8");
  result.detail = detail;
  return {};
}

Result<void> read_phases(const RecordTexts& texts, std::optional<Phases>& phases) {
  Phases read;
  bool any = false;
  const std::array<std::uint32_t*, kPhaseFields.size()> values{&read.dns_us, &read.connect_us, &read.tls_us,
                                                               &read.first_byte_us, &read.transfer_us};
  for (std::size_t i = 0; i < kPhaseFields.size(); ++i) {
    any = any || !texts[kPhaseFields[i]].empty();
    if (auto ok = read_number(texts, kPhaseFields[i], std::numeric_limits<std::uint32_t>::max(), *values[i]); !ok) {
      return ok;
    }
  }
  if (any) phases = read;
  return {};
}

Result<void> read_interval(const RecordTexts& texts, std::uint32_t& interval_ms) {
  const std::string_view text = texts[Field::interval_s];
  if (text.empty()) return {};
  const auto number = parse_decimal(text, 1000, kLongestIntervalMs);
  if (!number) return bad(Field::interval_s, text, "is not a number of seconds up to 31 days");
  interval_ms = static_cast<std::uint32_t>(*number);
  return {};
}

Result<void> read_server(const RecordTexts& texts, std::string_view& server) {
  const std::string_view name = texts[Field::server];
  if (name.empty()) return fail(ErrorCode::invalid_argument, "it has no server");
  if (name.size() > ServerLimits::kMaxNameBytes) {
    return bad(Field::server, name, fmt::format("is longer than {} bytes", ServerLimits::kMaxNameBytes));
  }
  if (!is_utf8(name)) return bad(Field::server, name, "is not UTF-8");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(name.begin(), name.end(), is_control)) {
    return bad(Field::server, name, "contains a control character");
  }
  server = name;
  return {};
}

}  // namespace

std::string_view to_string(Field field) noexcept {
  return kNames[static_cast<std::size_t>(field)];
}

std::optional<Field> parse_field(std::string_view name) noexcept {
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Field>(found - kNames.begin());
}

std::string_view closest_field(std::string_view name) {
  return closest(name, kNames);
}

Result<Record> parse_record(const RecordTexts& texts, TimeMs latest) {
  Result<Record> record;
  CheckResult& result = record->result;
  std::uint16_t location = 0;
  std::uint8_t retry = 0;
  constexpr std::uint64_t kMax16 = std::numeric_limits<std::uint16_t>::max();
  Result<void> step = read_server(texts, record->server);
  if (step) step = read_time(texts, latest, result.time);
  if (step) step = read_state(texts, result.state);
  if (step) step = read_latency(texts, result.latency_us);
  if (step) step = read_number(texts, Field::code, kMax16, result.code);
  if (step) step = read_number(texts, Field::location, static_cast<std::uint16_t>(kMaxLocation), location);
  if (step) step = read_interval(texts, result.interval_ms);
  if (step) step = read_error(texts, result);
  if (step) step = read_number(texts, Field::retry, 1, retry);
  if (step) step = read_phases(texts, result.phases);
  if (!step) return tl::unexpected(step.error());
  result.location = LocationId{location};
  result.retry = retry == 1;
  return record;
}

std::span<const Field> export_fields(bool full) {
  if (full) return kAllFields;
  return kUsualFields;
}

std::vector<Cell> record_cells(const std::string& server, const CheckResult& result, bool full) {
  std::vector<Cell> cells;
  const auto add = [&cells](Json value) { cells.push_back({.value = std::move(value), .text = {}}); };
  add(server);
  add(format_time(result.time));
  add(std::string(to_string(result.state)));
  add(result.latency_us ? Json(*result.latency_us) : Json());
  add(result.code != 0 ? Json(result.code) : Json());
  add(static_cast<std::uint16_t>(result.location));
  // Seconds as JSON's number where they are whole, else with decimals: both read back exactly.
  if (result.interval_ms == 0) {
    add(nullptr);
  } else if (result.interval_ms % 1000 == 0) {
    add(result.interval_ms / 1000);
  } else {
    add(static_cast<double>(result.interval_ms) / 1000);
  }
  add(result.error != ErrorClass::none ? Json(std::string(to_string(result.error))) : Json());
  add(!result.detail.empty() ? Json(result.detail) : Json());
  if (!full) return cells;
  add(result.retry ? 1 : 0);
  const Phases phases = result.phases.value_or(Phases{});
  for (const std::uint32_t us :
       {phases.dns_us, phases.connect_us, phases.tls_us, phases.first_byte_us, phases.transfer_us}) {
    add(result.phases ? Json(us) : Json());
  }
  return cells;
}

namespace {

void append_number(std::uint64_t number, std::string& out) {
  const fmt::format_int text(number);
  out.append(text.data(), text.size());
}

void append_phases(const Phases& phases, std::string_view none, bool there, std::string_view const* names,
                   std::string& out) {
  const std::array<std::uint32_t, kPhaseFields.size()> values{phases.dns_us, phases.connect_us, phases.tls_us,
                                                              phases.first_byte_us, phases.transfer_us};
  for (std::size_t i = 0; i < values.size(); ++i) {
    out += names[i];
    if (there) {
      append_number(values.at(i), out);
    } else {
      out += none;
    }
  }
}

// What dump() makes of it.
void append_interval(std::uint32_t interval_ms, std::string& out) {
  if (interval_ms % 1000 == 0) return append_number(interval_ms / 1000, out);
  out += dump(Json(static_cast<double>(interval_ms) / 1000));
}

}  // namespace

void RecordRows::begin(std::string_view server) {
  server_ = format_ == Format::csv ? csv_field(server) : dump(Json(server));
}

void RecordRows::add(const CheckResult& result, std::string& out) {
  return format_ == Format::csv ? add_csv(result, out) : add_ndjson(result, out);
}

void RecordRows::add_csv(const CheckResult& result, std::string& out) {
  out += server_;
  out += ',';
  engine::append_utc_text(result.time, out);
  out += ',';
  out += to_string(result.state);
  out += ',';
  if (result.latency_us) append_number(*result.latency_us, out);
  out += ',';
  if (result.code != 0) append_number(result.code, out);
  out += ',';
  append_number(static_cast<std::uint16_t>(result.location), out);
  out += ',';
  if (result.interval_ms != 0) append_interval(result.interval_ms, out);
  out += ',';
  if (result.error != ErrorClass::none) out += to_string(result.error);
  out += ',';
  if (!result.detail.empty()) out += csv_field(result.detail);
  if (full_) {
    out += result.retry ? ",1" : ",0";
    constexpr std::array<std::string_view, kPhaseFields.size()> kCommas{",", ",", ",", ",", ","};
    append_phases(result.phases.value_or(Phases{}), "", result.phases.has_value(), kCommas.data(), out);
  }
  out += '\n';
}

void RecordRows::add_ndjson(const CheckResult& result, std::string& out) {
  constexpr std::string_view kNull = "null";
  out += "{\"server\":";
  out += server_;
  out += ",\"time\":\"";
  engine::append_utc_text(result.time, out);
  out += "\",\"state\":\"";
  out += to_string(result.state);
  out += "\",\"latency_us\":";
  result.latency_us ? append_number(*result.latency_us, out) : static_cast<void>(out += kNull);
  out += ",\"code\":";
  result.code != 0 ? append_number(result.code, out) : static_cast<void>(out += kNull);
  out += ",\"location\":";
  append_number(static_cast<std::uint16_t>(result.location), out);
  out += ",\"interval_s\":";
  result.interval_ms != 0 ? append_interval(result.interval_ms, out) : static_cast<void>(out += kNull);
  out += ",\"error\":";
  if (result.error != ErrorClass::none) {
    out += '"';
    out += to_string(result.error);
    out += '"';
  } else {
    out += kNull;
  }
  out += ",\"detail\":";
  out += result.detail.empty() ? std::string(kNull) : dump(Json(result.detail));
  if (full_) {
    out += result.retry ? ",\"retry\":1" : ",\"retry\":0";
    constexpr std::array<std::string_view, kPhaseFields.size()> kKeys{
        ",\"dns_us\":", ",\"connect_us\":", ",\"tls_us\":", ",\"first_byte_us\":", ",\"transfer_us\":"};
    append_phases(result.phases.value_or(Phases{}), kNull, result.phases.has_value(), kKeys.data(), out);
  }
  out += "}\n";
}

}  // namespace nines::tools
