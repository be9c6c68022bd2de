// What a check result must be to be stored, and the errors that say what it is instead. Pure.
#pragma once

#include <string>

#include <nines/check_result.h>
#include <nines/result.h>

namespace nines::engine {

/// Errors: out_of_range (before 1970, after `newest`, too large a detail, latency or location), invalid_argument (a
/// state of the catalog's).
[[nodiscard]] Result<void> check_input(const CheckResult& result, TimeMs newest);
/// "the result of server 7 at 1782864000000 ms".
[[nodiscard]] std::string describe_input(const CheckResult& result);
[[nodiscard]] Error no_such_server(ServerId id);

}  // namespace nines::engine
