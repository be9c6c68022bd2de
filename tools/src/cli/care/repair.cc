// nines repair: all that can be read of a damaged store, in a new one; and what could not.
//
// Each server is read by itself, around what is damaged. The new store grows beside its place under another name and is
// checked before it gets its own, so what lies at that name is whole. The damaged store is not changed.
#include <fmt/format.h>
#include <nines/salvage.h>
#include <nines/store.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "cli/care/commands.h"
#include "cli/command/interrupt.h"
#include "cli/command/object.h"
#include "cli/command/session.h"
#include "exchange/results.h"
#include "show/answers.h"
#include "show/open_error.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

/// A stretch of which not everything could be saved.
struct Loss {
  std::string server;
  Window window;
  std::uint64_t results = 0;  ///< that the summaries of its days tell of and that were not found
  bool exact = false;         ///< all of its days have a summary; otherwise there may have been more
  std::string why;
};

struct Saved {
  std::uint64_t servers = 0;
  std::uint64_t results = 0;
  std::uint64_t days_without_results = 0;  ///< of which the damaged store has a summary alone
  std::vector<Loss> losses;
};

/// A store that was opened as far as that is possible.
struct Damaged {
  std::unique_ptr<Store> store;
  std::vector<std::string> warnings;
  std::vector<LostFile> lost;  ///< what was in files that are missing or cannot be read
};

std::string nameless_text(const std::vector<ServerId>& nameless) {
  return fmt::format("the entries of {} in the catalog are lost: {} called lost-NUMBER now",
                     counted(nameless.size(), "server"), nameless.size() == 1 ? "it is" : "they are");
}

/// The store as it is, or as far as its log can be read, or put together anew at `workplace` of the files that are
/// left.
Expected<Damaged> open_damaged(const std::string& path, const std::string& workplace) {
  Damaged damaged;
  auto store = Store::open_read_only(path);
  if (!store && store.error().code == ErrorCode::corruption) {
    damaged.warnings.push_back(store.error().message);
    Options options;
    options.recovery = Recovery::point_in_time;
    store = Store::open_read_only(path, options);
  }
  const auto is = [&](ErrorCode code) { return !store && store.error().code == code; };
  if (is(ErrorCode::corruption) || is(ErrorCode::io) || is(ErrorCode::not_a_store)) {
    const auto salvaged = salvage(path, workplace);
    if (salvaged) store = Store::open_read_only(workplace);
    const std::string& why = salvaged ? (store ? std::string() : store.error().message) : salvaged.error().message;
    if (!why.empty()) return failed(fmt::format("nothing can be read of `{}`: {}", printable(path), printable(why)));
    damaged.warnings.clear();
    for (const LostFile& lost : salvaged->lost) damaged.warnings.push_back(fmt::format("{}: {}", lost.file, lost.what));
    if (!salvaged->nameless.empty()) damaged.warnings.push_back(nameless_text(salvaged->nameless));
    damaged.lost = salvaged->lost;
  }
  if (!store)
    return failed(fmt::format("nothing can be read of `{}`: {}", printable(path), printable(store.error().message)));
  for (const std::string& warning : (*store)->open_report().warnings) damaged.warnings.push_back(warning);
  damaged.store = std::move(*store);
  return damaged;
}

/// Copies one server after the other.
class Salvage {
 public:
  Salvage(const Damaged& from, Store& to, Progress& progress)
      : from_(*from.store), lost_files_(from.lost), to_(to), progress_(progress) {}

  Result<void> copy(const Server& server) {
    Server entry = server;
    entry.retention = {};  // which would refuse results that it has not dropped yet
    const auto id = to_.add_server(entry);
    if (!id) return tl::unexpected(id.error());
    ++saved_.servers;
    saved_by_day_.clear();
    batch_.clear();
    const auto cursor = from_.scan(server.id, {from_ms(0), kTimeLimit},
                                   {.columns = {.latency = true, .phases = true, .details = true}});
    if (!cursor) {
      saved_.losses.push_back({.server = server.name, .window = {}, .why = cursor.error().message});
      return {};
    }
    while (interrupting_signal() == 0) {
      const auto segment = (*cursor)->next();
      if (!segment && segment.error().code == ErrorCode::corruption) continue;
      if (!segment) {  // of this server nothing more can be read
        saved_.losses.push_back({.server = server.name, .window = {}, .why = segment.error().message});
        break;
      }
      if (*segment == nullptr) break;
      if (auto taken = take(**segment, *id); !taken) return taken;
    }
    if (auto written = write(*id); !written) return written;
    entry.id = *id;
    entry.retention = server.retention;
    if (auto kept = to_.update_server(entry); !kept) return kept;
    for (const Hole& hole : (*cursor)->holes()) note_hole(server, hole.window, hole.error.message);
    for (const LostFile& lost : lost_files_) {
      if (lost.window.empty() || server.id < lost.first || lost.last < server.id) continue;
      note_hole(server, lost.window, lost.file + " is lost");
    }
    return count_lost(server);
  }

  [[nodiscard]] Saved take_saved() { return std::move(saved_); }

