#include "kv/local/overlay.h"

#include <cassert>
#include <iterator>

namespace nines::engine {

Result<void> Overlay::apply(ServerId server, const Batch::Change& change, const Tables& below) {
  Keys& keys = spaces_[static_cast<std::size_t>(change.space)];
  if (change.kind == Batch::Kind::put) {
    keys.insert_or_assign(std::string(change.key), std::string(change.value));
    return {};
  }
  if (change.kind == Batch::Kind::erase) {
    keys.insert_or_assign(std::string(change.key), std::nullopt);
    return {};
  }
  for (auto key = keys.lower_bound(change.key); key != keys.end() && key->first < change.value; ++key) {
    key->second.reset();
  }
  const auto view = below.view(server, {change.space});
  if (!view) return tl::unexpected<Error>(view.error());
  Range& range = (*view)->range(change.space, change.key, change.value, {.values = false});
  for (; range.valid(); range.next()) keys.insert_or_assign(std::string(range.key()), std::nullopt);
  return range.status();
}

void OverlayRange::seek(Range& below, const Overlay::Keys& keys, std::string_view from, std::string_view to,
                        Reading reading) {
  below_ = &below;
  next_ = keys.lower_bound(from);
  end_ = to.empty() ? keys.end() : keys.lower_bound(to);
  reading_ = reading;
  left_ = reading.limit;
  look();
}

void OverlayRange::seek_last(View& below, Space space, const Overlay::Keys& keys, std::string_view from,
                             std::string_view to) {
  valid_ = false;
  reading_ = {.limit = 1};
  left_ = 0;
  std::string bound(to);
  for (;;) {
    below_ = &below.last(space, from, bound);
    if (!below_->status()) return;
    if (!below_->valid()) break;
    const auto over = keys.find(below_->key());
    if (over == keys.end() || over->second) break;
    bound = below_->key();
  }
  next_ = keys.lower_bound(to);
  while (next_ != keys.begin()) {
    --next_;
    if (next_->first < from) break;
    if (!next_->second) continue;
    from_overlay_ = !below_->valid() || next_->first >= below_->key();
    valid_ = from_overlay_ || below_->valid();
    return;
  }
  from_overlay_ = false;
  valid_ = below_->valid();
}

void OverlayRange::next() {
  assert(valid_);
  valid_ = false;
  if (reading_.limit > 0 && left_ == 0) return;
  if (from_overlay_) {
    if (below_->valid() && below_->key() == next_->first) below_->next();
    ++next_;
  } else {
    below_->next();
  }
  look();
}

/// Stands on the lesser of the two keys at hand; the overlay's has the last word on one that both have.
void OverlayRange::look() {
  valid_ = false;
  for (;;) {
    if (!below_->valid() && !below_->status()) return;
    const bool over = next_ != end_;
    if (!over && !below_->valid()) return;
    from_overlay_ = over && (!below_->valid() || next_->first <= below_->key());
    if (!from_overlay_ || next_->second) break;
    if (below_->valid() && below_->key() == next_->first) below_->next();
    ++next_;
  }
  valid_ = true;
  if (left_ > 0) --left_;
}

std::string_view OverlayRange::value() const {
  if (!from_overlay_) return below_->value();
  return reading_.values ? std::string_view(*next_->second) : std::string_view();
}

}  // namespace nines::engine
