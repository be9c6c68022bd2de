// A stream buffer over a file descriptor, which the standard library has none of: of a file, a pipe or a terminal that
// this process has opened or was given. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <streambuf>
#include <string_view>
#include <utility>

namespace nines::tools {

class DescriptorBuffer : public std::streambuf {
 public:
  /// Reads `descriptor`, which must stay open. While nothing is there to read, `stop` is asked several times a second
  /// and after each signal; true ends the reading as if the input ended there. It may be empty.
  DescriptorBuffer(int descriptor, std::function<bool()> stop) : descriptor_(descriptor), stop_(std::move(stop)) {}

  /// The bytes that are next, until a line is whole, `bytes` of them are there or the input ends; they stay to be read.
  /// For a look at what the input is.
  [[nodiscard]] std::string_view ahead(std::size_t bytes);

  /// Whether reading ended because the system could not read on.
  [[nodiscard]] bool failed() const noexcept { return failed_; }

 protected:
  int_type underflow() override;
  /// Only to the beginning, and only of what can be read twice.
  pos_type seekpos(pos_type position, std::ios_base::openmode which) override;

 private:
  static constexpr std::size_t kBytes = 64U << 10U;

  /// Reads at most `bytes` to `at`; 0 at the end.
  std::size_t fill(char* at, std::size_t bytes);

  int descriptor_;
  std::function<bool()> stop_;
  bool failed_ = false;
  std::array<char, kBytes> bytes_;
};

}  // namespace nines::tools
