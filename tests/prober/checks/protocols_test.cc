// smtp, imap, pop3, ftp, mqtt against servers from Debian's packages, and icmp.
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "prober/support/certificates.h"
#include "prober/support/checks.h"
#include "prober/support/loopback_server.h"

namespace nines {
namespace {

using namespace prober_test;

std::string local(const std::string& scheme, std::uint16_t port, const std::string& host = "localhost") {
  return scheme + "://" + host + ":" + std::to_string(port);
}

bool is_root() {
  return ::geteuid() == 0;
}

std::string own_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : "root";
}

TEST(Smtp, AiosmtpdGreets) {
  const auto port = free_port();
  ServerProcess server({{"aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Sink", "-l", "localhost:" + std::to_string(port)},
                        "python3-aiosmtpd",
                        port,
                        {}});
  ASSERT_TRUE(server.started());
  const auto outcome = run_check(local("smtp", port));
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_EQ(outcome.code, 250);
  auto spec = spec_for(local("smtp", port));
  spec.starttls = true;  // not offered
  EXPECT_EQ(run_check(spec).error, ErrorClass::tls);
}

TEST(Smtp, StarttlsAndSmtpsReadTheCertificate) {
  const TestAuthority authority;
  const auto identity = authority.issue("mail", "DNS:localhost", 20);
  for (const bool starttls : {true, false}) {
    const auto port = free_port();
    ServerProcess server({{"aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Sink", "-l", "localhost:" + std::to_string(port),
                           starttls ? "--tlscert" : "--smtpscert", identity.certificate,
                           starttls ? "--tlskey" : "--smtpskey", identity.key},
                          "python3-aiosmtpd",
                          port,
                          {}});
    ASSERT_TRUE(server.started());
    auto spec = spec_for(local(starttls ? "smtp" : "smtps", port));
    spec.starttls = starttls;
    EXPECT_EQ(run_check(spec).error, ErrorClass::certificate);
    spec.ca_file = authority.ca_file();
    const auto outcome = run_check(spec);
    EXPECT_EQ(outcome.state, State::up) << outcome.detail;
    EXPECT_TRUE(outcome.certificate_expiry.has_value());
    spec.certificate_days = 60;
    EXPECT_EQ(run_check(spec).state, State::degraded);
  }
}

class Dovecot : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(process_.started()); }

  void expect_greeting_login_and_upgrade(const std::string& plain, const std::string& secure) const {
    auto spec = spec_for(plain);
    EXPECT_EQ(run_check(spec).state, State::up);
    spec.username = "someone";
    spec.password = "secret-word";
    const auto in = run_check(spec);
    EXPECT_EQ(in.state, State::up) << in.detail;
    spec.starttls = true;
    EXPECT_EQ(run_check(spec).error, ErrorClass::certificate);
    spec.ca_file = authority_.ca_file();
    const auto upgraded = run_check(spec);
    EXPECT_EQ(upgraded.state, State::up) << upgraded.detail;
    EXPECT_TRUE(upgraded.certificate_expiry.has_value());
    spec.starttls = false;
    spec.url = secure;
    EXPECT_EQ(run_check(spec).state, State::up);
  }

  TestAuthority authority_;
  TemporaryDirectory directory_;
  const std::uint16_t imap_port_ = free_port();
  const std::uint16_t imaps_port_ = free_port();
  const std::uint16_t pop3_port_ = free_port();
  const std::uint16_t pop3s_port_ = free_port();

 private:
  [[nodiscard]] std::string configuration() const {
    const auto dir = directory_.path().string();
    std::filesystem::create_directory(dir + "/home");
    // Dovecot reads no mail as root, so another user must get there.
    const std::string mail_user = is_root() ? "nobody" : own_name();
    std::filesystem::permissions(dir, std::filesystem::perms(0755));
    std::filesystem::permissions(dir + "/home", std::filesystem::perms(0777));
    const std::string daemon_user = is_root() ? "dovecot" : own_name();
    const std::string login_user = is_root() ? "dovenull" : own_name();
    const auto identity = authority_.issue("imap", "DNS:localhost", 20);
    return directory_.write(
        "dovecot.conf", "base_dir = " + dir + "/run\nstate_dir = " + dir +
                            "/state\nlog_path = /dev/stderr\nprotocols = imap pop3\n"
                            "listen = 127.0.0.1\nssl = yes\nssl_cert = <" +
                            identity.certificate + "\nssl_key = <" + identity.key +
                            "\n"
                            "disable_plaintext_auth = no\nfirst_valid_uid = 1\nmail_location = maildir:" +
                            dir +
                            "/mail\n"
                            "default_internal_user = " +
                            daemon_user + "\ndefault_login_user = " + login_user +
                            "\n"
                            "service anvil {\n chroot =\n}\n"
                            "service imap-login {\n chroot =\n"
                            " inet_listener imap {\n  port = " +
                            std::to_string(imap_port_) +
                            "\n }\n"
                            " inet_listener imaps {\n  port = " +
                            std::to_string(imaps_port_) +
                            "\n  ssl = yes\n }\n}\n"
                            "service pop3-login {\n chroot =\n"
                            " inet_listener pop3 {\n  port = " +
                            std::to_string(pop3_port_) +
                            "\n }\n"
                            " inet_listener pop3s {\n  port = " +
                            std::to_string(pop3s_port_) +
                            "\n  ssl = yes\n }\n}\n"
                            "passdb {\n driver = static\n args = password=secret-word\n}\n"
                            "userdb {\n driver = static\n args = uid=" +
                            mail_user + " gid=" + (is_root() ? "nogroup" : own_name()) + " home=" + dir + "/home\n}\n");
  }

  ServerProcess process_{{{"dovecot", "-F", "-c", configuration()}, "dovecot-imapd", imaps_port_, {}}};
};

