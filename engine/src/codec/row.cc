#include "codec/row.h"

#include "base/bytes.h"
#include "codec/key.h"

namespace nines::engine {
namespace {

// The flags of a row; FORMAT.md, "Row".
constexpr std::uint8_t kStateMask = 0x03;
constexpr std::uint8_t kRetry = 0x04;
constexpr std::uint8_t kLatency = 0x08;
constexpr std::uint8_t kError = 0x10;
constexpr std::uint8_t kPhases = 0x20;
constexpr std::uint8_t kDetail = 0x40;
constexpr std::uint8_t kWholeSeconds = 0x80;

std::uint8_t flags_of(const CheckResult& result) {
  auto flags = static_cast<unsigned>(result.state) & kStateMask;
  if (result.retry) flags |= kRetry;
  if (result.latency_us) flags |= kLatency;
  if (result.error != ErrorClass::none) flags |= kError;
  if (result.phases) flags |= kPhases;
  if (!result.detail.empty()) flags |= kDetail;
  if (result.interval_ms % 1000 == 0) flags |= kWholeSeconds;
  return static_cast<std::uint8_t>(flags);
}

Phases read_phases(Reader& in) {
  Phases phases;
  phases.dns_us = in.varint32();
  phases.connect_us = in.varint32();
  phases.tls_us = in.varint32();
  phases.first_byte_us = in.varint32();
  phases.transfer_us = in.varint32();
  return phases;
}

void read_fields(Reader& in, CheckResult& result) {
  const std::uint8_t flags = in.u8();
  result.state = static_cast<State>(flags & kStateMask);
  result.retry = (flags & kRetry) != 0;
  result.code = in.varint16();
  const bool whole_seconds = (flags & kWholeSeconds) != 0;
  result.interval_ms = whole_seconds ? static_cast<std::uint32_t>(in.varint_up_to(0xffff'ffffU / 1000)) * 1000  //
                                     : in.varint32();
  if ((flags & kError) != 0) result.error = static_cast<ErrorClass>(in.u8());
  if ((flags & kLatency) != 0) result.latency_us = static_cast<std::uint32_t>(in.varint_up_to(kMaxLatencyUs));
  if ((flags & kPhases) != 0) result.phases = read_phases(in);
  if ((flags & kDetail) != 0) result.detail = in.bytes(in.varint_up_to(kMaxDetailBytes));
}

}  // namespace

void append_row(std::string& out, const CheckResult& result) {
  const std::uint8_t flags = flags_of(result);
  put_u8(out, kRowVersion);
  put_u8(out, flags);
  put_varint(out, result.code);
  put_varint(out, (flags & kWholeSeconds) != 0 ? result.interval_ms / 1000 : result.interval_ms);
  if ((flags & kError) != 0) put_u8(out, static_cast<std::uint8_t>(result.error));
  if (result.latency_us) put_varint(out, *result.latency_us);
  if (result.phases) {
    const Phases& p = *result.phases;
    for (const std::uint32_t us : {p.dns_us, p.connect_us, p.tls_us, p.first_byte_us, p.transfer_us}) {
      put_varint(out, us);
    }
  }
  if (!result.detail.empty()) put_text(out, result.detail);
}

std::string encode_row(const CheckResult& result) {
  std::string out;
  append_row(out, result);
  return out;
}

Result<CheckResult> decode_row(std::string_view key, std::string_view value) {
  const auto place = parse_recent_key(key);
  if (!place) return fail(ErrorCode::corruption, "malformed key of a row: " + printable_key(key));
  Reader in(value);
  const std::uint8_t version = in.u8();
  if (version > kRowVersion) {
    return fail(ErrorCode::newer_format, "row " + printable_key(key) + " has format " + std::to_string(version) +
                                             ", this nines reads up to " + std::to_string(kRowVersion));
  }
  CheckResult result;
  result.server = place->server;
  result.time = place->time;
  result.location = place->location;
  read_fields(in, result);
  if (version == 0 || !in.finished()) {
    return fail(ErrorCode::corruption, "row " + printable_key(key) + " does not decode");
  }
  return result;
}

}  // namespace nines::engine
