// Certificates and handshakes against `openssl s_server`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "prober/support/certificates.h"
#include "prober/support/checks.h"
#include "prober/support/loopback_server.h"

namespace nines {
namespace {

using namespace prober_test;
using testing::HasSubstr;

class OpensslServer {
 public:
  OpensslServer(const Identity& identity, const std::vector<std::string>& more = {})
      : port_(free_port()), process_({command(identity, more), "openssl", port_, {}}) {}

  [[nodiscard]] std::string url(const std::string& scheme) const {
    return scheme + "://localhost:" + std::to_string(port_);
  }

 private:
  [[nodiscard]] std::vector<std::string> command(const Identity& identity, const std::vector<std::string>& more) const {
    std::vector<std::string> words{"openssl", "s_server",           "-accept", "127.0.0.1:" + std::to_string(port_),
                                   "-cert",   identity.certificate, "-key",    identity.key,
                                   "-www"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  const std::uint16_t port_;
  ServerProcess process_;
};

CheckSpec trusting(const std::string& url, const TestAuthority& authority) {
  auto spec = spec_for(url);
  spec.ca_file = authority.ca_file();
  return spec;
}

std::int64_t days_left(TimeMs expiry) {
  const auto left = expiry - std::chrono::system_clock::now();
  return std::chrono::round<std::chrono::days>(left).count();
}

TEST(Tls, AGoodCertificateIsUpWithItsExpiry) {
  const TestAuthority authority;
  const OpensslServer server(authority.issue("good", "DNS:localhost", 20));
  for (const char* scheme : {"tls", "https"}) {
    const auto outcome = run_check(trusting(server.url(scheme), authority));
    EXPECT_EQ(outcome.state, State::up) << scheme << ": " << outcome.detail;
    EXPECT_GT(outcome.phases.tls_us, 0U);
    ASSERT_TRUE(outcome.certificate_expiry.has_value());
    EXPECT_EQ(days_left(*outcome.certificate_expiry), 20);
    EXPECT_EQ(days_left(*outcome.chain_expiry), 20);
  }
}

TEST(Tls, FewDaysLeftAreDegraded) {
  const TestAuthority authority;
  const OpensslServer server(authority.issue("soon", "DNS:localhost", 5));
  auto spec = trusting(server.url("https"), authority);
  spec.certificate_days = 4;
  EXPECT_EQ(run_check(spec).state, State::up);
  spec.certificate_days = 14;
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::degraded);
  EXPECT_EQ(outcome.error, ErrorClass::certificate);
  EXPECT_EQ(outcome.detail, "certificate \"soon\" expires in 4 days, expected at least 14");
}

TEST(Tls, TheChainsEarliestExpiryCounts) {
  const TestAuthority authority;  // 30 days
  const OpensslServer server(authority.issue("long", "DNS:localhost", 90), {"-cert_chain", authority.ca_file()});
  auto spec = trusting(server.url("tls"), authority);
  spec.certificate_days = 60;
  const auto outcome = run_check(spec);
  EXPECT_EQ(days_left(*outcome.certificate_expiry), 90);
  EXPECT_EQ(days_left(*outcome.chain_expiry), 30);
  EXPECT_EQ(outcome.state, State::degraded);
  EXPECT_EQ(outcome.detail, "certificate \"Test Authority\" expires in 29 days, expected at least 60");
}

TEST(Tls, ACertificateThatIsSentAndNotUsedCountsForNothing) {
  const TestAuthority authority;
  const TestAuthority old;
  const OpensslServer server(authority.issue("leaf", "DNS:localhost", 79),
                             {"-cert_chain", authority.cross_signed_by(old, -1)});
  auto spec = trusting(server.url("https"), authority);
  spec.certificate_days = 14;
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_EQ(days_left(*outcome.chain_expiry), 30);
  EXPECT_EQ(outcome.expiring_certificate, "Test Authority");
}

// Answers every request with a redirect, over TLS.
class RedirectingServer {
 public:
  RedirectingServer(const Identity& identity, const std::string& place) : port_(free_port()) {
    directory_.write("hop", "HTTP/1.1 302 Found\r\nLocation: " + place + "\r\nContent-Length: 0\r\n\r\n");
    process_.emplace(ServerProcess::Options{
        {"sh", "-c",
         "cd " + directory_.path().string() + " && exec openssl s_server -HTTP -accept 127.0.0.1:" +
             std::to_string(port_) + " -cert " + identity.certificate + " -key " + identity.key},
        "openssl",
        port_,
        {}});
  }
  [[nodiscard]] std::string url() const { return "https://localhost:" + std::to_string(port_) + "/hop"; }

