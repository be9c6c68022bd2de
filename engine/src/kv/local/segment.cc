#include "kv/local/segment.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace nines::engine {
namespace {

constexpr std::string_view kMagic = "nineslog";
constexpr std::uint32_t kSegmentFormat = 1;
constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kNameDigits = 6;
/// So many bytes are checksummed in search of an intact record; it takes about a second.
constexpr std::uint64_t kMaxSearch = std::uint64_t{4} << 30U;

/// The checksum of a record is of its place, too: what a record's text holds, or a block that was written elsewhere, is
/// no record.
std::uint32_t checksum(std::string_view record, std::uint64_t position) {
  std::array<char, sizeof position> place{};
  store(place.data(), position);
  return crc32c(record, crc32c({place.data(), place.size()}));
}

struct Frame {
  std::uint64_t begin = 0;  // of the record
  std::uint64_t length = 0;
};

/// The frame that begins at `offset`, if one may; nothing when the file ends before it.
std::optional<Frame> frame_at(std::string_view file, std::uint64_t offset) {
  Reader in(file.substr(offset));
  const std::uint64_t length = in.varint();
  if (!in.ok() || length == 0 || in.left() < kChecksumBytes || length > in.left() - kChecksumBytes) return std::nullopt;
  return Frame{file.size() - in.left() + kChecksumBytes, length};
}

bool is_intact(std::string_view file, const Frame& frame, std::uint64_t position) {
  const auto stored = load<std::uint32_t>(file.data() + frame.begin - kChecksumBytes);
  return checksum(file.substr(frame.begin, frame.length), position) == stored;
}

}  // namespace

std::string encode_segment_header(const SegmentHeader& header) {
  std::string out(SegmentHeader::kBytes, '\0');
  kMagic.copy(out.data(), kMagic.size());
  store(out.data() + 8, kSegmentFormat);
  store(out.data() + 12, header.number);
  store(out.data() + 20, header.first);
  store(out.data() + 28, crc32c(std::string_view(out).substr(0, 28)));
  return out;
}

Result<SegmentHeader> decode_segment_header(std::string_view file) {
  if (file.size() < SegmentHeader::kBytes || !file.starts_with(kMagic) ||
      crc32c(file.substr(0, 28)) != load<std::uint32_t>(file.data() + 28)) {
    return fail(ErrorCode::corruption, "it does not begin as a segment of the log");
  }
  const auto format = load<std::uint32_t>(file.data() + 8);
  if (format != kSegmentFormat) {
    return fail(ErrorCode::newer_format, "it has format " + std::to_string(format) + "; this version reads " +
                                             std::to_string(kSegmentFormat) + ": use a newer nines");
  }
  return SegmentHeader{load<std::uint64_t>(file.data() + 12), load<std::uint64_t>(file.data() + 20)};
}

std::string segment_name(std::uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < kNameDigits) digits.insert(0, kNameDigits - digits.size(), '0');
  return digits + std::string(kSegmentSuffix);
}

std::optional<std::uint64_t> parse_segment_name(std::string_view name) {
  if (!name.ends_with(kSegmentSuffix)) return std::nullopt;
  const std::string_view digits = name.substr(0, name.size() - kSegmentSuffix.size());
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size();
  if (!whole || number == 0 || number > SegmentHeader::kMaxNumber || segment_name(number) != name) return std::nullopt;
  return number;
}

void put_frame(std::string& out, std::string_view record, std::uint64_t position) {
  assert(!record.empty());
  put_varint(out, record.size());
  std::array<char, kChecksumBytes> crc{};
  store(crc.data(), checksum(record, position));
  out.append(crc.data(), crc.size()).append(record);
}

bool SegmentReader::next() {
  const auto frame = frame_at(file_, offset_);
  if (!frame || !is_intact(file_, *frame, log_position(number_, offset_))) return false;
  begin_ = offset_;
  record_ = file_.substr(frame->begin, frame->length);
  offset_ = frame->begin + frame->length;
  return true;
}

bool SegmentReader::intact_ones_follow() const {
  std::uint64_t searched = 0;
  for (std::uint64_t offset = offset_ + 1; offset < file_.size(); ++offset) {
    const auto frame = frame_at(file_, offset);
    if (!frame) continue;
    searched += frame->length;
    if (searched > kMaxSearch || is_intact(file_, *frame, log_position(number_, offset))) return true;
  }
  return false;
}

}  // namespace nines::engine
