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

Result<LogEnd> read_log(rocksdb::FileSystem& files, const std::string& path, LogVisitor& visitor, std::uint64_t limit) {
  const auto listed = list_log(files, path);
  if (!listed) return tl::unexpected<Error>(listed.error());
  LogEnd end;
  const auto& numbers = listed->segments;
  if (numbers.empty()) return end;
  end.highest = numbers.back();
  const auto damaged = [&](std::uint64_t number, const std::string& what) {
    if (!end.damage) end.damage = segment_path(path, number) + " " + what;
  };
  // The newest says which are needed; where it does not, the one before it does.
  for (auto number = numbers.rbegin(); number != numbers.rend() && end.first == 0; ++number) {
    const auto bytes = read_whole(files, segment_path(path, *number), SegmentHeader::kBytes, {});
    if (!bytes && bytes.error().code == ErrorCode::not_found) {
      end.vanished = true;
      return end;
    }
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    const auto header = decode_segment_header(*bytes);
    if (header && header->number == *number && header->first <= *number) {
      end.first = header->first;
    } else {
      damaged(*number, "is damaged: " + (header ? "it holds another segment" : header.error().message));
      end.newer_format = end.newer_format || (!header && header.error().code == ErrorCode::newer_format);
    }
  }
  if (end.first == 0) return end;

  visitor.expect_bytes(bytes_from(files, path, numbers, end.first));
  std::string buffer;  // of a segment that has been read
  for (std::uint64_t expected = end.first;;) {
    // Numbers that the log skips were given up by an open that had to cut it.
    auto next = std::lower_bound(numbers.begin(), numbers.end(), expected);
    if (next == numbers.end() || *next != expected) {
      damaged(expected, "is gone, and what it held with it");
      if (!end.segments.empty() || next == numbers.end()) return end;
      // What comes behind the beginning can be read without it. The beginning was needless, when the newest that said
      // so is what is gone; else it held rows, which nothing else needs.
      expected = end.first = *next;
    }
    const bool is_highest = expected == end.highest;
    auto bytes = read_whole(files, segment_path(path, expected), kAllBytes, std::move(buffer));
    if (!bytes) {
      if (bytes.error().code != ErrorCode::not_found) return tl::unexpected<Error>(bytes.error());
      end.vanished = true;
      return end;
    }
    const auto header = decode_segment_header(*bytes);
    if (!header || header->number != expected) {
      damaged(expected, "is damaged: " + (header ? "it holds another segment" : header.error().message));
      return end;
    }
    PackState state;
    const auto found = read_segment(*bytes, expected, state, visitor, limit);
    if (!found) return tl::unexpected<Error>(found.error());
    end.segments.push_back({expected, found->bytes, found->changes_end});
    end.record_bytes += found->bytes - SegmentHeader::kBytes;
    if (found->continued) {
      if (*found->continued <= expected || *found->continued > SegmentHeader::kMaxNumber) {
        damaged(expected, "is damaged: it names a segment before it as the next");
      } else if (!found->torn) {
        if (is_highest) {
          // A reader has listed the files before there was a next.
          end.vanished = files.FileExists(segment_path(path, *found->continued), rocksdb::IOOptions(), nullptr).ok();
          if (end.vanished) return end;
          damaged(*found->continued, "is gone, and what it held with it");
        }
        if (!is_highest) {
          end.cut = log_position(expected, found->bytes_before);
          expected = *found->continued;
          buffer = std::move(*bytes);
          continue;
        }
      }
    }
    // The end. A next one that was begun and not announced holds nothing.
    end.state = state;
    end.records = found->records;
    end.closed = found->closed;
    const std::uint64_t kept = found->closed || found->continued ? found->bytes_before : found->bytes;
    end.dropped_bytes = bytes->size() - found->bytes;
    end.segments.back().bytes = kept;
    end.cut = end.position();
    if (found->undecoded)
      damaged(expected,
              "holds a record that this version does not understand, at byte " + std::to_string(found->bytes));
    if (found->intact_follow || (found->torn && (found->closed || found->continued))) {
      damaged(expected, "is damaged behind byte " + std::to_string(found->bytes));
    }
    for (++next; next != numbers.end(); ++next) {
      const auto follower = read_whole(files, segment_path(path, *next));
      if (!follower && follower.error().code != ErrorCode::not_found) return tl::unexpected<Error>(follower.error());
      if (follower && follower->size() > SegmentHeader::kBytes) {
        damaged(expected, "is damaged behind byte " + std::to_string(found->bytes) + ": it was followed by " +
                              segment_name(*next));
      }
    }
    bytes->resize(kept);
    end.newest = std::move(*bytes);
    return end;
  }
}

}  // namespace nines::engine
