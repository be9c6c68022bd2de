#include "measure/prober_servers.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <thread>

namespace nines::bench {
namespace {

constexpr int kBacklog = 4096;
constexpr auto kStartTime = std::chrono::seconds{10};
constexpr std::uint32_t kSilentHost = 0x7f000002;  // 127.0.0.2: a host of its own, with a cap of its own

sockaddr_in address_of(std::uint32_t host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(host);
  return address;
}

/// A listening socket on a free port of `host`; -1 when there is none.
int listen_on(std::uint32_t host, std::uint16_t& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = address_of(host, 0);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || ::bind(fd, generic, length) != 0 || ::listen(fd, kBacklog) != 0) return -1;
  if (::getsockname(fd, generic, &length) != 0) return -1;
  port = ntohs(address.sin_port);
  return fd;
}

bool accepts(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = address_of(INADDR_LOOPBACK, port);
  const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return connected;
}

/// What every child does first.
void settle_in() {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  pin_to(kServersProcessor);
}

[[noreturn]] void be_nginx(const std::string& configuration, const std::string& directory) {
  settle_in();
  ::execlp("nginx", "nginx", "-c", configuration.c_str(), "-p", directory.c_str(), "-e", "stderr", nullptr);
  ::execl("/usr/sbin/nginx", "nginx", "-c", configuration.c_str(), "-p", directory.c_str(), "-e", "stderr", nullptr);
  ::_exit(127);
}

[[noreturn]] void be_silent(int listener) {
  settle_in();
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const auto watch = [epoll](int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  };
  watch(listener);
  std::array<epoll_event, 64> events;
  std::array<char, 4096> heard;
  for (;;) {
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        const int connection = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection >= 0) watch(connection);
      } else if (::recv(fd, heard.data(), heard.size(), 0) <= 0) {
        ::close(fd);
      }
    }
  }
}

Result<void> write_configuration(const std::filesystem::path& directory, std::uint16_t port) {
  const std::string dir = directory.string();
  std::ofstream file(directory / "nginx.conf");
  file << "daemon off; master_process off; worker_processes 1; pid " << dir << "/pid; error_log stderr crit;\n"
       << "events { worker_connections 8192; }\n"
       << "http { access_log off;\n";
  for (const char* path : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    file << path << "_temp_path " << dir << "/" << path << ";\n";
  }
  file << "server { listen 127.0.0.1:" << port << " backlog=" << kBacklog << ";\n"
       << "location / { default_type application/json; return 200 '{\"status\":\"ok\",\"queue\":17}'; } } }\n";
  file.close();
  if (!file) return fail(ErrorCode::io, "nginx's configuration cannot be written into " + dir);
  return {};
}

}  // namespace

Child::~Child() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);  // it has nothing to lose
  ::waitpid(pid_, nullptr, 0);
}

int last_processor() {
  return static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)) - 1;
}

void pin_to(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(processor), &set);
  ::sched_setaffinity(0, sizeof set, &set);  // an unbound measurement is only a less quiet one
}

Result<LocalServer> start_nginx(const std::filesystem::path& directory) {
  LocalServer server;
  const int reserved = listen_on(INADDR_LOOPBACK, server.port);
  if (reserved < 0) return fail(ErrorCode::io, "no free port");
  ::close(reserved);
  if (auto written = write_configuration(directory, server.port); !written) return tl::unexpected(written.error());
  const std::string configuration = (directory / "nginx.conf").string();
  const pid_t pid = ::fork();
  if (pid == 0) be_nginx(configuration, directory.string());
  server.child = Child(pid);
  for (const auto end = std::chrono::steady_clock::now() + kStartTime; std::chrono::steady_clock::now() < end;) {
    if (accepts(server.port)) return server;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return fail(ErrorCode::io, "nginx does not answer; its package is nginx-light");
}

Result<LocalServer> start_silent_server() {
  LocalServer server;
  const int listener = listen_on(kSilentHost, server.port);
  if (listener < 0) return fail(ErrorCode::io, "no free port on 127.0.0.2");
  const pid_t pid = ::fork();
  if (pid == 0) be_silent(listener);
  ::close(listener);
  server.child = Child(pid);
  return server;
}

}  // namespace nines::bench
