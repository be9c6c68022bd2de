#include "checks/resolver.h"

#include <netdb.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <utility>

#include "base/unique_fd.h"
#include "checks/error_mapping.h"

namespace nines::prober {
namespace {

// A lost packet is asked again after 1 s, then 2 s, then 4 s.
constexpr int kTimeoutMs = 1000;
constexpr int kTries = 4;
constexpr auto kLookInterval = std::chrono::seconds(5);
constexpr const char* kResolvConf = "/etc/resolv.conf";
constexpr int kClassIn = 1;

timespec changed_at() noexcept {
  struct stat status {};
  return ::stat(kResolvConf, &status) == 0 ? status.st_mtim : timespec{};
}

bool same(const timespec& a, const timespec& b) noexcept {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

int init_library() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  return status;
}

bool no_descriptor_left() noexcept {
  const UniqueFd one(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return !one && is_shortage(errno);
}

int native(AddressFamily family) noexcept {
  return family == AddressFamily::v4 ? AF_INET : family == AddressFamily::v6 ? AF_INET6 : AF_UNSPEC;
}

}  // namespace

// One c-ares channel: its sockets on the loop, its timeouts on a timer.
class DnsChannel final : public FdWatcher {
 public:
  DnsChannel(EventLoop& loop, Resolver& owner) : loop_(loop), owner_(owner) {}
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;
  ~DnsChannel() override {
    closing_ = true;
    loop_.cancel(timer_);
    if (channel_ != nullptr) ares_destroy(channel_);
  }

