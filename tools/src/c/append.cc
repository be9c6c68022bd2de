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

// The engine judges states and texts; numbers that are none at all stop here.
[[nodiscard]] bool is_durability(std::int32_t durability) noexcept {
  return durability >= NINES_BUFFERED && durability <= NINES_DISK;
}
[[nodiscard]] bool is_state(std::uint8_t state) noexcept {
  return state <= NINES_DOWN;
}
[[nodiscard]] bool is_cause(std::uint8_t cause) noexcept {
  return cause <= NINES_CAUSE_INTERNAL || cause == NINES_CAUSE_OTHER;
}
[[nodiscard]] tl::unexpected<Error> no_such(const char* field, std::int64_t number) {
  return fail(ErrorCode::invalid_argument, std::string(field) + " is " + std::to_string(number));
}

Phases phases_of(const nines_phases& in) noexcept {
  return {in.dns_us, in.connect_us, in.tls_us, in.first_byte_us, in.transfer_us};
}

// Of what passed is_state() and is_cause(). A host appends one by one: what is as it should be takes no detour.
void read_result(const nines_result& in, CheckResult& out) {
  out.server = ServerId{in.server};
  out.location = LocationId{in.location};
  out.time = from_ms(in.time_ms);
  out.state = static_cast<State>(in.state);
  out.error = static_cast<ErrorClass>(in.cause);
  out.retry = in.retry != 0;
  out.code = in.code;
  out.interval_ms = in.interval_ms;
  if (in.has_latency != 0) out.latency_us = in.latency_us;
  if (in.phases != nullptr) out.phases = phases_of(*in.phases);
  if (in.detail != nullptr) out.detail = in.detail;
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
    const std::uint8_t cause = at<std::uint8_t>(batch.cause, i, NINES_CAUSE_NONE);
    if (!is_state(batch.state[i])) return no_such(("result " + std::to_string(i) + ": state").c_str(), batch.state[i]);
    if (!is_cause(cause)) return no_such(("result " + std::to_string(i) + ": cause").c_str(), cause);
    CheckResult& out = results[i];
    out.server = ServerId{at(batch.servers, i, batch.server)};
    out.location = LocationId{at<std::uint16_t>(batch.location, i, 0)};
    out.time = from_ms(batch.time_ms[i]);
    out.state = static_cast<State>(batch.state[i]);
    out.error = static_cast<ErrorClass>(cause);
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
    nines_result other_version;
    if (result == nullptr || result->size != sizeof *result) {
      const auto read = nines::c::read_struct(result, "result");
      if (!read) return tl::unexpected(read.error());
      other_version = *read;
      result = &other_version;
    }
    if (!nines::c::is_durability(durability)) return nines::c::no_such("durability", durability);
    if (!nines::c::is_state(result->state)) return nines::c::no_such("state", result->state);
    if (!nines::c::is_cause(result->cause)) return nines::c::no_such("cause", result->cause);
    nines::CheckResult wanted;
    nines::c::read_result(*result, wanted);
    return store->store->append(wanted, static_cast<nines::Durability>(durability));
  });
}

nines_code nines_append_batch(nines_store* store, const nines_batch* batch, int32_t durability, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (store == nullptr) return null_argument("store");
    const auto in = nines::c::read_struct(batch, "batch");
    if (!in) return tl::unexpected(in.error());
    if (!nines::c::is_durability(durability)) return nines::c::no_such("durability", durability);
    const auto results = nines::c::results_of(*in);
    if (!results) return tl::unexpected(results.error());
    return store->store->append(*results, static_cast<nines::Durability>(durability));
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
