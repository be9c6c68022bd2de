#include "kv/local/log_reader.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>

#include "base/huge_pages.h"
#include "kv/rocksdb/status.h"

namespace nines::engine {
namespace {

constexpr std::size_t kReadBytes = 1U << 20U;

/// Hands changes on, and notes the records that are of the log itself.
class Noting final : public RecordVisitor {
 public:
  Noting(LogVisitor& visitor, SegmentEnd& end) : visitor_(visitor), end_(end) {}
  void result(const PackedResult& result) override { visitor_.result(result); }
  void change(ServerId server, const Batch::Change& change) override {
    changes_tables = changes_tables || change.space != Space::recent;
    visitor_.change(server, change);
  }
  void continued(std::uint64_t number) override { end_.continued = number; }
  void closed() override { end_.closed = true; }

  bool changes_tables = false;  // since it was set

 private:
  LogVisitor& visitor_;
  SegmentEnd& end_;
};

std::string segment_path(const std::string& path, std::uint64_t number) {
  return path + "/" + segment_name(number);
}

/// The size of the segments from `first` on; of those whose size cannot be told, nothing.
std::uint64_t bytes_from(rocksdb::FileSystem& files, const std::string& path, const std::vector<std::uint64_t>& numbers,
                         std::uint64_t first) {
  std::uint64_t bytes = 0;
  for (const std::uint64_t number : numbers) {
    std::uint64_t size = 0;
    const bool is_told =
        number >= first && files.GetFileSize(segment_path(path, number), rocksdb::IOOptions(), &size, nullptr).ok();
    if (is_told) bytes += size;
  }
  return bytes;
}

}  // namespace

Result<LogFiles> list_log(rocksdb::FileSystem& files, const std::string& path) {
  std::vector<std::string> names;
  const auto status = files.GetChildren(path, rocksdb::IOOptions(), &names, nullptr);
  if (!status.ok()) return tl::unexpected<Error>(to_error(status));
  LogFiles found;
  for (std::string& name : names) {
    if (const auto number = parse_segment_name(name)) {
      found.segments.push_back(*number);
    } else if (name.ends_with(kUnfinishedSuffix)) {
      found.unfinished.push_back(std::move(name));
    }
  }
  std::sort(found.segments.begin(), found.segments.end());
  return found;
}

Result<std::string> read_whole(rocksdb::FSSequentialFile& file, std::uint64_t most, std::string bytes) {
  bytes.clear();
  while (bytes.size() < most) {
    const std::size_t before = bytes.size();
    const std::size_t wanted = std::min<std::uint64_t>(kReadBytes, most - before);
    bytes.resize(before + wanted);
    rocksdb::Slice read;
    const auto status = file.Read(wanted, rocksdb::IOOptions(), &read, bytes.data() + before, nullptr);
    if (!status.ok()) return tl::unexpected<Error>(to_error(status));
    if (read.data() != bytes.data() + before) std::copy_n(read.data(), read.size(), bytes.data() + before);
    bytes.resize(before + read.size());
    if (read.size() < wanted) break;
  }
  return bytes;
}

Result<std::string> read_whole(rocksdb::FileSystem& files, const std::string& name, std::uint64_t most,
                               std::string bytes) {
  std::unique_ptr<rocksdb::FSSequentialFile> file;
  const auto status = files.NewSequentialFile(name, rocksdb::FileOptions(), &file, nullptr);
  if (status.IsPathNotFound() || status.IsNotFound()) return fail(ErrorCode::not_found, name + " is gone");
  if (!status.ok()) return tl::unexpected<Error>(to_error(status));
  std::uint64_t size = 0;
  if (!files.GetFileSize(name, rocksdb::IOOptions(), &size, nullptr).ok()) size = 0;
  // Once for several segments, which are of about one size.
  size = std::min(size, most);
  if (bytes.capacity() < size + kReadBytes && size < bytes.max_size() / 2) {
    bytes.reserve(size + 2 * kReadBytes);
    prefer_huge_pages(bytes.data(), bytes.capacity());
  }
  return read_whole(*file, most, std::move(bytes));
}

Result<SegmentEnd> read_segment(std::string_view bytes, std::uint64_t number, PackState& state, LogVisitor& visitor,
                                std::uint64_t limit) {
  SegmentEnd end;
  end.bytes = end.bytes_before = SegmentHeader::kBytes;
  Noting noting(visitor, end);
  SegmentReader reader(bytes, number);
  while (!end.continued && reader.next()) {
    if (log_position(number, reader.offset()) > limit) return end;
    noting.changes_tables = false;
    visitor.begin_record(log_position(number, reader.offset()));
    end.closed = false;  // what was written behind it says that the store was opened again
    if (!unpack_record(reader.record(), state, noting)) {
      end.undecoded = true;
      return end;
    }
    if (!end.continued && !end.closed) {
      if (auto done = visitor.end_record(); !done) {
        return tl::unexpected<Error>(done.error());
      }
      ++end.records;
    }
    end.bytes_before = end.bytes;
    end.bytes = reader.offset();
    if (noting.changes_tables) end.changes_end = log_position(number, end.bytes);
  }
  if (reader.at_end()) return end;
  end.torn = true;
  end.intact_follow = reader.intact_ones_follow();
  return end;
}

namespace {

/// One reading of a log, from the oldest segment that is needed to where it ends.
class LogReading {
 public:
  LogReading(rocksdb::FileSystem& files, const std::string& path, LogVisitor& visitor, std::uint64_t limit)
      : files_(files), path_(path), visitor_(visitor), limit_(limit) {}