  int open(const DnsOptions& dns) {
    ares_options options{};
    options.flags = dns.keep_errors ? ARES_FLAG_NOCHECKRESP : 0;
    options.timeout = kTimeoutMs;
    options.tries = kTries;
    options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
      static_cast<DnsChannel*>(self)->watch(fd, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    const int status = ares_init_options(&channel_, &options,
                                         ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
    if (status != ARES_SUCCESS) return status;
    ares_set_socket_functions(channel_, &kSocketFunctions, this);
    if (dns.servers.empty()) return status;
    std::string list;
    for (const auto& server : dns.servers) list += (list.empty() ? "" : ",") + server;
    return ares_set_servers_ports_csv(channel_, list.c_str());
  }

  void lookup(std::uint64_t id, const std::string& host, AddressFamily family) {
    ares_addrinfo_hints hints{};
    hints.ai_family = native(family);
    hints.ai_socktype = SOCK_STREAM;
    // The order matters only between families; finding it out costs a socket an address.
    hints.ai_flags = family == AddressFamily::any ? 0 : ARES_AI_NOSORT;
    ++pending_;
    ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, on_host, new Ticket{this, id});
    arm();
  }

  void query(std::uint64_t id, const std::string& name, int type) {
    ++pending_;
    ares_query(channel_, name.c_str(), kClassIn, type, on_raw, new Ticket{this, id});
    arm();
  }

  [[nodiscard]] bool idle() const noexcept { return pending_ == 0; }

  void on_fd(int fd, std::uint32_t events) override {
    const bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
    ares_process_fd(channel_, (events & EPOLLIN) != 0 || broken ? fd : ARES_SOCKET_BAD,
                    (events & EPOLLOUT) != 0 ? fd : ARES_SOCKET_BAD);
    arm();
  }

 private:
  // What c-ares carries for us through a question; it always calls back, at the latest with ARES_EDESTRUCTION.
  struct Ticket {
    DnsChannel* channel;
    std::uint64_t id;
  };

  // c-ares says the same of a name server that is not there and of a socket that could not be had, so it gets its
  // sockets from here. Its other functions are the system's.
  static const ares_socket_functions kSocketFunctions;
  static ares_socket_t open_socket(int family, int type, int protocol, void* self) {
    const int fd = ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    static_cast<DnsChannel*>(self)->starved_ = fd < 0 && is_shortage(errno);
    return fd;
  }
  // A failure that comes of our own want of descriptors, by /etc/hosts or by a socket, is no word about the name.
  [[nodiscard]] int own_status(int status) const noexcept {
    const bool nobody_asked = status == ARES_ECONNREFUSED || status == ARES_EFILE || status == ARES_ENOTFOUND;
    return nobody_asked && (starved_ || no_descriptor_left()) ? ARES_ENOMEM : status;
  }

  static void on_host(void* argument, int status, int /*timeouts*/, ares_addrinfo* info) {
    const std::unique_ptr<Ticket> ticket(static_cast<Ticket*>(argument));
    HostAnswer answer;
    answer.status = status = ticket->channel->own_status(status);
    for (auto* node = info != nullptr ? info->nodes : nullptr; node != nullptr; node = node->ai_next) {
      if (node->ai_family != AF_INET && node->ai_family != AF_INET6) continue;
      answer.addresses.push_back(make_address(*node->ai_addr, node->ai_addrlen, 0));
    }
    if (info != nullptr) ares_freeaddrinfo(info);
    if (status == ARES_SUCCESS && answer.addresses.empty()) answer.status = ARES_ENODATA;
    ticket->channel->answered(ticket->id, std::move(answer));
  }

  static void on_raw(void* argument, int status, int /*timeouts*/, unsigned char* bytes, int length) {
    const std::unique_ptr<Ticket> ticket(static_cast<Ticket*>(argument));
    RawAnswer answer;
    answer.status = ticket->channel->own_status(status);
    if (bytes != nullptr && length > 0) {
      answer.message.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
    }
    ticket->channel->answered(ticket->id, std::move(answer));
  }

  template <class T>
  void answered(std::uint64_t id, T answer) {
    --pending_;
    if (!closing_) owner_.deliver(id, std::move(answer));
  }

  void watch(int fd, bool readable, bool writable) {
    if (!readable && !writable) {
      loop_.unwatch(fd);
      return;
    }
    loop_.watch(fd, (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U), *this);
  }

  void arm() {
    if (armed_ || pending_ == 0) return;
    timeval wait{};
    timeval most{kTimeoutMs / 1000, 0};
    const timeval* next = ares_timeout(channel_, &most, &wait);
    const auto after = std::chrono::seconds(next->tv_sec) + std::chrono::microseconds(next->tv_usec);
    armed_ = true;
    timer_ = loop_.call_at(EventLoop::Clock::now() + after + std::chrono::milliseconds(1), [this] {
      armed_ = false;
      ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      arm();
    });
  }

  EventLoop& loop_;
  Resolver& owner_;
  ares_channel channel_ = nullptr;
  TimerId timer_{};
  std::size_t pending_ = 0;
  bool armed_ = false;
  bool closing_ = false;
  bool starved_ = false;  // the last socket could not be had
};

const ares_socket_functions DnsChannel::kSocketFunctions{
    open_socket, [](ares_socket_t fd, void* /*self*/) { return ::close(fd); },
    [](ares_socket_t fd, const sockaddr* address, ares_socklen_t length, void* /*self*/) {
      return ::connect(fd, address, length);
    },
    [](ares_socket_t fd, void* bytes, std::size_t size, int flags, sockaddr* from, ares_socklen_t* length,
       void* /*self*/) { return ::recvfrom(fd, bytes, size, flags, from, length); },
    [](ares_socket_t fd, const iovec* parts, int count, void* /*self*/) { return ::writev(fd, parts, count); }};

Result<std::unique_ptr<Resolver>> Resolver::create(EventLoop& loop, DnsOptions options) {
  if (init_library() != ARES_SUCCESS) return fail(ErrorCode::io, "c-ares cannot be initialised");
  std::unique_ptr<Resolver> resolver(new Resolver(loop, std::move(options)));
  auto channel = resolver->open_channel();
  if (!channel) return tl::unexpected(channel.error());
  resolver->current_ = *std::move(channel);
  return resolver;
}

Resolver::Resolver(EventLoop& loop, DnsOptions options) : loop_(loop), options_(std::move(options)) {}

Resolver::~Resolver() = default;

Result<std::unique_ptr<DnsChannel>> Resolver::open_channel() {
  configured_ = changed_at();
  auto channel = std::make_unique<DnsChannel>(loop_, *this);
  if (const int status = channel->open(options_); status != ARES_SUCCESS) {
    return fail(ErrorCode::io, std::string("cannot set up name resolution: ") + ares_strerror(status));
  }
  return channel;
}

DnsChannel& Resolver::channel() {
  const auto now = EventLoop::Clock::now();
  if (!options_.servers.empty() || now < next_look_) return *current_;
  next_look_ = now + kLookInterval;
  std::erase_if(retired_, [](const auto& channel) { return channel->idle(); });
  if (same(changed_at(), configured_)) return *current_;
  if (auto channel = open_channel()) {
    retired_.push_back(std::exchange(current_, *std::move(channel)));
  }
  return *current_;
}

Resolver::Id Resolver::lookup(const std::string& host, AddressFamily family, std::function<void(HostAnswer)> done) {
  const std::uint64_t id = next_id_++;
  waiting_[id].host = std::move(done);
  channel().lookup(id, host, family);
  return Id{id};
}

Resolver::Id Resolver::query(const std::string& name, int type, std::function<void(RawAnswer)> done) {
  const std::uint64_t id = next_id_++;
  waiting_[id].raw = std::move(done);
  channel().query(id, name, type);
  return Id{id};
}

void Resolver::cancel(Id id) noexcept {
  waiting_.erase(static_cast<std::uint64_t>(id));
}

void Resolver::deliver(std::uint64_t id, HostAnswer answer) {
  if (auto entry = waiting_.extract(id)) entry.mapped().host(std::move(answer));
}

void Resolver::deliver(std::uint64_t id, RawAnswer answer) {
  if (auto entry = waiting_.extract(id)) entry.mapped().raw(std::move(answer));
}

}  // namespace nines::prober
