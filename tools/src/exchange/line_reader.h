// Lines of a file or of standard input, numbered, each of bounded length. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>

namespace nines::tools {

/// A check result's line is a few hundred bytes; its detail at most 4 KiB, doubled by quoting, or times six by \u.
inline constexpr std::size_t kMaxLineBytes = 64U << 10U;

class LineReader {
 public:
  /// `in` must outlive the reader.
  explicit LineReader(std::istream& in) : in_(in) {}

  /// Reads a line without its LF (a CR before it stays: inside quotes it is data). False at the end. A line over
  /// kMaxLineBytes is cut there and `too_long` says so; the rest of it is skipped. A byte order mark before the first
  /// line is dropped. `line` is valid until the next call.
  bool next(std::string_view& line);
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }  ///< of the last line, from 1
  [[nodiscard]] bool too_long() const noexcept { return too_long_; }       ///< the last line was
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }    ///< read so far

 private:
  bool fill();
  bool take(std::string_view& piece);

  std::istream& in_;
  std::string buffer_;
  std::string_view rest_;  // of the buffer, not looked at yet
  std::string spilled_;    // a line that does not lie in the buffer as a whole
  std::uint64_t number_ = 0;
  std::uint64_t bytes_ = 0;
  bool too_long_ = false;
};

}  // namespace nines::tools