 private:
  const TemporaryDirectory directory_;
  const std::uint16_t port_;
  std::optional<ServerProcess> process_;
};

TEST(Tls, TheEarliestExpiryOfAllHopsCounts) {
  const TestAuthority authority;
  const OpensslServer www(authority.issue("www", "DNS:localhost", 20));
  const RedirectingServer apex(authority.issue("apex", "DNS:localhost", 5), www.url("https") + "/");
  auto spec = trusting(apex.url(), authority);
  spec.certificate_days = 14;
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.redirects, 1) << outcome.detail;
  EXPECT_EQ(outcome.state, State::degraded);
  EXPECT_EQ(outcome.detail, "certificate \"apex\" expires in 4 days, expected at least 14");
  EXPECT_EQ(days_left(*outcome.chain_expiry), 5);
  EXPECT_EQ(days_left(*outcome.certificate_expiry), 5);
}

TEST(Tls, NoCertificateOfAnEarlierHopStandsForOneThatIsMissing) {
  const TestAuthority authority;
  LoopbackServer plain(answering(http_answer(200, "")));
  const RedirectingServer apex(authority.issue("apex", "DNS:localhost", 20), plain.url("http"));
  auto spec = trusting(apex.url(), authority);
  EXPECT_EQ(run_check(spec).state, State::up);
  spec.certificate_issuer = {"CN=Test Authority"};
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.redirects, 1) << outcome.detail;
  EXPECT_EQ(outcome.error, ErrorClass::certificate);
  EXPECT_EQ(outcome.detail, "the answer came without a certificate");
}

TEST(Tls, ACertificateWithoutANameIsCalledByItsFirstHost) {
  const TestAuthority authority;
  const OpensslServer server(authority.issue("", "IP:127.0.0.1,DNS:localhost,DNS:other.example", 5));
  auto spec = trusting(server.url("https"), authority);
  spec.certificate_days = 14;
  EXPECT_EQ(run_check(spec).detail, "certificate \"localhost\" expires in 4 days, expected at least 14");
}

TEST(Tls, ThePublicKeyAndTheIssuerCanBeExpected) {
  const TestAuthority authority;
  const Identity identity = authority.issue("good", "DNS:localhost", 20);
  const OpensslServer server(identity);
  const TemporaryDirectory directory;
  const std::string digest_file = directory.file("digest");
  ASSERT_EQ(run_command({"sh", "-c",
                         "openssl x509 -noout -pubkey -in " + identity.certificate +
                             " | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | openssl base64 > " +
                             digest_file}),
            "");
  std::string digest;
  std::ifstream(digest_file) >> digest;
  ASSERT_EQ(digest.size(), 44U);
  const std::string other(43, 'A');
  for (const char* scheme : {"tls", "https"}) {
    auto spec = trusting(server.url(scheme), authority);
    spec.public_key_sha256 = {other + "=", digest};
    spec.certificate_issuer = {"CN=Nobody", "CN=Test Auth"};
    EXPECT_EQ(run_check(spec).state, State::up) << run_check(spec).detail;
    spec.public_key_sha256 = {other + "="};
    const auto pinned = run_check(spec);
    EXPECT_EQ(pinned.error, ErrorClass::certificate);
    EXPECT_EQ(pinned.detail, "the public key is " + digest + ", which is not an expected one");
    spec.public_key_sha256.clear();
    spec.certificate_issuer = {"O=Somebody"};
    EXPECT_EQ(run_check(spec).detail, "the certificate is issued by \"CN=Test Authority\", expected \"O=Somebody\"");
  }
  LoopbackServer plain(answering(http_answer(200, "")));
  auto spec = spec_for(plain.url("http"));
  spec.public_key_sha256 = {digest};
  EXPECT_EQ(run_check(spec).detail, "the answer came without a certificate");
}

TEST(Tls, DaysThatAreACondition) {
  const TestAuthority authority;
  LoopbackServer plain(answering(http_answer(200, "")));
  auto spec = trusting(plain.url("http"), authority);
  spec.certificate_days = 10;
  EXPECT_EQ(run_check(spec).state, State::up);
  spec.strict = true;
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.error, ErrorClass::certificate);
  EXPECT_EQ(outcome.detail, "the answer came without a certificate");
  const RedirectingServer apex(authority.issue("apex", "DNS:localhost", 20), plain.url("http"));
  spec.url = apex.url();
  EXPECT_EQ(run_check(spec).state, State::up) << "the certificate on the way has them";
  spec.certificate_days = 30;
  EXPECT_THAT(run_check(spec).detail, HasSubstr("expires in"));
}

TEST(Tls, AStapledStatusIsRead) {
  const TestAuthority authority;
  const Identity identity = authority.issue("good", "DNS:localhost", 20);
  const OpensslServer good(identity, {"-status_file", authority.ocsp_answer(identity, false)});
  const OpensslServer revoked(identity, {"-status_file", authority.ocsp_answer(identity, true)});
  const OpensslServer none(identity);
  const Identity second = authority.issue("second", "DNS:localhost", 20);
  const OpensslServer about_another(identity, {"-status_file", authority.ocsp_answer(second, false)});
  auto spec = trusting(good.url("https"), authority);
  spec.ocsp_stapling = true;
  EXPECT_EQ(run_check(spec).state, State::up) << run_check(spec).detail;
  spec.url = none.url("https");
  EXPECT_EQ(run_check(spec).detail, "no OCSP answer is stapled to the certificate");
  spec.url = about_another.url("https");
  EXPECT_EQ(run_check(spec).detail, "the stapled OCSP answer is not valid");
  spec.url = revoked.url("tls");
  spec.ocsp_stapling = false;  // what is there is read
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::down);
  EXPECT_EQ(outcome.error, ErrorClass::certificate);
  EXPECT_EQ(outcome.detail, "the certificate is revoked (stapled OCSP answer)");
  spec.url = about_another.url("https");
  EXPECT_EQ(run_check(spec).state, State::up);
}

