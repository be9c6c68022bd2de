#include <nines/c/results.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <nines/moment.h>

#include "c/call.h"
#include "c/handles.h"

struct nines_cursor {
  std::unique_ptr<nines::Cursor> cursor;
  std::vector<nines_detail> details;  ///< of the segment that was handed out last
};

struct nines_columns {
  std::vector<std::int64_t> time_ms;
  std::vector<std::uint32_t> latency_us;
  std::vector<std::uint8_t> state;
  std::vector<std::uint8_t> cause;
  std::vector<std::uint16_t> code;
  std::vector<std::uint16_t> location;
};

namespace nines::c {
namespace {

// The store's own arrays are handed out as those of C, so their items must be the same bytes.
template <class C, class Cpp>
constexpr bool kSameBytes =
    sizeof(C) == sizeof(Cpp) &&
    alignof(C) == alignof(Cpp) && std::is_standard_layout_v<Cpp>&& std::is_trivially_copyable_v<Cpp>;
static_assert(kSameBytes<nines_phases, Phases> && kSameBytes<nines_run, Run>);
static_assert(offsetof(nines_phases, connect_us) == offsetof(Phases, connect_us) &&
              offsetof(nines_phases, transfer_us) == offsetof(Phases, transfer_us));
static_assert(offsetof(nines_run, end) == offsetof(Run, end) &&
              offsetof(nines_run, first_ms) == offsetof(Run, first_ms) &&
              offsetof(nines_run, last_ms) == offsetof(Run, last_ms) &&
              offsetof(nines_run, max_gap_ms) == offsetof(Run, max_gap_ms) &&
              offsetof(nines_run, interval_ms) == offsetof(Run, interval_ms) &&
              offsetof(nines_run, code) == offsetof(Run, code) && offsetof(nines_run, state) == offsetof(Run, state) &&
              offsetof(nines_run, cause) == offsetof(Run, error) &&
              offsetof(nines_run, retry) == offsetof(Run, retry) &&
              offsetof(nines_run, has_latency) == offsetof(Run, has_latency));

// Null for an empty column, whatever an empty span points to.
template <class To, class From>
const To* column(std::span<const From> from) noexcept {
  return from.empty() ? nullptr : reinterpret_cast<const To*>(from.data());
}

nines_segment shown(const Segment& in, std::vector<nines_detail>& details) {
  details.clear();
  for (const Detail& detail : in.details) {
    details.push_back({detail.index, static_cast<std::uint32_t>(detail.text.size()), detail.text.data()});
  }
  nines_segment out{};
  out.location = static_cast<std::uint16_t>(in.location);
  out.count = in.size();
  out.first_in_window = in.first_in_window;
  out.time_ms = in.time_ms.data();
  out.latency_us = column<std::uint32_t>(in.latency_us);
  out.phases = column<nines_phases>(in.phases);
  out.has_phases = column<std::uint8_t>(in.has_phases);
  out.runs = column<nines_run>(in.runs);
  out.run_count = static_cast<std::uint32_t>(in.runs.size());
  out.details = details.empty() ? nullptr : details.data();
  out.detail_count = static_cast<std::uint32_t>(details.size());
  return out;
}

// The next segment that is not empty, which would look like the end; null at the end.
Result<const Segment*> next_filled(Cursor& cursor) {
  for (;;) {
    auto segment = cursor.next();
    if (!segment || *segment == nullptr || (*segment)->size() > 0) return segment;
  }
}

Result<std::unique_ptr<Cursor>> scan(nines_store* store, std::uint32_t server, std::int64_t from_ms, std::int64_t to_ms,
                                     const ScanOptions& options) {
  if (store == nullptr) return null_argument("store");
  return store->store->scan(ServerId{server}, {nines::from_ms(from_ms), nines::from_ms(to_ms)}, options);
}

Result<ScanOptions> options_of(std::uint32_t columns, std::int64_t lookback_ms) {
  if (columns > (NINES_LATENCY | NINES_PHASES | NINES_DETAILS)) {
    return fail(ErrorCode::invalid_argument, "columns has a bit that is not known");
  }
  ScanOptions options;
  options.columns = {(columns & NINES_LATENCY) != 0, (columns & NINES_PHASES) != 0, (columns & NINES_DETAILS) != 0};
  options.lookback = std::chrono::milliseconds{lookback_ms};
  return options;
}

void add(const CheckResult& in, nines_columns& out) {
  out.time_ms.push_back(to_ms(in.time));
  out.latency_us.push_back(in.latency_us.value_or(NINES_NO_LATENCY));
  out.state.push_back(static_cast<std::uint8_t>(in.state));
  out.cause.push_back(static_cast<std::uint8_t>(in.error));
  out.code.push_back(in.code);
  out.location.push_back(static_cast<std::uint16_t>(in.location));
}

void add(const Segment& in, nines_columns& out) {
  const std::size_t first = in.first_in_window;
  const std::size_t count = in.size() - first;
  const auto skip = static_cast<std::ptrdiff_t>(first);
  out.time_ms.insert(out.time_ms.end(), in.time_ms.begin() + skip, in.time_ms.end());
  if (in.latency_us.empty()) {
    out.latency_us.insert(out.latency_us.end(), count, NINES_NO_LATENCY);
  } else {
    out.latency_us.insert(out.latency_us.end(), in.latency_us.begin() + skip, in.latency_us.end());
  }
  out.location.insert(out.location.end(), count, static_cast<std::uint16_t>(in.location));
  for (const Run& run : in.runs) {
    if (run.end <= first) continue;
    const std::size_t length = run.end - std::max<std::size_t>(run.begin, first);
    out.state.insert(out.state.end(), length, static_cast<std::uint8_t>(run.state));
    out.cause.insert(out.cause.end(), length, static_cast<std::uint8_t>(run.error));
    out.code.insert(out.code.end(), length, run.code);
  }
}

}  // namespace
}  // namespace nines::c