  [[nodiscard]] Result<LogEnd> read();

 private:
  [[nodiscard]] Result<void> find_first();
  [[nodiscard]] bool pass_over_missing();
  [[nodiscard]] Result<bool> read_expected();
  [[nodiscard]] bool goes_on(const SegmentEnd& found);
  [[nodiscard]] Result<void> end_in(const SegmentEnd& found, std::string bytes);
  [[nodiscard]] Result<void> judge_followers(const SegmentEnd& found);

  void damaged(std::uint64_t number, const std::string& what) {
    if (!end_.damage) end_.damage = segment_path(path_, number) + " " + what;
  }

  rocksdb::FileSystem& files_;
  const std::string& path_;
  LogVisitor& visitor_;
  const std::uint64_t limit_;
  std::vector<std::uint64_t> numbers_;  // of the segments that are there, ascending
  std::uint64_t expected_ = 0;          // the next to be read
  std::string buffer_;                  // of a segment that has been read
  LogEnd end_;
};

/// The newest says which are needed; where it does not, the one before it does.
Result<void> LogReading::find_first() {
  for (auto number = numbers_.rbegin(); number != numbers_.rend() && end_.first == 0; ++number) {
    const auto bytes = read_whole(files_, segment_path(path_, *number), SegmentHeader::kBytes, {});
    if (!bytes && bytes.error().code == ErrorCode::not_found) {
      end_.vanished = true;
      return {};
    }
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    const auto header = decode_segment_header(*bytes);
    if (header && header->number == *number && header->first <= *number) {
      end_.first = header->first;
    } else {
      damaged(*number, "is damaged: " + (header ? "it holds another segment" : header.error().message));
      end_.newer_format = end_.newer_format || (!header && header.error().code == ErrorCode::newer_format);
    }
  }
  return {};
}

/// Whether there is something to be read at, or behind, the expected number.
bool LogReading::pass_over_missing() {
  // Numbers that the log skips were given up by an open that had to cut it.
  const auto next = std::lower_bound(numbers_.begin(), numbers_.end(), expected_);
  if (next != numbers_.end() && *next == expected_) return true;
  damaged(expected_, "is gone, and what it held with it");
  if (!end_.segments.empty() || next == numbers_.end()) return false;
  // What comes behind the beginning can be read without it. The beginning was needless, when the newest that said so is
  // what is gone; else it held rows, which nothing else needs.
  expected_ = end_.first = *next;
  return true;
}

/// Whether the log goes on in the segment that `found`, of the expected one, names as the next.
bool LogReading::goes_on(const SegmentEnd& found) {
  if (!found.continued) return false;
  if (*found.continued <= expected_ || *found.continued > SegmentHeader::kMaxNumber) {
    damaged(expected_, "is damaged: it names a segment before it as the next");
    return false;
  }
  if (found.torn) return false;
  if (expected_ != end_.highest) return true;
  // A reader has listed the files before there was a next.
  end_.vanished = files_.FileExists(segment_path(path_, *found.continued), rocksdb::IOOptions(), nullptr).ok();
  if (!end_.vanished) damaged(*found.continued, "is gone, and what it held with it");
  return false;
}

/// Reads the expected segment; whether there is one behind it.
Result<bool> LogReading::read_expected() {
  if (!pass_over_missing()) return false;
  auto bytes = read_whole(files_, segment_path(path_, expected_), kAllBytes, std::move(buffer_));
  if (!bytes) {
    if (bytes.error().code != ErrorCode::not_found) return tl::unexpected<Error>(bytes.error());
    end_.vanished = true;
    return false;
  }
  const auto header = decode_segment_header(*bytes);
  if (!header || header->number != expected_) {
    damaged(expected_, "is damaged: " + (header ? "it holds another segment" : header.error().message));
    return false;
  }
  PackState state;
  const auto found = read_segment(*bytes, expected_, state, visitor_, limit_);
  if (!found) return tl::unexpected<Error>(found.error());
  end_.segments.push_back({expected_, found->bytes, found->changes_end});
  end_.record_bytes += found->bytes - SegmentHeader::kBytes;
  if (goes_on(*found)) {
    end_.cut = log_position(expected_, found->bytes_before);
    expected_ = *found->continued;
    buffer_ = std::move(*bytes);
    return true;
  }
  if (end_.vanished) return false;
  end_.state = state;
  if (auto ended = end_in(*found, std::move(*bytes)); !ended) return tl::unexpected<Error>(ended.error());
  return false;
}

/// The log ends in the expected segment. A next one that was begun and not announced holds nothing.
Result<void> LogReading::end_in(const SegmentEnd& found, std::string bytes) {
  end_.records = found.records;
  end_.closed = found.closed;
  const std::uint64_t kept = found.closed || found.continued ? found.bytes_before : found.bytes;
  end_.dropped_bytes = bytes.size() - found.bytes;
  end_.segments.back().bytes = kept;
  end_.cut = end_.position();
  if (found.undecoded)
    damaged(expected_, "holds a record that this version does not understand, at byte " + std::to_string(found.bytes));
  if (found.intact_follow || (found.torn && (found.closed || found.continued))) {
    damaged(expected_, "is damaged behind byte " + std::to_string(found.bytes));
  }
  if (auto judged = judge_followers(found); !judged) return judged;
  bytes.resize(kept);
  end_.newest = std::move(bytes);
  return {};
}

Result<void> LogReading::judge_followers(const SegmentEnd& found) {
  for (auto next = std::upper_bound(numbers_.begin(), numbers_.end(), expected_); next != numbers_.end(); ++next) {
    const auto follower = read_whole(files_, segment_path(path_, *next));
    if (!follower && follower.error().code != ErrorCode::not_found) return tl::unexpected<Error>(follower.error());
    if (follower && follower->size() > SegmentHeader::kBytes) {
      damaged(expected_,
              "is damaged behind byte " + std::to_string(found.bytes) + ": it was followed by " + segment_name(*next));
    }
  }
  return {};
}

Result<LogEnd> LogReading::read() {
  auto listed = list_log(files_, path_);
  if (!listed) return tl::unexpected<Error>(listed.error());
  numbers_ = std::move(listed->segments);
  if (numbers_.empty()) return std::move(end_);
  end_.highest = numbers_.back();
  if (auto found = find_first(); !found) return tl::unexpected<Error>(found.error());
  if (end_.first == 0 || end_.vanished) return std::move(end_);
  visitor_.expect_bytes(bytes_from(files_, path_, numbers_, end_.first));
  expected_ = end_.first;
  for (bool more = true; more;) {
    const auto read = read_expected();
    if (!read) return tl::unexpected<Error>(read.error());
    more = *read;
  }
  return std::move(end_);
}

}  // namespace

Result<LogEnd> read_log(rocksdb::FileSystem& files, const std::string& path, LogVisitor& visitor, std::uint64_t limit) {
  return LogReading(files, path, visitor, limit).read();
}

}  // namespace nines::engine
