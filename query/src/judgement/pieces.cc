#include "judgement/pieces.h"

#include <algorithm>
#include <cassert>

namespace nines::query {

void History::clear() noexcept {
  for (std::size_t i = 0; i < used_; ++i) series_[i].clear();
  used_ = 0;
  details_.clear();
}

Series& History::series(LocationId location) {
  std::size_t at = 0;
  while (at < used_ && series_[at].location < location) ++at;
  if (at < used_ && series_[at].location == location) return series_[at];
  if (used_ == series_.size()) series_.emplace_back();
  series_[used_].location = location;
  const auto begin = series_.begin() + static_cast<std::ptrdiff_t>(at);
  const auto fresh = series_.begin() + static_cast<std::ptrdiff_t>(used_);
  std::rotate(begin, fresh, fresh + 1);
  ++used_;
  return series_[at];
}

std::uint32_t History::add_detail(std::string_view text) {
  details_.emplace_back(text);
  return static_cast<std::uint32_t>(details_.size() - 1);
}

void History::prepend(History& earlier) {
  const auto shifted = [](std::uint32_t index, std::size_t by) {
    return index == kNone ? kNone : index + static_cast<std::uint32_t>(by);
  };
  const std::size_t details = details_.size();
  for (Series& before : earlier.all()) {
    Series& after = series(before.location);
    for (Piece& piece : before.pieces) {
      piece.first_detail = shifted(piece.first_detail, details);
      piece.last_detail = shifted(piece.last_detail, details);
    }
    for (Piece& piece : after.pieces) piece.first_failure = shifted(piece.first_failure, before.failure_ms.size());
    after.pieces.insert(after.pieces.begin(), before.pieces.begin(), before.pieces.end());
    after.failure_ms.insert(after.failure_ms.begin(), before.failure_ms.begin(), before.failure_ms.end());
  }
  details_.insert(details_.end(), earlier.details_.begin(), earlier.details_.end());
  earlier.clear();
}

void History::merge(History& summarised) {
  for (Series& from : summarised.all()) {
    assert(from.failure_ms.empty());
    Series& into = series(from.location);
    const auto middle = static_cast<std::ptrdiff_t>(into.pieces.size());
    into.pieces.insert(into.pieces.end(), from.pieces.begin(), from.pieces.end());
    std::inplace_merge(into.pieces.begin(), into.pieces.begin() + middle, into.pieces.end(),
                       [](const Piece& a, const Piece& b) { return a.first_ms < b.first_ms; });
  }
  summarised.clear();
}

}  // namespace nines::query
