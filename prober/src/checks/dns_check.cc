// dns: ask one question, judge the response code and the records.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "checks/dns_message.h"
#include "checks/error_mapping.h"
#include "checks/running_check.h"
#include "spec/dns_names.h"

namespace nines::prober {
namespace {

constexpr std::size_t kShownBytes = 80;

class DnsCheck final : public RunningCheck {
 public:
  using RunningCheck::RunningCheck;

 protected:
  void begin() override {
    if (const auto server = server_address(); server && refuses(spec().policy, *server->raw())) {
      fail({ErrorClass::blocked, "the address policy refuses this server"});
      return;
    }
    resolver_ = services().plain_resolver(check().dns_server);
    if (resolver_ == nullptr) {
      fail({ErrorClass::internal, "name resolution cannot be set up"});
      return;
    }
    asking_ = true;
    const auto id = resolver_->query(check().dns_name, check().dns_type, [this](const RawAnswer& answer) {
      asking_ = false;
      judge(answer);
    });
    if (asking_) query_ = id;
  }
  Failure overdue() override { return {ErrorClass::timeout, "no name server answered in time", true}; }
  void release() override {
    if (asking_) resolver_->cancel(query_);
    asking_ = false;
    outcome.phases.dns_us = clamp_us(Clock::now() - started());
  }

 private:
  [[nodiscard]] std::optional<Address> server_address() const {
    if (check().dns_server.empty()) return std::nullopt;
    const auto colon = check().dns_server.rfind(':');
    return parse_address(std::string_view(check().dns_server).substr(0, colon), 53);
  }

  void judge(const RawAnswer& answer) {
    const auto message = parse_dns_message(answer.message);
    if (!message) {
      if (!answer.message.empty()) return fail({ErrorClass::protocol, "the answer is not a DNS message"});
      if (answer.status == ARES_ETIMEOUT) return fail(overdue());
      if (answer.status == ARES_ECONNREFUSED) {
        return fail({ErrorClass::connect_refused, "the name server does not serve", true});
      }
      return fail(dns_failure(answer.status, check().dns_name));
    }
    outcome.code = static_cast<std::uint16_t>(message->rcode);
    outcome.body_bytes = answer.message.size();
    outcome.latency_us = clamp_us(Clock::now() - started());
    if (auto failure = unmet(*message)) return fail(*std::move(failure));
    succeed();
  }

  [[nodiscard]] std::optional<Failure> unmet(const DnsMessage& message) const {
    if (message.rcode != check().dns_rcode) {
      return Failure{ErrorClass::condition,
                     "answered " + dns_rcode_name(message.rcode) + ", expected " + dns_rcode_name(check().dns_rcode)};
    }
    const auto of_type = [this](const DnsRecord& record) { return record.type == check().dns_type; };
    if (message.rcode == 0 && std::none_of(message.answers.begin(), message.answers.end(), of_type)) {
      return Failure{ErrorClass::condition, "the answer has no record of the type that was asked for"};
    }
    for (const auto& wanted : spec().dns_answers) {
      const bool there = std::any_of(message.answers.begin(), message.answers.end(), [&](const DnsRecord& record) {
        return of_type(record) && equal_ignoring_case(record.text, wanted);
      });
      if (!there)
        return Failure{ErrorClass::condition, "\"" + shorten(wanted, kShownBytes) + "\" is not in the answer"};
    }
    return std::nullopt;
  }

  Resolver* resolver_ = nullptr;
  Resolver::Id query_{};
  bool asking_ = false;
};

}  // namespace

std::unique_ptr<RunningCheck> make_dns_check(Services& services, std::shared_ptr<const CompiledCheck> check,
                                             CheckRunner::Done done) {
  return std::make_unique<DnsCheck>(services, std::move(check), std::move(done));
}

}  // namespace nines::prober
