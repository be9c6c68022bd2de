#include "kv/rocksdb/record_log.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/crc32c.h"

namespace nines::engine {
namespace {

constexpr std::size_t kBlockBytes = 32'768;
constexpr std::size_t kHeaderBytes = 7;

enum FragmentType : std::uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

/// Checksums are stored rotated and shifted, so that the checksum of bytes that contain checksums is not weakened.
std::uint32_t masked(std::uint32_t crc) {
  return ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U;
}

/// Of at most 8 bytes.
std::uint64_t fixed(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

struct Fragment {
  std::uint32_t crc = 0;
  std::uint8_t type = 0;
  std::string_view checked;  // type and bytes
  [[nodiscard]] std::string_view bytes() const { return checked.substr(1); }
  [[nodiscard]] std::size_t size() const { return kHeaderBytes + bytes().size(); }
  [[nodiscard]] bool intact() const { return masked(crc32c(checked)) == crc; }
};

/// The fragment at `offset`; nothing when its header is none or it reaches beyond its block or the file.
std::optional<Fragment> fragment_at(std::string_view file, std::size_t offset) {
  const std::size_t room = std::min(kBlockBytes - offset % kBlockBytes, file.size() - offset);
  if (room < kHeaderBytes) return std::nullopt;
  const std::size_t length = fixed(file.substr(offset + 4, 2));
  const auto type = static_cast<std::uint8_t>(file[offset + 6]);
  if (type < kFull || type > kLast || length > room - kHeaderBytes) return std::nullopt;
  return Fragment{static_cast<std::uint32_t>(fixed(file.substr(offset, 4))), type, file.substr(offset + 6, 1 + length)};
}

/// Whether a fragment that was cut short by the end of the file stands at `offset`, or nothing but zeros.
bool is_torn(std::string_view file, std::size_t offset) {
  const std::string_view rest = file.substr(offset);
  if (rest.find_first_not_of('\0') == std::string_view::npos) return true;
  const std::size_t in_block = kBlockBytes - offset % kBlockBytes;
  if (rest.size() < std::min(kHeaderBytes, in_block)) return true;
  if (rest.size() < kHeaderBytes || rest.size() >= in_block) return false;
  const auto type = static_cast<std::uint8_t>(rest[6]);
  const std::size_t length = fixed(rest.substr(4, 2));
  return type >= kFull && type <= kLast && length > rest.size() - kHeaderBytes && length <= in_block - kHeaderBytes;
}

bool is_intact_at(const std::optional<Fragment>& fragment) {
  // Anything is a checksum of nothing, sooner or later.
  return fragment && !fragment->bytes().empty() && fragment->intact();
}

/// Looks everywhere in the block of `offset`, where a fragment may begin at any byte, and in those behind it from their
/// beginnings, where one always does: what that costs is bounded by the file's size, whatever its bytes are.
bool any_intact_after(std::string_view file, std::size_t offset) {
  const std::size_t block_end = std::min(file.size(), offset - offset % kBlockBytes + kBlockBytes);
  for (; offset < block_end; ++offset) {
    if (is_intact_at(fragment_at(file, offset))) return true;
  }
  for (std::size_t block = block_end; block < file.size(); block += kBlockBytes) {
    for (auto fragment = fragment_at(file, block); fragment;) {
      if (is_intact_at(fragment)) return true;
      offset = static_cast<std::size_t>(fragment->checked.data() - file.data()) - 6 + fragment->size();
      fragment = offset < block + kBlockBytes && offset < file.size() ? fragment_at(file, offset) : std::nullopt;
    }
  }
  return false;
}

}  // namespace

std::uint64_t sequence_of(std::string_view record) noexcept {
  return fixed(record.substr(0, sizeof(std::uint64_t)));
}

std::uint64_t end_of_record(std::uint64_t offset, std::uint64_t bytes) noexcept {
  do {
    std::uint64_t room = kBlockBytes - offset % kBlockBytes;
    if (room < kHeaderBytes) {
      offset += room;  // too short for a header, filled up
      room = kBlockBytes;
    }
    const std::uint64_t fragment = std::min(bytes, room - kHeaderBytes);
    offset += kHeaderBytes + fragment;
    bytes -= fragment;
  } while (bytes > 0);
  return offset;
}

Result<RecordLog> read_record_log(const std::string& path, Checksums checksums,
                                  const std::function<bool(std::string_view)>& visit) {
  std::ifstream stream(path, std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.is_open() || stream.bad()) return fail(ErrorCode::io, "cannot read " + path);

  RecordLog log;
  log.file_bytes = file.size();
  std::string record;
  bool within = false;  // a record has begun and not ended
  std::size_t offset = 0;
  while (offset < file.size()) {
    const std::size_t room = kBlockBytes - offset % kBlockBytes;
    if (room < kHeaderBytes) {
      offset += std::min(room, file.size() - offset);
      continue;
    }
    const auto fragment = fragment_at(file, offset);
    const bool begins = fragment && (fragment->type == kFull || fragment->type == kFirst);
    if (!fragment || begins == within || (checksums == Checksums::check && !fragment->intact())) {
      log.torn_end_decodes = !fragment && is_torn(file, offset);
      log.intact_ones_follow = any_intact_after(file, offset + 1);
      return log;
    }
    if (begins) record.clear();
    record += fragment->bytes();
    offset += fragment->size();
    within = fragment->type != kFull && fragment->type != kLast;
    if (within) continue;
    log.intact_bytes = offset;
    if (visit && !visit(record)) return log;
    record.clear();
  }
  return log;
}

}  // namespace nines::engine
