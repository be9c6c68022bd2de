#include "peers/kuma_maintenance.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "peers/history_writer.h"
#include "show/output.h"

namespace nines::tools {
namespace {

using std::chrono::minutes;

/// "HH:MM" or "HH:MM:SS" as minutes after midnight.
std::optional<minutes> time_of_day(const std::string& text) {
  const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  if (text.size() < 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) return std::nullopt;
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (hour > 23 || minute > 59) return std::nullopt;
  return minutes{hour * 60 + minute};
}

Result<TimeMs> wall_time(const std::string& text, const Zone& zone) {
  return parse_time(text, {.now = {}, .zone = zone});
}

Result<std::vector<Maintenance>> no_equal(std::string why) {
  return fail(ErrorCode::invalid_argument, std::move(why));
}

}  // namespace

Result<std::vector<Maintenance>> read_kuma_maintenance(const KumaMaintenance& row, TimeMs since,
                                                       const std::string& server_zone) {
  const bool own_zone = row.timezone.empty() || row.timezone == "SAME_AS_SERVER";
  const std::string& zone_name = own_zone ? server_zone : row.timezone;
  const auto zone = Zone::find(zone_name);
  if (!zone) return tl::unexpected(zone.error());
  Maintenance window;
  window.note = clean_text(row.title, ServerLimits::kMaxNoteBytes, true);
  if (row.strategy == "single") {
    const auto from = wall_time(row.start_date, *zone);
    const auto to = wall_time(row.end_date, *zone);
    if (!from || !to || *to <= *from) return no_equal("its dates cannot be read");
    window.once = {*from, *to};
    return std::vector<Maintenance>{window};
  }
  if (row.strategy == "cron") return no_equal("a cron expression");
  if (row.strategy == "manual") return no_equal("begun and ended by hand");

  const auto start = time_of_day(row.start_time);
  const auto end = time_of_day(row.end_time);
  if (!start || !end) return no_equal("its times cannot be read");
  window.start = *start;
  window.length = *end > *start ? *end - *start : *end - *start + minutes{24 * 60};
  window.timezone = zone_name.empty() ? "UTC" : zone_name;
  window.effective.from = since;
  if (const auto from = wall_time(row.start_date, *zone); from && *from > since) window.effective.from = *from;
  if (const auto to = wall_time(row.end_date, *zone); to) window.effective.to = *to;
  if (window.effective.empty()) return no_equal("it is over");

  std::vector<Maintenance> windows;
  if (row.strategy == "recurring-interval") {
    if (row.interval_day != 1) return no_equal("every so many days");
    window.repeat = Maintenance::Repeat::daily;
    windows.push_back(window);
  } else if (row.strategy == "recurring-weekday") {
    const Json days = Json::parse(row.weekdays, nullptr, false);
    if (!days.is_array()) return no_equal("its weekdays cannot be read");
    window.repeat = Maintenance::Repeat::weekly;
    for (const Json& day : days) {
      if (!day.is_number_integer() || day < 0 || day > 6) return no_equal("its weekdays cannot be read");
      window.weekdays = static_cast<std::uint8_t>(window.weekdays | (1U << day.get<unsigned>()));
    }
    if (window.weekdays == 0) return no_equal("no weekday");
    windows.push_back(window);
  } else if (row.strategy == "recurring-day-of-month") {
    const Json days = Json::parse(row.days_of_month, nullptr, false);
    if (!days.is_array() || days.empty()) return no_equal("its days cannot be read");
    window.repeat = Maintenance::Repeat::monthly;
    for (const Json& day : days) {
      if (!day.is_number_integer()) return no_equal("the last day of a month");
      if (day < 1 || day > 31) return no_equal("its days cannot be read");
      window.day_of_month = day.get<std::uint8_t>();
      windows.push_back(window);
    }
  } else {
    return no_equal(fmt::format("the strategy {}", row.strategy));
  }
  return windows;
}

}  // namespace nines::tools
