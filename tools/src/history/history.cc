#include "history.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

namespace nines::history {
namespace {

constexpr std::int64_t kFirstDay = 20'454;        // 2026-01-01
constexpr std::int64_t kNowOfDayMs = 62'625'678;  // 17:23:45.678
constexpr std::int64_t kJitterMs = 50;
constexpr std::int64_t kMinuteMs = 60'000;
constexpr double kSigma = 0.25;
constexpr std::uint32_t kTimeoutUs = 10'000'000;

// Random numbers by counter, so that any can be had without those before it. The mixing and the constant are those of
// splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
constexpr std::uint64_t kGamma = 0x9e3779b97f4a7c15;

constexpr std::uint64_t random_bits(std::uint64_t key, std::uint64_t counter) noexcept {
  std::uint64_t bits = key + (counter + 1) * kGamma;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  return bits ^ (bits >> 31);
}

/// In [0, n), from 32 random bits; n < 2^32.
constexpr std::int64_t below(std::uint64_t bits32, std::int64_t n) noexcept {
  return static_cast<std::int64_t>(((bits32 & 0xffffffff) * static_cast<std::uint64_t>(n)) >> 32);
}

/// In [0, 1), from 32 random bits.
constexpr double unit(std::uint64_t bits32) noexcept {
  return static_cast<double>(bits32 & 0xffffffff) / 4294967296.0;
}

// What a random number of a server is for. Those of results count from kResults, four a result.
enum Purpose : std::uint64_t { kPhase = 0, kMedian = 1, kOutages = 2, kResults = 1ULL << 40 };
constexpr std::uint64_t kDrawsAResult = 4;

/// e^x for |x| <= 2, to 1e-12: Taylor's series of e^(x/16), to the 16th power.
double exponential(double x) noexcept {
  const double y = x / 16;
  double sum = 1;
  for (int k = 8; k >= 1; --k) sum = 1 + y * sum / k;
  for (int k = 0; k < 4; ++k) sum *= sum;
  return sum;
}

/// Standard normal by the sum of twelve uniform numbers of 16 bits (Irwin-Hall): bounded by 6, no logarithm needed.
double normal(const std::array<std::uint64_t, 3>& bits) noexcept {
  std::uint64_t sum = 0;
  for (const std::uint64_t word : bits) {
    for (unsigned shift = 0; shift < 64; shift += 16) sum += (word >> shift) & 0xffff;
  }
  return static_cast<double>(sum) / 65536.0 + 12 * 0.5 / 65536.0 - 6;
}

/// Outages begin one to five days after one another: about every three days.
std::vector<Outage> draw_outages(std::uint64_t key, Window window) {
  std::vector<Outage> outages;
  std::int64_t begin = to_ms(window.from);
  for (std::uint64_t i = kOutages;; i += 2) {
    const std::uint64_t when = random_bits(key, i);
    const std::uint64_t how = random_bits(key, i + 1);
    // The first may come at once: a history begins in the middle of things.
    begin += (i == kOutages ? 0 : kDayMs) + below(when, (i == kOutages ? 3 : 4) * kDayMs);
    if (begin >= to_ms(window.to)) return outages;
    const std::int64_t length = 2 * kMinuteMs + below(when >> 32, 88 * kMinuteMs);
    outages.push_back({.window = {from_ms(begin), from_ms(begin + length)},
                       .error = how % 2 == 0 ? ErrorClass::http_status : ErrorClass::timeout});
  }
}

std::string numbered(std::string_view word, std::uint32_t number) {
  std::string digits = std::to_string(number);
  return std::string(word) + "-" + std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0') + digits;
}

}  // namespace

TimeMs Shape::begin() const noexcept {
  return from_ms((utc_day(to_ms(now())) - days + 1) * kDayMs);
}

TimeMs Shape::now() const noexcept {
  return to_ms(end) > 0 ? end : from_ms((kFirstDay + days - 1) * kDayMs + kNowOfDayMs);
}

std::optional<Shape> find_shape(std::string_view name) noexcept {
  for (const Shape& shape : {kT1, kT2, kT3, kT4}) {
    if (shape.name == name) return shape;
  }
  return std::nullopt;
}

ServerHistory::ServerHistory(const Shape& shape, std::uint32_t index)
    : shape_(shape), index_(index), key_(random_bits(shape.seed, index)) {
  // The phase leaves room for the jitter, so that a result stays within its interval and its day.
  first_ms_ = to_ms(shape.begin()) + kJitterMs + below(random_bits(key_, kPhase), shape.interval_ms - 2 * kJitterMs);
  // Medians are spread evenly by ratio: 40 ms x 7.5^u, 7.5 = e^2.0149.
  median_us_ = 40'000 * exponential(2.0149 * unit(random_bits(key_, kMedian)) - 1) * exponential(1);
  outages_ = draw_outages(key_, {shape.begin(), shape.now()});
  size_ = lower_bound(shape.now());
}

Server ServerHistory::server() const {
  static constexpr std::array<std::string_view, 6> kGroups = {"shop", "api", "mail", "docs", "internal", "partners"};
  static constexpr std::array<std::string_view, 4> kTeams = {"web", "platform", "data", "office"};
  Server server;
  server.id = ServerId{index_ + 1};
  server.name = numbered("site", index_ + 1);
  server.url = "https://" + server.name + ".example.org/";
  server.group = kGroups[index_ % kGroups.size()];
  server.tags["team"] = kTeams[index_ / kGroups.size() % kTeams.size()];
  server.created_at = shape_.begin();
  server.rules.front().interval = std::chrono::milliseconds{shape_.interval_ms};
  return server;
}

std::int64_t ServerHistory::time_ms(std::uint64_t number) const noexcept {
  const std::uint64_t bits = random_bits(key_, kResults + number * kDrawsAResult);
  return first_ms_ + static_cast<std::int64_t>(number) * shape_.interval_ms + below(bits, 2 * kJitterMs + 1) -
         kJitterMs;
}

std::uint32_t ServerHistory::latency_us(std::uint64_t number) const noexcept {
  const std::uint64_t first = kResults + number * kDrawsAResult;
  const double z = normal({random_bits(key_, first + 1), random_bits(key_, first + 2), random_bits(key_, first + 3)});
  // The upper half of the draw that jitters the time: its top hundredth is a spike, and says which.
  const double lot = 100 * unit(random_bits(key_, first) >> 32);
  const double factor = lot < 1 ? 5 + 15 * lot : 1;
  const auto latency = static_cast<std::uint32_t>(median_us_ * exponential(kSigma * z) * factor);
  return std::min(latency, kTimeoutUs - 1);
}

const Outage* ServerHistory::outage_at(TimeMs time) const noexcept {
  const auto after = std::partition_point(outages_.begin(), outages_.end(),
                                          [&](const Outage& outage) { return outage.window.from <= time; });
  if (after == outages_.begin() || !(after - 1)->window.contains(time)) return nullptr;
  return &*(after - 1);
}

CheckResult ServerHistory::operator[](std::uint64_t number) const {
  CheckResult result;
  result.server = ServerId{index_ + 1};
  result.time = from_ms(time_ms(number));
  result.interval_ms = shape_.interval_ms;
  const Outage* outage = outage_at(result.time);
  result.state = outage == nullptr ? State::up : State::down;
  if (outage == nullptr) {
    result.code = 200;
  } else if (result.error = outage->error; outage->error == ErrorClass::http_status) {
    result.code = 503;
    result.detail = "HTTP 503 Service Unavailable";
  } else {
    result.detail = "no answer within 10 s";
  }
  if (result.error != ErrorClass::timeout) result.latency_us = latency_us(number);
  return result;
}

std::uint64_t ServerHistory::lower_bound(TimeMs time) const noexcept {
  const std::int64_t since = to_ms(time) - first_ms_ - kJitterMs;
  std::uint64_t number = since <= 0 ? 0 : static_cast<std::uint64_t>(since / shape_.interval_ms);
  while (time_ms(number) < to_ms(time)) ++number;
  return size_ == 0 ? number : std::min(number, size_);
}

void ServerHistory::results(Window window, std::vector<CheckResult>& out) const {
  out.clear();
  const std::uint64_t end = lower_bound(window.to);
  for (std::uint64_t number = lower_bound(window.from); number < end; ++number) out.push_back((*this)[number]);
}

}  // namespace nines::history
