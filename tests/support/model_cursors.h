// The model store's cursors: a window's results, cut into segments, and a range of day summaries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <nines/store.h>

namespace nines::test {

class ModelCursor final : public Cursor {
 public:
  /// `results` are ordered by time and then location; all are handed out, with an error where each of
  /// `damage` (ascending) lies.
  ModelCursor(std::vector<CheckResult> results, TimeMs from, Columns columns, std::uint32_t segment_rows,
              std::vector<Hole> damage);
  [[nodiscard]] Result<const Segment*> next() override;
  [[nodiscard]] std::span<const Hole> holes() const noexcept override { return std::span(damage_).first(met_); }
  [[nodiscard]] const ScanCost& cost() const noexcept override { return cost_; }

 private:
  void fill(const std::vector<const CheckResult*>& piece);

  std::vector<CheckResult> results_;
  std::vector<std::vector<const CheckResult*>> pieces_;  // one a segment, in the order in which they are handed out
  std::size_t next_ = 0;
  std::vector<Hole> damage_;
  std::size_t met_ = 0;  // of damage_
  TimeMs from_;
  Columns columns_;
  ScanCost cost_;
  Segment segment_;
  std::vector<std::int64_t> times_;
  std::vector<std::uint32_t> latencies_;
  std::vector<Phases> phases_;
  std::vector<std::uint8_t> has_phases_;
  std::vector<Run> runs_;
  std::vector<Detail> details_;
};

class ModelDayCursor final : public DayCursor {
 public:
  /// As ModelCursor.
  ModelDayCursor(std::map<std::int64_t, DaySummary> summaries, std::vector<Hole> damage);
  [[nodiscard]] Result<const DaySummary*> next() override;
  [[nodiscard]] std::span<const Hole> holes() const noexcept override { return std::span(damage_).first(met_); }
  [[nodiscard]] const ScanCost& cost() const noexcept override { return cost_; }

 private:
  std::map<std::int64_t, DaySummary> summaries_;
  std::map<std::int64_t, DaySummary>::const_iterator next_;
  std::vector<Hole> damage_;
  std::size_t met_ = 0;  // of damage_
  ScanCost cost_;
};

}  // namespace nines::test
