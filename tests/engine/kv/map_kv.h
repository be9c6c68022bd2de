// An ordered store that answers as one across a network may, in memory: servers are apart, reads come in pages that
// end when the server has changed, writes are delayed, refused, or time out with an outcome that nobody knows (applied
// at once, applied long after, or never), and each server has an epoch that fences off what was sent before.
//
// MapCluster is what stays when a process goes; a MapKv is one process's connection. Requires: the cluster outlives its
// connections.
//
// Threads: both from any thread, but for plan(), which no call may overlap.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>

#include "kv/kv.h"

namespace nines::test {

class MapCluster {
 public:
  /// What becomes of a batch.
  enum class Fate : std::uint8_t { applied, refused, unknown_but_applied, unknown_and_late, unknown_and_lost };
  /// What goes wrong, in percent of the batches written, but for the fences.
  struct Plan {
    int refused = 0;              ///< not applied, and the caller is told so
    int unknown_but_applied = 0;  ///< timed out, and applied at once
    int unknown_and_late = 0;     ///< timed out, and applied when other calls have passed it, unless it is fenced off
    int unknown_and_lost = 0;     ///< timed out, and never applied
    int failed_fences = 0;        ///< of the fences: the connection is at its end
    std::uint32_t late_from = 1;  ///< a late write comes with one of the calls from this one after it on
    std::uint32_t late_to = 40;   ///< to this one
    std::uint32_t page_keys = 0;  ///< keys that are read at a time; 0 reads everything at once, of one moment
    std::chrono::microseconds delay{0};  ///< of each call, at most
    // For a test that leaves nothing to chance.
    std::function<Fate()> fate{};         ///< of each batch, instead of the percentages; it must not call the cluster
    std::function<bool()> fence_fails{};  ///< instead of failed_fences; likewise
    std::function<void()> between_batches{};  ///< called before and after each batch; it may read
  };

  explicit MapCluster(std::uint64_t seed) : random_(seed) {}
  void plan(const Plan& plan) { plan_ = plan; }

  /// A connection. Everything sent by those before it that has not arrived yet never will.
  [[nodiscard]] std::unique_ptr<engine::Kv> connect();

  /// So that a test that met nothing is seen.
  struct Counts {
    std::uint64_t refused = 0;
    std::uint64_t timed_out = 0;
    std::uint64_t applied_late = 0;
    std::uint64_t fenced_off = 0;  ///< late writes that came to nothing
    std::uint64_t moved = 0;       ///< views that ended because their server had changed
  };
  [[nodiscard]] Counts counts() const;

 private:
  friend class MapKv;
  friend class MapView;
  using Space = std::map<std::string, std::string>;
  using Spaces = std::array<Space, engine::kSpaceCount>;

  struct Late {
    std::uint64_t due = 0;    // the call before which it arrives
    std::uint64_t epoch = 0;  // of its server when it was sent
    engine::Batch batch;
  };

  struct Object {  // a server
    Spaces spaces;
    std::uint64_t version = 0;
    std::uint64_t epoch = 0;
  };

  void begin_call();
  void apply_locked(const engine::Batch& batch);
  [[nodiscard]] Fate fate_locked();
  [[nodiscard]] engine::Outcome write_locked(const engine::Batch& batch);
  [[nodiscard]] bool chance_locked(int percent);

  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  Plan plan_;
  std::map<ServerId, Object> servers_;
  std::deque<Late> late_;
  std::uint64_t calls_ = 0;
  Counts counts_;
};

}  // namespace nines::test
