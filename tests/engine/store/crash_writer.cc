// Writes a History into a store until it is killed, and says what it begins and what has been acknowledged.
//
//   nines_crash_writer PATH SEED BEGIN     writes messages to its standard output
//
// Kept apart from the tests so that it can be killed without them. Exit code 1 and a line on stderr after an error.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "engine/store/crash_message.h"
#include "engine/store/history.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

void tell(CrashMessage::Kind kind, std::uint64_t number) {
  const CrashMessage message{kind, number};
  // Within PIPE_BUF: whole or not at all.
  if (::write(STDOUT_FILENO, &message, sizeof message) != static_cast<ssize_t>(sizeof message)) std::_Exit(0);
}

int fail(const char* doing, const Error& error) {
  std::fprintf(stderr, "%s: %s\n", doing, error.message.c_str());
  return 1;
}

int run(const char* path, std::uint64_t seed, std::uint64_t begin) {
  const History history(seed);
  // Small segments, so that the kill often comes while one is begun, announced or removed.
  auto store = open_on(rocksdb::Env::Default(), path, History::options());
  if (!store) return fail("open", store.error());
  if ((*store)->catalog()->servers().size() < History::kServers) {
    std::fprintf(stderr, "servers are missing\n");
    return 1;
  }
  tell(CrashMessage::Kind::opened, begin);
  for (std::uint64_t number = begin;; ++number) {
    const Operation operation = history.operation(number);
    tell(CrashMessage::Kind::begun, number);
    const auto done = (*store)->append(operation.results, operation.durability);
    if (!done) return fail("append", done.error());
    if (operation.durability != Durability::buffered) tell(CrashMessage::Kind::acknowledged, number);
    if (number % 200 != 199) continue;
    if (const auto compacted = (*store)->compact(); !compacted) return fail("compact", compacted.error());
  }
}

}  // namespace
}  // namespace nines::test

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  return nines::test::run(argv[1], std::strtoull(argv[2], nullptr, 10), std::strtoull(argv[3], nullptr, 10));
}