TEST_F(Dovecot, GreetsLogsInAndUpgrades) {
  expect_greeting_login_and_upgrade(local("imap", imap_port_), local("imaps", imaps_port_));
}

TEST_F(Dovecot, Pop3GreetsLogsInAndUpgrades) {
  expect_greeting_login_and_upgrade(local("pop3", pop3_port_), local("pop3s", pop3s_port_));
}

TEST_F(Dovecot, AWrongPasswordIsAConditionAndStaysSecret) {
  auto spec = spec_for(local("imap", imap_port_));
  spec.username = "someone";
  spec.password = "wrong-word";
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::down);
  EXPECT_EQ(outcome.error, ErrorClass::condition);
  EXPECT_EQ(outcome.detail.find("wrong-word"), std::string::npos) << outcome.detail;
}

/// A directory that nobody may write to, as vsftpd wants it, and the configuration of a server of it.
std::string vsftpd_configuration(const TemporaryDirectory& directory, std::uint16_t port, const std::string& more) {
  const auto root = directory.path() / "root";
  std::filesystem::create_directory(root);
  std::filesystem::permissions(root, std::filesystem::perms(0555));
  return directory.write("vsftpd.conf",
                         "listen=YES\nlisten_address=127.0.0.1\nlisten_port=" + std::to_string(port) +
                             "\nbackground=NO\nrun_as_launching_user=YES\nseccomp_sandbox=NO\nxferlog_enable=NO\n"
                             "local_enable=NO\nanonymous_enable=YES\nanon_root=" +
                             root.string() + "\n" + more);
}

