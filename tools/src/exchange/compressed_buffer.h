// A stream buffer that unpacks gzip or zstd from another stream's while it is read, members and frames one after the
// other. Memory is bounded by the formats' windows: 8 MiB for zstd, as its own tool decides. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <streambuf>
#include <string_view>

namespace nines::tools {

class CompressedBuffer : public std::streambuf {
 public:
  enum class Form : std::uint8_t { none, gzip, zstd };
  /// What `head`, the beginning of an input, is packed as.
  [[nodiscard]] static Form form_of(std::string_view head) noexcept;

  /// `packed` must outlive it. Requires: form is not none.
  CompressedBuffer(std::streambuf& packed, Form form);
  ~CompressedBuffer() override;
  CompressedBuffer(const CompressedBuffer&) = delete;
  CompressedBuffer& operator=(const CompressedBuffer&) = delete;

  /// Whether reading ended because what is packed is damaged or cut off.
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  /// The bytes that are next, until a line is whole, `bytes` of them are there or the input ends. Before anything else.
  [[nodiscard]] std::string_view ahead(std::size_t bytes);

 protected:
  int_type underflow() override;

 private:
  struct State;
  static constexpr std::size_t kBytes = 64U << 10U;

  bool more_input();
  std::size_t unpack(char* at, std::size_t room);
  std::size_t unpack_gzip(char* at, std::size_t room);
  std::size_t unpack_zstd(char* at, std::size_t room);

  std::streambuf& packed_;
  Form form_;
  std::unique_ptr<State> state_;
  bool failed_ = false;
  std::array<char, kBytes> bytes_;
};

}  // namespace nines::tools
