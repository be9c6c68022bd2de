#include "run/store_socket.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <system_error>
#include <utility>

#include "show/text.h"

namespace nines::tools {
namespace {

// Commands that run at a time; others wait to be taken. Each is a thread, and may hold an import's batch of results.
constexpr std::size_t kMostConnections = 16;
constexpr int kBacklog = 512;
// A command line is there at once, and its output is taken by a program that does nothing else.
constexpr int kReceiveSeconds = 10;
constexpr int kSendSeconds = 30;
constexpr std::size_t kMostArguments = 10'000;
constexpr std::chrono::milliseconds kPauseAfterFailure{100};

// Sends what a command writes. After a failure the rest is dropped: nobody is there to read it.
class FrameSink : public OutputSink {
 public:
  explicit FrameSink(int socket) : socket_(socket) {}
  void out(std::string_view text) override { send(FrameKind::out, text); }
  void err(std::string_view text) override { send(FrameKind::err, text); }
  [[nodiscard]] bool broken() const noexcept { return broken_; }

 private:
  void send(FrameKind kind, std::string_view text) {
    while (!text.empty() && !broken_) {
      broken_ = !send_frame(socket_, kind, text.substr(0, kMaxFrameBytes));
      text.remove_prefix(std::min(text.size(), kMaxFrameBytes));
    }
  }

  int socket_;
  std::atomic<bool> broken_{false};
};

/// Whether the other end has sent its last byte, which is how it says that it was interrupted.
bool hung_up(int socket) {
  pollfd poll_entry{.fd = socket, .events = POLLRDHUP, .revents = 0};
  return poll(&poll_entry, 1, 0) > 0;
}

}  // namespace

Result<std::unique_ptr<StoreSocket>> StoreSocket::listen(const std::string& directory, Run run) {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  Descriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!socket || !wake || bind_store_socket(socket.get(), directory) != 0 || ::listen(socket.get(), kBacklog) != 0) {
    return fail(ErrorCode::io, fmt::format("no socket in `{}`: {}", printable(directory), std::strerror(errno)));
  }
  try {
    return std::unique_ptr<StoreSocket>(new StoreSocket(directory, std::move(socket), std::move(wake), std::move(run)));
  } catch (const std::system_error& error) {
    return fail(ErrorCode::unavailable, fmt::format("no thread for the store's socket: {}", error.what()));
  }
}

StoreSocket::StoreSocket(std::string directory, Descriptor socket, Descriptor wake, Run run)
    : directory_(std::move(directory)), socket_(std::move(socket)), wake_(std::move(wake)), run_(std::move(run)) {
  acceptor_ = std::thread([this] { accept_all(); });
}

StoreSocket::~StoreSocket() {
  {
    const engine::MutexLock lock(mutex_);
    stopping_ = true;
  }
  // The name first: who comes now finds nobody, and waits for the store instead.
  unlink(fmt::format("{}/{}", directory_, kSocketName).c_str());
  const std::uint64_t one = 1;
  (void)!write(wake_.get(), &one, sizeof one);
  finished_.notify_all();
  if (acceptor_.joinable()) acceptor_.join();
}

