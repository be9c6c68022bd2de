// Replays the committed fuzzing corpus of what comes from outside: name servers' answers, what ssh servers say, checks
// in JSON, the journal of alerts, when jobs report.
#include <gtest/gtest.h>

#include "fuzz/prober_bodies.h"
#include "fuzz/replay.h"

namespace nines::prober_test {
namespace {

TEST(Corpus, AnswersOfNameServersHold) {
  fuzz::replay("dns_message_fuzz", fuzz::dns_message);
}
TEST(Corpus, FirstWordsOfSshServersHold) {
  fuzz::replay("ssh_hello_fuzz", fuzz::ssh_hello);
}
TEST(Corpus, ChecksInJsonHold) {
  fuzz::replay("check_spec_fuzz", fuzz::check_spec);
}

TEST(Corpus, RecordsOfTheJournalHold) {
  fuzz::replay("alert_record_fuzz", fuzz::alert_record);
}
TEST(Corpus, SchedulesOfJobsHold) {
  fuzz::replay("job_schedule_fuzz", fuzz::job_schedule);
}

}  // namespace
}  // namespace nines::prober_test
