// The smallest host of the engine: keeps one check result and reads it back. Prints nothing but errors.
#include <nines/store.h>

#include <iostream>
#include <memory>

namespace {

using nines::Result;

/// Stores a result in a new store at `path` and counts what a scan over its hour hands out.
Result<std::size_t> keep_and_count(const char* path) {
  Result<std::unique_ptr<nines::Store>> store = nines::Store::open(path);
  if (!store) return tl::unexpected(store.error());

  nines::Server server;
  server.name = "site";
  server.url = "https://example.org";
  const Result<nines::ServerId> id = (*store)->add_server(server);
  if (!id) return tl::unexpected(id.error());

  const nines::TimeMs noon = nines::from_ms(1'767'268'800'000);
  nines::CheckResult result;
  result.server = *id;
  result.time = noon;
  result.state = nines::State::up;
  result.latency_us = 81'234;
  if (const Result<void> kept = (*store)->append(result, nines::Durability::process); !kept) {
    return tl::unexpected(kept.error());
  }

  const nines::Window hour{noon, noon + std::chrono::hours{1}};
  const auto cursor = (*store)->scan(*id, hour, {});
  if (!cursor) return tl::unexpected(cursor.error());
  std::size_t found = 0;
  for (;;) {
    const Result<const nines::Segment*> segment = (*cursor)->next();
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == nullptr) return found;
    found += (*segment)->size();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: consumer STORE\n";
    return 2;
  }
  const Result<std::size_t> found = keep_and_count(argv[1]);
  if (!found) {
    std::cerr << "consumer: " << to_string(found.error().code) << ": " << found.error().message << '\n';
    return 1;
  }
  if (*found != 1) {
    std::cerr << "consumer: kept 1 result and read " << *found << '\n';
    return 1;
  }
  return 0;
}
