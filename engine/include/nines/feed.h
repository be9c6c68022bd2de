// Feeds: what is appended to a store from now on, for the host that has it open.
//
// A feed is a queue that the host takes results out of, on a thread of its own: nothing is called back, so nothing of
// the host's runs on a thread of the store or under its locks, and a host that is slow keeps no writer waiting. The
// queue takes so many bytes. Where more come, the oldest go, and the next batch says which they were.
//
// What it carries: the results of Store::append() and append_each(), once readers see them, corrections and repetitions
// among them; those of one server in the order in which they were stored, those of one append by server and time. Not
// load(), erase() and the catalog, which Store::changes() counts. To begin with what is there, subscribe first and read
// then: what is stored in between comes twice and not never.
//
// Threads: subscribe() and wake() from any; next() from one at a time. A feed may outlive its store, and then hands out
// what it has and is `closed`. In a forked child it is `fatal`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <nines/check_result.h>
#include <nines/result.h>
#include <nines/store.h>
#include <nines/types.h>

namespace nines {

struct FeedOptions {
  /// Memory for what waits to be taken; a result without a detail takes about 100 bytes. At least kLeastBytes.
  std::size_t max_bytes = 8U << 20U;
  static constexpr std::size_t kLeastBytes = 16U << 10U;
};

/// Results of a server that a full queue dropped: they are in the store, where a scan of `window` finds them.
struct DroppedResults {
  ServerId server{};  ///< 0: of any server, where there was no memory to note which
  Window window;
  std::uint64_t results = 0;
};

struct FeedBatch {
  std::vector<DroppedResults> dropped;  ///< since the batch before, ascending by server; earlier than `results`
  std::vector<CheckResult> results;
};

class Feed {
 public:
  virtual ~Feed() = default;
  /// Waits up to `wait` until there is something, and takes up to `most` results. An empty batch: there was nothing, or
  /// wake() was called. Errors: closed, fatal, unavailable (no memory; nothing is lost by it).
  [[nodiscard]] virtual Result<FeedBatch> next(std::chrono::milliseconds wait, std::size_t most = SIZE_MAX) = 0;
  /// Has the next() that waits return at once, or else the next one.
  virtual void wake() noexcept = 0;
};

/// A store that derives from this has feeds; the stores of Store::open() do.
class FeedSource {
 public:
  virtual ~FeedSource() = default;
  /// Errors: read_only, as another process appends then; invalid_argument (options); closed, fatal.
  [[nodiscard]] virtual Result<std::unique_ptr<Feed>> subscribe(const FeedOptions& options) = 0;
};

/// The same of any store; `invalid_argument` where it has no feeds.
[[nodiscard]] inline Result<std::unique_ptr<Feed>> subscribe(Store& store, const FeedOptions& options = {}) {
  if (auto* const source = dynamic_cast<FeedSource*>(&store)) return source->subscribe(options);
  return fail(ErrorCode::invalid_argument, "this kind of store has no feeds");
}

}  // namespace nines
