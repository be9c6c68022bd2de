// What a command begins with: the store opened, servers found in it, its question read; with errors that say what to
// do.
#pragma once

#include <nines/dashboard.h>
#include <nines/store.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "cli/command/command.h"
#include "show/output.h"
#include "show/times.h"

namespace nines::tools {

template <class T>
using Expected = tl::expected<T, Failure>;

/// For looking: without the lock, also while another process writes.
[[nodiscard]] Expected<std::unique_ptr<Store>> open_for_reading(const Call& call);

/// A store that a command may change: its own, or the open one of the process that runs it.
class WritableStore {
 public:
  explicit WritableStore(std::unique_ptr<Store> own) : own_(std::move(own)), store_(own_.get()) {}
  explicit WritableStore(const Owner& owner)
      : store_(&owner.store), owner_(&owner), before_(owner.store.catalog().get()) {}

  Store& operator*() const noexcept { return *store_; }
  Store* operator->() const noexcept { return store_; }
  /// Null where nobody else changes the catalog.
  [[nodiscard]] engine::Mutex* catalog_mutex() const noexcept { return owner_ != nullptr ? &owner_->catalog : nullptr; }
  /// To be held while an entry of the catalog is read, changed and written.
  [[nodiscard]] std::unique_lock<engine::Mutex> lock_catalog() const;
  /// Ends the writing, so that a failure to make it durable is not lost.
  [[nodiscard]] Outcome close(int exit_code = kExitDone);

 private:
  std::unique_ptr<Store> own_;
  Store* store_;
  const Owner* owner_ = nullptr;
  const Catalog* before_ = nullptr;  // compared only
};

/// How a store is opened for changing. A command that only writes does not need recent history in memory.
[[nodiscard]] Options writing_options(bool create);

/// For changing. Waits for a store that is being written, as long as --wait says; when the process that holds it takes
/// commands the work is handed to it, with `inputs`, and the failure is that command's end. What can be refused
/// without the store, and questions to a person, come before.
[[nodiscard]] Expected<WritableStore> open_for_writing(const Call& call, const Options& options,
                                                       std::span<const int> inputs = {});
[[nodiscard]] Expected<WritableStore> open_for_writing(const Call& call, bool create);

/// Changes the entry called `name` while nobody else does, and says so; `change` may refuse.
[[nodiscard]] Outcome change_server(const Call& call, const std::string& name,
                                    const std::function<Outcome(Server&)>& change);
/// Says of a server that a configuration describes that the next `nines run` or reload brings it back to that.
void warn_of_configuration(const Call& call, const Server& server);

/// Hands the command to the process that holds the store, when there is one that takes commands.
[[nodiscard]] Expected<std::optional<int>> hand_over(const Call& call, std::chrono::milliseconds patience,
                                                     std::span<const int> inputs);
/// What the process that holds the store answers to `question`, a command that prints JSON; null when there is none, or
/// it does not answer within `patience`.
[[nodiscard]] Json ask_owner(const Call& call, const std::string& question, std::chrono::milliseconds patience);
/// The command behind such a question: prints what `answer` says in the process that holds the store, to which it is
/// handed over.
[[nodiscard]] Outcome answer_as_owner(const Call& call, const std::function<Json(const Owner&)>& answer);
/// --wait.
[[nodiscard]] Expected<std::chrono::milliseconds> read_wait(const Call& call);

/// The server called `name`, or a failure that suggests a near name. Valid as long as `catalog` is.
[[nodiscard]] Expected<const Server*> find_server(const Catalog& catalog, const std::string& name);

/// The servers called `names`; all of the catalog when there are none. In the order given, or by id.
[[nodiscard]] Expected<std::vector<const Server*>> find_servers(const Catalog& catalog,
                                                                const std::vector<std::string>& names);

/// A group or tag of `filter` that no server has is a failure, which suggests a near one.
[[nodiscard]] Expected<void> check_filter(const Catalog& catalog, const ServerFilter& filter);

/// --yes.
void yes_option(OptionList& options);
/// `prompt [y/N]` on the terminal; true with --yes, and where a process that has asked handed the command over. Without
/// a terminal and without --yes: a usage failure.
[[nodiscard]] Expected<bool> confirmed(const Call& call, const std::string& prompt);

/// What show/times.h reads, from a command's options; failures are of usage.
[[nodiscard]] tl::expected<Question, Failure> read_question(const Call& call);
[[nodiscard]] tl::expected<std::uint64_t, Failure> read_count(const Call& call, const char* option, std::uint64_t usual,
                                                              std::uint64_t least, std::uint64_t most);

/// A store, one server of it and a question: what a command about one server begins with.
struct Subject {
  std::unique_ptr<Store> store;
  std::shared_ptr<const Catalog> catalog;
  const Server* server = nullptr;  ///< of `catalog`
  Question question;
};

/// Opens the store for reading and finds the server called `name`.
[[nodiscard]] Expected<Subject> open_subject(const Call& call, const std::string& name);

}  // namespace nines::tools
