// http and https against nginx: HTTP/2, login, client certificates, redirects, gzip.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "prober/support/certificates.h"
#include "prober/support/checks.h"
#include "prober/support/loopback_server.h"

namespace nines {
namespace {

using namespace prober_test;

class Nginx : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(process_.started()); }

  [[nodiscard]] std::string http(const std::string& path) const {
    return "http://localhost:" + std::to_string(http_port_) + path;
  }
  [[nodiscard]] CheckSpec https(const std::string& path) const {
    auto spec = spec_for("https://localhost:" + std::to_string(https_port_) + path);
    spec.ca_file = authority_.ca_file();
    return spec;
  }
  [[nodiscard]] const TestAuthority& authority() const { return authority_; }

 private:
  [[nodiscard]] std::string configuration() const {
    const auto dir = directory_.path().string();
    const auto identity = authority_.issue("nginx", "DNS:localhost", 20);
    // The password is "open sesame".
    const auto users = directory_.write("users", "ali:{PLAIN}open sesame\n");
    static_cast<void>(directory_.write("page.html", "<html>Welcome " + std::string(2000, 'x') + "</html>"));
    return directory_.write(
        "nginx.conf", "daemon off; master_process off; pid " + dir +
                          "/pid; error_log stderr; worker_processes 1;"
                          "events { worker_connections 256; }"
                          "http { access_log off; root " +
                          dir +
                          ";"
                          "client_body_temp_path " +
                          dir + "/t1; proxy_temp_path " + dir +
                          "/t2;"
                          "fastcgi_temp_path " +
                          dir + "/t3; uwsgi_temp_path " + dir +
                          "/t4;"
                          "scgi_temp_path " +
                          dir +
                          "/t5; gzip on; gzip_types *; gzip_min_length 1;"
                          "server { listen 127.0.0.1:" +
                          std::to_string(http_port_) +
                          ";"
                          "location = /moved { return 301 https://localhost:" +
                          std::to_string(https_port_) +
                          "/page.html; }"
                          "location = /broken { return 500; }"
                          "location = /private { auth_basic x; auth_basic_user_file " +
                          users +
                          ";"
                          "  try_files /page.html =404; } }"
                          "server { listen 127.0.0.1:" +
                          std::to_string(https_port_) +
                          " ssl http2;"
                          "ssl_certificate " +
                          identity.certificate + "; ssl_certificate_key " + identity.key +
                          ";"
                          "ssl_client_certificate " +
                          authority_.ca_file() +
                          "; ssl_verify_client optional;"
                          "location = /known { if ($ssl_client_verify != SUCCESS) { return 403; } return 200; } } }");
  }

  TestAuthority authority_;
  TemporaryDirectory directory_;
  const std::uint16_t http_port_ = free_port();
  const std::uint16_t https_port_ = free_port();
  ServerProcess process_{{{"nginx", "-c", configuration(), "-p", directory_.path().string(), "-e", "stderr"},
                          "nginx-light",
                          https_port_,
                          {}}};
};

TEST_F(Nginx, PlainPagesAreUp) {
  auto spec = spec_for(http("/page.html"));
  spec.body_contains = {"Welcome"};
  spec.header_conditions = {{"Content-Type", HeaderCondition::Op::contains, "text/html"}};
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_EQ(outcome.body_bytes, 2021U);
}

TEST_F(Nginx, ErrorsAreDownWithTheirCode) {
  EXPECT_EQ(run_check(http("/broken")).code, 500);
  EXPECT_EQ(run_check(http("/absent")).code, 404);
  EXPECT_EQ(run_check(http("/absent")).error, ErrorClass::http_status);
}

TEST_F(Nginx, Http2IsNegotiatedOverTls) {
  const auto outcome = run_check(https("/page.html"));
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_EQ(outcome.http_version, "2");
  auto spec = https("/page.html");
  spec.http_version = HttpVersion::v1_1;
  EXPECT_EQ(run_check(spec).http_version, "1.1");
}

TEST_F(Nginx, Http2CanBeDemanded) {
  auto spec = https("/page.html");
  spec.http_version = HttpVersion::v2;
  EXPECT_EQ(run_check(spec).state, State::up);
}

// What TLS and HTTP/2 say to each other between two requests is no leftover of an answer.
TEST_F(Nginx, AConnectionIsKeptOverTls) {
  for (const HttpVersion version : {HttpVersion::v1_1, HttpVersion::v2}) {
    const auto runner = CheckRunner::create({});
    ASSERT_TRUE(runner);
    auto spec = https("/page.html");
    spec.http_version = version;
    spec.keep_alive = true;
    spec.timeouts.tls = spec.timeouts.first_byte = spec.timeouts.total;
    const auto check = compile(spec);
    ASSERT_TRUE(check);
    for (int i = 0; i < 3; ++i) {
      (*runner)->start(*check, [&](const CheckOutcome& outcome) {
        EXPECT_EQ(outcome.state, State::up) << outcome.detail;
        EXPECT_EQ(outcome.phases.tls_us > 0, i == 0) << outcome.http_version << ' ' << i;
        (*runner)->stop();
      });
      (*runner)->run();
    }
  }
}

TEST_F(Nginx, BasicAuthenticationLetsIn) {
  auto spec = spec_for(http("/private"));
  EXPECT_EQ(run_check(spec).code, 401);
  spec.username = "ali";
  spec.password = "open sesame";
  EXPECT_EQ(run_check(spec).state, State::up);
  spec.password = "closed sesame";
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.code, 401);
  EXPECT_EQ(outcome.detail, "HTTP 401, expected 200-299");
}

TEST_F(Nginx, ClientCertificatesLetIn) {
  auto spec = https("/known");
  EXPECT_EQ(run_check(spec).code, 403);
  const auto client = authority().issue("client", "DNS:client", 20);
  spec.client_certificate = client.certificate;
  spec.client_key = client.key;
  EXPECT_EQ(run_check(spec).state, State::up);
}

TEST_F(Nginx, ARedirectToHttpsIsFollowed) {
  auto spec = https("");
  spec.url = http("/moved");
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_EQ(outcome.redirects, 1);
  EXPECT_GT(outcome.phases.tls_us, 0U);
  EXPECT_TRUE(outcome.certificate_expiry.has_value());
}

TEST_F(Nginx, GzipIsUnpackedWhenAskedFor) {
  auto spec = spec_for(http("/page.html"));
  spec.compressed = true;
  spec.body_contains = {"Welcome"};
  spec.header_conditions = {{"Content-Encoding", HeaderCondition::Op::equals, "gzip"}};
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_EQ(outcome.body_bytes, 2021U);
}

TEST_F(Nginx, PlainHttpOnATlsPortIsAnAnswerWithAnError) {
  auto spec = https("/page.html");
  spec.url.replace(0, 5, "http");
  spec.ca_file.clear();
  EXPECT_EQ(run_check(spec).code, 400);
}

}  // namespace
}  // namespace nines