TEST(Ftp, VsftpdLetsAnonymousInOrNot) {
  for (const bool anonymous : {true, false}) {
    const auto port = free_port();
    TemporaryDirectory directory;
    // The password that libcurl gives for anonymous.
    const auto banned = directory.write("banned", anonymous ? "" : "ftp@example.com\n");
    const auto configuration =
        vsftpd_configuration(directory, port, "deny_email_enable=YES\nbanned_email_file=" + banned + "\n");
    ServerProcess server({{"vsftpd", configuration}, "vsftpd", port, {}});
    ASSERT_TRUE(server.started());
    const auto outcome = run_check(local("ftp", port));
    EXPECT_EQ(outcome.state, anonymous ? State::up : State::down) << outcome.detail;
    EXPECT_EQ(outcome.error, anonymous ? ErrorClass::none : ErrorClass::condition);
  }
}

TEST(Ftp, FtpsAndTheUpgradeReadTheCertificate) {
  const TestAuthority authority;
  const auto identity = authority.issue("ftp", "DNS:localhost", 20);
  for (const bool upgrade : {false, true}) {
    const auto port = free_port();
    TemporaryDirectory directory;
    const auto configuration = vsftpd_configuration(
        directory, port,
        std::string("ssl_enable=YES\nallow_anon_ssl=YES\nimplicit_ssl=") + (upgrade ? "NO" : "YES") +
            "\nrsa_cert_file=" + identity.certificate + "\nrsa_private_key_file=" + identity.key + "\n");
    ServerProcess server({{"vsftpd", configuration}, "vsftpd", port, {}});
    ASSERT_TRUE(server.started());
    auto spec = spec_for(local(upgrade ? "ftp" : "ftps", port));
    spec.starttls = upgrade;
    EXPECT_EQ(run_check(spec).error, ErrorClass::certificate);
    spec.ca_file = authority.ca_file();
    const auto outcome = run_check(spec);
    EXPECT_EQ(outcome.state, State::up) << outcome.detail;
    EXPECT_TRUE(outcome.certificate_expiry.has_value());
  }
}

TEST(Mqtt, MosquittoAcceptsOrRefuses) {
  TemporaryDirectory directory;
  const auto users = directory.file("users");
  ASSERT_EQ(run_command({"mosquitto_passwd", "-b", "-c", users, "ali", "secret-word"}), "");
  const auto open_port = free_port();
  const auto closed_port = free_port();
  const auto configuration = directory.write(
      "mosquitto.conf", "per_listener_settings true\nuser root\nlistener " + std::to_string(open_port) +
                            " 127.0.0.1\nallow_anonymous true\nlistener " + std::to_string(closed_port) +
                            " 127.0.0.1\nallow_anonymous false\npassword_file " + users + "\n");
  ServerProcess server({{"mosquitto", "-c", configuration}, "mosquitto", closed_port, {}});
  ASSERT_TRUE(server.started());
  const auto outcome = run_check(local("mqtt", open_port, "127.0.0.1"));
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_TRUE(outcome.latency_us.has_value());

  auto spec = spec_for(local("mqtt", closed_port, "127.0.0.1"));
  const auto refused = run_check(spec);
  EXPECT_EQ(refused.error, ErrorClass::condition);
  EXPECT_EQ(refused.code, 5);
  EXPECT_EQ(refused.detail, "the broker does not authorise this client");
  spec.username = "ali";
  spec.password = "secret-word";
  EXPECT_EQ(run_check(spec).state, State::up);
  spec.password = "wrong-word";
  EXPECT_EQ(run_check(spec).error, ErrorClass::condition);
}

// A network of this thread's own, where pinging is allowed to all and nothing but loopback has a route.
bool enter_own_network() {
  if (::unshare(CLONE_NEWNET) != 0) return false;
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request{};
  std::char_traits<char>::copy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const bool up = ::ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  ::close(fd);
  std::ofstream range("/proc/sys/net/ipv4/ping_group_range");
  range << "0 2147483647" << std::flush;
  return up && range.good();
}

