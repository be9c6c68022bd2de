#include "prober_bodies.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <nines/check_spec.h>
#include <nines/push.h>

#include "alerts/record.h"
#include "protocols/dns_message.h"
#include "protocols/ssh.h"

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

void ssh_hello(std::string_view bytes) {
  const auto hello = prober::parse_ssh_hello(bytes);
  require(hello.done || hello.error.empty(), "an error is the end");
  require(hello.identification.empty() || hello.identification.starts_with("SSH-"), "an identification says SSH");
  require(!hello.done || !hello.error.empty() || !hello.identification.empty(), "no good server is without a name");
  if (!hello.done) return;
  const auto more = prober::parse_ssh_hello(std::string(bytes) + "more");
  require(more.done && more.error == hello.error, "what comes after the end changes nothing");
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

void alert_record(std::string_view bytes) {
  using prober::AlertRecord;
  const auto record = prober::parse_record(std::string(bytes));
  if (!record) return;
  if (record->op == AlertRecord::Op::forgotten) return;  // is not written any more
  const std::string text = record->op == AlertRecord::Op::next      ? prober::next_record(record->id)
                           : record->op == AlertRecord::Op::settled ? prober::settled_record(record->target, record->id)
                           : record->op == AlertRecord::Op::tried
                               ? prober::tried_record(record->target, record->id, record->attempts)
                               : prober::message_record(record->message, record->told, record->owed);
  const auto again = prober::parse_record(text);
  require(again.has_value(), "what is written can be read");
  require(again->op == record->op && again->id == record->id && again->target == record->target &&
              again->attempts == record->attempts && again->told == record->told && again->owed == record->owed,
          "and is the same");
  const std::string once_more =
      record->op == AlertRecord::Op::message ? prober::message_record(again->message, again->told, again->owed) : text;
  require(once_more == text, "to the last byte");
}

void job_schedule(std::string_view bytes) {
  const TimeMs now = from_ms(1'784'000'000'000);
  for (const auto& schedule : {JobSchedule::parse_cron(bytes, ""), JobSchedule::parse_on_calendar(bytes, "")}) {
    if (!schedule) {
      require(!schedule.error().message.empty(), "an error says something");
      continue;
    }
    const auto next = schedule->next(now);
    require(!next || *next > now, "what comes next lies ahead");
  }
}

}  // namespace nines::fuzz
