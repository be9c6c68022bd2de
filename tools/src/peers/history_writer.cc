#include "peers/history_writer.h"

#include <nines/hold.h>
#include <nines/options.h>

#include <algorithm>
#include <cassert>

#include "exchange/kept_results.h"
#include "exchange/results.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

// About 15 MB of results, and as much of their details.
constexpr std::size_t kBatchResults = 100'000;
constexpr std::size_t kBatchTextBytes = 16U << 20U;
// Progress and interruption are looked at once in so many rows.
constexpr std::uint64_t kRowsBetweenLooks = 256;

/// The entry of `catalog` that is `server` already, or the name under which it is to be added.
std::pair<const Server*, std::string> find_place(const Catalog& catalog, const PeerServer& server) {
  const std::string origin_key(kOriginTag);
  for (const Server& known : catalog.servers()) {
    const auto tag = known.tags.find(origin_key);
    // The same key with another name is another server: of a second instance of that tool.
    if (tag != known.tags.end() && tag->second == server.origin &&
        known.name.find(server.entry.name) != std::string::npos) {
      return {&known, known.name};
    }
  }
  const std::string_view key = std::string_view(server.origin).substr(server.origin.find('/') + 1);
  std::string free;
  for (const std::string& name : name_choices(server.entry.name, server.entry.group, key)) {
    const Server* const known = catalog.find(std::string_view(name));
    if (known == nullptr) {
      if (free.empty()) free = name;
      continue;
    }
    // Somebody made it by hand or from a configuration: its history arrives.
    const bool same_group = known->group.empty() || known->group == server.entry.group;
    if (!known->tags.contains(origin_key) && same_group) return {known, name};
  }
  return {nullptr, free};
}

void merge_rules(Server& entry, const PeerServer& server) {
  for (const Maintenance& maintenance : server.entry.maintenance) {
    const bool known = std::any_of(entry.maintenance.begin(), entry.maintenance.end(), [&](Maintenance have) {
      have.effective.from = maintenance.effective.from;
      return have == maintenance;
    });
    if (!known && entry.maintenance.size() < ServerLimits::kMaxRules) entry.maintenance.push_back(maintenance);
  }
}

}  // namespace

