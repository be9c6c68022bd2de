// dns: ask one question, judge the response code and the records.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "checks/error_mapping.h"
#include "checks/running_check.h"
#include "protocols/dns_message.h"
#include "spec/dns_names.h"

namespace nines::prober {
namespace {

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
  Failure overdue() override { return {ErrorClass::timeout, "no name server answered in time"}; }
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
        return fail({ErrorClass::connect_refused, "the name server does not serve"});
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
    if (message.malformed.contains(check().dns_type)) {
      return Failure{ErrorClass::protocol, "the answer has a malformed " + dns_type_name(check().dns_type) + " record"};
    }
    const std::vector<DnsRecord> records = records_of(message, check().dns_type);
    if (message.rcode == 0 && records.empty()) {
      return Failure{ErrorClass::condition, "the answer has no record of the type that was asked for"};
    }
    if (auto failure = wrong_records(records)) return failure;
    for (const auto& wanted : spec().dns_contains) {
      const bool there = std::any_of(records.begin(), records.end(),
                                     [&wanted](const DnsRecord& record) { return is_part(wanted, record); });
      if (!there) return Failure{ErrorClass::condition, in_quotes(wanted) + " is not part of an answer"};
    }
    for (const auto& record : records) {
      if (in_networks(record)) continue;
      return Failure{ErrorClass::condition, record.text + " is in none of the expected networks"};
    }
    return std::nullopt;
  }

  // Names are the same in either case and with a final dot, hexadecimal digits in either case; texts are compared byte
  // by byte.
  static bool is_part(const std::string& wanted, const DnsRecord& record) {
    const bool of_names = dns_form(record.type).find_first_not_of("0123456789anqh") == std::string_view::npos;
    if (!of_names) return record.text.find(wanted) != std::string::npos;
    std::string text = to_lower(record.text);
    std::string part = to_lower(wanted);
    if (part.size() > 1 && part.ends_with('.') && !text.ends_with('.')) text += '.';
    return text.find(part) != std::string::npos;
  }

  [[nodiscard]] std::optional<Failure> wrong_records(const std::vector<DnsRecord>& records) const {
    const auto& wanted = check().dns_answers;
    if (wanted.empty()) return std::nullopt;
    std::vector<std::string> there;
    // TXT is compared byte by byte; what stands in quotes in it stays.
    for (const auto& record : records) {
      const bool text = dns_form(record.type) == "T";
      there.push_back(text ? record.text : normal_record(record.type, record.text).value_or(record.text));
    }
    const auto missing = std::find_if(wanted.begin(), wanted.end(), [&there](const std::string& text) {
      return std::find(there.begin(), there.end(), text) == there.end();
    });
    if (missing != wanted.end()) {
      const auto at = static_cast<std::size_t>(missing - wanted.begin());
      return Failure{ErrorClass::condition, in_quotes(spec().dns_answers[at]) + " is not in the answer"};
    }
    if (!spec().dns_only) return std::nullopt;
    for (std::size_t i = 0; i < there.size(); ++i) {
      if (std::find(wanted.begin(), wanted.end(), there[i]) != wanted.end()) continue;
      return Failure{ErrorClass::condition, in_quotes(records[i].text) + " was not expected in the answer"};
    }
    return std::nullopt;
  }

  [[nodiscard]] bool in_networks(const DnsRecord& record) const {
    const auto& networks = check().dns_networks;
    const auto address = parse_address(record.text, 0);
    return networks.empty() || (address && std::any_of(networks.begin(), networks.end(), [&](const Network& network) {
                                  return contains(network, *address);
                                }));
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
