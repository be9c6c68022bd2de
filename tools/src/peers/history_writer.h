// Another tool's history on its way into a store: one server after the other, each with its results by time and with
// what is known of the time between them.
//
// Doing the same again changes nothing: a server is found again by the tag that says where it came from, a result by
// its time, and what the catalog gained by what it says. Memory is bounded by a batch. Not thread-safe.
#pragma once

#include <nines/store.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "show/terminal.h"

namespace nines::tools {

/// The tag that names the tool and its own key of the server: "uptime-kuma/6".
inline constexpr std::string_view kOriginTag = "imported-from";

/// A server as another tool has it. `entry.name` need not be unique, nor fit the catalog's limits.
struct PeerServer {
  std::string origin;  ///< value of kOriginTag; the part after the slash tells servers of one name apart
  Server entry;
  std::int64_t paused_since_ms = -1;  ///< the tool does not check it any more since then; -1: it does
};

struct PeerOptions {
  std::shared_ptr<const Catalog> only;     ///< if given, servers that are not in it are left out
  std::uint32_t interval_ms = 0;           ///< for results without one
  engine::Mutex* catalog_mutex = nullptr;  ///< held while an entry is read, changed and written. Optional
  std::function<bool()> interrupted;       ///< asked now and then; true ends the reading. Optional
  std::string zone = "UTC";                ///< of the tool's process, where its store does not say
};

struct PeerCounts {
  std::uint64_t results = 0;    ///< stored; those only that were not there
  std::uint64_t unchanged = 0;  ///< there already, the same
  std::uint64_t stretches = 0;  ///< of time known without results
  std::uint64_t servers = 0;
  std::uint64_t new_servers = 0;
  /// What has no equal here, in the order it was met: how many, and of what.
  std::vector<std::pair<std::string, std::uint64_t>> left_out;
  std::vector<std::string> remarks;  ///< sentences about the whole
};

class HistoryWriter {
 public:
  /// `store` null: everything is read and counted, nothing is stored.
  HistoryWriter(Store* store, PeerOptions options);

  /// Begins a server; that before it is ended. False when it is not to be taken, and its results neither.
  [[nodiscard]] Result<bool> begin(PeerServer server);
  /// A result of the server that was begun. `result.server` is set here; times ascend.
  [[nodiscard]] Result<void> take(CheckResult result);
  /// What is known of the server in `window` without results, or beside them; where results are in the store already,
  /// they stand. Any number of them, in order.
  void know(Window window, State state, std::string_view why);
  /// Ends the server that was begun.
  [[nodiscard]] Result<void> end();
  /// Makes everything durable.
  [[nodiscard]] Result<void> finish();

  /// Where to show how far it is; null for nowhere.
  void show(Progress* progress) noexcept { progress_ = progress; }
  void leave_out(std::string_view what, std::uint64_t count = 1);
  void remark(std::string sentence) { counts_.remarks.push_back(std::move(sentence)); }
  /// Counts a row that was read; whether to go on.
  [[nodiscard]] bool row();

  [[nodiscard]] const PeerOptions& options() const noexcept { return options_; }
  [[nodiscard]] const PeerCounts& counts() const noexcept { return counts_; }

 private:
  struct Known {
    Window window;
    State state;
    std::string why;
  };

  [[nodiscard]] std::unique_lock<engine::Mutex> lock_catalog() const;
  [[nodiscard]] Result<void> store_batch();
  [[nodiscard]] Result<void> drop_unchanged();
  [[nodiscard]] Result<std::vector<Window>> without_results(Window window, ServerId server) const;
  [[nodiscard]] Result<void> enter(ServerId server, const std::vector<Known>& known);

  Store* store_;
  PeerOptions options_;
  PeerCounts counts_;
  TimeMs latest_;  ///< the latest time that a result may have
  bool begun_ = false;
  ServerId server_{};
  std::vector<CheckResult> batch_;
  std::size_t batch_bytes_ = 0;
  std::vector<Known> known_;
  std::uint64_t rows_ = 0;
  Progress* progress_ = nullptr;
};

/// `text` as a detail or a name may be: valid UTF-8 of at most `bytes`, cut between characters; control characters
/// become spaces where `one_line`.
[[nodiscard]] std::string clean_text(std::string_view text, std::size_t bytes, bool one_line);

/// The names that a server may have, best first: its own, that with its group, that with its key.
[[nodiscard]] std::vector<std::string> name_choices(const std::string& name, const std::string& group,
                                                    std::string_view key);

/// The entry that the server's history goes into; null where it would be a new one.
[[nodiscard]] const Server* find_imported(const Catalog& catalog, const PeerServer& server);

}  // namespace nines::tools
