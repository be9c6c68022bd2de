// The frames that a writing command and the process that holds its store exchange over the socket in the store's
// directory, and where that socket is. tools/SOCKET.md specifies them.
//
// Blocking; the sockets' own deadlines end a call. Any thread, one socket in one thread at a time and direction.
#pragma once

#include <nines/result.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nines::tools {

inline constexpr int kSocketProtocol = 1;
inline constexpr std::string_view kSocketName = "nines.sock";
/// Of a frame's payload. A command line is at most 2 MiB to Linux, output comes in pieces.
inline constexpr std::size_t kMaxFrameBytes = 1U << 20U;
/// Linux takes 253 descriptors with one message.
inline constexpr std::size_t kMaxFrameDescriptors = 200;

/// A descriptor that is closed with the object.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();

  [[nodiscard]] int get() const noexcept { return number_; }
  /// Gives it away.
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
  explicit operator bool() const noexcept { return number_ >= 0; }

 private:
  int number_ = -1;
};

enum class FrameKind : char {
  hello = 'H',     ///< owner: JSON
  argument = 'A',  ///< command: one argument, as it is
  run = 'R',       ///< command: JSON, with the descriptors of its inputs; nothing follows
  out = 'O',       ///< owner: standard output
  err = 'E',       ///< owner: standard error
  exit = 'X',      ///< owner: the exit code in decimal; nothing follows
};

struct SocketFrame {
  FrameKind kind{};
  std::string payload;
  std::vector<Descriptor> descriptors;
};

/// Errors: io (the other end is gone, or a deadline has passed).
[[nodiscard]] Result<void> send_frame(int socket, FrameKind kind, std::string_view payload,
                                      std::span<const int> descriptors = {});
/// Errors: unavailable (the other end has said all that it will), io (a deadline has passed, or the connection broke),
/// invalid_argument (not a frame, or one over the limits).
[[nodiscard]] Result<SocketFrame> receive_frame(int socket);

/// How long one sending or receiving may take; 0 is for ever.
void set_socket_deadlines(int socket, int receive_seconds, int send_seconds);

/// Calls bind or connect with the address of the socket in `directory`, however long the path: an address has 107
/// bytes. Returns what they return, with errno.
[[nodiscard]] int bind_store_socket(int socket, const std::string& directory);
[[nodiscard]] int connect_store_socket(int socket, const std::string& directory);

/// Whether the process at the other end belongs to this user or to root.
[[nodiscard]] bool is_trusted_peer(int socket);

}  // namespace nines::tools
