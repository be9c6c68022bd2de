// Service hours: their text, their windows, and the figures inside of them.
#include <nines/service_hours.h>

#include <algorithm>
#include <array>
#include <string>

#include <nines/timeline.h>
#include <nines/uptime.h>

#include "time/scan_text.h"

namespace nines {
namespace {

constexpr std::array<std::string_view, 7> kDayNames = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr std::int64_t kMinuteMs = 60'000;

std::optional<unsigned> take_day(query::TextScanner& in) {
  for (unsigned day = 0; day < kDayNames.size(); ++day) {
    if (in.take(kDayNames[day])) return day;
  }
  return std::nullopt;
}

// "mon-fri", "sat", "fri-mon".
std::optional<std::uint8_t> take_days(query::TextScanner& in) {
  const auto first = take_day(in);
  if (!first) return std::nullopt;
  auto last = first;
  if (in.take('-')) last = take_day(in);
  if (!last) return std::nullopt;
  unsigned days = 0;
  for (unsigned day = *first;; day = (day + 1) % 7) {
    days |= 1U << day;
    if (day == *last) break;
  }
  return static_cast<std::uint8_t>(days);
}

// "08:30", up to "24:00".
std::optional<std::chrono::minutes> take_clock(query::TextScanner& in) {
  const auto hour = in.number(2);
  if (!hour || !in.take(':')) return std::nullopt;
  const auto minute = in.number(2);
  if (!minute || *minute > 59 || *hour * 60 + *minute > 24 * 60) return std::nullopt;
  return std::chrono::minutes{*hour * 60 + *minute};
}

std::optional<ServiceHours::Shift> take_shift(query::TextScanner& in) {
  const auto days = take_days(in);
  if (!days || !in.take(' ')) return std::nullopt;
  const auto from = take_clock(in);
  if (!from || !in.take('-')) return std::nullopt;
  const auto to = take_clock(in);
  if (!to || *to <= *from) return std::nullopt;
  return ServiceHours::Shift{*days, *from, *to};
}

}  // namespace

Result<ServiceHours> parse_service_hours(std::string_view text, const Zone& zone) {
  ServiceHours hours{{}, zone};
  query::TextScanner in(text);
  do {
    while (in.take(' ')) {
    }
    const auto shift = take_shift(in);
    if (!shift) {
      return fail(ErrorCode::invalid_argument, "the service hours \"" + std::string(text) +
                                                   "\" are not understood; write mon-fri 08:00-18:00, sat 09:00-12:30");
    }
    hours.shifts.push_back(*shift);
  } while (in.take(','));
  if (in.done()) return hours;
  return fail(ErrorCode::invalid_argument,
              "the service hours \"" + std::string(text) + "\" go on where they should end, or lack a comma");
}

Result<std::vector<Window>> service_windows(const ServiceHours& hours, Window window) {
  std::vector<Window> found;
  if (window.empty()) return found;
  if (window.length() > std::chrono::days{kMaxServiceDays}) {
    return fail(ErrorCode::invalid_argument, "service hours are for a century at most");
  }
  const auto local_day = [&](TimeMs time) {
    return std::chrono::floor<std::chrono::days>(time + hours.zone.offset(time)).time_since_epoch().count();
  };
  // A day of slack on both sides: an offset may change between midnight and the moment looked up.
  for (std::int64_t day = local_day(window.from) - 1; day <= local_day(window.to) + 1; ++day) {
    const std::chrono::weekday weekday{std::chrono::sys_days{std::chrono::days{day}}};
    for (const ServiceHours::Shift& shift : hours.shifts) {
      if (((shift.weekdays >> weekday.c_encoding()) & 1U) == 0) continue;
      const TimeMs from = hours.zone.from_local(day * kDayMs + shift.from.count() * kMinuteMs);
      const TimeMs to = hours.zone.from_local(day * kDayMs + shift.to.count() * kMinuteMs);
      const Window part{std::max(from, window.from), std::min(to, window.to)};
      if (!part.empty()) found.push_back(part);
    }
  }
  std::sort(found.begin(), found.end(), [](const Window& a, const Window& b) { return a.from < b.from; });
  std::vector<Window> joined;
  for (const Window& part : found) {
    if (joined.empty() || part.from > joined.back().to) {
      joined.push_back(part);
    } else {
      joined.back().to = std::max(joined.back().to, part.to);
    }
  }
  return joined;
}

Result<ServiceHoursAnswer> uptime_in_hours(const Store& store, ServerId server, const Query& query,
                                           const ServiceHours& hours) {
  auto line = timeline(store, server, query);
  if (!line) return tl::unexpected(line.error());
  const auto parts = service_windows(hours, line->window);
  if (!parts) return tl::unexpected(parts.error());
  ServiceHoursAnswer answer;
  answer.window = line->window;
  for (const Window& part : *parts) {
    answer.service_ms += part.length().count();
    answer.time += time_per_state(line->spans, part);
  }
  answer.uptime_ratio = uptime_ratio(answer.time, query.policy);
  answer.coverage_ratio = coverage_ratio(answer.time);
  answer.explain = std::move(line->explain);
  return answer;
}

}  // namespace nines
