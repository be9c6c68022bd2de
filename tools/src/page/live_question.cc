#include "page/live_question.h"

#include <fmt/format.h>
#include <nines/calendar.h>

#include <algorithm>
#include <array>

#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

// Windows of pages: their bars, and how long each is; 0 is a calendar day.
struct LiveWindow {
  std::string_view name;
  int bars;
  minutes bar;
};
constexpr std::array kLiveWindows{LiveWindow{"1h", 30, minutes{2}}, LiveWindow{"24h", 48, minutes{30}},
                                  LiveWindow{"7d", 56, hours{3}}, LiveWindow{"30d", 30, minutes{0}},
                                  LiveWindow{"90d", 90, minutes{0}}};
constexpr std::uint32_t kBars = 48;
// Windows of other lengths are cut into days from here to there.
constexpr hours kLeastByDay{20 * 24};
constexpr hours kMostByDay{400 * 24};

Window live_window(const LiveWindow& live, TimeMs now, const Zone& zone) {
  if (live.bar.count() == 0) {
    const TimeMs end = calendar_window(now, CalendarUnit::day, zone).to;
    // Noon of the first day, whatever clock changes lie between.
    const TimeMs first = end - hours{24} * live.bars + hours{12};
    return {calendar_window(first, CalendarUnit::day, zone).from, end};
  }
  const std::int64_t bar = milliseconds(live.bar).count();
  const TimeMs end = from_ms((to_ms(now) / bar + 1) * bar);
  return {end - milliseconds(live.bar) * live.bars, end};
}

}  // namespace

Result<LiveQuestion> live_question(const WebRequest& request, TimeMs now) {
  const Lookup lookup = given_parameters(request);
  LiveQuestion question;
  question.zone_asked = lookup("tz").has_value();
  const std::string zone_part = question.zone_asked ? "&tz=" + url_encode(*lookup("tz")) : "";
  const std::string name = lookup("window").value_or(lookup("from") || lookup("to") ? "" : "24h");
  const auto* const live =
      std::find_if(kLiveWindows.begin(), kLiveWindows.end(), [&](const LiveWindow& each) { return each.name == name; });
  if (live != kLiveWindows.end() && !lookup("from") && !lookup("to")) {
    const auto zone = Zone::find(lookup("tz").value_or(""));
    if (!zone) return tl::unexpected(zone.error());
    question.zone = *zone;
    question.query.now = now;
    question.query.window = live_window(*live, now, *zone);
    question.window = name;
    question.bars.count = static_cast<std::uint32_t>(live->bars);
    if (live->bar.count() == 0) question.bars.unit = CalendarUnit::day;
    question.bars.zone = *zone;
    question.parameters = "window=" + name + zone_part;
    return question;
  }
  const auto asked = read_question(lookup, "", "24h");
  if (!asked) return tl::unexpected(asked.error());
  question.query = asked->query;
  question.zone = asked->zone;
  question.bars.zone = asked->zone;
  question.bars.count = kBars;
  const auto length = question.query.window.length();
  if (length >= kLeastByDay && length <= kMostByDay) question.bars.unit = CalendarUnit::day;
  for (const char* const each : {"window", "from", "to"}) {
    if (const auto value = lookup(each))
      question.parameters += fmt::format("{}{}={}", question.parameters.empty() ? "" : "&", each, url_encode(*value));
  }
  if (name == lookup("window").value_or("") && !lookup("from") && !lookup("to")) question.window = name;
  question.parameters += zone_part;
  return question;
}

Result<void> check_names(const WebRequest& request, std::span<const std::string_view> names) {
  for (const auto& [name, value] : request.query) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string_view near = closest(name, names);
    return fail(ErrorCode::invalid_argument,
                fmt::format("there is no parameter `{}`{}", printable(fit(name, 40)),
                            near.empty() ? "" : fmt::format("; did you mean `{}`?", near)));
  }
  return {};
}

Lookup given_parameters(const WebRequest& request) {
  return [&request](const char* name) -> std::optional<std::string> {
    auto value = request.parameter(name);
    return value && !value->empty() ? value : std::nullopt;
  };
}

std::string zone_parameter(const LiveQuestion& question) {
  return question.zone_asked ? "&tz=" + url_encode(question.zone.name()) : "";
}

}  // namespace nines::tools
