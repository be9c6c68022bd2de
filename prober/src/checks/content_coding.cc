#include "checks/content_coding.h"

#include <brotli/decode.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "base/text.h"

namespace nines::prober {
namespace {

using Decoded = tl::expected<std::string, CodingError>;

constexpr std::size_t kStepBytes = 64 << 10;
// What zlib calls its formats: the largest window, and whether a header is there.
constexpr int kGzip = MAX_WBITS + 16;
constexpr int kZlib = MAX_WBITS;
constexpr int kRawDeflate = -MAX_WBITS;

// More than two are nobody's honest doing, and each one more multiplies what a few bytes can cost.
constexpr std::size_t kMaxCodings = 4;

bool begins_a_member(const z_stream& stream) noexcept {
  return stream.avail_in >= 2 && stream.next_in[0] == 0x1f && stream.next_in[1] == 0x8b;
}

Decoded inflate_all(std::string_view body, int format, std::size_t limit) {
  z_stream stream{};
  if (inflateInit2(&stream, format) != Z_OK) return tl::unexpected(CodingError::malformed);
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  std::string out;
  std::array<char, kStepBytes> step;
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(step.data());
    stream.avail_out = static_cast<uInt>(step.size());
    const int result = inflate(&stream, Z_NO_FLUSH);
    out.append(step.data(), step.size() - stream.avail_out);
    if (out.size() > limit) return tl::unexpected(CodingError::too_large);
    if (result == Z_STREAM_END) {
      // RFC 1952, section 2.2: members follow one another.
      if (format != kGzip || !begins_a_member(stream)) return out;
      inflateReset(&stream);
    } else if (result == Z_BUF_ERROR || (result == Z_OK && stream.avail_in == 0 && stream.avail_out > 0)) {
      return tl::unexpected(CodingError::truncated);
    } else if (result != Z_OK) {
      return tl::unexpected(CodingError::malformed);
    }
  }
}

// "deflate" is zlib's format, and some servers send it without zlib's header.
Decoded inflate_deflate(std::string_view body, std::size_t limit) {
  auto decoded = inflate_all(body, kZlib, limit);
  if (decoded || decoded.error() != CodingError::malformed) return decoded;
  return inflate_all(body, kRawDeflate, limit);
}

Decoded unpack_brotli(std::string_view body, std::size_t limit) {
  const std::unique_ptr<BrotliDecoderState, void (*)(BrotliDecoderState*)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
  if (!state) return tl::unexpected(CodingError::malformed);
  const auto* in = reinterpret_cast<const std::uint8_t*>(body.data());
  std::size_t left = body.size();
  std::string out;
  std::array<std::uint8_t, kStepBytes> step;
  for (;;) {
    std::uint8_t* to = step.data();
    std::size_t room = step.size();
    const auto result = BrotliDecoderDecompressStream(state.get(), &left, &in, &room, &to, nullptr);
    out.append(reinterpret_cast<const char*>(step.data()), step.size() - room);
    if (out.size() > limit) return tl::unexpected(CodingError::too_large);
    if (result == BROTLI_DECODER_RESULT_SUCCESS) return out;
    if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) return tl::unexpected(CodingError::truncated);
    if (result == BROTLI_DECODER_RESULT_ERROR) return tl::unexpected(CodingError::malformed);
  }
}

bool is_one_of(std::string_view coding, std::initializer_list<std::string_view> names) noexcept {
  return std::any_of(names.begin(), names.end(),
                     [coding](std::string_view name) { return equal_ignoring_case(coding, name); });
}

}  // namespace

tl::expected<std::string, CodingError> decode_content(std::string body, std::string_view codings, std::size_t limit) {
  auto names = split(codings, ',');
  if (body.empty()) return body;
  if (names.size() > kMaxCodings) return tl::unexpected(CodingError::malformed);
  std::reverse(names.begin(), names.end());  // the last one was applied last
  for (auto name : names) {
    name = trim(name);
    Decoded decoded = is_one_of(name, {"gzip", "x-gzip"}) ? inflate_all(body, kGzip, limit)
                      : is_one_of(name, {"deflate"})      ? inflate_deflate(body, limit)
                      : is_one_of(name, {"br"})           ? unpack_brotli(body, limit)
                                                          : Decoded(std::move(body));
    if (!decoded) return decoded;
    body = *std::move(decoded);
  }
  return body;
}

}  // namespace nines::prober
