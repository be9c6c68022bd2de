// A prober over a real store in a folder of its own, and what it told, to be waited for.
#pragma once

#include <gtest/gtest.h>
#include <nines/prober.h>
#include <nines/store.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "prober/support/server_process.h"

namespace nines::prober_test {

/// How long a test waits for what must happen before it calls it lost.
inline constexpr std::chrono::seconds kWaitLimit{20};

class Probers : public testing::Test {
 protected:
  Probers();

  /// Opens the store that the tests' results go to.
  void open_store();
  /// A server in the catalog; it is checked hourly, so that a test decides when.
  ServerId add_server(const std::string& name, const std::string& url);
  [[nodiscard]] static ProbedServer probed(ServerId id, const std::string& name, const std::string& url);

  /// Makes the prober (over `into`, by default the store) with `options`, adds `servers` and starts it.
  void start(const std::vector<ProbedServer>& servers, Store* into = nullptr);
  /// Checks a server now and waits for the stored result.
  CheckResult check(ServerId id);

  /// Waits until `done` holds, which is looked at whenever something was told, and now and then.
  [[nodiscard]] bool wait_until(const std::function<bool()>& done);
  [[nodiscard]] std::vector<CheckResult> told_results();
  [[nodiscard]] std::vector<StateChange> told_changes();
  /// What the store holds of a server, from the beginning of time.
  [[nodiscard]] std::vector<CheckResult> stored(ServerId id) const;

  TemporaryDirectory folder;
  std::unique_ptr<Store> store;
  ProberOptions options;

 private:
  std::mutex mutex_;
  std::condition_variable told_;
  std::vector<CheckResult> results_;  // guarded by mutex_
  std::vector<StateChange> changes_;  // guarded by mutex_

 protected:
  /// Tells until it is gone: it goes before all that its callbacks touch.
  std::unique_ptr<Prober> prober;
};

/// The results of a server in a store, in the order of time.
[[nodiscard]] std::vector<CheckResult> read_results(const Store& store, ServerId id);

}  // namespace nines::prober_test
