#include "exchange/line_reader.h"

#include <algorithm>
#include <cstring>

namespace nines::tools {
namespace {

constexpr std::size_t kBufferBytes = 64U << 10U;

}  // namespace

bool LineReader::fill() {
  std::streambuf& source = *in_.rdbuf();
  if (source.sgetc() == std::char_traits<char>::eof()) return false;
  // What is there already, and no more: a pipe's writer may pause.
  const auto there = std::clamp<std::streamsize>(source.in_avail(), 1, kBufferBytes);
  buffer_.resize(kBufferBytes);
  const std::streamsize got = source.sgetn(buffer_.data(), there);
  rest_ = std::string_view(buffer_.data(), static_cast<std::size_t>(std::max<std::streamsize>(got, 0)));
  return !rest_.empty();
}

/// Takes what is held up to the end of the line. True when that is in it.
bool LineReader::take(std::string_view& piece) {
  const void* const feed = std::memchr(rest_.data(), '\n', rest_.size());
  const std::size_t size =
      feed != nullptr ? static_cast<std::size_t>(static_cast<const char*>(feed) - rest_.data()) : rest_.size();
  piece = rest_.substr(0, size);
  rest_.remove_prefix(feed != nullptr ? size + 1 : size);
  bytes_ += feed != nullptr ? size + 1 : size;
  return feed != nullptr;
}

bool LineReader::next(std::string_view& line) {
  if (rest_.empty() && !fill()) return false;
  if (!take(line)) {
    spilled_ = line;
    std::string_view piece;
    for (bool ended = false; !ended && fill();) {
      ended = take(piece);
      // One byte more than a line may have says that it is too long.
      spilled_ += piece.substr(0, kMaxLineBytes + 1 - std::min(spilled_.size(), kMaxLineBytes + 1));
    }
    line = spilled_;
  }
  too_long_ = line.size() > kMaxLineBytes;
  line = line.substr(0, kMaxLineBytes);
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (++number_ == 1 && line.starts_with(kMark)) line.remove_prefix(kMark.size());
  return true;
}

}  // namespace nines::tools
