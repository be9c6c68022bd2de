#include "prober/support/checks.h"

#include <gtest/gtest.h>

namespace nines::prober_test {

CheckSpec spec_for(const std::string& url) {
  CheckSpec spec;
  spec.url = url;
  return spec;
}

CheckOutcome run_check(const CheckSpec& spec, RunnerOptions options) {
  return run_checks({spec}, std::move(options)).front();
}

CheckOutcome run_check(const std::string& url) {
  return run_check(spec_for(url));
}

std::vector<CheckOutcome> run_checks(const std::vector<CheckSpec>& specs, RunnerOptions options) {
  std::vector<CheckOutcome> outcomes(specs.size());
  auto runner = CheckRunner::create(std::move(options));
  if (!runner) {
    ADD_FAILURE() << runner.error().message;
    return outcomes;
  }
  std::size_t left = specs.size();
  for (std::size_t i = 0; i < specs.size(); ++i) {
    auto check = compile(specs[i]);
    if (!check) {
      ADD_FAILURE() << specs[i].url << ": " << check.error().message;
      --left;
      continue;
    }
    (*runner)->start(*check, [&, i](CheckOutcome outcome) {
      outcomes[i] = std::move(outcome);
      if (--left == 0) (*runner)->stop();
    });
  }
  if (left > 0) (*runner)->run();
  EXPECT_EQ((*runner)->in_flight(), 0U);
  return outcomes;
}

}  // namespace nines::prober_test
