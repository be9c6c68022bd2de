// Reading the log from its oldest segment that is needed to its end, and judging what is found there: a torn end, as a
// crash leaves it, or damage.
//
// Threads: none of its own; pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <rocksdb/file_system.h>

#include <nines/result.h>

#include "kv/local/log_record.h"
#include "kv/local/segment.h"

namespace nines::engine {

/// The segments that a directory has, ascending, and what was left of unfinished ones.
struct LogFiles {
  std::vector<std::uint64_t> segments;
  std::vector<std::string> unfinished;
};
[[nodiscard]] Result<LogFiles> list_log(rocksdb::FileSystem& files, const std::string& path);

/// The first `most` bytes of a file, in the memory of `bytes`. Errors: not_found, io.
inline constexpr std::uint64_t kAllBytes = std::numeric_limits<std::uint64_t>::max();
[[nodiscard]] Result<std::string> read_whole(rocksdb::FileSystem& files, const std::string& name,
                                             std::uint64_t most = kAllBytes, std::string bytes = {});
/// The same of a file, from where it stands. Errors: io.
[[nodiscard]] Result<std::string> read_whole(rocksdb::FSSequentialFile& file, std::uint64_t most,
                                             std::string bytes = {});

/// How a log was found to end.
struct LogEnd {
  struct Segment {
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;        ///< intact ones
    std::uint64_t changes_end = 0;  ///< the position behind the last change that is of the tables; 0 without one
  };
  std::vector<Segment> segments;      ///< those that hold the log, ascending; the last is the newest
  std::uint64_t first = 0;            ///< the oldest that the newest needs
  std::uint64_t highest = 0;          ///< the greatest number of a file
  std::uint64_t cut = 0;              ///< the position up to which it can be read, before any damage
  std::string newest;                 ///< the intact bytes of the newest, without a word that the writer has closed it
  PackState state;                    ///< behind these
  bool closed = false;                ///< the writer closed the store there
  std::uint64_t records = 0;          ///< in the newest
  std::uint64_t record_bytes = 0;     ///< of all records
  std::uint64_t dropped_bytes = 0;    ///< of the newest, behind its intact ones
  std::optional<std::string> damage;  ///< what keeps this from being all there was
  bool newer_format = false;          ///< that is what the damage is
  bool vanished = false;              ///< a file was gone that had been listed: the writer has removed it

  [[nodiscard]] std::uint64_t position() const {
    return segments.empty() ? 0 : log_position(segments.back().number, segments.back().bytes);
  }
};

/// Told of the changes, record by record.
class LogVisitor {
 public:
  virtual ~LogVisitor() = default;
  /// Before the first record of a whole log: about how many bytes of them there are.
  virtual void expect_bytes(std::uint64_t /*bytes*/) {}
  /// What follows is of a record that ends at `position`.
  virtual void begin_record(std::uint64_t position) = 0;
  virtual void result(const PackedResult& result) = 0;
  virtual void change(ServerId server, const Batch::Change& change) = 0;
  /// An error ends the reading. Not called for a record that does not decode.
  [[nodiscard]] virtual Result<void> end_record() = 0;
};

/// Reads the log in the directory `path` up to `limit`, or to its end or the first damage. Errors: io, and those of
/// `visitor`.
[[nodiscard]] Result<LogEnd> read_log(rocksdb::FileSystem& files, const std::string& path, LogVisitor& visitor,
                                      std::uint64_t limit = std::numeric_limits<std::uint64_t>::max());

/// What is behind read_log(): the same of one segment whose bytes are at hand.
struct SegmentEnd {
  std::uint64_t bytes = 0;         ///< intact ones
  std::uint64_t bytes_before = 0;  ///< of these, before the last record
  std::uint64_t changes_end = 0;   ///< as LogEnd::Segment
  std::uint64_t records = 0;
  std::optional<std::uint64_t> continued;  ///< the number of the next
  bool closed = false;
  bool undecoded = false;      ///< what follows is intact and not understood
  bool torn = false;           ///< what follows is no record
  bool intact_follow = false;  ///< and behind that come some that are
};
[[nodiscard]] Result<SegmentEnd> read_segment(std::string_view bytes, std::uint64_t number, PackState& state,
                                              LogVisitor& visitor, std::uint64_t limit);

}  // namespace nines::engine
