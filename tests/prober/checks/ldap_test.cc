// ldap and ldaps against OpenLDAP's slapd.
#include <gtest/gtest.h>

#include <filesystem>

#include "prober/support/certificates.h"
#include "prober/support/checks.h"
#include "prober/support/loopback_server.h"
#include "prober/support/server_process.h"

namespace nines {
namespace {

using namespace prober_test;

class Slapd : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(process_.started()); }
  [[nodiscard]] CheckSpec plain(const std::string& path = "") const {
    return spec_for("ldap://localhost:" + std::to_string(port_) + path);
  }

  TestAuthority authority_;
  const std::uint16_t port_ = free_port();
  const std::uint16_t tls_port_ = free_port();

 private:
  [[nodiscard]] std::string configuration() const {
    const auto identity = authority_.issue("ldap", "DNS:localhost", 20);
    std::filesystem::create_directory(directory_.path() / "db");
    return directory_.write("slapd.conf",
                            "include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n"
                            "pidfile " +
                                directory_.file("pid") + "\nTLSCertificateFile " + identity.certificate +
                                "\nTLSCertificateKeyFile " + identity.key + "\ndatabase mdb\nsuffix dc=test\n" +
                                "rootdn cn=admin,dc=test\nrootpw secret-word\nmaxsize 1048576\ndirectory " +
                                directory_.file("db") + "\n");
  }

  TemporaryDirectory directory_;
  ServerProcess process_{
      {{"slapd", "-d", "0", "-f", configuration(), "-h",
        "ldap://127.0.0.1:" + std::to_string(port_) + "/ ldaps://127.0.0.1:" + std::to_string(tls_port_) + "/"},
       "slapd",
       tls_port_,
       {}}};
};

TEST_F(Slapd, AnswersWhoeverAsks) {
  const auto outcome = run_check(plain());
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_TRUE(outcome.latency_us.has_value());
}

TEST_F(Slapd, AnEntryThatIsNotThereIsDown) {
  EXPECT_EQ(run_check(plain("/dc=elsewhere")).state, State::down);
}

TEST_F(Slapd, AWrongPasswordIsDownAndStaysSecret) {
  auto spec = plain("/cn=Subschema");
  spec.username = "cn=admin,dc=test";
  spec.password = "secret-word";
  const auto in = run_check(spec);
  EXPECT_EQ(in.state, State::up) << in.detail;
  spec.password = "wrong-word";
  const auto out = run_check(spec);
  EXPECT_EQ(out.state, State::down);
  EXPECT_EQ(out.error, ErrorClass::condition) << out.detail;
  EXPECT_EQ(out.detail.find("wrong-word"), std::string::npos) << out.detail;
}

TEST_F(Slapd, LdapsVerifiesTheCertificate) {
  auto spec = spec_for("ldaps://localhost:" + std::to_string(tls_port_) + "/cn=Subschema");
  EXPECT_EQ(run_check(spec).state, State::down) << "nobody trusts this authority";
  spec.ca_file = authority_.ca_file();
  const auto trusted = run_check(spec);
  EXPECT_EQ(trusted.state, State::up) << trusted.detail;
}

TEST(Ldap, ServerThatClosesOrSaysSomethingElseIsNotTheNetworksFault) {
  const LoopbackServer closing([](Connection&) {});
  const LoopbackServer rubbish([](Connection& c) { c.send(std::string(500, 'X')); });
  for (const LoopbackServer* server : {&closing, &rubbish}) {
    const auto out = run_check(spec_for(server->url("ldap", "")));
    EXPECT_EQ(out.state, State::down);
    EXPECT_EQ(out.error, ErrorClass::reset) << out.detail;
  }
}

}  // namespace
}  // namespace nines
