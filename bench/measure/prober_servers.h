// What the prober's measurements are made against: nginx on a loopback port, and a server that accepts and says
// nothing.
//
// Each is a process of its own on the first processor, so that its work is not in the prober's figures; stopped by the
// destructor, and by the kernel when the measurement dies. One thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include <nines/result.h>

namespace nines::bench {

/// A child process. Move-only; the destructor ends it and waits.
class Child {
 public:
  Child() = default;
  explicit Child(pid_t pid) noexcept : pid_(pid) {}
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Child& operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

 private:
  pid_t pid_ = -1;
};

/// A server that listens at 127.0.0.N:port. Its files, if any, are in `directory`, which the caller removes.
struct LocalServer {
  Child child;
  std::uint16_t port = 0;
};

/// Servers run on the machine's first processor, what is measured on its last.
inline constexpr int kServersProcessor = 0;
[[nodiscard]] int last_processor();
/// Binds this process to one processor.
void pin_to(int processor);

/// nginx, as Debian's package has it, with one worker. Answers every path with 200 and a few words of JSON.
[[nodiscard]] Result<LocalServer> start_nginx(const std::filesystem::path& directory);
/// Accepts every connection on 127.0.0.2 and stays silent until the other side hangs up.
[[nodiscard]] Result<LocalServer> start_silent_server();

}  // namespace nines::bench
