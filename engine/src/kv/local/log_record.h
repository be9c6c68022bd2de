// Records of the log: the changes of one group of batches, check results in a few bytes each and everything else as it
// is. FORMAT.md, "Log", is the specification.
//
// What a result has in common with the ones before it in its segment is not spelled out again, so the records of a
// segment are written and read in their order, with one PackState.
//
// Threads: none of its own; a PackState belongs to one thread at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include <nines/check_result.h>
#include <nines/types.h>

#include "kv/batch.h"

namespace nines::engine {

/// What many results have in common: all but server, time, latency, phases and detail.
struct Judgement {
  // The bits of `flags`, which are those of a row.
  static constexpr std::uint8_t kStateMask = 0x03;
  static constexpr std::uint8_t kRetry = 0x04;
  static constexpr std::uint8_t kLatency = 0x08;
  static constexpr std::uint8_t kPhases = 0x20;
  static constexpr std::uint8_t kDetail = 0x40;

  std::uint32_t interval_ms = 0;
  std::uint16_t code = 0;
  LocationId location{};
  std::uint8_t flags = 0;
  ErrorClass error = ErrorClass::none;

  /// In two steps instead of five: it is asked for each result.
  friend bool operator==(const Judgement& a, const Judgement& b) noexcept {
    static_assert(offsetof(Judgement, error) + sizeof a.error == 10);  // and nothing between the members
    return std::memcmp(&a, &b, 10) == 0;
  }
};

/// A check result as the log has it; `detail` points into what it was read from.
struct PackedResult {
  ServerId server{};
  std::int64_t time_ms = 0;
  Judgement judgement;
  std::uint32_t latency_us = 0;
  Phases phases;
  std::string_view detail;
};

[[nodiscard]] PackedResult to_packed(const CheckResult& result) noexcept;
void from_packed(const PackedResult& packed, CheckResult& result);

/// The judgements that came last, the newest first.
class RecentJudgements {
 public:
  static constexpr std::size_t kCount = 64;

  /// Its place, from 1 on, which the move to the front follows; 0 when it is not among them and was put there now.
  std::uint8_t use(const Judgement& judgement) noexcept;
  /// What is at `place`, from 1 on, moved to the front. Null when there is nothing.
  const Judgement* take(std::uint8_t place) noexcept {
    if (place == 0 || place > used_) return nullptr;
    move_to_front(place - 1U);
    return judgements_.data();
  }

 private:
  void move_to_front(std::size_t index) noexcept {
    if (index == 0) return;
    const Judgement moved = judgements_[index];
    std::copy_backward(judgements_.begin(), judgements_.begin() + static_cast<std::ptrdiff_t>(index),
                       judgements_.begin() + static_cast<std::ptrdiff_t>(index) + 1);
    judgements_.front() = moved;
  }

  std::array<Judgement, kCount> judgements_{};
  std::size_t used_ = 0;
};

/// What the records of a segment so far have said.
struct PackState {
  std::int64_t last_ms = 0;  // of the result before
  RecentJudgements judgements;
};

/// Is told of the changes that a record holds, in their order.
class RecordVisitor {
 public:
  virtual ~RecordVisitor() = default;
  virtual void result(const PackedResult& result) = 0;
  /// Any other change of a server. Its key and value live until the call returns.
  virtual void change(ServerId server, const Batch::Change& change) = 0;
  /// The segment ends here and `number` follows it.
  virtual void continued(std::uint64_t number) = 0;
  /// The writer has closed the store here.
  virtual void closed() = 0;
};

/// Appends the record of `batches` to `out`, and tells `visitor` of them.
void pack_batches(std::span<const Batch* const> batches, PackState& state, std::string& out, RecordVisitor& visitor);
void pack_continued(std::uint64_t number, std::string& out);
void pack_closed(std::string& out);

/// Tells `visitor` of a record's changes. False when it does not decode; what it has told of by then does not count.
[[nodiscard]] bool unpack_record(std::string_view record, PackState& state, RecordVisitor& visitor);

}  // namespace nines::engine
