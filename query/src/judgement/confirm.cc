#include "judgement/confirm.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <iterator>

#include "judgement/judging.h"

namespace nines::query {
namespace {

// Finds the moment from which on it no longer matters whether an outage was under way before the first piece: a row of
// successes that would have ended it, or a row of failures that confirms one; the latter only says that there is an
// outage, not when it began, so everything up to its end stays open.
class Opening {
 public:
  void see(const Piece& piece, bool after_gap, const Policy& policy) noexcept {
    if (decided_) return;
    const bool failure = piece.measured == State::down;
    if (row_ == 0 || failure != failures_ || (failure && after_gap)) {
      row_start_ms_ = row_ == 0 ? kNever : piece.first_ms;
      row_ = 0;
      failures_ = failure;
    }
    row_ += piece.count;
    const std::uint64_t needed =
        failure ? failures_to_confirm(*piece.rules, policy) : successes_to_end(*piece.rules, policy);
    if (row_ >= needed) {
      decided_ = true;
      until_ms_ = failure ? kAlways : row_start_ms_;
    }
  }
  // What comes before a pause's end does not matter behind it.
  void pause_ended(std::int64_t time_ms) noexcept {
    if (!decided_ && row_ > 0) until_ms_ = time_ms;
    if (decided_) outage_ended(time_ms);
    decided_ = true;
  }
  void outage_ended(std::int64_t time_ms) noexcept {
    if (decided_ && until_ms_ == kAlways) until_ms_ = time_ms;
  }
  [[nodiscard]] std::int64_t until_ms() const noexcept {
    if (decided_) return until_ms_;
    return row_ == 0 ? kNever : kAlways;
  }

 private:
  bool decided_ = false;
  bool failures_ = false;
  std::uint64_t row_ = 0;  // results of the current row
  std::int64_t row_start_ms_ = kNever;
  std::int64_t until_ms_ = kNever;
};

}  // namespace

Verdict confirm(Series& series, const Policy& policy, std::span<const std::int64_t> pause_ends,
                std::int64_t horizon_ms) noexcept {
  Opening opening;
  bool outage = false;
  State held = State::unknown;  // by the last success, hence by failures behind it that nothing confirms
  bool may_have_blips = false;
  std::uint64_t against = 0;      // results in a row that speak against `outage`
  std::size_t against_begin = 0;  // the piece where the row begins
  bool gap = false;               // since the last result that was not unknown there was unknown time
  std::int64_t held_until_ms = kNever;
  auto pause_end = pause_ends.begin();
  // Whether a pause ended since the piece before, until `time_ms`.
  const auto begins_anew = [&](std::int64_t time_ms) {
    if (pause_end == pause_ends.end() || *pause_end > time_ms) return false;
    while (pause_end != pause_ends.end() && *pause_end <= time_ms) ++pause_end;
    return held_until_ms != kNever;
  };
  for (std::size_t i = 0; i < series.pieces.size(); ++i) {
    Piece& piece = series.pieces[i];
    if (begins_anew(piece.first_ms)) {
      opening.pause_ended(*std::prev(pause_end));
      outage = false;
      held = State::unknown;
      against = 0;
      gap = false;
    }
    assert(pause_end == pause_ends.end() || *pause_end > piece.last_ms);
    gap = gap || piece.first_ms > held_until_ms;
    held_until_ms = piece.last_ms + piece.hold_ms;
    piece.judged = piece.measured;
    if (piece.measured == State::unknown) {
      gap = true;
      continue;
    }
    opening.see(piece, gap, policy);
    const bool failure = piece.measured == State::down;
    if (!failure) held = piece.measured;
    if (failure == outage) {
      against = 0;
      gap = false;
      continue;
    }
    // Not knowing ends a row of failures that confirms nothing yet, and what was the case before. It does not end an
    // outage, nor a row of successes.
    if (failure && gap) {
      against = 0;
      held = State::unknown;
    }
    gap = false;
    if (against == 0) against_begin = i;
    against += piece.count;
    piece.judged = failure ? held : State::down;
    may_have_blips = may_have_blips || failure;
    const std::uint64_t needed =
        failure ? failures_to_confirm(*piece.rules, policy) : successes_to_end(*piece.rules, policy);
    if (against < needed) continue;
    for (std::size_t j = against_begin; j <= i; ++j) series.pieces[j].judged = series.pieces[j].measured;
    outage = failure;
    against = 0;
    if (!outage) opening.outage_ended(series.pieces[against_begin].first_ms);
  }
  Verdict verdict;
  verdict.may_have_blips = may_have_blips;
  verdict.open_until_ms = opening.until_ms();
  // What comes after a row of failures ran out cannot confirm it.
  const bool may_go_on = !begins_anew(horizon_ms) && (outage || (!gap && held_until_ms >= horizon_ms));
  if (against > 0 && may_go_on) verdict.open_from_ms = series.pieces[against_begin].first_ms;
  return verdict;
}

}  // namespace nines::query
