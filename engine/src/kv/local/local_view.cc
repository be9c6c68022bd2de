#include "kv/local/local_view.h"

namespace nines::engine {

void LocalView::move_to(ServerId server) {
  tables_->move_to(server);
  recent_.end();
  for (OverlayRange& range : over_) range.end();
}

/// Null where nothing is, and the tables' range is the whole answer.
const Overlay::Keys* LocalView::laid_over(Space space) const {
  if (overlay_ == nullptr || overlay_->keys(space).empty()) return nullptr;
  return &overlay_->keys(space);
}

Range& LocalView::range(Space space, std::string_view from, std::string_view to, Reading reading) {
  if (space == Space::recent) {
    recent_.seek(from, to, reading);
    return recent_;
  }
  const Overlay::Keys* const keys = laid_over(space);
  if (keys == nullptr) return tables_->range(space, from, to, reading);
  OverlayRange& range = over_[static_cast<std::size_t>(space)];
  range.seek(tables_->range(space, from, to, {.values = reading.values}), *keys, from, to, reading);
  return range;
}

Range& LocalView::last(Space space, std::string_view from, std::string_view to) {
  if (space == Space::recent) {
    recent_.seek_last(from, to);
    return recent_;
  }
  const Overlay::Keys* const keys = laid_over(space);
  if (keys == nullptr) return tables_->last(space, from, to);
  OverlayRange& range = over_[static_cast<std::size_t>(space)];
  range.seek_last(*tables_, space, *keys, from, to);
  return range;
}

bool LocalView::begin_use() {
  use_.emplace(*tables_, uncounted_);
  if (use_->begun()) return true;
  use_.reset();
  return false;
}

}  // namespace nines::engine
