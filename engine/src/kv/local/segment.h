// A segment: one file of the log, of records behind a header. FORMAT.md, "Log", is the specification.
//
// Threads: none of its own; values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nines/result.h>

namespace nines::engine {

inline constexpr std::string_view kSegmentSuffix = ".rows";
/// What a segment is called until it is whole enough to count.
inline constexpr std::string_view kUnfinishedSuffix = ".rows.new";

/// A place in the log, which places are ordered by: the segment's number, and the offset in it.
[[nodiscard]] constexpr std::uint64_t log_position(std::uint64_t number, std::uint64_t offset) noexcept {
  return (number << 32U) | offset;
}
[[nodiscard]] constexpr std::uint64_t segment_of(std::uint64_t position) noexcept {
  return position >> 32U;
}
[[nodiscard]] constexpr std::uint64_t offset_of(std::uint64_t position) noexcept {
  return position & 0xffff'ffffU;
}

struct SegmentHeader {
  static constexpr std::size_t kBytes = 32;
  /// Numbers are 32 bits, so that a position is 64.
  static constexpr std::uint64_t kMaxNumber = 0xffff'ffffU;

  std::uint64_t number = 0;
  std::uint64_t first = 0;  ///< the oldest segment that was needed when this one was begun
};

[[nodiscard]] std::string encode_segment_header(const SegmentHeader& header);
/// Errors: corruption, newer_format.
[[nodiscard]] Result<SegmentHeader> decode_segment_header(std::string_view file);

/// "000007.rows", and back.
[[nodiscard]] std::string segment_name(std::uint64_t number);
[[nodiscard]] std::optional<std::uint64_t> parse_segment_name(std::string_view name);

/// Appends `record` as it stands in a segment at `position`. Requires: it is not empty.
void put_frame(std::string& out, std::string_view record, std::uint64_t position);

/// Goes through the records of a segment, up to the first that is none.
class SegmentReader {
 public:
  /// `file` are its bytes, the header included.
  SegmentReader(std::string_view file, std::uint64_t number) : file_(file), number_(number) {}

  /// False at the end, and where what follows is no intact record.
  [[nodiscard]] bool next();
  [[nodiscard]] std::string_view record() const noexcept { return record_; }
  /// Where the record begins, and where what follows it does.
  [[nodiscard]] std::uint64_t record_begin() const noexcept { return begin_; }
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  [[nodiscard]] bool at_end() const noexcept { return offset_ == file_.size(); }
  /// Whether an intact record begins anywhere behind offset(): then what is there is damage, and no torn end. Also true
  /// when there is too much to look through.
  [[nodiscard]] bool intact_ones_follow() const;

 private:
  std::string_view file_;
  std::uint64_t number_;
  std::uint64_t begin_ = SegmentHeader::kBytes;
  std::uint64_t offset_ = SegmentHeader::kBytes;
  std::string_view record_;
};

}  // namespace nines::engine
