// The HTTP server against clients that mean no good: each test is one that stopped, killed or misled a server once.
#include "http/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <thread>
#include <vector>

#include "tools/support/command_line.h"
#include "tools/support/test_web_server.h"

namespace nines::tools::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// More than the kernel holds for a connection.
constexpr std::size_t kLarge = 16U << 20U;

int occurrences(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

// A connection that a test holds in its hands.
class Wire {
 public:
  explicit Wire(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  explicit Wire(const std::string& socket_path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Wire() { close(fd_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  bool send(const std::string& bytes) const {
    return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  /// Reads until `end` was seen, the other side closes or 10 s pass.
  [[nodiscard]] std::string read_until(const std::string& end) const {
    std::string answer;
    char block[4096];
    while (end.empty() || answer.find(end) == std::string::npos) {
      const ssize_t n = recv(fd_, block, sizeof block, 0);
      if (n <= 0) break;
      answer.append(block, static_cast<std::size_t>(n));
    }
    return answer;
  }
  [[nodiscard]] std::string read_all() const { return read_until({}); }

 private:
  int fd_;
  bool connected_ = false;
};

std::string gzip_bomb(std::size_t inflated) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string zeros(inflated, '0');
  std::string out(deflateBound(&stream, zeros.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(zeros.data());
  stream.avail_in = static_cast<uInt>(zeros.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// Answers what it was asked; /slow waits until the test lets it go on.
class HttpServers : public ::testing::Test {
 protected:
  ~HttpServers() override { let_go(); }

  void start(HttpLimits limits = {}) {
    HttpOptions options;
    options.limits = limits;
    options.lane = [](const WebRequest& request) {
      if (request.path == "/healthy") return Lane::at_once;
      return request.path.starts_with("/push") ? Lane::urgent : Lane::usual;
    };
    options.takes_body = [](const WebRequest& request) { return request.path.starts_with("/push"); };
    options.cuts_body = [](const WebRequest& request) { return request.path == "/push/long"; };
    auto http = HttpServer::start(
        {.host = "127.0.0.1", .port = 0}, [this](const WebRequest& request) { return answer(request); }, options);
    ASSERT_TRUE(http) << http.error().message;
    http_ = std::move(*http);
  }
  WebResponse answer(const WebRequest& request) {
    if (request.path == "/slow") gate_.wait();
    if (request.path == "/throws") throw std::bad_alloc();
    if (request.path == "/large") return text_response(std::string(kLarge, 'x'));
    if (request.path == "/events") {
      WebResponse response = text_response("retry: 1000\n\n");
      response.events = true;
      response.type = "text/event-stream";
      return response;
    }
    ++answered_;
    return text_response(fmt::format("{} {} {}\n", request.method, request.path, request.body.size()));
  }
  void let_go() {
    if (!open_) opened_.set_value();
    open_ = true;
  }
  [[nodiscard]] int port() const { return http_->port(); }
  [[nodiscard]] std::string ask(const std::string& bytes) const { return raw(port(), bytes); }

  std::promise<void> opened_;
  std::shared_future<void> gate_ = opened_.get_future().share();
  bool open_ = false;
  std::atomic<int> answered_{0};
  std::unique_ptr<HttpServer> http_;
};

std::string get_line(const std::string& path, const std::string& headers = {}) {
  return "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n";
}

TEST_F(HttpServers, RangesAreIgnored) {
  start();
  std::string ranges = "Range: bytes=0-";
  for (int i = 0; i < 2599; ++i) ranges += ",0-";
  const std::string answer = ask(get_line("/a", ranges + "\r\nConnection: close\r\n"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 9\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("byteranges")));
}

TEST_F(HttpServers, ClientsThatDripAreCutAtTheDeadlineWhateverTheySend) {
  start({.head = milliseconds{600}, .body = milliseconds{600}});
  Wire head(port());
  Wire body(port());
  ASSERT_TRUE(head.send("GET /a HTTP/1.1\r\nHost: x\r\n"));
  ASSERT_TRUE(body.send("POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"));
  auto dripped = std::async(std::launch::async, [&] {
    for (int i = 0; i < 100; ++i) {
      std::this_thread::sleep_for(milliseconds{50});
      if (!head.send("X: y\r\n") || !body.send("z")) return;
    }
  });
  EXPECT_THAT(head.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(body.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 408 "));
  dripped.get();
  EXPECT_EQ(answered_, 0);
}

TEST_F(HttpServers, IdleAndSlowConnectionsKeepNobodyOut) {
  start({.connections = 40, .connections_per_address = 40});
  std::vector<std::unique_ptr<Wire>> held;
  for (int i = 0; i < 300; ++i) {
    held.push_back(std::make_unique<Wire>(port()));
    ASSERT_TRUE(held.back()->connected());
    if (i % 2 == 0) (void)held.back()->send("POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc");
  }
  EXPECT_EQ(get(port(), "/healthy").status, 200);
  EXPECT_EQ(get(port(), "/a").status, 200);
  EXPECT_EQ(post(port(), "/push", "x").status, 200);
  EXPECT_LE(http_->connections(), 40U);
}

TEST_F(HttpServers, HealthAndReportsAreAnsweredWhileEverythingElseIsSaturated) {
  start({.waiting_requests = 4});
  std::vector<std::unique_ptr<Wire>> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.push_back(std::make_unique<Wire>(port()));
    ASSERT_TRUE(waiting.back()->send(get_line("/slow")));
  }
  // Threads and queue are full: somebody was told so.
  Page refused;
  ASSERT_TRUE(eventually([&] {
    refused = get(port(), "/a");
    return refused.status == 503;
  }));
  EXPECT_EQ(refused.headers["retry-after"], "1");
  EXPECT_EQ(get(port(), "/healthy").status, 200);
  EXPECT_EQ(post(port(), "/push/x", "done").status, 200);
  let_go();
  EXPECT_TRUE(eventually([&] { return get(port(), "/a").status == 200; }));
}

TEST_F(HttpServers, BodiesAreBoundedAsTheyAreDecoded) {
  start();
  const std::string full(kMostBodyBytes, 'x');
  EXPECT_EQ(post(port(), "/push", full).status, 200);
  EXPECT_EQ(post(port(), "/push", full + "x").status, 413);
  std::string chunked = "POST /push HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 400; ++i) chunked += "1000\r\n" + std::string(0x1000, 'x') + "\r\n";
  EXPECT_THAT(ask(chunked), StartsWith("HTTP/1.1 413 "));
  EXPECT_EQ(post(port(), "/push", gzip_bomb(10U << 20U), {{"Content-Encoding", "gzip"}}).status, 415);
  EXPECT_THAT(ask("POST /push HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n"),
              Not(StartsWith("HTTP/1.1 200 ")));
  EXPECT_EQ(answered_, 1);
}

TEST_F(HttpServers, ABodyIsCutWhereItsBeginningIsEnough) {
  start();
  EXPECT_EQ(post(port(), "/push/long", std::string(100, 'x')).body, "POST /push/long 100\n");
  EXPECT_EQ(post(port(), "/push/long", std::string(kMostBodyBytes + 1, 'x')).body, "POST /push/long 65536\n");
  EXPECT_EQ(post(port(), "/push/long", std::string(3U << 20U, 'x')).body, "POST /push/long 65536\n");
  std::string chunked = "POST /push/long HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 400; ++i) chunked += "1000\r\n" + std::string(0x1000, 'x') + "\r\n";
  EXPECT_THAT(ask(chunked + "0\r\n\r\n"), HasSubstr("POST /push/long 65536\n"));
  EXPECT_THAT(ask("POST /push/long HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(kMostCutBodyBytes + 1) +
                  "\r\n\r\n"),
              HasSubstr("a body may have 67108864 bytes"));
  EXPECT_THAT(ask("POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: 67108865\r\n\r\n"),
              HasSubstr("a body may have 65536 bytes"));
  EXPECT_EQ(answered_, 4);
}

TEST_F(HttpServers, ARequestWithoutALengthHasNoBodyAndIsAnsweredAtOnce) {
  start({.body = std::chrono::minutes{10}});
  Wire wire(port());
  ASSERT_TRUE(wire.send("POST /push HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_THAT(wire.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 ")) << "RFC 9112, section 6.3";
}

TEST_F(HttpServers, WhereNothingTakesABodyItIsRefusedBeforeItIsRead) {
  start();
  Wire wire(port());
  ASSERT_TRUE(wire.send("POST /elsewhere HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n"));
  EXPECT_THAT(wire.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(HttpServers, HeadersAreBoundedInNumberAndSize) {
  start();
  std::string many;
  for (int i = 0; i < 200; ++i) many += fmt::format("X-{}: y\r\n", i);
  EXPECT_THAT(ask(get_line("/a", many)), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(ask(get_line("/a", "X: " + std::string(64U << 10U, 'y') + "\r\n")), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(ask(get_line("/" + std::string(100'000, 'a'))), StartsWith("HTTP/1.1 414 "));
  EXPECT_THAT(ask(get_line("/" + std::string(9'000, 'a'))), StartsWith("HTTP/1.1 414 "));
  EXPECT_THAT(ask(get_line("/" + std::string(3'000, 'a'))), StartsWith("HTTP/1.1 414 "));
  EXPECT_THAT(ask(get_line("/a?" + std::string(200, '&') + "b=1")), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(answered_, 1);
}

TEST_F(HttpServers, APostWithoutABodyIsAnsweredAtOnce) {
  start();
  Wire wire(port());
  ASSERT_TRUE(wire.send("POST /push/x HTTP/1.1\r\nHost: x\r\n\r\n"));  // no length: no body (RFC 9112 6.3)
  EXPECT_THAT(wire.read_until("POST /push/x 0\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(ask("POST /push/y HTTP/1.0\r\n\r\n"), HasSubstr("POST /push/y 0\n"));
}

TEST_F(HttpServers, ContinueIsSaidToThoseWhoWaitForIt) {
  start();
  Wire wire(port());
  ASSERT_TRUE(wire.send("POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_THAT(wire.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 100 Continue"));
  ASSERT_TRUE(wire.send("abc"));
  EXPECT_THAT(wire.read_until("POST /push 3\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(ask("POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: tea\r\n\r\nabc"),
              StartsWith("HTTP/1.1 417 "));
}

TEST_F(HttpServers, PipelinedRequestsAreAllAnsweredInOrder) {
  start();
  std::string bytes;
  for (int i = 0; i < 10; ++i) bytes += get_line(fmt::format("/{}", i), i == 9 ? "Connection: close\r\n" : "");
  const std::string answers = ask(bytes);
  EXPECT_EQ(occurrences(answers, "HTTP/1.1 200 OK"), 10);
  EXPECT_LT(answers.find("GET /0 0"), answers.find("GET /9 0"));

  const std::string with_body = ask("GET /first HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" +
                                    get_line("/second", "Connection: close\r\n"));
  EXPECT_THAT(with_body, HasSubstr("GET /first 5\n"));
  EXPECT_THAT(with_body, HasSubstr("GET /second 0\n"));
}

TEST_F(HttpServers, AConnectionLastsForManyRequests) {
  start();
  Wire wire(port());
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(wire.send(get_line(fmt::format("/{}", i))));
    ASSERT_THAT(wire.read_until(fmt::format("GET /{} 0\n", i)), HasSubstr("Connection: keep-alive"));
  }
}

TEST_F(HttpServers, WhatTwoReadersCouldUnderstandDifferentlyIsRefused) {
  start();
  const std::string body = "\r\n\r\n0\r\n\r\n";
  for (const std::string& headers : {
           std::string("Host: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked"),
           std::string("Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5"),
           std::string("Host: x\r\nContent-Length: 5\r\nContent-Length: 6"),
           std::string("Host: x\r\nContent-Length: abc"),
           std::string("Host: x\r\nContent-Length: -1"),
           std::string("Host: x\r\nContent-Length: +5"),
           std::string("Host: x\r\nContent-Length: 99999999999999999999999"),
           std::string("Host: x\r\nTransfer-Encoding: gzip, chunked"),
           std::string("Host: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
           std::string("Host: x\r\nTransfer-Encoding: identity"),
           std::string("Host : x"),
           std::string("Host: x\r\n folded: y"),
           std::string("Host: x\r\nHost: y"),
           std::string("Host: a b"),
           std::string("X: no host"),
           std::string("Host: x\r\nBad Name: y"),
           std::string("Host: x\r\nNul: a\0b", 17),
       }) {
    const std::string answer = ask("POST /push HTTP/1.1\r\n" + headers + body);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 ")) << headers;
    EXPECT_EQ(occurrences(answer, "HTTP/1.1 "), 1) << headers;
  }
  for (const std::string line :
       {"GET /%zz HTTP/1.1", "GET /% HTTP/1.1", "GET * HTTP/1.1", "GET a HTTP/1.1", "GET http:///a HTTP/1.1", "GET",
        "GET /a", "GET /a HTTP/1", "GET  /a HTTP/1.1", "\x16\x03\x01", "GET /a?x=%f HTTP/1.1"}) {
    EXPECT_THAT(ask(line + std::string("\r\nHost: x\r\n\r\n")), StartsWith("HTTP/1.1 400 ")) << line;
  }
  EXPECT_THAT(ask("POST /push HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask("GET http://y/a?b=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), HasSubstr("GET /a 0"));
  EXPECT_EQ(answered_, 1);
}

TEST_F(HttpServers, EveryErrorIsJsonWithAllHeaders) {
  start();
  for (const std::string& bytes :
       {std::string("nonsense\r\n\r\n"), get_line("/" + std::string(9'000, 'a')),
        get_line("/a", "X: " + std::string(64U << 10U, 'y') + "\r\n"),
        std::string("BREW / HTTP/1.1\r\nHost: x\r\n\r\n"),
        std::string("POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"), get_line("/throws")}) {
    const std::string answer = ask(bytes);
    EXPECT_THAT(answer, HasSubstr("{\"error\":{\"code\":\"")) << bytes.substr(0, 40);
    for (const char* header : {"\r\nContent-Type: application/json\r\n", "\r\nX-Content-Type-Options: nosniff\r\n",
                               "\r\nContent-Security-Policy: default-src 'none'", "\r\nDate: "}) {
      EXPECT_THAT(answer, HasSubstr(header)) << bytes.substr(0, 40);
    }
  }
  const std::string refused = ask("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(refused, HasSubstr("\r\nAllow: GET, HEAD, POST, OPTIONS\r\n"));
}

TEST_F(HttpServers, AHeadSaysWhatAGetWouldSend) {
  start();
  const std::string answer = ask("HEAD /abc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 12\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(HttpServers, ReadersThatDoNotReadHoldNoMoreMemoryThanTheBound) {
  start({.unsent_bytes = 40U << 20U});
  std::vector<std::unique_ptr<Wire>> held;
  for (int i = 0; i < 12; ++i) {  // 192 MB of answers, which nobody reads
    held.push_back(std::make_unique<Wire>(port()));
    ASSERT_TRUE(held.back()->send(get_line("/large", "Connection: close\r\n")));
  }
  EXPECT_EQ(get(port(), "/a").status, 200);
  ASSERT_TRUE(eventually([&] { return http_->connections() <= 2; })) << http_->connections();
  // Those whose answers came last, which is not the order of the questions: several threads make them.
  const auto whole = std::count_if(held.begin(), held.end(),
                                   [](const std::unique_ptr<Wire>& wire) { return wire->read_all().size() > kLarge; });
  EXPECT_EQ(whole, 2) << "so many fit into the bound";
  EXPECT_EQ(get(port(), "/large").body.size(), kLarge);
}

TEST_F(HttpServers, EventsReachAllWhoWaitAndTheGoneAreForgotten) {
  start({.event_streams = 2, .heartbeat = milliseconds{200}});
  Wire first(port());
  auto second = std::make_unique<Wire>(port());
  ASSERT_TRUE(first.send(get_line("/events")));
  ASSERT_TRUE(second->send(get_line("/events")));
  EXPECT_THAT(first.read_until("retry: 1000\n\n"), HasSubstr("text/event-stream"));
  EXPECT_THAT(second->read_until("retry: 1000\n\n"), HasSubstr("text/event-stream"));
  ASSERT_TRUE(eventually([&] { return http_->listeners() == 2; }));
  EXPECT_EQ(get(port(), "/events").status, 503) << "no more than two";
  http_->publish("data: hello\n\n");
  EXPECT_THAT(first.read_until("data: hello\n\n"), HasSubstr("hello"));
  EXPECT_THAT(second->read_until("data: hello\n\n"), HasSubstr("hello"));
  EXPECT_THAT(first.read_until(": still here\n\n"), HasSubstr("still here"));
  second.reset();
  EXPECT_TRUE(eventually([&] { return http_->listeners() == 1; }));
}

TEST_F(HttpServers, AUnixSocketIsListenedOnAndTidiedUp) {
  const TempDir dir;
  const std::string path = dir.path("page.sock");
  const auto handler = [](const WebRequest& request) { return text_response(request.client + "|"); };
  for (int round = 0; round < 2; ++round) {
    auto http = HttpServer::start({.host = {}, .port = 0, .socket_path = path}, handler);
    ASSERT_TRUE(http) << http.error().message;
    EXPECT_FALSE(HttpServer::start({.host = {}, .port = 0, .socket_path = path}, handler)) << "somebody answers there";
    const Wire wire(path);
    ASSERT_TRUE(wire.connected());
    ASSERT_TRUE(wire.send(get_line("/a")));
    EXPECT_THAT(wire.read_until("|"), StartsWith("HTTP/1.1 200 "));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(HttpServers, StoppingFinishesWhatIsUnderWay) {
  start();
  auto page = std::async(std::launch::async, [port = port()] { return get(port, "/slow"); });
  ASSERT_TRUE(eventually([&] { return http_->connections() == 1; }));
  std::this_thread::sleep_for(milliseconds{100});
  auto stopped = std::async(std::launch::async, [&] { http_.reset(); });
  std::this_thread::sleep_for(milliseconds{50});
  let_go();
  stopped.get();
  EXPECT_EQ(page.get().status, 200);
}

TEST(ListenAddress, OnlyAStarMeansEveryAddress) {
  EXPECT_EQ(parse_listen(":8080")->host, "127.0.0.1");
  EXPECT_EQ(parse_listen("*:8080")->host, "0.0.0.0");
  EXPECT_TRUE(is_loopback(*parse_listen(":8080")));
  EXPECT_TRUE(is_loopback(*parse_listen("[::1]:8080")));
  EXPECT_TRUE(is_loopback(*parse_listen("localhost:8080")));
  EXPECT_TRUE(is_loopback(*parse_listen("unix:/run/nines.sock")));
  for (const char* const wide : {"*:80", "0.0.0.0:80", "[::]:80", "192.0.2.1:80", "example.org:80"}) {
    EXPECT_FALSE(is_loopback(*parse_listen(wide))) << wide;
  }
  for (const char* const bad : {"", "8080", "a b:1", "::1:80", "x:99999", "x:-1", "x:1.5", "[]:1", "unix:", "x:"}) {
    EXPECT_FALSE(parse_listen(bad)) << bad;
  }
}

TEST(ListenAddress, IsShownAsItCanBeOpened) {
  EXPECT_EQ(shown_address(*parse_listen("[::1]:0"), 18064), "http://[::1]:18064/");
  EXPECT_EQ(shown_address(*parse_listen("127.0.0.1:80"), 80), "http://127.0.0.1:80/");
  EXPECT_EQ(shown_address(*parse_listen("unix:/run/n.sock"), 0), "unix:/run/n.sock");
}

TEST(Compression, IsGzipOrBrotliAsTheClientTakesIt) {
  const auto encoding = [](const char* accept, std::size_t size = 10'000) {
    WebResponse response = text_response(std::string(size, 'x'));
    compress(accept, response);
    return response.encoding;
  };
  EXPECT_EQ(encoding("gzip, deflate, br, zstd"), "br");
  EXPECT_EQ(encoding("gzip, deflate"), "gzip");
  EXPECT_EQ(encoding("br;q=0, gzip;q=0.5"), "gzip");
  EXPECT_EQ(encoding("GZIP"), "gzip");
  EXPECT_EQ(encoding("gzip;q=0"), "");
  EXPECT_EQ(encoding(""), "");
  EXPECT_EQ(encoding("identity"), "");
  EXPECT_EQ(encoding("gzip", 100), "") << "fits into a packet";
}

TEST(EntityTags, AreComparedWeakly) {
  EXPECT_TRUE(matches_etag("W/\"a\"", "W/\"a\""));
  EXPECT_TRUE(matches_etag("\"a\"", "W/\"a\""));
  EXPECT_TRUE(matches_etag("\"x\", W/\"a\"", "W/\"a\""));
  EXPECT_TRUE(matches_etag("*", "W/\"a\""));
  EXPECT_FALSE(matches_etag("W/\"ab\"", "W/\"a\""));
  EXPECT_FALSE(matches_etag("", "W/\"a\""));
}

}  // namespace
}  // namespace nines::tools::testing
