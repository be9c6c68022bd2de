#include "checks/running_check.h"

#include <algorithm>
#include <utility>

#include "base/host_name.h"
#include "base/text.h"
#include "checks/error_mapping.h"

namespace nines::prober {
namespace {

// A detail is one line that fits an alert; the store's own limit, kMaxDetailBytes, is far above.
constexpr std::size_t kDetailShownBytes = 300;

bool of_family(const Address& address, AddressFamily family) noexcept {
  return family == AddressFamily::any || (family == AddressFamily::v4) == (address.family() == AF_INET);
}

}  // namespace

std::uint32_t clamp_us(std::chrono::nanoseconds time) noexcept {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(us, 0, kMaxLatencyUs));
}

RunningCheck::RunningCheck(Services& services, std::shared_ptr<const CompiledCheck> check, CheckRunner::Done on_done)
    : done(std::move(on_done)), services_(services), check_(std::move(check)) {}

RunningCheck::~RunningCheck() {
  end_lookup();
  loop().cancel(deadline_timer_);
}

void RunningCheck::start() {
  started_ = Clock::now();
  deadline_timer_ = loop().call_at(deadline(), [this] { fail(overdue()); });
  begin();
}

void RunningCheck::lookup(const std::string& host, std::uint16_t port,
                          std::function<void(std::vector<Address>)> on_found) {
  lookup_host_ = host;
  HostAnswer known;
  if (const auto address = parse_address(host, port)) known.addresses.push_back(*address);
  for (const auto& fixed : check().fixed) {
    if (fixed.host == without_final_dot(host) && fixed.port == port) known.addresses.push_back(fixed.address);
  }
  if (!known.addresses.empty()) {
    found(port, std::move(known), on_found);
    return;
  }
  lookup_started_ = Clock::now();
  if (spec().timeouts.dns.count() > 0) {
    dns_timer_ = loop().call_at(lookup_started_ + spec().timeouts.dns,
                                [this] { fail(dns_failure(ARES_ETIMEOUT, lookup_host_)); });
  }
  lookup_ = Resolver::Id{};  // the answer may come before lookup() returns
  const auto id = services_.resolver().lookup(host, spec().family,
                                              [this, port, done_looking = std::move(on_found)](HostAnswer answer) {
                                                end_lookup();
                                                outcome.phases.dns_us += clamp_us(Clock::now() - lookup_started_);
                                                found(port, std::move(answer), done_looking);
                                              });
  if (lookup_) lookup_ = id;
}

void RunningCheck::found(std::uint16_t port, HostAnswer answer,
                         const std::function<void(std::vector<Address>)>& done_looking) {
  if (answer.status != ARES_SUCCESS) {
    fail(dns_failure(answer.status, lookup_host_));
    return;
  }
  auto& addresses = answer.addresses;
  std::erase_if(addresses, [this](const Address& address) { return !of_family(address, spec().family); });
  if (addresses.empty()) {
    fail({ErrorClass::dns, spec().family == AddressFamily::v4 ? "has no IPv4 address" : "has no IPv6 address"});
    return;
  }
  std::erase_if(addresses, [this](const Address& address) { return refuses(spec().policy, *address.raw()); });
  if (addresses.empty()) {
    fail({ErrorClass::blocked, "the address policy refuses this address"});
    return;
  }
  for (auto& address : addresses) address = make_address(*address.raw(), address.length, port);
  done_looking(std::move(addresses));
}

void RunningCheck::end_lookup() noexcept {
  if (!lookup_) return;
  services_.loop.cancel(dns_timer_);
  services_.resolver().cancel(*lookup_);
  lookup_.reset();
}

void RunningCheck::fail(const Failure& failure) {
  if (finished_) return;
  if (looking_up()) outcome.phases.dns_us += clamp_us(Clock::now() - lookup_started_);
  outcome.state = state_of(failure.error);
  outcome.error = failure.error;
  outcome.detail = shorten(redact(one_line(failure.detail), check().secrets), kDetailShownBytes);
  finish();
}

void RunningCheck::succeed() {
  if (finished_) return;
  outcome.state = State::up;
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  degrade(check(), now, outcome);
  finish();
}

// A failure is what is wished for; what the prober could not measure stays unknown.
void RunningCheck::turn_over() {
  if (outcome.state == State::unknown) return;
  const bool failed = outcome.state == State::down;
  outcome.state = failed ? State::up : State::down;
  outcome.expected = failed ? outcome.error : ErrorClass::none;
  outcome.error = failed ? ErrorClass::none : ErrorClass::condition;
  outcome.detail = failed ? "" : "answers, and is expected not to";
}

void RunningCheck::finish() {
  finished_ = true;
  if (spec().upside_down) turn_over();
  end_lookup();
  loop().cancel(deadline_timer_);
  release();
  services_.finished(*this);
}

}  // namespace nines::prober
