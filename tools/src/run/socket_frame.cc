#include "run/socket_frame.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace nines::tools {
namespace {

constexpr std::size_t kHeaderBytes = 5;  // the kind, and the payload's length in big endian

Error broken(const char* what) {
  return {ErrorCode::io, fmt::format("{}: {}", what, std::strerror(errno))};
}

Result<void> send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return tl::unexpected(broken("sending"));
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

/// The first bytes of a frame, with its descriptors; at least one byte goes with them.
Result<void> send_header(int socket, std::string_view header, std::span<const int> descriptors) {
  if (descriptors.empty()) return send_all(socket, header);
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxFrameDescriptors * sizeof(int))> control{};
  iovec part{const_cast<char*>(header.data()), header.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
  cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
  ssize_t sent = -1;
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return tl::unexpected(broken("sending"));
  return send_all(socket, header.substr(static_cast<std::size_t>(sent)));
}

/// Reads exactly `size` bytes and whatever descriptors come with them.
Result<void> receive_all(int socket, char* bytes, std::size_t size, std::vector<Descriptor>& descriptors) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxFrameDescriptors * sizeof(int))> control{};
  while (size > 0) {
    iovec part{bytes, size};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno != ECONNRESET) return tl::unexpected(broken("receiving"));
    if (got <= 0) return fail(ErrorCode::unavailable, "the other end has closed the connection");
    for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr; each = CMSG_NXTHDR(&message, each)) {
      if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
      const std::size_t count = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i) {
        int number = -1;
        std::memcpy(&number, CMSG_DATA(each) + i * sizeof(int), sizeof number);
        descriptors.emplace_back(number);
      }
    }
    bytes += got;
    size -= static_cast<std::size_t>(got);
  }
  return {};
}

template <class Call>
int with_address(const std::string& directory, Call call) {
  const Descriptor folder(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return -1;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string path = fmt::format("{}/{}", directory, kSocketName);
  if (path.size() >= sizeof address.sun_path) path = fmt::format("/proc/self/fd/{}/{}", folder.get(), kSocketName);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return call(address);
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

Result<void> send_frame(int socket, FrameKind kind, std::string_view payload, std::span<const int> descriptors) {
  if (payload.size() > kMaxFrameBytes || descriptors.size() > kMaxFrameDescriptors) {
    return fail(ErrorCode::invalid_argument, "this is too much for one frame");
  }
  std::array<char, kHeaderBytes> header{static_cast<char>(kind)};
  for (std::size_t i = 1; i < kHeaderBytes; ++i) {
    header[i] = static_cast<char>(payload.size() >> (8 * (kHeaderBytes - 1 - i)) & 0xFFU);
  }
  if (auto sent = send_header(socket, {header.data(), header.size()}, descriptors); !sent) return sent;
  return send_all(socket, payload);
}

Result<SocketFrame> receive_frame(int socket) {
  SocketFrame frame;
  std::array<char, kHeaderBytes> header{};
  if (auto got = receive_all(socket, header.data(), header.size(), frame.descriptors); !got) {
    return tl::unexpected(got.error());
  }
  frame.kind = static_cast<FrameKind>(header[0]);
  std::size_t size = 0;
  for (std::size_t i = 1; i < kHeaderBytes; ++i) size = size << 8U | static_cast<unsigned char>(header[i]);
  if (size > kMaxFrameBytes) return fail(ErrorCode::invalid_argument, "a frame is too long");
  frame.payload.resize(size);
  if (auto got = receive_all(socket, frame.payload.data(), size, frame.descriptors); !got) {
    return tl::unexpected(got.error());
  }
  return frame;
}

void set_socket_deadlines(int socket, int receive_seconds, int send_seconds) {
  const timeval receive{.tv_sec = receive_seconds, .tv_usec = 0};
  const timeval sending{.tv_sec = send_seconds, .tv_usec = 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &receive, sizeof receive);
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &sending, sizeof sending);
}

int bind_store_socket(int socket, const std::string& directory) {
  // The name gets the mode of the socket: nobody else may connect, not even for a moment.
  constexpr mode_t kOwnerOnly = 0600;
  if (fchmod(socket, kOwnerOnly) != 0) return -1;
  const Descriptor folder(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return -1;
  // What a process left that was killed. Who has the store's lock is the only one who may bind here.
  unlinkat(folder.get(), std::string(kSocketName).c_str(), 0);
  return with_address(directory, [socket](const sockaddr_un& address) {
    return bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  });
}

int connect_store_socket(int socket, const std::string& directory) {
  return with_address(directory, [socket](const sockaddr_un& address) {
    return connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  });
}

bool is_trusted_peer(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == geteuid() || peer.uid == 0;
}

}  // namespace nines::tools
