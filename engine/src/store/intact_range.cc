#include "store/intact_range.h"

#include <algorithm>

namespace nines::engine {
namespace {

/// So many days are tried one by one before the steps grow: reading one costs some 30 us, and a window of all times has
/// three million.
constexpr std::chrono::days kSingleDays{64};

std::optional<TimeMs> time_of(const std::optional<ChunkKey>& key) {
  return key ? std::optional(key->first) : std::nullopt;
}
std::optional<TimeMs> time_of(const std::optional<RecentKey>& key) {
  return key ? std::optional(key->time) : std::nullopt;
}

/// The first key of a UTC day in `space`, of the server that `key` belongs to.
Key first_of_day(Space space, const Key& key, UtcDay day) {
  const ServerId server = parse_server_key(key.view().substr(0, 4)).value_or(ServerId{});
  if (space == Space::days) return day_key(server, day);
  if (space == Space::checks) return chunk_key(server, day);
  return recent_key(server, day, {});
}

std::optional<UtcDay> day_of_key(Space space, std::string_view key) {
  if (space == Space::days) {
    const auto parsed = parse_day_key(key);
    return parsed ? std::optional(parsed->day) : std::nullopt;
  }
  const auto time = space == Space::checks ? time_of(parse_chunk_key(key)) : time_of(parse_recent_key(key));
  return time ? std::optional(day_of(*time)) : std::nullopt;
}

}  // namespace

IntactRange::IntactRange(View& view, Space space, const Key& from, const Key& to)
    : view_(view), space_(space), from_(from), to_(to), day_(day_of_key(space, from.view()).value_or(UtcDay{})) {}

void IntactRange::open(const Key& from) {
  range_ = &view_.range(space_, from.view(), to_.view());
}

bool IntactRange::next() {
  skipped_.reset();
  if (!status_ || ended_) return false;
  if (range_ == nullptr) {
    open(from_);
  } else if (range_->valid()) {
    range_->next();
  }
  if (!range_->valid()) {
    auto status = range_->status();
    if (status) return false;
    if (status.error().code != ErrorCode::corruption) {
      status_ = std::move(status);
      return false;
    }
    step_over(std::move(status.error()));
    if (!status_ || ended_ || !range_->valid()) return false;
  }
  if (const auto day = day_of_key(space_, range_->key())) day_ = *day;
  return true;
}

/// Whether reading goes on at the beginning of `day`; false at damage, and at a fault, which is status_ then.
bool IntactRange::is_readable_from(UtcDay day) {
  open(first_of_day(space_, from_, day));
  auto status = range_->status();
  if (!status && status.error().code != ErrorCode::corruption) status_ = status;
  return status.has_value();
}

/// Finds the first day at which reading goes on; without one the range is at its end. Far behind where damage began
/// days are tried further and further apart, and then between the last that failed and the first that did not; so what
/// is intact between two damaged stretches may be passed over there.
void IntactRange::step_over(Error error) {
  using std::chrono::days;
  const UtcDay end_day = day_of_key(space_, to_.view()).value_or(kDayLimit) + days{1};
  UtcDay damaged = day_;
  UtcDay readable = day_ + days{1};
  for (days step{1}; readable < end_day && !is_readable_from(readable);) {
    if (!status_) return;
    damaged = readable;
    if (damaged - day_ >= kSingleDays) step *= 2;
    readable = std::min(damaged + step, end_day);
  }
  while (readable - damaged > days{1}) {
    const UtcDay day = damaged + (readable - damaged) / 2;
    const bool goes_on = is_readable_from(day);
    if (!status_) return;
    (goes_on ? readable : damaged) = day;
  }
  ended_ = readable >= end_day;
  if (!ended_ && !is_readable_from(readable)) return;
  skipped_ = Skipped{day_, readable, std::move(error)};
  day_ = readable;
}

}  // namespace nines::engine