void StoreSocket::accept_all() {
  while (!stopping_) {
    join_finished(false);
    {
      const engine::MutexLock lock(mutex_);
      while (running_ >= kMostConnections && !stopping_) mutex_.wait(finished_);
    }
    std::array<pollfd, 2> polled{
        {{.fd = socket_.get(), .events = POLLIN, .revents = 0}, {.fd = wake_.get(), .events = POLLIN, .revents = 0}}};
    // Both calls fail for as long as the system has no descriptors or memory: the next moment tries again.
    const bool waited = poll(polled.data(), polled.size(), -1) >= 0;
    if (stopping_) break;
    Descriptor accepted(waited ? accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC) : -1);
    if (!accepted) {
      if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
        const auto end = std::chrono::steady_clock::now() + kPauseAfterFailure;
        const engine::MutexLock lock(mutex_);
        while (!stopping_ && mutex_.wait_until(finished_, end) == std::cv_status::no_timeout) {
        }
      }
      continue;
    }
    try {
      Connection& connection = connections_.emplace_back();
      connection.socket = std::move(accepted);
      {
        const engine::MutexLock lock(mutex_);
        ++running_;
      }
      connection.thread = std::thread([this, &connection] {
        serve(connection);
        const engine::MutexLock lock(mutex_);
        --running_;
        connection.done = true;
        finished_.notify_all();
      });
    } catch (const std::exception&) {  // no memory or no thread: this connection ends, and its command tries again
      if (!connections_.empty() && !connections_.back().thread.joinable()) {
        connections_.pop_back();
        const engine::MutexLock lock(mutex_);
        --running_;
      }
    }
  }
  join_finished(true);
}

void StoreSocket::join_finished(bool all) {
  for (auto each = connections_.begin(); each != connections_.end();) {
    if (!all && !each->done) {
      ++each;
      continue;
    }
    each->thread.join();
    each = connections_.erase(each);
  }
}

Result<HandedCommand> StoreSocket::receive_command(int socket) const {
  HandedCommand command;
  for (std::size_t bytes = 0;;) {
    auto frame = receive_frame(socket);
    if (!frame) return tl::unexpected(frame.error());
    if (frame->kind == FrameKind::argument) {
      bytes += frame->payload.size();
      command.arguments.push_back(std::move(frame->payload));
      if (command.arguments.size() > kMostArguments || bytes > kMaxFrameBytes) {
        return fail(ErrorCode::invalid_argument, "the command line is too long");
      }
      continue;
    }
    const Json settings = frame->kind == FrameKind::run ? Json::parse(frame->payload, nullptr, false) : Json();
    if (!settings.is_object()) return fail(ErrorCode::invalid_argument, "this is not a command");
    const auto flag = [&](const char* name) {
      const auto found = settings.find(name);
      return found != settings.end() && found->is_boolean() && found->get<bool>();
    };
    const auto columns = [&](const char* name, std::size_t usual) -> std::size_t {
      const auto found = settings.find(name);
      return found != settings.end() && found->is_number_unsigned() ? found->get<std::size_t>() : usual;
    };
    command.terminal.out_is_terminal = flag("out_is_terminal");
    command.terminal.err_is_terminal = flag("err_is_terminal");
    command.terminal.colour = flag("colour");
    command.terminal.utf8 = flag("utf8");
    command.terminal.width = columns("width", 0);
    command.terminal.err_width = columns("err_width", command.terminal.err_width);
    command.inputs = std::move(frame->descriptors);
    return command;
  }
}

void StoreSocket::serve(Connection& connection) {
  const int socket = connection.socket.get();
  set_socket_deadlines(socket, kReceiveSeconds, kSendSeconds);
  if (!is_trusted_peer(socket)) return (void)shutdown(socket, SHUT_RDWR);
  FrameSink sink(socket);
  int code = 1;
  try {
    const Json hello = {{"protocol", kSocketProtocol}, {"nines", NINES_VERSION}};
    if (!send_frame(socket, FrameKind::hello, dump(hello))) return (void)shutdown(socket, SHUT_RDWR);
    auto command = receive_command(socket);
    if (!command) {
      sink.err(fmt::format("nines: {}\n", printable(command.error().message)));
    } else {
      command->cancelled = [this, socket, &sink] { return stopping_ || sink.broken() || hung_up(socket); };
      const OutputScope scope(sink);
      code = run_(*command);
    }
  } catch (const std::exception& error) {
    sink.err(fmt::format("nines: internal error: {}\n", printable(error.what())));
  }
  (void)send_frame(socket, FrameKind::exit, std::to_string(code));
  shutdown(socket, SHUT_RDWR);
}

}  // namespace nines::tools