using nines::Result;
using nines::c::call;
using nines::c::null_argument;

nines_code nines_scan(nines_store* store, uint32_t server, int64_t from_ms, int64_t to_ms, uint32_t columns,
                      int64_t lookback_ms, nines_cursor** cursor, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (cursor == nullptr) return null_argument("cursor");
    *cursor = nullptr;
    const auto options = nines::c::options_of(columns, lookback_ms);
    if (!options) return tl::unexpected(options.error());
    auto handle = std::make_unique<nines_cursor>();
    auto scan = nines::c::scan(store, server, from_ms, to_ms, *options);
    if (!scan) return tl::unexpected(scan.error());
    handle->cursor = std::move(*scan);
    *cursor = handle.release();
    return {};
  });
}

nines_code nines_cursor_next(nines_cursor* cursor, nines_segment* segment, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (cursor == nullptr) return null_argument("cursor");
    if (auto fits = nines::c::check_struct(segment, "segment"); !fits) return fits;
    const auto next = nines::c::next_filled(*cursor->cursor);
    if (!next) return tl::unexpected(next.error());
    nines::c::write_struct(segment, *next == nullptr ? nines_segment{} : nines::c::shown(**next, cursor->details));
    return {};
  });
}

void nines_cursor_free(nines_cursor* cursor) {
  delete cursor;
}

nines_code nines_scan_together(nines_store* store, const uint32_t* servers, size_t count, int64_t from_ms,
                               int64_t to_ms, uint32_t columns, int64_t lookback_ms, nines_cursor** cursors,
                               nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (cursors == nullptr) return null_argument("cursors");
    std::fill_n(cursors, std::min(count, nines::MomentSource::kMaxTogether), nullptr);
    if (store == nullptr) return null_argument("store");
    if (count > 0 && servers == nullptr) return null_argument("servers");
    const auto options = nines::c::options_of(columns, lookback_ms);
    if (!options) return tl::unexpected(options.error());
    if (count > nines::MomentSource::kMaxTogether) {
      return nines::fail(nines::ErrorCode::invalid_argument, "count is " + std::to_string(count));
    }
    std::vector<nines::ServerId> ids;
    for (size_t i = 0; i < count; ++i) ids.push_back(nines::ServerId{servers[i]});
    auto scans = nines::scan_together(*store->store, ids, {nines::from_ms(from_ms), nines::from_ms(to_ms)}, *options);
    if (!scans) return tl::unexpected(scans.error());
    std::vector<std::unique_ptr<nines_cursor>> handles(count);
    for (auto& handle : handles) handle = std::make_unique<nines_cursor>();
    for (size_t i = 0; i < count; ++i) {
      handles[i]->cursor = std::move((*scans)[i]);
      cursors[i] = handles[i].release();
    }
    return {};
  });
}

nines_code nines_newest(nines_store* store, uint32_t server, int64_t before_ms, size_t count, nines_columns** columns,
                        nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (columns == nullptr) return null_argument("columns");
    *columns = nullptr;
    if (store == nullptr) return null_argument("store");
    auto read = std::make_unique<nines_columns>();
    const auto results = store->store->newest(nines::ServerId{server}, nines::from_ms(before_ms), count);
    if (!results) return tl::unexpected(results.error());
    for (const nines::CheckResult& result : *results) nines::c::add(result, *read);
    *columns = read.release();
    return {};
  });
}

nines_code nines_read(nines_store* store, uint32_t server, int64_t from_ms, int64_t to_ms, nines_columns** columns,
                      nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (columns == nullptr) return null_argument("columns");
    *columns = nullptr;
    auto read = std::make_unique<nines_columns>();
    const auto scan = nines::c::scan(store, server, from_ms, to_ms, {});
    if (!scan) return tl::unexpected(scan.error());
    auto done = (*scan)->for_each([&](const nines::Segment& segment) { nines::c::add(segment, *read); });
    if (!done) return done;
    *columns = read.release();
    return {};
  });
}

nines_code nines_columns_arrays(const nines_columns* columns, nines_arrays* arrays, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (columns == nullptr) return null_argument("columns");
    if (auto fits = nines::c::check_struct(arrays, "arrays"); !fits) return fits;
    nines_arrays out{};
    out.count = columns->time_ms.size();
    out.time_ms = columns->time_ms.data();
    out.latency_us = columns->latency_us.data();
    out.state = columns->state.data();
    out.cause = columns->cause.data();
    out.code = columns->code.data();
    out.location = columns->location.data();
    nines::c::write_struct(arrays, out);
    return {};
  });
}

void nines_columns_free(nines_columns* columns) {
  delete columns;
}
