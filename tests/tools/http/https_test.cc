// The page over TLS, asked by a client that checks its certificate.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "http/http_server.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Tls = asio::ssl::stream<asio::ip::tcp::socket>;

// One connection of a client that trusts `authority` alone.
class Client {
 public:
  Client(int port, const std::string& authority, long most_version = 0) {
    context_.load_verify_file(authority);
    context_.set_verify_mode(asio::ssl::verify_peer);
    if (most_version != 0) SSL_CTX_set_max_proto_version(context_.native_handle(), static_cast<int>(most_version));
    tls_ = std::make_unique<Tls>(loop_, context_);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    tls_->next_layer().connect({asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port)});
    setsockopt(tls_->next_layer().native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    tls_->handshake(Tls::client, error);
  }
  void send(const std::string& bytes) { asio::write(*tls_, asio::buffer(bytes), error); }
  /// All that comes until the other end says that nothing more does; anything else is an `error`.
  std::string read_all() {
    std::string text;
    asio::read(*tls_, asio::dynamic_buffer(text), error);
    return text;
  }
  std::string read_until(const std::string& end) {
    const std::size_t bytes = asio::read_until(*tls_, asio::dynamic_buffer(came_), end, error);
    std::string text = came_.substr(0, bytes);
    came_.erase(0, bytes);
    return text;
  }
  [[nodiscard]] std::string subject() const {
    X509* const certificate = SSL_get_peer_certificate(tls_->native_handle());
    if (certificate == nullptr) return {};
    char name[256];
    X509_NAME_oneline(X509_get_subject_name(certificate), name, sizeof name);
    X509_free(certificate);
    return name;
  }

  error_code error;

 private:
  asio::io_context loop_;
  asio::ssl::context context_{asio::ssl::context::tls_client};
  std::unique_ptr<Tls> tls_;
  std::string came_;
};

class Https : public ::testing::Test {
 protected:
  Https() {
    make("one");
    HttpOptions options;
    options.tls = files("one");
    options.limits.head = std::chrono::milliseconds{700};
    auto server = HttpServer::start(
        {.host = "127.0.0.1", .port = 0},
        [](const WebRequest& request) {
          WebResponse response;
          response.type = "text/plain";
          response.body = request.path == "/large"
                              ? std::string(3'000'000, 'x')
                              : fmt::format("{} {} {}", request.path, request.secure, request.body);
          return response;
        },
        options);
    EXPECT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }
  void make(const std::string& name) const {
    const std::string command = fmt::format(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={0} -addext "
        "subjectAltName=DNS:localhost -keyout {1}/{0}.key -out {1}/{0}.pem 2>/dev/null",
        name, dir_.path(""));
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  [[nodiscard]] std::string certificate(const std::string& name) const { return dir_.path(name + ".pem"); }
  [[nodiscard]] TlsFiles files(const std::string& name) const { return {certificate(name), dir_.path(name + ".key")}; }

  TempDir dir_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(Https, AnswersAndSaysThatItIsSecure) {
  Client client(server_->port(), certificate("one"));
  ASSERT_FALSE(client.error) << client.error.message();
  client.send("GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string answer = client.read_all();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\n/a true "));
  EXPECT_EQ(client.error, asio::error::eof) << "the end is said, not cut: " << client.error.message();
}

// Two requests in one record: the second is in no socket any more when the first is answered.
TEST_F(Https, KeepsAConnectionAndTakesPipelinedRequests) {
  Client client(server_->port(), certificate("one"));
  client.send(
      "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\nPOST /b HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
      "5\r\n\r\nhello");
  EXPECT_THAT(client.read_until("/a true "), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(client.read_until("/b true hello"), StartsWith("HTTP/1.1 200"));
  client.send("GET /c HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.read_until("/c true "), StartsWith("HTTP/1.1 200"));
  EXPECT_FALSE(client.error);
}

TEST_F(Https, SendsWhatTakesManyRecords) {
  Client client(server_->port(), certificate("one"));
  client.send("GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_GT(client.read_all().size(), 3'000'000U);
  EXPECT_EQ(client.error, asio::error::eof);
}

TEST_F(Https, OldProtocolsAndOtherBytesGetNothing) {
  const Client old(server_->port(), certificate("one"), TLS1_1_VERSION);
  EXPECT_TRUE(old.error);
  asio::io_context loop;
  asio::ip::tcp::socket plain(loop);
  plain.connect({asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(server_->port())});
  asio::write(plain, asio::buffer(std::string("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n")));
  std::string text;
  error_code error;
  asio::read(plain, asio::dynamic_buffer(text), error);
  EXPECT_EQ(text.find("HTTP/1.1 200"), std::string::npos);
  Client after(server_->port(), certificate("one"));
  EXPECT_FALSE(after.error) << "and others go on";
}

TEST_F(Https, WhoNeverBeginsToSpeakIsLetGo) {
  asio::io_context loop;
  asio::ip::tcp::socket silent(loop);
  silent.connect({asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(server_->port())});
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  setsockopt(silent.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string text;
  error_code error;
  asio::read(silent, asio::dynamic_buffer(text), error);
  EXPECT_EQ(error, asio::error::eof);
  EXPECT_EQ(text, "");
}

TEST_F(Https, NewFilesAreForConnectionsThatComeAfterThem) {
  Client before(server_->port(), certificate("one"));
  EXPECT_THAT(before.subject(), HasSubstr("one"));
  make("two");
  ASSERT_TRUE(server_->renew_tls(files("two")));
  Client after(server_->port(), certificate("two"));
  ASSERT_FALSE(after.error) << after.error.message();
  EXPECT_THAT(after.subject(), HasSubstr("two"));
  before.send("GET /still HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(before.read_until("/still true "), StartsWith("HTTP/1.1 200"));
}

TEST_F(Https, FilesThatAreWrongChangeNothing) {
  make("two");
  dir_.write("torn.pem", "-----BEGIN CERTIFICATE-----\nMIIB");
  for (const TlsFiles& wrong :
       {TlsFiles{certificate("one"), files("two").key}, TlsFiles{dir_.path("none"), files("one").key},
        TlsFiles{dir_.path("torn.pem"), files("one").key}, TlsFiles{certificate("one"), certificate("one")}}) {
    const auto renewed = server_->renew_tls(wrong);
    ASSERT_FALSE(renewed) << wrong.certificate << " " << wrong.key;
    EXPECT_EQ(renewed.error().code, ErrorCode::invalid_argument);
  }
  const Client client(server_->port(), certificate("one"));
  EXPECT_FALSE(client.error) << client.error.message();
}

}  // namespace
}  // namespace nines::tools::testing
