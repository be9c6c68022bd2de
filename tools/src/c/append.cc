#include <nines/c/results.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "c/call.h"
#include "c/handles.h"

namespace nines::c {
namespace {

Result<Durability> durability_of(std::int32_t durability) {
  if (durability < NINES_BUFFERED || durability > NINES_DISK) {
    return fail(ErrorCode::invalid_argument, "durability is " + std::to_string(durability));
  }
  return static_cast<Durability>(durability);
}

// The engine judges states and texts; numbers that are no cause at all stop here.
Result<ErrorClass> cause_of(std::uint8_t cause) {
  if (cause > NINES_CAUSE_INTERNAL && cause != NINES_CAUSE_OTHER) {
    return fail(ErrorCode::invalid_argument, "cause is " + std::to_string(cause));
  }
  return static_cast<ErrorClass>(cause);
}

Result<State> state_of(std::uint8_t state) {
  if (state > NINES_DOWN) return fail(ErrorCode::invalid_argument, "state is " + std::to_string(state));
  return static_cast<State>(state);
}

Phases phases_of(const nines_phases& in) noexcept {
  return {in.dns_us, in.connect_us, in.tls_us, in.first_byte_us, in.transfer_us};
}

Result<CheckResult> result_of(const nines_result& in) {
  const auto state = state_of(in.state);
  if (!state) return tl::unexpected(state.error());
  const auto cause = cause_of(in.cause);
  if (!cause) return tl::unexpected(cause.error());
  CheckResult out;
  out.server = ServerId{in.server};
  out.location = LocationId{in.location};
  out.time = from_ms(in.time_ms);
  out.state = *state;
  out.error = *cause;
  out.retry = in.retry != 0;
  out.code = in.code;
  out.interval_ms = in.interval_ms;
  if (in.has_latency != 0) out.latency_us = in.latency_us;
  if (in.phases != nullptr) out.phases = phases_of(*in.phases);
  out.detail = text_or_empty(in.detail);
  return out;
}

Result<void> check_columns(const nines_batch& batch) {
  if (batch.count == 0) return fail(ErrorCode::invalid_argument, "batch.count is 0");
  if (batch.time_ms == nullptr) return null_argument("batch.time_ms");
  if (batch.state == nullptr) return null_argument("batch.state");
  return {};
}

// Value `index` of a column, or `usual` where the column is not there.
template <class Value>
Value at(const Value* column, std::size_t index, Value usual) noexcept {
  return column == nullptr ? usual : column[index];
}

Result<std::vector<CheckResult>> results_of(const nines_batch& batch) {
  if (auto there = check_columns(batch); !there) return tl::unexpected(there.error());
  std::vector<CheckResult> results(batch.count);
  for (std::size_t i = 0; i < batch.count; ++i) {
    const auto state = state_of(batch.state[i]);
    const auto cause = cause_of(at<std::uint8_t>(batch.cause, i, NINES_CAUSE_NONE));
    if (!state || !cause) {
      return fail(ErrorCode::invalid_argument,
                  "result " + std::to_string(i) + ": " + (!state ? state.error() : cause.error()).message);
    }
    CheckResult& out = results[i];
    out.server = ServerId{at(batch.servers, i, batch.server)};
    out.location = LocationId{at<std::uint16_t>(batch.location, i, 0)};
    out.time = from_ms(batch.time_ms[i]);
    out.state = *state;
    out.error = *cause;
    out.code = at<std::uint16_t>(batch.code, i, 0);
    out.interval_ms = at<std::uint32_t>(batch.interval_ms, i, 0);
    if (const std::uint32_t latency = at(batch.latency_us, i, NINES_NO_LATENCY); latency != NINES_NO_LATENCY) {
      out.latency_us = latency;
    }
    if (batch.detail != nullptr) out.detail = text_or_empty(batch.detail[i]);
  }
  return results;
}

}  // namespace
}  // namespace nines::c

using nines::Result;
using nines::ServerId;
using nines::c::call;
using nines::c::null_argument;

nines_code nines_append(nines_store* store, const nines_result* result, int32_t durability, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (store == nullptr) return null_argument("store");
    const auto in = nines::c::read_struct(result, "result");
    if (!in) return tl::unexpected(in.error());
    const auto level = nines::c::durability_of(durability);
    if (!level) return tl::unexpected(level.error());
    const auto wanted = nines::c::result_of(*in);
    if (!wanted) return tl::unexpected(wanted.error());
    return store->store->append(*wanted, *level);
  });
}

nines_code nines_append_batch(nines_store* store, const nines_batch* batch, int32_t durability, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (store == nullptr) return null_argument("store");
    const auto in = nines::c::read_struct(batch, "batch");
    if (!in) return tl::unexpected(in.error());
    const auto level = nines::c::durability_of(durability);
    if (!level) return tl::unexpected(level.error());
    const auto results = nines::c::results_of(*in);
    if (!results) return tl::unexpected(results.error());
    return store->store->append(*results, *level);
  });
}

nines_code nines_load(nines_store* store, const nines_batch* batch, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (store == nullptr) return null_argument("store");
    const auto in = nines::c::read_struct(batch, "batch");
    if (!in) return tl::unexpected(in.error());
    if (in->servers != nullptr) {
      return nines::fail(nines::ErrorCode::invalid_argument, "batch.servers is not NULL: loading is for one server");
    }
    const auto results = nines::c::results_of(*in);
    if (!results) return tl::unexpected(results.error());
    return store->store->load(ServerId{in->server}, *results);
  });
}

nines_code nines_erase(nines_store* store, uint32_t server, int64_t from_ms, int64_t to_ms, uint64_t* erased,
                       nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (store == nullptr) return null_argument("store");
    const auto count = store->store->erase(ServerId{server}, {nines::from_ms(from_ms), nines::from_ms(to_ms)});
    if (!count) return tl::unexpected(count.error());
    if (erased != nullptr) *erased = *count;
    return {};
  });
}
