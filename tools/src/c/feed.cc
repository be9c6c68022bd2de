#include <nines/c/feed.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include <nines/feed.h>
#include <nines/state_feed.h>

#include "c/answers.h"
#include "c/call.h"
#include "c/handles.h"

struct nines_feed {
  std::unique_ptr<nines::Feed> feed;
  nines::FeedBatch batch;
  nines_phases phases{};  ///< of the result that was handed out last
};

struct nines_states {
  std::shared_ptr<nines::Store> store;  ///< which the feed may not outlive
  std::unique_ptr<nines::StateFeed> feed;
  std::vector<nines::ChangedState> changes;
};

namespace nines::c {
namespace {

Result<nines_feed_options> options_of(const nines_feed_options* given) {
  if (given == nullptr) return nines_feed_options{};
  return read_struct(given, "options");
}

FeedOptions feed_options_of(const nines_feed_options& in) {
  FeedOptions out;
  if (in.max_bytes != 0) out.max_bytes = in.max_bytes;
  return out;
}

// What any wait may be, so that none overflows.
std::chrono::milliseconds wait_of(std::int64_t wait_ms) {
  constexpr std::int64_t kYearMs = 366LL * 86'400'000;
  return std::chrono::milliseconds{std::clamp<std::int64_t>(wait_ms, 0, kYearMs)};
}

}  // namespace
}  // namespace nines::c

using nines::Result;
using nines::c::call;
using nines::c::null_argument;

nines_code nines_subscribe(nines_store* store, const nines_feed_options* options, nines_feed** feed,
                           nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (feed == nullptr) return null_argument("feed");
    *feed = nullptr;
    if (store == nullptr) return null_argument("store");
    const auto in = nines::c::options_of(options);
    if (!in) return tl::unexpected(in.error());
    auto handle = std::make_unique<nines_feed>();
    auto made = nines::subscribe(*store->store, nines::c::feed_options_of(*in));
    if (!made) return tl::unexpected(made.error());
    handle->feed = std::move(*made);
    *feed = handle.release();
    return {};
  });
}

nines_code nines_feed_next(nines_feed* feed, int64_t wait_ms, nines_feed_batch* batch, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (feed == nullptr) return null_argument("feed");
    if (auto fits = nines::c::check_struct(batch, "batch"); !fits) return fits;
    auto next = feed->feed->next(nines::c::wait_of(wait_ms));
    if (!next) return tl::unexpected(next.error());
    feed->batch = std::move(*next);
    nines_feed_batch out{};
    out.results = feed->batch.results.size();
    out.dropped = static_cast<std::uint32_t>(feed->batch.dropped.size());
    nines::c::write_struct(batch, out);
    return {};
  });
}

nines_code nines_feed_result(nines_feed* feed, size_t index, nines_result* result, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (feed == nullptr) return null_argument("feed");
    if (auto fits = nines::c::check_struct(result, "result"); !fits) return fits;
    const auto found = nines::c::item(feed->batch.results, index);
    if (!found) return tl::unexpected(found.error());
    nines::c::write_struct(result, nines::c::shown(**found, feed->phases));
    return {};
  });
}

nines_code nines_feed_dropped(nines_feed* feed, size_t index, nines_dropped* dropped, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (feed == nullptr) return null_argument("feed");
    if (auto fits = nines::c::check_struct(dropped, "dropped"); !fits) return fits;
    const auto found = nines::c::item(feed->batch.dropped, index);
    if (!found) return tl::unexpected(found.error());
    nines_dropped out{};
    out.server = static_cast<std::uint32_t>((*found)->server);
    out.from_ms = nines::to_ms((*found)->window.from);
    out.to_ms = nines::to_ms((*found)->window.to);
    out.results = (*found)->results;
    nines::c::write_struct(dropped, out);
    return {};
  });
}

void nines_feed_wake(nines_feed* feed) {
  if (feed != nullptr) feed->feed->wake();
}

void nines_feed_free(nines_feed* feed) {
  delete feed;
}

nines_code nines_watch_states(nines_store* store, const nines_feed_options* options, nines_states** states,
                              nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (states == nullptr) return null_argument("states");
    *states = nullptr;
    if (store == nullptr) return null_argument("store");
    const auto in = nines::c::options_of(options);
    if (!in) return tl::unexpected(in.error());
    auto handle = std::make_unique<nines_states>();
    nines::StateFeedOptions wanted;
    wanted.feed = nines::c::feed_options_of(*in);
    if (in->look_ms != 0) wanted.look_every = std::chrono::milliseconds{in->look_ms};
    wanted.clock = store->clock;
    handle->store = store->store;
    auto made = nines::StateFeed::create(*store->store, std::move(wanted));
    if (!made) return tl::unexpected(made.error());
    handle->feed = std::move(*made);
    *states = handle.release();
    return {};
  });
}

nines_code nines_states_next(nines_states* states, int64_t wait_ms, size_t* count, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (states == nullptr) return null_argument("states");
    if (count == nullptr) return null_argument("count");
    auto next = states->feed->next(nines::c::wait_of(wait_ms));
    if (!next) return tl::unexpected(next.error());
    states->changes = std::move(*next);
    *count = states->changes.size();
    return {};
  });
}

nines_code nines_states_get(nines_states* states, size_t index, nines_change* change, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (states == nullptr) return null_argument("states");
    if (auto fits = nines::c::check_struct(change, "change"); !fits) return fits;
    const auto found = nines::c::item(states->changes, index);
    if (!found) return tl::unexpected(found.error());
    nines_change out{};
    out.server = static_cast<std::uint32_t>((*found)->server);
    out.name = (*found)->name.c_str();
    out.from = static_cast<std::uint8_t>((*found)->from);
    out.to = static_cast<std::uint8_t>((*found)->to);
    out.since_ms = nines::to_ms((*found)->since);
    nines::c::write_struct(change, out);
    return {};
  });
}

void nines_states_wake(nines_states* states) {
  if (states != nullptr) states->feed->wake();
}

void nines_states_free(nines_states* states) {
  delete states;
}
