// A view of the tables with the log beside them: the rows of `recent`, and what else the tables do not have yet.
//
// Threads: as View.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "kv/kv.h"
#include "kv/local/overlay.h"
#include "kv/local/row_table.h"

namespace nines::engine {

class LocalView final : public View {
 public:
  /// `rows` may be null when `recent` is not asked for, `overlay` when the tables have everything else.
  LocalView(std::unique_ptr<View> tables, std::shared_ptr<const RowTable> rows, std::shared_ptr<const Overlay> overlay)
      : tables_(std::move(tables)), overlay_(std::move(overlay)), recent_(std::move(rows), *this) {}

  void move_to(ServerId server) override;
  [[nodiscard]] Range& range(Space space, std::string_view from, std::string_view to, Reading reading) override;
  [[nodiscard]] Range& last(Space space, std::string_view from, std::string_view to) override;
  [[nodiscard]] bool is_over() const override { return tables_->is_over(); }
  [[nodiscard]] ReadCounts read_counts() const override { return tables_->read_counts(); }

 private:
  [[nodiscard]] bool begin_use() override;
  void end_use() override { use_.reset(); }
  [[nodiscard]] const Overlay::Keys* laid_over(Space space) const;

  const std::unique_ptr<View> tables_;
  const std::shared_ptr<const Overlay> overlay_;
  RowRange recent_;
  std::array<OverlayRange, kSpaceCount> over_;
  ScanCost uncounted_;  // counted by who uses this view
  std::optional<ViewUse> use_;
};

}  // namespace nines::engine
