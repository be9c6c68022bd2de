#include "backup/unfinished_copy.h"

#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "backup/backup_list.h"

namespace nines::engine {
namespace {

namespace fs = std::filesystem;

/// Beside what grows: says that all of it is an unfinished copy, which the next one may go on with or remove.
constexpr std::string_view kSign = "NINES-UNFINISHED-BACKUP";
constexpr std::string_view kFolder = "store";

}  // namespace

fs::path UnfinishedCopy::workplace() const {
  return path_.string() + ".tmp";
}

fs::path UnfinishedCopy::folder() const {
  return workplace() / kFolder;
}

Result<UnfinishedCopy> UnfinishedCopy::begin(const fs::path& path) {
  UnfinishedCopy copy(path.has_filename() ? path : path.parent_path());  // of "copy/"
  std::error_code error;
  if (fs::exists(copy.path_, error)) {
    return fail(ErrorCode::invalid_argument, path.string() + " exists; a copy needs a path that does not");
  }
  const fs::path workplace = copy.workplace();
  const fs::path sign = workplace / kSign;
  // An empty one is what is there before the sign, and after it has gone.
  if (fs::exists(workplace, error) && !fs::exists(sign, error) && !fs::is_empty(workplace, error)) {
    return fail(ErrorCode::invalid_argument, workplace.string() + " exists, where the copy would grow");
  }
  fs::create_directories(workplace, error);
  if (error) return tl::unexpected<Error>(file_error("cannot create", workplace, error));
  const std::ofstream signed_file(sign);
  if (!signed_file.is_open()) return fail(ErrorCode::io, "cannot create " + sign.string());
  auto lock = FileLock::take(sign.string(), "another copy to " + path.string() + " is being made");
  if (!lock) return tl::unexpected<Error>(lock.error());
  copy.lock_ = std::move(*lock);
  fs::create_directories(copy.folder(), error);
  if (error) return tl::unexpected<Error>(file_error("cannot create", copy.folder(), error));
  return copy;
}

Result<void> UnfinishedCopy::clear() {
  std::error_code error;
  fs::remove_all(folder(), error);
  if (!error) fs::create_directory(folder(), error);
  if (error) return tl::unexpected<Error>(file_error("cannot clear", folder(), error));
  return {};
}

Result<void> UnfinishedCopy::finish() {
  std::error_code error;
  fs::rename(folder(), path_, error);
  if (error) return tl::unexpected<Error>(file_error("cannot name", path_, error));
  discard();
  return sync_path(fs::absolute(path_).parent_path());
}

void UnfinishedCopy::discard() {
  // The sign last: without it what is left would be somebody else's.
  std::error_code error;
  fs::remove_all(folder(), error);
  if (!error) fs::remove_all(workplace(), error);
}

}  // namespace nines::engine
