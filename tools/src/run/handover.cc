#include "run/handover.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "run/socket_frame.h"
#include "show/output.h"
#include "show/text.h"

namespace nines::tools {
namespace {

volatile sig_atomic_t interrupted = 0;

/// While it lives, Ctrl-C and SIGTERM come only where they are waited for: the first sets `interrupted`, the second
/// ends this process.
class InterruptGuard {
 public:
  InterruptGuard() {
    interrupted = 0;
    struct sigaction action {};
    action.sa_handler = [](int) { interrupted = 1; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, &before_int_);
    sigaction(SIGTERM, &action, &before_term_);
    sigset_t both;
    sigemptyset(&both);
    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &both, &before_);
  }
  ~InterruptGuard() {
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    sigaction(SIGINT, &before_int_, nullptr);
    sigaction(SIGTERM, &before_term_, nullptr);
  }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// The signals that come while waiting.
  [[nodiscard]] const sigset_t& before() const noexcept { return before_; }

 private:
  sigset_t before_{};
  struct sigaction before_int_ {};
  struct sigaction before_term_ {};
};

/// Nothing when nobody listens.
Result<std::optional<Descriptor>> connect_to(const Handover& handover) {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail(ErrorCode::io, fmt::format("no socket: {}", std::strerror(errno)));
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(handover.timeout).count();
  const int timeout = static_cast<int>(std::clamp<std::int64_t>(seconds, 1, 86'400));
  set_socket_deadlines(socket.get(), timeout, timeout);
  if (connect_store_socket(socket.get(), handover.directory) == 0) return std::optional(std::move(socket));
  if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR || errno == ENOTSOCK) return std::nullopt;
  if (errno == EACCES || errno == EPERM) {
    return fail(ErrorCode::unavailable, "another user's process holds it; run this as that user");
  }
  return fail(ErrorCode::unavailable, fmt::format("its process does not answer: {}", std::strerror(errno)));
}

Result<void> send_command(int socket, const Handover& handover) {
  for (const std::string& argument : handover.arguments) {
    if (auto sent = send_frame(socket, FrameKind::argument, argument); !sent) return sent;
  }
  const Terminal& terminal = handover.terminal;
  const Json settings = {{"out_is_terminal", terminal.out_is_terminal},
                         {"err_is_terminal", terminal.err_is_terminal},
                         {"colour", terminal.colour},
                         {"utf8", terminal.utf8},
                         {"width", terminal.width},
                         {"err_width", terminal.err_width}};
  return send_frame(socket, FrameKind::run, dump(settings), handover.inputs);
}

/// Waits for the next frame, and passes an interruption on. False when `timeout`, if there is one, is over.
bool wait_for_frame(int socket, const InterruptGuard& guard, std::optional<std::chrono::milliseconds> timeout) {
  pollfd entry{.fd = socket, .events = POLLIN, .revents = 0};
  const std::int64_t ms = timeout.value_or(std::chrono::milliseconds{0}).count();
  const timespec limit{.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1'000'000};
  while (true) {
    const int ready = ppoll(&entry, 1, timeout ? &limit : nullptr, &guard.before());
    if (ready >= 0 || errno != EINTR) return ready != 0;
    if (interrupted != 0) shutdown(socket, SHUT_WR);
  }
}

Result<int> follow(int socket, const InterruptGuard& guard, std::optional<std::chrono::milliseconds> timeout) {
  while (true) {
    if (!wait_for_frame(socket, guard, timeout)) return fail(ErrorCode::unavailable, "its process does not answer");
    const auto frame = receive_frame(socket);
    if (!frame) {
      return fail(ErrorCode::unavailable,
                  "the process that holds the store went away in the middle; look whether the work was done");
    }
    if (frame->kind == FrameKind::out) write_out(frame->payload);
    if (frame->kind == FrameKind::err) write_err(frame->payload);
    if (frame->kind != FrameKind::exit) continue;
    int code = 1;
    std::from_chars(frame->payload.data(), frame->payload.data() + frame->payload.size(), code);
    return code;
  }
}

}  // namespace

Result<std::optional<int>> hand_over(const Handover& handover) {
  auto socket = connect_to(handover);
  if (!socket) return tl::unexpected(socket.error());
  if (!*socket) return std::nullopt;
  const int number = (*socket)->get();
  if (!is_trusted_peer(number)) return fail(ErrorCode::unavailable, "another user's process holds it");
  const auto hello = receive_frame(number);
  // Gone before it said a word: it stops, and the store is free in a moment.
  if (!hello && hello.error().code == ErrorCode::unavailable) return std::nullopt;
  if (!hello) return fail(ErrorCode::unavailable, "its process does not answer");
  const Json said = hello->kind == FrameKind::hello ? Json::parse(hello->payload, nullptr, false) : Json();
  if (!said.is_object() || said.value("protocol", Json()) != kSocketProtocol) {
    return fail(ErrorCode::unavailable,
                "its process is of another version and does not understand this one; restart it");
  }
  const InterruptGuard guard;
  if (auto sent = send_command(number, handover); !sent) return tl::unexpected(sent.error());
  if (!handover.is_question) set_socket_deadlines(number, 0, 0);
  const auto code = follow(number, guard, handover.is_question ? std::optional(handover.timeout) : std::nullopt);
  if (!code) return tl::unexpected(code.error());
  return std::optional(*code);
}

}  // namespace nines::tools