TEST(Icmp, LoopbackAnswersAndNoRouteIsUnreachable) {
  std::vector<CheckOutcome> outcomes;
  bool entered = false;
  std::thread([&] {
    entered = enter_own_network();
    if (!entered) return;
    for (const char* url : {"icmp://127.0.0.1", "icmp://[::1]", "icmp://192.0.2.1", "http://192.0.2.1/"}) {
      outcomes.push_back(run_check(url));
    }
  }).join();
  if (!entered) GTEST_SKIP() << "needs the right to make a network namespace";
  EXPECT_EQ(outcomes[0].state, State::up) << outcomes[0].detail;
  EXPECT_EQ(outcomes[0].body_bytes, 56U);
  EXPECT_EQ(outcomes[1].state, State::up) << outcomes[1].detail;
  EXPECT_EQ(outcomes[2].error, ErrorClass::unreachable) << outcomes[2].detail;
  EXPECT_EQ(outcomes[3].error, ErrorClass::unreachable) << outcomes[3].detail;
}

TEST(Icmp, RequestsComeFromTheChosenAddressAndPassSoManyRouters) {
  std::vector<CheckOutcome> outcomes;
  bool entered = false;
  std::thread([&] {
    entered = enter_own_network();
    if (!entered) return;
    CheckSpec spec = spec_for("icmp://127.0.0.1");
    spec.ttl = 1;  // the loopback is no router
    spec.source_address = "127.0.0.9";
    outcomes.push_back(run_check(spec));
    spec.source_address = "192.0.2.9";
    outcomes.push_back(run_check(spec));
    spec = spec_for("icmp://[::1]");
    spec.ttl = 1;
    spec.source_address = "::1";
    outcomes.push_back(run_check(spec));
  }).join();
  if (!entered) GTEST_SKIP() << "needs the right to make a network namespace";
  EXPECT_EQ(outcomes[0].state, State::up) << outcomes[0].detail;
  EXPECT_EQ(outcomes[1].state, State::unknown);
  EXPECT_EQ(outcomes[1].detail, "echo requests cannot come from 192.0.2.9, which is none of ours");
  EXPECT_EQ(outcomes[2].state, State::up) << outcomes[2].detail;
}

TEST(Icmp, HeaderIsChosenForPingsOnly) {
  CheckSpec spec = spec_for("icmp://127.0.0.1");
  spec.ttl = 256;
  spec.source_address = "localhost";
  EXPECT_EQ(validate(spec, std::chrono::seconds(60)).error().message,
            "ttl: not in 1-255; source-address: not an address");
  spec = spec_for("tcp://127.0.0.1:1");
  spec.ttl = 5;
  EXPECT_FALSE(validate(spec, std::chrono::seconds(60)));
}

TEST(Icmp, ARawSocketServesWhereThereIsNoOther) {
  for (const int type : {SOCK_DGRAM, SOCK_RAW}) {
    const int fd = ::socket(AF_INET, type, IPPROTO_ICMP);
    if (fd >= 0) ::close(fd);
    if ((type == SOCK_DGRAM) == (fd >= 0)) GTEST_SKIP() << "needs the right to raw sockets and to no others";
  }
  // Several at once: each hears the answers of all, and takes its own.
  for (const auto& outcome : run_checks(std::vector<CheckSpec>(20, spec_for("icmp://127.0.0.1")))) {
    EXPECT_EQ(outcome.state, State::up) << outcome.detail;
    EXPECT_EQ(outcome.body_bytes, 56U);
  }
}

TEST(Icmp, WithoutTheRightToPingTheAnswerIsUnknown) {
  for (const int type : {SOCK_DGRAM, SOCK_RAW}) {
    const int fd = ::socket(AF_INET, type, IPPROTO_ICMP);
    if (fd < 0) continue;
    ::close(fd);
    GTEST_SKIP() << "this system lets us ping";
  }
  const auto outcome = run_check("icmp://127.0.0.1");
  EXPECT_EQ(outcome.state, State::unknown);
  EXPECT_EQ(outcome.error, ErrorClass::internal);
}

}  // namespace
}  // namespace nines
