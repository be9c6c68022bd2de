// What a command begins with: the store opened, servers found in it, its question read; with errors that say what to
// do.
#pragma once

#include <nines/dashboard.h>
#include <nines/store.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "show/times.h"

namespace nines::tools {

template <class T>
using Expected = tl::expected<T, Failure>;

/// For looking: without the lock, also while another process writes.
[[nodiscard]] Expected<std::unique_ptr<Store>> open_for_reading(const Call& call);

/// For changing. `create` false refuses a missing store.
[[nodiscard]] Expected<std::unique_ptr<Store>> open_for_writing(const Call& call, bool create);

/// As open_for_writing, for a path and options of the caller's own.
[[nodiscard]] Expected<std::unique_ptr<Store>> open_path_for_writing(const std::string& path, Options options);

/// The server called `name`, or a failure that suggests a near name. Valid as long as `catalog` is.
[[nodiscard]] Expected<const Server*> find_server(const Catalog& catalog, const std::string& name);

/// The servers called `names`; all of the catalog when there are none. In the order given, or by id.
[[nodiscard]] Expected<std::vector<const Server*>> find_servers(const Catalog& catalog,
                                                                const std::vector<std::string>& names);

/// A group or tag of `filter` that no server has is a failure, which suggests a near one.
[[nodiscard]] Expected<void> check_filter(const Catalog& catalog, const ServerFilter& filter);

/// Closes a store that was written, so that a failure to make it durable is not lost.
[[nodiscard]] Outcome close_store(Store& store, int exit_code = kExitDone);

/// `prompt [y/N]` on the terminal; true with --yes. Without a terminal and without --yes: a usage failure.
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
