// Makes backups of a store that another process writes, one after the other, until it is killed.
//
//   nines_backup_maker PATH FOLDER     a byte on its standard output for each backup
//
// Kept apart from the tests so that it can be killed without them. Two of them may share a folder. Exit code 1 and a
// line on stderr after an error.
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include <nines/backup.h>

#include "engine/store/history.h"

namespace nines::test {
namespace {

constexpr std::size_t kKept = 3;

int run(const char* path, const char* folder) {
  for (;;) {
    const auto store = Store::open_read_only(path, History::options());
    if (!store && store.error().code == ErrorCode::unavailable) continue;  // the writer was too fast
    if (!store) return std::fprintf(stderr, "open: %s\n", store.error().message.c_str()), 1;
    const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto made = add_generation(**store, folder, kKept, now);
    const bool again = !made && (made.error().code == ErrorCode::locked || made.error().code == ErrorCode::unavailable);
    if (!made && !again) return std::fprintf(stderr, "backup: %s\n", made.error().message.c_str()), 1;
    if (made && ::write(STDOUT_FILENO, "b", 1) != 1) return 0;
  }
}

}  // namespace
}  // namespace nines::test

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  return nines::test::run(argv[1], argv[2]);
}