 private:
  Result<void> take(const Segment& segment, ServerId id) {
    for (std::uint32_t i = 0; i < segment.size(); ++i) {
      batch_.push_back(segment.at(i, id));
      ++saved_by_day_[segment.time_ms[i] / kDayMs];
    }
    // Series of several places alternate day by day, so what lies behind a day's last result may be written.
    constexpr std::size_t kBatch = 100'000;
    return batch_.size() >= kBatch ? write(id) : Result<void>{};
  }

  Result<void> write(ServerId id) {
    if (batch_.empty()) return {};
    std::sort(batch_.begin(), batch_.end(), [](const CheckResult& a, const CheckResult& b) {
      return std::tie(a.time, a.location) < std::tie(b.time, b.location);
    });
    if (auto loaded = to_.load(id, batch_); !loaded) return loaded;
    saved_.results += batch_.size();
    batch_.clear();
    progress_.update(0, saved_.results);
    return {};
  }

  /// Summaries tell of whole days, so damage of one day is one loss.
  void note_hole(const Server& server, Window hole, const std::string& why) {
    Loss loss{.server = server.name, .window = hole, .why = why};
    const auto meets = [&](const Loss& other) {
      return other.server == loss.server && !other.window.empty() &&
             to_ms(loss.window.from) / kDayMs <= (to_ms(other.window.to) - 1) / kDayMs &&
             to_ms(other.window.from) / kDayMs <= (to_ms(loss.window.to) - 1) / kDayMs;
    };
    for (auto& all = saved_.losses;;) {
      const auto other = std::find_if(all.begin(), all.end(), meets);
      if (other == all.end()) break;
      loss.window.from = std::min(loss.window.from, other->window.from);
      loss.window.to = std::max(loss.window.to, other->window.to);
      loss.why = other->why;
      all.erase(other);
    }
    saved_.losses.push_back(std::move(loss));
  }

  /// Compares what was found with what the summaries tell of.
  Result<void> count_lost(const Server& server) {
    const auto cursor = from_.days(server.id, {0, to_ms(kTimeLimit) / kDayMs}, false);
    if (!cursor) return {};
    std::map<std::int64_t, std::uint64_t> told;
    ScanCost before;
    while (interrupting_signal() == 0) {
      const auto day = (*cursor)->next();
      const ScanCost cost = (*cursor)->cost();
      const bool stored = cost.chunks == before.chunks && cost.rows == before.rows;
      before = cost;
      if (!day && day.error().code == ErrorCode::corruption) continue;
      if (!day || *day == nullptr) break;
      if (!stored) continue;  // made of what can be read
      std::uint64_t results = 0;
      for (const DaySeries& series : (*day)->series) {
        for (const Run& run : series.runs) results += run.count();
      }
      told[(*day)->day] = results;
    }
    const auto found_on = [this](std::int64_t day) {
      const auto found = saved_by_day_.find(day);
      return found == saved_by_day_.end() ? 0 : found->second;
    };
    // Nothing can have been stored before the server's life.
    TimeMs born = server.created_at;
    if (!told.empty()) born = std::min(born, from_ms(told.begin()->first * kDayMs));
    if (!saved_by_day_.empty()) born = std::min(born, from_ms(saved_by_day_.begin()->first * kDayMs));
    // Nor behind its newest result or now, whichever is later.
    TimeMs newest = now();
    for (const std::int64_t last :
         {told.empty() ? 0 : told.rbegin()->first, saved_by_day_.empty() ? 0 : saved_by_day_.rbegin()->first}) {
      newest = std::max(newest, from_ms((last + 1) * kDayMs));
    }
    std::set<std::int64_t> hurt;
    for (Loss& loss : saved_.losses) {
      if (loss.server != server.name || loss.window.empty()) continue;
      loss.window.from = std::max(loss.window.from, std::min(born, loss.window.to));
      loss.window.to = std::min(loss.window.to, std::max(newest, loss.window.from));
      const std::int64_t first = to_ms(loss.window.from) / kDayMs;
      const std::int64_t last = (to_ms(loss.window.to) - 1) / kDayMs;
      std::int64_t days = 0;
      for (auto each = told.lower_bound(first); each != told.end() && each->first <= last; ++each, ++days) {
        loss.results += each->second > found_on(each->first) ? each->second - found_on(each->first) : 0;
        hurt.insert(each->first);
      }
      loss.exact = days == last - first + 1;
    }
    // All that was there has been found elsewhere.
    std::erase_if(saved_.losses,
                  [&](const Loss& loss) { return loss.server == server.name && loss.exact && loss.results == 0; });
    for (const auto& [day, results] : told) {
      if (!hurt.contains(day) && found_on(day) == 0) ++saved_.days_without_results;
    }
    return {};
  }

  const Store& from_;
  const std::vector<LostFile>& lost_files_;
  Store& to_;
  Progress& progress_;
  Saved saved_;
  std::vector<CheckResult> batch_;
  std::map<std::int64_t, std::uint64_t> saved_by_day_;
};

