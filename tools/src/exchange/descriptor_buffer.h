// A stream buffer over a file descriptor, which the standard library has none of: of a file, a pipe or a terminal that
// this process has opened or was given. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <streambuf>
#include <utility>

namespace nines::tools {

class DescriptorBuffer : public std::streambuf {
 public:
  /// Reads `descriptor`, which must stay open. While nothing is there to read, `stop` is asked several times a second
  /// and after each signal; true ends the reading as if the input ended there. It may be empty.
  DescriptorBuffer(int descriptor, std::function<bool()> stop) : descriptor_(descriptor), stop_(std::move(stop)) {}

  /// Whether reading ended because the system could not read on.
  [[nodiscard]] bool failed() const noexcept { return failed_; }

 protected:
  int_type underflow() override;
  /// Only to the beginning, and only of what can be read twice.
  pos_type seekpos(pos_type position, std::ios_base::openmode which) override;

 private:
  static constexpr std::size_t kBytes = 64U << 10U;

  int descriptor_;
  std::function<bool()> stop_;
  bool failed_ = false;
  std::array<char, kBytes> bytes_;
};

}  // namespace nines::tools
