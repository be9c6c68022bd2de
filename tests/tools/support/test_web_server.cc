#include "tools/support/test_web_server.h"

#include <arpa/inet.h>
#include <httplib.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <thread>

namespace nines::tools::testing {
namespace {

// A server under a sanitizer on a busy machine is slow; one that hangs is caught all the same.
constexpr std::chrono::seconds kPatience{60};

httplib::Headers headers_of(const std::map<std::string, std::string>& headers) {
  return {headers.begin(), headers.end()};
}

Page page_of(const httplib::Result& result) {
  Page page;
  if (!result) return page;
  page.status = result->status;
  page.body = result->body;
  for (const auto& [name, value] : result->headers) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    page.headers[lower] = value;
  }
  return page;
}

}  // namespace

class TestWebServer::Impl {
 public:
  Impl(int port, int status) {
    server_.Get(".*", [status](const httplib::Request&, httplib::Response& response) {
      response.status = status;
      response.set_content("hello", "text/plain");
    });
    server_.set_keep_alive_max_count(1);
    server_.bind_to_port("127.0.0.1", port);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~Impl() {
    server_.stop();
    thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

 private:
  httplib::Server server_;
  std::thread thread_;
};

TestWebServer::TestWebServer(int port, int status) : impl_(std::make_unique<Impl>(port, status)) {}
TestWebServer::~TestWebServer() = default;

Page get(int port, const std::string& path, const std::map<std::string, std::string>& headers) {
  httplib::Client client("127.0.0.1", port);
  client.set_decompress(true);
  client.set_read_timeout(kPatience);
  return page_of(client.Get(path, headers_of(headers)));
}

Page post(int port, const std::string& path, const std::string& body,
          const std::map<std::string, std::string>& headers) {
  httplib::Client client("127.0.0.1", port);
  client.set_read_timeout(kPatience);
  return page_of(client.Post(path, headers_of(headers), body, "text/plain"));
}

std::string raw(int port, const std::string& bytes) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = 3, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    (void)!send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    char block[4096];
    for (ssize_t n = 0; (n = recv(fd, block, sizeof block, 0)) > 0;) answer.append(block, static_cast<std::size_t>(n));
  }
  close(fd);
  return answer;
}

}  // namespace nines::tools::testing
