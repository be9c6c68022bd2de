// Time zones of the IANA database, by way of Howard Hinnant's date library, whose exceptions end here.
#include <date/tz.h>

#include <exception>
#include <string>

#include <nines/calendar.h>

namespace nines {
namespace {

const date::time_zone* zone_of(const void* handle) {
  return static_cast<const date::time_zone*>(handle);
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
  return zone_of(zone_)->get_info(std::chrono::floor<std::chrono::seconds>(time)).offset;
}

TimeMs Zone::from_local(std::int64_t local_ms) const noexcept {
  const std::chrono::milliseconds local{local_ms};
  if (zone_ == nullptr) return TimeMs{local};
  const auto info = zone_of(zone_)->get_info(date::local_seconds{std::chrono::floor<std::chrono::seconds>(local)});
  if (info.result == date::local_info::nonexistent) return TimeMs{info.first.end.time_since_epoch()};
  return TimeMs{local - info.first.offset};
}

}  // namespace nines
