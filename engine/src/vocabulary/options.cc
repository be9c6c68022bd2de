#include <nines/options.h>

namespace nines {
namespace {

Result<void> require(bool holds, const char* what) {
  if (!holds) return fail(ErrorCode::invalid_argument, std::string("option ") + what);
  return {};
}

}  // namespace

Result<void> Options::validate() const {
  using namespace std::chrono_literals;
  constexpr std::size_t kMinWriteBuffer = 64U << 10U;
  constexpr std::size_t kMaxWriteBuffer = 1U << 30U;
  const auto all = {
      require(max_ahead >= 0ms && max_ahead <= kTimeLimit.time_since_epoch(),
              "max_ahead must be 0 to what is left until the year 10000"),
      require(keep_checks.count() >= 0, "keep_checks must not be negative; 0 keeps for ever"),
      require(keep_summaries.count() >= 0, "keep_summaries must not be negative; 0 keeps for ever"),
      require(max_store_bytes == 0 || max_store_bytes >= 2 * performance.write_buffer_bytes,
              "max_store_bytes must be 0 or at least twice write_buffer_bytes"),
      require(performance.head_span >= 1h && performance.head_span <= 24h * 31, "head_span must be 1 h to 31 days"),
      require(performance.write_buffer_bytes >= kMinWriteBuffer && performance.write_buffer_bytes <= kMaxWriteBuffer,
              "write_buffer_bytes must be 64 KiB to 1 GiB"),
      require(performance.background_threads >= 1 && performance.background_threads <= 64,
              "background_threads must be 1 to 64"),
      require(performance.scan_threads >= 1 && performance.scan_threads <= 1024, "scan_threads must be 1 to 1024"),
      require(performance.seal_rows >= 1 && performance.seal_rows <= 4096, "seal_rows must be 1 to 4096"),
  };
  for (const auto& result : all) {
    if (!result) return result;
  }
  return {};
}

}  // namespace nines
