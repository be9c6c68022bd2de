// What must hold for any bytes that the prober is given from outside: an answer of a name server, what an SSH server
// says, a check's JSON, the journal. One body each for libFuzzer (target.cc) and for the replay of the committed corpus
// (tests/prober/spec/corpus_test.cc). A body that finds a broken rule prints it and aborts.
#pragma once

#include <string_view>

namespace nines::fuzz {

void dns_message(std::string_view bytes);
/// Up to the first packet.
void ssh_hello(std::string_view bytes);
void check_spec(std::string_view bytes);
/// A line of the alerts' journal.
void alert_record(std::string_view bytes);
/// When a job reports: a cron expression or a calendar event.
void job_schedule(std::string_view bytes);

}  // namespace nines::fuzz