std::string clean_text(std::string_view text, std::size_t bytes, bool one_line) {
  std::string clean = valid_utf8(text);
  if (one_line) {
    std::replace_if(
        clean.begin(), clean.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  }
  if (clean.size() > bytes) {
    constexpr unsigned char kContinuation = 0x80;
    std::size_t end = bytes;
    while (end > 0 && (static_cast<unsigned char>(clean[end]) & 0xC0U) == kContinuation) --end;
    clean.resize(end);
  }
  return clean;
}

std::vector<std::string> name_choices(const std::string& name, const std::string& group, std::string_view key) {
  std::vector<std::string> names{name};
  if (!group.empty()) names.push_back(group + "/" + name);
  const std::string suffix = " (" + clean_text(key, 80, true) + ")";
  names.push_back(clean_text(name, ServerLimits::kMaxNameBytes - suffix.size(), true) + suffix);
  std::erase_if(names, [](const std::string& n) { return n.size() > ServerLimits::kMaxNameBytes; });
  return names;
}

const Server* find_imported(const Catalog& catalog, const PeerServer& server) {
  return find_place(catalog, server).first;
}

HistoryWriter::HistoryWriter(Store* store, PeerOptions options)
    : store_(store), options_(std::move(options)), latest_(now() + Options{}.max_ahead) {}

std::unique_lock<engine::Mutex> HistoryWriter::lock_catalog() const {
  return options_.catalog_mutex != nullptr ? std::unique_lock(*options_.catalog_mutex)
                                           : std::unique_lock<engine::Mutex>();
}

bool HistoryWriter::row() {
  if (++rows_ % kRowsBetweenLooks != 0) return true;
  if (progress_ != nullptr) progress_->update(rows_, counts_.results + batch_.size());
  return !(options_.interrupted && options_.interrupted());
}

void HistoryWriter::leave_out(std::string_view what, std::uint64_t count) {
  if (count == 0) return;
  const auto found = std::find_if(counts_.left_out.begin(), counts_.left_out.end(),
                                  [&](const auto& entry) { return entry.first == what; });
  if (found != counts_.left_out.end()) {
    found->second += count;
  } else {
    counts_.left_out.emplace_back(what, count);
  }
}

Result<bool> HistoryWriter::begin(PeerServer server) {
  if (auto ended = end(); !ended) return tl::unexpected(ended.error());
  Server& entry = server.entry;
  entry.name = clean_text(entry.name, ServerLimits::kMaxNameBytes, true);
  if (entry.name.empty()) entry.name = clean_text(server.origin, ServerLimits::kMaxNameBytes, true);
  entry.group = clean_text(entry.group, ServerLimits::kMaxGroupBytes, true);
  entry.url = clean_text(public_url(entry.url), ServerLimits::kMaxUrlBytes, true);
  std::map<std::string, std::string> tags;
  for (const auto& [key, value] : entry.tags) {
    std::string clean_key = clean_text(key, ServerLimits::kMaxTagKeyBytes, true);
    if (clean_key.empty() || tags.size() + 1 >= ServerLimits::kMaxTags) {
      leave_out("tags beyond what a server may have");
      continue;
    }
    tags[std::move(clean_key)] = clean_text(value, ServerLimits::kMaxTagValueBytes, true);
  }
  server.origin = clean_text(server.origin, ServerLimits::kMaxTagValueBytes, true);
  tags[std::string(kOriginTag)] = server.origin;
  entry.tags = std::move(tags);

  const auto lock = lock_catalog();
  const auto catalog = store_ != nullptr ? store_->catalog() : options_.only;
  const Server* known = nullptr;
  if (catalog) std::tie(known, entry.name) = find_place(*catalog, server);
  if (known == nullptr && options_.only) {
    leave_out("servers that are not in the catalog");
    return false;
  }
  ++counts_.servers;
  begun_ = true;
  if (known != nullptr && store_ != nullptr) {
    server_ = known->id;
    Server merged = *known;
    merged.created_at = std::min(merged.created_at, entry.created_at);
    merge_rules(merged, server);
    if (!merged.tags.contains(std::string(kOriginTag)) && merged.tags.size() < ServerLimits::kMaxTags) {
      merged.tags[std::string(kOriginTag)] = server.origin;
    }
    if (merged != *known) {
      if (auto saved = store_->update_server(merged); !saved) return tl::unexpected(saved.error());
    }
    return true;
  }
  if (known == nullptr) {
    ++counts_.new_servers;
    if (server.paused_since_ms >= 0) entry.paused = {{from_ms(server.paused_since_ms), kTimeLimit}};
  }
  if (store_ == nullptr) return true;
  const auto added = store_->add_server(entry);
  if (!added) return tl::unexpected(added.error());
  server_ = *added;
  return true;
}

Result<void> HistoryWriter::take(CheckResult result) {
  assert(begun_);
  if (result.time < from_ms(0) || result.time > latest_) {
    leave_out("results whose time lies before 1970 or in the future");
    return {};
  }
  if (!batch_.empty() && batch_.back().time == result.time) {
    leave_out("results of the same moment as another");
    batch_.pop_back();
  }
  result.server = server_;
  if (result.interval_ms == 0) result.interval_ms = options_.interval_ms;
  result.detail = clean_text(result.detail, kMaxDetailBytes, false);
  batch_bytes_ += result.detail.capacity();
  batch_.push_back(std::move(result));
  if (batch_.size() < kBatchResults && batch_bytes_ < kBatchTextBytes) return {};
  return store_batch();
}

void HistoryWriter::know(Window window, State state, std::string_view why) {
  window.to = std::min(window.to, latest_);
  if (window.empty()) return;
  if (!known_.empty() && known_.back().state == state && known_.back().window.to == window.from) {
    known_.back().window.to = window.to;
  } else {
    known_.push_back({window, state, std::string(why)});
  }
}

// What is in the store already, the same, is not written again: the copy of a store that grew costs what it grew by.
Result<void> HistoryWriter::drop_unchanged() {
  if (batch_.empty()) return {};
  std::vector<CheckResult> fresh;
  std::size_t at = 0;
  const Window window{batch_.front().time, batch_.back().time + std::chrono::milliseconds{1}};
  auto read = for_each_result(*store_, server_, window, [&](CheckResult&& have) {
    while (at < batch_.size() && batch_[at].time < have.time) fresh.push_back(std::move(batch_[at++]));
    if (at < batch_.size() && batch_[at] == have) {
      ++counts_.unchanged;
      ++at;
    }
    return at < batch_.size();
  });
  if (!read) return read;
  while (at < batch_.size()) fresh.push_back(std::move(batch_[at++]));
  batch_ = std::move(fresh);
  return {};
}

Result<void> HistoryWriter::store_batch() {
  std::size_t expired_results = 0;
  if (store_ != nullptr) {
    if (auto dropped = drop_unchanged(); !dropped) return dropped;
    if (!batch_.empty()) {
      const auto expired = store_kept(*store_, batch_);
      if (!expired) return tl::unexpected(expired.error());
      leave_out("results older than retention keeps", *expired);
      expired_results = *expired;
    }
  }
  counts_.results += batch_.size() - expired_results;
  batch_.clear();
  batch_bytes_ = 0;
  return {};
}

Result<std::vector<Window>> HistoryWriter::without_results(Window window, ServerId server) const {
  const auto catalog = store_->catalog();
  const Server* const entry = catalog->find(server);
  if (entry == nullptr) return fail(ErrorCode::not_found, "the server was removed meanwhile");
  std::vector<Window> left;
  TimeMs from = window.from;
  // A result at the very beginning is where this stretch was known from.
  const Window inside{window.from + std::chrono::milliseconds{1}, window.to};
  auto read = for_each_result(*store_, server, inside, [&](CheckResult&& result) {
    if (from < result.time) left.push_back({from, result.time});
    from = std::max(from, result.time + hold_of(entry->rules_at(result.time), result.interval_ms));
    return true;
  });
  if (!read) return tl::unexpected(read.error());
  if (from < window.to) left.push_back({from, window.to});
  return left;
}

Result<void> HistoryWriter::enter(ServerId server, const std::vector<Known>& known) {
  const auto lock = lock_catalog();
  const auto catalog = store_->catalog();
  const Server* const before = catalog->find(server);
  if (before == nullptr) return fail(ErrorCode::not_found, "the server was removed meanwhile");
  Server entry = *before;
  for (const Known& stretch : known) {
    if (stretch.state == State::maintenance) {
      const auto same = std::find_if(entry.maintenance.begin(), entry.maintenance.end(), [&](const Maintenance& have) {
        return have.repeat == Maintenance::Repeat::once && have.note == stretch.why &&
               have.once.from == stretch.window.from;
      });
      if (same != entry.maintenance.end()) {
        same->once.to = std::max(same->once.to, stretch.window.to);
      } else if (entry.maintenance.size() >= ServerLimits::kMaxRules) {
        leave_out("stretches of maintenance beyond what a server may have");
      } else {
        Maintenance maintenance;
        maintenance.once = stretch.window;
        maintenance.note = stretch.why;
        entry.maintenance.push_back(std::move(maintenance));
      }
      continue;
    }
    const bool there = std::any_of(entry.corrections.begin(), entry.corrections.end(), [&](const Correction& have) {
      return have.note == stretch.why && have.window.from <= stretch.window.from && stretch.window.to <= have.window.to;
    });
    if (there) continue;
    auto windows = without_results(stretch.window, server);
    if (!windows) return tl::unexpected(windows.error());
    for (const Window& window : *windows) {
      if (entry.corrections.size() >= ServerLimits::kMaxRules) {
        leave_out("stretches of time beyond what a server may have");
        break;
      }
      const Correction correction{window, stretch.state, stretch.why};
      if (std::find(entry.corrections.begin(), entry.corrections.end(), correction) != entry.corrections.end())
        continue;
      entry.corrections.push_back(correction);
      entry.created_at = std::min(entry.created_at, window.from);
      ++counts_.stretches;
    }
  }
  if (entry == *before) return {};
  return store_->update_server(entry);
}

Result<void> HistoryWriter::end() {
  if (!begun_) return {};
  begun_ = false;
  if (auto stored = store_batch(); !stored) return stored;
  const std::vector<Known> known = std::exchange(known_, {});
  if (known.empty()) return {};
  if (store_ == nullptr) {
    counts_.stretches += static_cast<std::uint64_t>(std::count_if(
        known.begin(), known.end(), [](const Known& stretch) { return stretch.state != State::maintenance; }));
    return {};
  }
  return enter(server_, known);
}

Result<void> HistoryWriter::finish() {
  if (auto ended = end(); !ended) return ended;
  return store_ != nullptr ? store_->flush() : Result<void>{};
}

}  // namespace nines::tools