/// The new store, under a name that nobody else has; gone when it is not kept.
class NewStore {
 public:
  static Expected<NewStore> make(const std::string& target) {
    std::error_code error;
    if (std::filesystem::exists(target, error)) return failed(fmt::format("`{}` exists already", printable(target)));
    std::string path = target + ".repair-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) {
      return failed(fmt::format("no directory can be made at `{}`: {}", printable(path), std::strerror(errno)));
    }
    Options options = writing_options(true);
    options.max_ahead = std::chrono::days{36'525};  // what was stored once is not judged again
    auto store = Store::open(path + "/store", options);
    if (!store) {
      std::filesystem::remove_all(path, error);
      return failed(printable(store.error().message));
    }
    return NewStore(std::move(path), std::move(*store));
  }
  NewStore(NewStore&& other) noexcept : path_(std::exchange(other.path_, {})), store_(std::move(other.store_)) {}
  NewStore& operator=(NewStore&&) = delete;
  ~NewStore() {
    store_.reset();
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  Store& operator*() const noexcept { return *store_; }
  /// Beside it, for what goes with it.
  [[nodiscard]] std::string workplace() const { return path_ + "/left"; }

  /// Checks it and gives it its name.
  Outcome keep(const std::string& target) {
    if (auto compacted = store_->compact(); !compacted) return failed(printable(compacted.error().message));
    const auto verified = store_->verify();
    if (!verified) return failed(printable(verified.error().message));
    if (verified->damages > 0) return failed(printable(verified->damage.front().what));
    if (auto closed = store_->close(); !closed) return failed(printable(closed.error().message));
    store_.reset();
    std::error_code error;
    std::filesystem::rename(path_ + "/store", target, error);
    if (error) return failed(fmt::format("`{}` cannot be made: {}", printable(target), error.message()));
    return kExitDone;
  }

 private:
  NewStore(std::string path, std::unique_ptr<Store> store) : path_(std::move(path)), store_(std::move(store)) {}

  std::string path_;
  std::unique_ptr<Store> store_;
};

Json loss_json(const Loss& loss) {
  const bool timed = !loss.window.empty();
  return {{"server", loss.server},
          {"from", timed ? Json(format_time(loss.window.from)) : Json()},
          {"to", timed ? Json(format_time(loss.window.to)) : Json()},
          {"results", loss.results},
          {"exact", loss.exact},
          {"why", loss.why}};
}

std::string loss_text(const Loss& loss) {
  std::string text = loss.server + ": ";
  text += loss.window.empty() ? "what follows could not be read"
                              : fmt::format("{} to {}", format_time(loss.window.from), format_time(loss.window.to));
  text += loss.results == 0
              ? ", how many results is not known"
              : fmt::format(", {}{} lost", loss.exact ? "" : "at least ", counted(loss.results, "result"));
  return text + ": " + loss.why;
}

}  // namespace

Outcome repair(const Call& call) {
  const std::string& target = call.words[0];
  const std::string path = call.db_path();
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return failed(open_error_text(path, {ErrorCode::not_found, {}}));
  auto fresh = NewStore::make(target);
  if (!fresh) return tl::unexpected(fresh.error());
  auto damaged = open_damaged(path, fresh->workplace());
  if (!damaged) return tl::unexpected(damaged.error());
  const std::vector<std::string>& warnings = damaged->warnings;
  const InterruptGuard guard;
  Saved saved;
  {
    Progress progress("repair", "results", 0, call.terminal, !call.quiet);
    Salvage copier(*damaged, **fresh, progress);
    const auto catalog = damaged->store->catalog();
    for (const Server& server : catalog->servers()) {
      if (auto copied = copier.copy(server); !copied) return failed(printable(copied.error().message));
      if (interrupting_signal() != 0) {
        return tl::unexpected(Failure{128 + interrupting_signal(), "interrupted; nothing was written"});
      }
    }
    saved = copier.take_saved();
  }
  if (auto kept = fresh->keep(target); !kept) return kept;

  for (const std::string& warning : warnings) say(printable(warning));
  for (const Loss& loss : saved.losses) say(printable(loss_text(loss)));
  Json losses = Json::array();
  for (const Loss& loss : saved.losses) losses.push_back(loss_json(loss));
  const bool whole = saved.losses.empty() && warnings.empty() && saved.days_without_results == 0;
  const Json json = {{"store", target},           {"servers", saved.servers},
                     {"results", saved.results},  {"whole", whole},
                     {"lost", std::move(losses)}, {"days_without_results", saved.days_without_results},
                     {"warnings", warnings}};
  show_object(call, json,
              {{"store", printable(target)},
               {"servers", with_commas(saved.servers)},
               {"results", with_commas(saved.results)},
               {"lost stretches", saved.losses.empty() ? "none" : with_commas(saved.losses.size())},
               {"summaries without results", saved.days_without_results == 0 ? std::string("none")
                                                                             : with_commas(saved.days_without_results) +
                                                                                   " days, not carried over"}});
  return whole ? kExitDone : kExitPartly;
}

}  // namespace nines::tools
