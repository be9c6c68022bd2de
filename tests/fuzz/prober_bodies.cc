#include "prober_bodies.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <nines/check_spec.h>

#include "checks/dns_message.h"

namespace nines::fuzz {
namespace {

// RFC 1035, section 3.2.1: a record takes at least a name of one byte and ten more.
constexpr std::size_t kLeastRecordBytes = 11;
constexpr int kMostRcode = 15;

void require(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", rule);
  std::abort();
}

}  // namespace

void dns_message(std::string_view bytes) {
  const auto message = prober::parse_dns_message(bytes);
  if (!message) return;
  require(message->rcode >= 0 && message->rcode <= kMostRcode, "a response code has four bits");
  require(message->answers.size() * kLeastRecordBytes <= bytes.size(), "records are not made of nothing");
  for (const prober::DnsRecord& record : message->answers) {
    require(!record.text.empty(), "a record that is told says something");
    require(record.type > 0 && record.type <= 0xffff, "a type has two bytes");
  }
}

void check_spec(std::string_view bytes) {
  const auto spec = check_spec_from_json(bytes);
  if (!spec) {
    require(spec.error().code == ErrorCode::invalid_argument, "a bad check is an invalid argument");
    require(!spec.error().message.empty(), "an error says something");
    return;
  }
  const auto again = check_spec_from_json(to_json(*spec));
  require(again.has_value(), "what is written can be read");
  require(*again == *spec, "and is the same");
  const auto valid = validate(*spec, std::chrono::minutes{1});
  require(valid || !valid.error().message.empty(), "a refusal says something");
}

}  // namespace nines::fuzz