TEST(Tls, RevocationListsAreChecked) {
  const TestAuthority authority;
  const Identity identity = authority.issue("good", "DNS:localhost", 20);
  const OpensslServer server(identity);
  auto spec = trusting(server.url("https"), authority);
  spec.crl_file = authority.revocation_list(identity, false);
  EXPECT_EQ(run_check(spec).state, State::up) << run_check(spec).detail;
  spec.crl_file = authority.revocation_list(identity, true);
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.error, ErrorClass::certificate);
  EXPECT_EQ(outcome.detail, "certificate revoked");
}

TEST(Tls, BadCertificatesAreDownAndTheirExpiryIsKnown) {
  const TestAuthority authority;
  const struct {
    Identity identity;
    const char* detail;
    int days;
  } cases[] = {{authority.issue("expired", "DNS:localhost", -1), "certificate has expired", -1},
               {authority.issue("other", "DNS:other.example", 20), "the certificate does not name localhost", 20},
               {authority.self_signed(), "self-signed certificate", 30}};
  for (const auto& bad : cases) {
    const OpensslServer server(bad.identity);
    for (const char* scheme : {"tls", "https"}) {
      auto spec = trusting(server.url(scheme), authority);
      const auto outcome = run_check(spec);
      EXPECT_EQ(outcome.state, State::down);
      EXPECT_EQ(outcome.error, ErrorClass::certificate) << bad.detail;
      EXPECT_EQ(outcome.detail, bad.detail);
      ASSERT_TRUE(outcome.certificate_expiry.has_value());
      EXPECT_EQ(days_left(*outcome.certificate_expiry), bad.days);

      spec.verify_tls = false;
      spec.ca_file.clear();
      const auto unverified = run_check(spec);
      EXPECT_EQ(unverified.state, State::up) << unverified.detail;
      ASSERT_TRUE(unverified.certificate_expiry.has_value());
      EXPECT_EQ(days_left(*unverified.certificate_expiry), bad.days);
    }
  }
}

TEST(Tls, AnUnknownAuthorityIsACertificateError) {
  const TestAuthority authority;
  const OpensslServer server(authority.issue("good", "DNS:localhost", 20));
  const auto outcome = run_check(server.url("https"));  // the system's authorities
  EXPECT_EQ(outcome.error, ErrorClass::certificate);
  EXPECT_EQ(outcome.detail, "unable to get local issuer certificate");
}

TEST(Tls, OldProtocolsAreRefused) {
  const TestAuthority authority;
  const OpensslServer server(authority.issue("old", "DNS:localhost", 20), {"-tls1", "-cipher", "ALL:@SECLEVEL=0"});
  const auto outcome = run_check(trusting(server.url("https"), authority));
  EXPECT_EQ(outcome.state, State::down);
  EXPECT_EQ(outcome.error, ErrorClass::tls);
  EXPECT_FALSE(outcome.detail.empty());
}

TEST(Tls, ClientCertificatesAreShownWhenAsked) {
  const TestAuthority authority;
  const OpensslServer server(authority.issue("good", "DNS:localhost", 20),
                             {"-Verify", "1", "-verify_return_error", "-CAfile", authority.ca_file()});
  const Identity client = authority.issue("client", "DNS:client", 20);
  auto spec = trusting(server.url("https"), authority);
  const auto without = run_check(spec);
  EXPECT_EQ(without.state, State::down);
  EXPECT_EQ(without.error, ErrorClass::tls) << without.detail;
  spec.client_certificate = client.certificate;
  spec.client_key = client.key;
  EXPECT_EQ(run_check(spec).state, State::up);
}

TEST(Tls, AClientCertificateThatCannotBeReadIsOurOwnFault) {
  const TestAuthority authority;
  const OpensslServer server(authority.issue("good", "DNS:localhost", 20));
  auto spec = trusting(server.url("https"), authority);
  spec.client_certificate = "/nonexistent/client.pem";
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::unknown);
  EXPECT_EQ(outcome.error, ErrorClass::internal);
}

TEST(Tls, AMissingAuthorityFileIsOurOwnFault) {
  const TestAuthority authority;
  const OpensslServer server(authority.issue("good", "DNS:localhost", 20));
  auto spec = spec_for(server.url("https"));
  spec.ca_file = "/nonexistent/ca.pem";
  EXPECT_EQ(run_check(spec).state, State::unknown);
}

}  // namespace
}  // namespace nines
