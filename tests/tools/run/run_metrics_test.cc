// What a running prober counts, name by name: of the servers that there are, and of nothing that is gone.
#include "run/run_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr TimeMs kExpiry = from_ms(1'790'000'000'000);
constexpr const char* kSample = "probe_ssl_earliest_cert_expiry{server=\"site\"} ";

CheckReport with_chain(std::optional<TimeMs> expiry) {
  CheckReport report;
  report.result.state = State::up;
  const auto outcome = std::make_shared<CheckOutcome>();
  outcome->chain_expiry = expiry;
  report.outcome = outcome;
  return report;
}

std::string text_of(const RunMetrics& metrics) {
  std::string text;
  metrics.append(text, ProberStats{});
  return text;
}

TEST(RunMetrics, TheEarliestCertificateOfTheLastChainIsTold) {
  RunMetrics metrics;
  metrics.keep({{"site", "https://a/"}, {"plain", "http://a/"}});
  metrics.count("site", with_chain(kExpiry));
  metrics.count("plain", with_chain({}));
  EXPECT_THAT(text_of(metrics), HasSubstr(std::string(kSample) + "1790000000\n"));
  EXPECT_THAT(text_of(metrics), Not(HasSubstr("probe_ssl_earliest_cert_expiry{server=\"plain\"}")));
  // A check that saw none, as one that did not connect, leaves it; another chain takes its place.
  metrics.count("site", with_chain({}));
  EXPECT_THAT(text_of(metrics), HasSubstr(std::string(kSample) + "1790000000\n"));
  metrics.count("site", with_chain(kExpiry + std::chrono::days{90}));
  EXPECT_THAT(text_of(metrics), HasSubstr(std::string(kSample) + "1797776000\n"));
}

TEST(RunMetrics, WhatIsPausedRemovedOrProbedWithSomethingElseTellsNoCertificate) {
  RunMetrics metrics;
  const auto seen = [&] {
    metrics.keep({{"site", "https://a/"}});
    metrics.count("site", with_chain(kExpiry));
    EXPECT_THAT(text_of(metrics), HasSubstr(kSample));
  };
  seen();
  metrics.keep({{"site", "https://b/"}});
  EXPECT_THAT(text_of(metrics), Not(HasSubstr(kSample)));
  seen();
  metrics.keep({{"site", ""}});
  EXPECT_THAT(text_of(metrics), Not(HasSubstr(kSample)));
  seen();
  metrics.keep({});
  EXPECT_THAT(text_of(metrics), Not(HasSubstr("server=\"site\"")));
  metrics.count("site", with_chain(kExpiry));
  EXPECT_THAT(text_of(metrics), Not(HasSubstr("server=\"site\""))) << "what is still heard of it counts for nothing";
}

}  // namespace
}  // namespace nines::tools::testing
