// A row: one check result, the value of a key in `recent`. FORMAT.md, "Row", is the specification.
//
// Pure functions, safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include <nines/check_result.h>
#include <nines/result.h>

namespace nines::engine {

inline constexpr std::uint8_t kRowVersion = 1;

/// Appends the row of `result` to `out`. Server, time and location are in the key, not in the row. A result that is up
/// with code 200, a latency and an interval of whole seconds takes 8 bytes. Its state must be one that a check
/// stores, its latency at most kMaxLatencyUs and its detail at most kMaxDetailBytes.
void append_row(std::string& out, const CheckResult& result);
[[nodiscard]] std::string encode_row(const CheckResult& result);

/// The result of a key and value of `recent`. Errors: newer_format; corruption, with the key.
[[nodiscard]] Result<CheckResult> decode_row(std::string_view key, std::string_view value);

}  // namespace nines::engine
