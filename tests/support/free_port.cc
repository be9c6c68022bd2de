#include "support/free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

namespace nines::test {
namespace {

// Below the ephemeral ports, which begin at 32768 by default; above what services of a machine use.
constexpr unsigned kFirst = 20'000;
constexpr unsigned kCount = 12'000;

/// Takes the abstract name of a port, which the kernel lets go when this process ends.
bool reserve(unsigned port) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "nines-test-port-" + std::to_string(port);
  std::memcpy(&address.sun_path[1], name.data(), name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) std::abort();
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), length) == 0) return true;  // stays open
  ::close(fd);
  return false;
}

bool is_free(unsigned port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);  // on all addresses: so on 127.0.0.1 too
  const bool free = fd >= 0 && ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  if (fd >= 0) ::close(fd);
  return free;
}

}  // namespace

std::uint16_t free_port() {
  static std::atomic<unsigned> next = static_cast<unsigned>(::getpid()) * 17U;  // neighbours begin apart
  for (unsigned tries = 0; tries < kCount; ++tries) {
    const unsigned port = kFirst + next++ % kCount;
    if (reserve(port) && is_free(port)) return static_cast<std::uint16_t>(port);
  }
  std::abort();
}

}  // namespace nines::test
