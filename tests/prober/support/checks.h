// Short forms for tests that run checks.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <nines/check_runner.h>
#include <nines/check_spec.h>

namespace nines::prober_test {

/// A spec for `url` with a timeout that suits loopback.
[[nodiscard]] CheckSpec spec_for(const std::string& url);

/// Compiles and runs; a spec that does not compile fails the test.
[[nodiscard]] CheckOutcome run_check(const CheckSpec& spec, RunnerOptions options = {});
[[nodiscard]] CheckOutcome run_check(const std::string& url);

/// Runs all of them at once on one runner; outcomes in the order of the specs.
[[nodiscard]] std::vector<CheckOutcome> run_checks(const std::vector<CheckSpec>& specs, RunnerOptions options = {});

/// How long `call` takes.
template <class F>
std::chrono::milliseconds time_of(F&& call) {
  const auto begun = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
}

/// What a check may take beyond its timeout on a busy machine before a test calls it hung.
inline constexpr std::chrono::milliseconds kSlack{1500};

}  // namespace nines::prober_test
