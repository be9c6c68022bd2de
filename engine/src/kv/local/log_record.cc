#include "kv/local/log_record.h"

#include <algorithm>
#include <cassert>

#include "base/bytes.h"
#include "codec/key.h"
#include "codec/row.h"

namespace nines::engine {
namespace {

// What a head that is no result's is followed by: a change, as its kind and four times its space, or one of these.
constexpr std::uint8_t kContinued = 0xff;
constexpr std::uint8_t kClosed = 0xfe;
constexpr std::uint8_t kHighestChange = 2 + 4 * (kSpaceCount - 1);

constexpr std::size_t kPrefixBytes = 4;  // of a key: its server

void put_head(std::string& out, ServerId server, ServerId before, bool is_result) {
  const std::uint32_t distance = static_cast<std::uint32_t>(server) - static_cast<std::uint32_t>(before);
  put_varint(out, (std::uint64_t{distance} << 1U) | (is_result ? 0U : 1U));
}

void put_result(std::string& out, const PackedResult& result, PackState& state) {
  const Judgement& judgement = result.judgement;
  const std::uint8_t place = state.judgements.use(judgement);
  put_u8(out, place);
  if (place == 0) {
    put_u8(out, judgement.flags);
    put_u8(out, static_cast<std::uint8_t>(judgement.error));
    put_varint(out, judgement.code);
    put_varint(out, static_cast<std::uint16_t>(judgement.location));
    put_varint(out, judgement.interval_ms);
  }
  put_signed(out, result.time_ms - state.last_ms);
  state.last_ms = result.time_ms;
  if ((judgement.flags & Judgement::kLatency) != 0) put_varint(out, result.latency_us);
  if ((judgement.flags & Judgement::kPhases) != 0) {
    const Phases& p = result.phases;
    for (const std::uint32_t us : {p.dns_us, p.connect_us, p.tls_us, p.first_byte_us, p.transfer_us}) {
      put_varint(out, us);
    }
  }
  if ((judgement.flags & Judgement::kDetail) != 0) put_text(out, result.detail);
}

bool read_result(Reader& in, PackState& state, PackedResult& result) {
  const std::uint8_t place = in.u8();
  if (place == 0) {
    Judgement judgement;
    judgement.flags = in.u8();
    judgement.error = static_cast<ErrorClass>(in.u8());
    judgement.code = in.varint16();
    const std::uint16_t location = in.varint16();
    judgement.location = LocationId{location};
    judgement.interval_ms = in.varint32();
    if (location > static_cast<std::uint16_t>(kMaxLocation) || !in.ok()) return false;
    static_cast<void>(state.judgements.use(judgement));
    result.judgement = judgement;
  } else {
    const Judgement* const known = state.judgements.take(place);
    if (known == nullptr) return false;
    result.judgement = *known;
  }
  const auto time = static_cast<std::uint64_t>(state.last_ms) + static_cast<std::uint64_t>(in.signed_varint());
  if (time >= static_cast<std::uint64_t>(to_ms(kTimeLimit))) return false;
  result.time_ms = static_cast<std::int64_t>(time);
  state.last_ms = result.time_ms;
  const std::uint8_t flags = result.judgement.flags;
  result.latency_us = 0;
  result.detail = {};
  if ((flags & Judgement::kLatency) != 0)
    result.latency_us = static_cast<std::uint32_t>(in.varint_up_to(kMaxLatencyUs));
  if ((flags & Judgement::kPhases) != 0) {
    Phases& p = result.phases;
    for (std::uint32_t* const us : {&p.dns_us, &p.connect_us, &p.tls_us, &p.first_byte_us, &p.transfer_us}) {
      *us = in.varint32();
    }
  }
  if ((flags & Judgement::kDetail) != 0) result.detail = in.bytes(in.varint_up_to(kMaxDetailBytes));
  return in.ok();
}

void put_change(std::string& out, const Batch::Change& change) {
  put_u8(out, static_cast<std::uint8_t>(static_cast<unsigned>(change.kind) + 4U * static_cast<unsigned>(change.space)));
  put_text(out, change.key.substr(kPrefixBytes));
  // The end of a range may be the next server's first key: it is spelled out.
  if (change.kind != Batch::Kind::erase) put_text(out, change.value);
}

bool is_valid(const Batch::Change& change) {
  return change.key.size() <= Batch::kMaxKeyBytes &&
         (change.kind != Batch::Kind::erase_range || change.value.size() >= kPrefixBytes);
}

}  // namespace

PackedResult to_packed(const CheckResult& result) noexcept {
  auto flags = static_cast<unsigned>(result.state) & Judgement::kStateMask;
  if (result.retry) flags |= Judgement::kRetry;
  if (result.latency_us) flags |= Judgement::kLatency;
  if (result.phases) flags |= Judgement::kPhases;
  if (!result.detail.empty()) flags |= Judgement::kDetail;
  return {result.server,
          to_ms(result.time),
          {result.interval_ms, result.code, result.location, static_cast<std::uint8_t>(flags), result.error},
          result.latency_us.value_or(0),
          result.phases.value_or(Phases{}),
          result.detail};
}

void from_packed(const PackedResult& packed, CheckResult& result) {
  const Judgement& judgement = packed.judgement;
  result.server = packed.server;
  result.time = from_ms(packed.time_ms);
  result.location = judgement.location;
  result.state = static_cast<State>(judgement.flags & Judgement::kStateMask);
  result.error = judgement.error;
  result.retry = (judgement.flags & Judgement::kRetry) != 0;
  result.code = judgement.code;
  result.interval_ms = judgement.interval_ms;
  result.latency_us.reset();
  if ((judgement.flags & Judgement::kLatency) != 0) result.latency_us = packed.latency_us;
  result.phases.reset();
  if ((judgement.flags & Judgement::kPhases) != 0) result.phases = packed.phases;
  result.detail.assign((judgement.flags & Judgement::kDetail) != 0 ? packed.detail : std::string_view());
}

std::uint8_t RecentJudgements::use(const Judgement& judgement) noexcept {
  for (std::size_t i = 0; i < used_; ++i) {
    if (judgements_[i] != judgement) continue;
    move_to_front(i);
    return static_cast<std::uint8_t>(i + 1);
  }
  used_ = std::min(used_ + 1, kCount);
  judgements_[used_ - 1] = judgement;  // where all are taken, that of the oldest
  move_to_front(used_ - 1);
  return 0;
}

void pack_batches(std::span<const Batch* const> batches, PackState& state, std::string& out, RecordVisitor& visitor) {
  ServerId before{};
  for (const Batch* batch : batches) {
    const ServerId server = batch->server();
    batch->for_each([&](const Batch::Change& change) {
      if (change.space == Space::recent && change.kind == Batch::Kind::put) {
        // What is no result of today's format is kept as the bytes that it is.
        const auto result = decode_row(change.key, change.value);
        if (result && result->location <= kMaxLocation && static_cast<std::uint32_t>(server) <= kMaxServerNumber) {
          const PackedResult packed = to_packed(*result);
          put_head(out, server, before, true);
          put_result(out, packed, state);
          visitor.result(packed);
          before = server;
          return;
        }
      }
      put_head(out, server, before, false);
      put_change(out, change);
      visitor.change(server, change);
      before = server;
    });
  }
}

void pack_continued(std::uint64_t number, std::string& out) {
  put_head(out, {}, {}, false);
  put_u8(out, kContinued);
  put_varint(out, number);
}

void pack_closed(std::string& out) {
  put_head(out, {}, {}, false);
  put_u8(out, kClosed);
}

bool unpack_record(std::string_view record, PackState& state, RecordVisitor& visitor) {
  Reader in(record);
  std::uint32_t server = 0;
  std::string key;
  PackedResult result;
  while (in.ok() && in.left() > 0) {
    const std::uint64_t head = in.varint_up_to((std::uint64_t{1} << 33U) - 1);
    server += static_cast<std::uint32_t>(head >> 1U);
    if ((head & 1U) == 0) {
      result.server = ServerId{server};
      if (server > kMaxServerNumber) return false;
      if (!read_result(in, state, result)) return false;
      visitor.result(result);
      continue;
    }
    const std::uint8_t what = in.u8();
    if (what == kContinued) {
      const std::uint64_t number = in.varint();
      if (!in.finished()) return false;
      visitor.continued(number);
    } else if (what == kClosed) {
      if (!in.finished()) return false;
      visitor.closed();
    } else {
      if (what > kHighestChange || what % 4 > 2) return false;
      key.clear();
      for (int shift = 24; shift >= 0; shift -= 8)
        key.push_back(static_cast<char>(server >> static_cast<unsigned>(shift)));
      key.append(in.text());
      Batch::Change change{static_cast<Batch::Kind>(what % 4), static_cast<Space>(what / 4), key, {}};
      if (change.kind != Batch::Kind::erase) change.value = in.text();
      if (!in.ok() || !is_valid(change)) return false;
      visitor.change(ServerId{server}, change);
    }
  }
  return in.ok();
}

}  // namespace nines::engine
