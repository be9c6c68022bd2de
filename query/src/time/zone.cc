// Time zones of the IANA database, by way of Howard Hinnant's date library, whose exceptions end here.
#include <date/tz.h>

#include <exception>
#include <new>
#include <string>

#include <nines/calendar.h>

namespace nines {
namespace {

const date::time_zone* zone_of(const void* handle) {
  return static_cast<const date::time_zone*>(handle);
}

// Zone files list clock changes until 2037; what follows is a rule that the date library does not read. Such rules
// speak of weekdays in a month, so a later date is looked up as the same date of a listed year in which it has the same
// weekday. Among these eleven years every weekday begins January once at least, and every one begins March.
constexpr int kFirstSampleYear = 2027;
constexpr int kLastListedYear = 2037;

// How many days later `day` (since 1970) is than the date that is looked up in its place; 0 within the listed years.
date::days days_past_listed(date::sys_days day) {
  const date::year_month_day date{day};
  if (int{date.year()} <= kLastListedYear) return date::days{0};
  // From March on a leap day lies behind.
  const date::month anchor = date.month() < date::March ? date::January : date::March;
  const date::sys_days begin{date.year() / anchor / 1};
  for (int year = kLastListedYear; year > kFirstSampleYear; --year) {
    const date::sys_days sample{date::year{year} / anchor / 1};
    if (date::weekday{sample} == date::weekday{begin}) return begin - sample;
  }
  return begin - date::sys_days{date::year{kFirstSampleYear} / anchor / 1};
}

// Whether the zone lists changes around `time`, as it does beyond 2037 where they follow the moon.
bool listed(const date::time_zone& zone, date::sys_seconds time) {
  constexpr date::days kLongerThanAnyRule{400};
  return zone.get_info(time).end < time + kLongerThanAnyRule;
}

// How much earlier a moment is looked up than it is.
date::days shift_of(const date::time_zone& zone, date::sys_seconds time) {
  const date::days shift = days_past_listed(date::floor<date::days>(time));
  return shift.count() == 0 || listed(zone, time) ? date::days{0} : shift;
}

}  // namespace

Result<Zone> Zone::find(std::string_view iana_name) {
  Zone zone;
  if (iana_name.empty() || iana_name == "UTC") return zone;
  try {
    zone.zone_ = date::locate_zone(iana_name);
    // The first look loads the zone's rules; a damaged file must fail here, not in a noexcept member.
    static_cast<void>(zone_of(zone.zone_)->get_info(date::sys_seconds{}));
    return zone;
  } catch (const std::bad_alloc&) {  // says nothing of the zone
    return fail(ErrorCode::unavailable, "out of memory");
  } catch (const std::exception&) {
    return fail(ErrorCode::invalid_argument,
                "unknown time zone \"" + std::string(iana_name) + "\"; use an IANA name such as Europe/Paris or UTC");
  }
}

std::string_view Zone::name() const noexcept {
  return zone_ == nullptr ? std::string_view("UTC") : std::string_view(zone_of(zone_)->name());
}

std::chrono::seconds Zone::offset(TimeMs time) const noexcept {
  if (zone_ == nullptr) return std::chrono::seconds{0};
  const date::sys_seconds second = std::chrono::floor<std::chrono::seconds>(time);
  return zone_of(zone_)->get_info(second - shift_of(*zone_of(zone_), second)).offset;
}

TimeMs Zone::from_local(std::int64_t local_ms) const noexcept {
  const std::chrono::milliseconds local{local_ms};
  if (zone_ == nullptr) return TimeMs{local};
  const date::days shift =
      shift_of(*zone_of(zone_), date::sys_seconds{std::chrono::floor<std::chrono::seconds>(local)});
  const auto info =
      zone_of(zone_)->get_info(date::local_seconds{std::chrono::floor<std::chrono::seconds>(local - shift)});
  if (info.result == date::local_info::nonexistent) return TimeMs{info.first.end.time_since_epoch() + shift};
  return TimeMs{local - info.first.offset};
}

}  // namespace nines
