#include "kv/rocksdb/marker.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace nines::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnfinishedName = "NINES.new";
constexpr std::string_view kMagic = "nines ";

std::string system_error(const std::string& doing, const std::string& path) {
  return doing + " " + path + ": " + std::strerror(errno);
}

std::string marker_text(int format) {
  return std::string(kMagic) + std::to_string(format) + "\n";
}

Result<void> sync_directory(const std::string& path) {
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = directory >= 0 && ::fsync(directory) == 0;
  const std::string reason = synced ? std::string() : system_error("cannot sync", path);
  if (directory >= 0) ::close(directory);
  if (!synced) return fail(ErrorCode::io, reason);
  return {};
}

/// Whether nothing is in the directory but what an interrupted creation leaves.
bool is_unused(const std::string& path, std::error_code& error) {
  for (const auto& entry : fs::directory_iterator(path, error)) {
    if (!entry.path().filename().string().starts_with(kUnfinishedName)) return false;
  }
  return true;
}

enum class Place : std::uint8_t {
  free,  ///< where another marker is by now, that one stays: its writer may have locked it
  any,
};

/// Writes a marker under a name of its own first: a crash, or another who makes the same store, must not leave or find
/// one that is none.
Result<void> put_marker(const std::string& path, int format, Place place) {
  static std::atomic<unsigned> count{0};
  const std::string name = (fs::path(path) / kMarkerName).string();
  const std::string unfinished = (fs::path(path) / kUnfinishedName).string() + "." + std::to_string(::getpid()) + "." +
                                 std::to_string(count.fetch_add(1));
  const std::string text = marker_text(format);
  const int file = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return fail(ErrorCode::io, system_error("cannot write", unfinished));
  bool placed = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  bool linked = false;
  if (placed && place == Place::free) {
    linked = ::link(unfinished.c_str(), name.c_str()) == 0 || errno == EEXIST;
    // Where there are no links, two who make a store at once may still be in each other's way.
    placed = linked || errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS;
  }
  if (placed && !linked) placed = ::rename(unfinished.c_str(), name.c_str()) == 0;
  const std::string reason = placed ? std::string() : system_error("cannot write", name);
  ::close(file);
  if (!placed || linked) ::unlink(unfinished.c_str());
  if (!placed) return fail(ErrorCode::io, reason);
  return sync_directory(path);
}

/// Puts another format into the marker that is there: whoever holds the lock on it goes on holding it. One byte
/// differs, so a power cut leaves the one or the other.
Result<void> change_marker(const std::string& name, std::string_view text) {
  const int file = ::open(name.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return fail(ErrorCode::io, system_error("cannot open", name));
  const bool written =
      ::pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  const std::string reason = written ? std::string() : system_error("cannot write", name);
  ::close(file);
  return written ? Result<void>{} : fail(ErrorCode::io, reason);
}

}  // namespace

Result<int> read_marker(const std::string& path) {
  std::ifstream file(fs::path(path) / kMarkerName);
  if (!file.is_open()) return fail(ErrorCode::io, system_error("cannot read the file NINES of", path));
  std::string line;
  if (!std::getline(file, line) || line.rfind(kMagic, 0) != 0) {
    return fail(ErrorCode::not_a_store, path + " is not a nines store: its file NINES is not readable as one");
  }
  int format = 0;
  const char* const end = line.data() + line.size();
  const auto parsed = std::from_chars(line.data() + kMagic.size(), end, format);
  if (parsed.ec != std::errc() || parsed.ptr != end || format < 1) {
    return fail(ErrorCode::not_a_store, path + " is not a nines store: its file NINES holds no format number");
  }
  if (format > kStoreFormat) {
    return fail(ErrorCode::newer_format, path + " has format " + std::to_string(format) +
                                             "; this version reads up to " + std::to_string(kStoreFormat) +
                                             ": use a newer nines");
  }
  return format;
}

Result<void> write_marker(const std::string& path, int format) {
  const std::string name = (fs::path(path) / kMarkerName).string();
  const std::string text = marker_text(format);
  std::error_code error;
  if (fs::file_size(name, error) == text.size() && !error) return change_marker(name, text);
  return put_marker(path, format, Place::any);
}

Result<bool> check_or_create_marker(const std::string& path, bool may_create) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_directory(status)) {
    return fail(ErrorCode::not_a_store, path + " is a file, not the directory of a store");
  }
  if (!fs::exists(status)) {
    if (error && error != std::errc::no_such_file_or_directory) {
      return fail(ErrorCode::io, "cannot look at " + path + ": " + error.message());
    }
    if (!may_create) return fail(ErrorCode::not_found, "there is no store at " + path);
    fs::create_directories(path, error);
    if (error) return fail(ErrorCode::io, "cannot create " + path + ": " + error.message());
  }
  // Another may make the store meanwhile, so what makes it one is looked for again after its other files.
  const bool empty = is_unused(path, error);
  if (error) return fail(ErrorCode::io, "cannot read " + path + ": " + error.message());
  if (!empty && fs::exists(fs::path(path) / kMarkerName, error)) {
    if (auto checked = read_marker(path); !checked) return tl::unexpected<Error>(checked.error());
    return false;
  }
  if (!empty) return fail(ErrorCode::not_a_store, path + " exists and is not a nines store; give another path");
  if (!may_create) return fail(ErrorCode::not_found, "there is no store at " + path);
  if (auto written = put_marker(path, kStoreFormat, Place::free); !written) {
    return tl::unexpected<Error>(written.error());
  }
  return true;
}

}  // namespace nines::engine
