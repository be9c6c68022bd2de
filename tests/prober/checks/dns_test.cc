// dns checks, and names in URLs, against dnsmasq and against name servers made for the test.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "prober/support/checks.h"
#include "prober/support/loopback_server.h"
#include "prober/support/server_process.h"

namespace nines {
namespace {

using namespace prober_test;
using std::chrono::milliseconds;

class Dnsmasq : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(process_.started()); }

  [[nodiscard]] std::string server() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] CheckSpec question(const std::string& name, const std::string& type = "") const {
    auto spec = spec_for("dns://" + server() + "/" + name);
    spec.dns_type = type;
    return spec;
  }
  [[nodiscard]] RunnerOptions asking() const {
    RunnerOptions options;
    options.dns_servers = {server()};
    return options;
  }

 private:
  const std::uint16_t port_ = free_port();
  ServerProcess process_{{{"dnsmasq",
                           "--keep-in-foreground",
                           "--conf-file=/dev/null",
                           "--no-resolv",
                           "--no-hosts",
                           "--bind-interfaces",
                           "--listen-address=127.0.0.1",
                           "--pid-file=",
                           "--user=root",
                           "--port=" + std::to_string(port_),
                           "--local=/test/",
                           "--host-record=web.test,127.0.0.1",
                           "--host-record=v6.test,::1",
                           "--cname=alias.test,web.test",
                           "--mx-host=mail.test,mx.test,10",
                           "--txt-record=txt.test,v=spf1 -all",
                           "--srv-host=_sip._tcp.test,sip.test,5060,1,2",
                           "--dns-rr=caa.test,257,0005697373756563612e74657374",
                           "--dns-rr=svc.test,65,000100000100060268330268320003000220fb",
                           "--host-record=xn--mnchen-3ya.test,127.0.0.1",
                           "--host-record=two.test,127.0.0.77",
                           "--host-record=two.test,127.0.0.1"},
                          "dnsmasq-base",
                          port_,
                          {}}};
};

TEST_F(Dnsmasq, RecordsAreAnswered) {
  const struct {
    const char* name;
    const char* type;
    const char* answer;
    const char* other;
  } cases[] = {{"web.test", "", "127.0.0.1", "127.0.0.2"},
               {"web.test", "A", "127.0.0.1", "127.0.0.2"},
               {"v6.test", "AAAA", "::1", "::2"},
               {"alias.test", "CNAME", "web.test", "other.test"},
               {"mail.test", "MX", "10 mx.test", "11 mx.test"},
               {"txt.test", "TXT", "v=spf1 -all", "something else"},
               {"_sip._tcp.test", "SRV", "1 2 5060 sip.test", "1 2 5061 sip.test"},
               {"svc.test", "HTTPS", "1 . alpn=h3,h2 port=8443", "1 . alpn=h2,h3 port=8443"},
               {"caa.test", "CAA", "0 issue \"ca.test\"", "0 issue \"CA.test\""}};
  for (const auto& [name, type, answer, other] : cases) {
    auto spec = question(name, type);
    spec.dns_answers = {answer};
    const auto outcome = run_check(spec);
    EXPECT_EQ(outcome.state, State::up) << name << " " << type << ": " << outcome.detail;
    EXPECT_EQ(outcome.code, 0);
    EXPECT_TRUE(outcome.latency_us.has_value());
    spec.dns_answers = {other};
    const auto wrong = run_check(spec);
    EXPECT_EQ(wrong.error, ErrorClass::condition);
    EXPECT_EQ(wrong.detail, "\"" + std::string(other) + "\" is not in the answer");
  }
}

TEST_F(Dnsmasq, AnswersCompareAsTheDnsDoes) {
  const struct {
    const char* name;
    const char* type;
    const char* answer;
    bool same;
  } cases[] = {{"mail.test", "MX", "10 mx.test.", true},
               {"mail.test", "MX", "010 MX.test", true},
               {"mail.test", "MX", "20 mx.test", false},
               {"svc.test", "HTTPS", "01 . port=\"8443\" ALPN=\"h3,h2\"", true},
               {"svc.test", "HTTPS", "1 . alpn=h3,h2", false},
               {"v6.test", "AAAA", "0:0:0:0:0:0:0:1", true},
               {"alias.test", "CNAME", "Web.Test.", true},
               {"txt.test", "TXT", "\"v=spf1 -all\"", true},
               {"txt.test", "TXT", "\"v=spf1 \" \"-all\"", true},
               {"txt.test", "TXT", "v=SPF1 -all", false},
               {"txt.test", "TXT", "v=spf1  -all", false}};
  for (const auto& [name, type, answer, same] : cases) {
    auto spec = question(name, type);
    spec.dns_answers = {answer};
    const auto outcome = run_check(spec);
    EXPECT_EQ(outcome.state, same ? State::up : State::down) << name << " " << answer << ": " << outcome.detail;
  }
}

TEST_F(Dnsmasq, AnswersCanBeExpectedInPartAndExactly) {
  auto spec = question("two.test", "A");
  spec.dns_answers = {"127.0.0.1", "127.0.0.77"};
  spec.dns_only = true;
  EXPECT_EQ(run_check(spec).state, State::up);
  spec.dns_answers = {"127.0.0.1"};
  EXPECT_EQ(run_check(spec).detail, "\"127.0.0.77\" was not expected in the answer");
  spec.dns_only = false;
  EXPECT_EQ(run_check(spec).state, State::up);
  spec.dns_answers.clear();
  spec.dns_networks = {"127.0.0.0/26"};
  EXPECT_EQ(run_check(spec).detail, "127.0.0.77 is in none of the expected networks");
  spec.dns_networks = {"192.0.2.0/24", "127.0.0.0/8"};
  EXPECT_EQ(run_check(spec).state, State::up);
  auto text = question("txt.test", "TXT");
  text.dns_contains = {"spf1", "-all"};
  EXPECT_EQ(run_check(text).state, State::up);
  text.dns_contains = {"SPF1"};
  EXPECT_EQ(run_check(text).state, State::down) << "a text is compared byte by byte";
  auto mail = question("mail.test", "MX");
  mail.dns_contains = {"MX.test."};
  EXPECT_EQ(run_check(mail).state, State::up) << "a name is the same in either case and with a final dot";
  mail.dns_contains = {"x.tes."};
  EXPECT_EQ(run_check(mail).state, State::down);
  text.dns_contains = {"redirect="};
  EXPECT_EQ(run_check(text).detail, "\"redirect=\" is not part of an answer");
}

TEST_F(Dnsmasq, NamesOutsideOfAsciiAreAskedInTheirOwnForm) {
  auto spec = question("m\xc3\xbcnchen.test");
  spec.dns_answers = {"127.0.0.1"};
  EXPECT_EQ(run_check(spec).state, State::up);
  spec = question("m%C3%BCnchen.test");
  EXPECT_EQ(run_check(spec).state, State::up);
  LoopbackServer web(answering(http_answer(200, "")));
  const auto outcome = run_check(spec_for("http://M\xc3\xbcnchen.test:" + std::to_string(web.port()) + "/"), asking());
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
}

TEST_F(Dnsmasq, ResponseCodesAreExpectedOrNot) {
  auto spec = question("absent.test");
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.error, ErrorClass::condition);
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.detail, "answered NXDOMAIN, expected NOERROR");
  spec.dns_rcode = "nxdomain";
  EXPECT_EQ(run_check(spec).state, State::up);
  auto foreign = question("example.org");  // there is nobody to ask for it
  foreign.dns_rcode = "REFUSED";
  EXPECT_EQ(run_check(foreign).state, State::up);
}

TEST_F(Dnsmasq, AnEmptyAnswerIsDown) {
  const auto outcome = run_check(question("web.test", "MX"));
  EXPECT_EQ(outcome.error, ErrorClass::condition);
  EXPECT_EQ(outcome.detail, "the answer has no record of the type that was asked for");
}

TEST_F(Dnsmasq, TheServerAndTypeCanStandInTheUrlOrTheirFields) {
  auto spec = spec_for("dns:mail.test?type=mx");
  spec.dns_server = server();
  spec.dns_answers = {"10 mx.test"};
  EXPECT_EQ(run_check(spec).state, State::up);
  spec.dns_server.clear();
  EXPECT_EQ(run_check(spec, asking()).state, State::up);
}

TEST_F(Dnsmasq, NamesInUrlsAreLookedUpThere) {
  LoopbackServer web(answering(http_answer(200, "")));
  const auto port = ":" + std::to_string(web.port());
  const auto up = run_check(spec_for("http://web.test" + port + "/"), asking());
  EXPECT_EQ(up.state, State::up) << up.detail;
  EXPECT_GT(up.phases.dns_us, 0U);
  EXPECT_EQ(up.address, "127.0.0.1");
  EXPECT_EQ(run_check(spec_for("http://alias.test" + port + "/"), asking()).state, State::up);
  EXPECT_EQ(run_check(spec_for("tcp://web.test" + port), asking()).state, State::up);

  const auto absent = run_check(spec_for("http://absent.test" + port + "/"), asking());
  EXPECT_EQ(absent.error, ErrorClass::dns);
  EXPECT_EQ(absent.detail, "absent.test does not exist in the DNS");
}

TEST_F(Dnsmasq, AFamilyWithoutAddressesIsADnsError) {
  auto spec = spec_for("http://web.test/");
  spec.family = AddressFamily::v6;
  EXPECT_EQ(run_check(spec, asking()).error, ErrorClass::dns);
}

TEST_F(Dnsmasq, ThePolicyJudgesWhatANameResolvesTo) {
  auto spec = spec_for("http://web.test/");
  spec.policy.refuse_loopback = true;
  EXPECT_EQ(run_check(spec, asking()).error, ErrorClass::blocked);
}

TEST_F(Dnsmasq, ManyNamesAtOnceEachGetTheirOwnAddress) {
  LoopbackServer web(answering(http_answer(200, "")));
  const auto port = ":" + std::to_string(web.port());
  std::vector<CheckSpec> specs;
  specs.reserve(60);
  for (int i = 0; i < 60; ++i) {
    specs.push_back(spec_for("http://" + std::string(i % 2 == 0 ? "web" : "two") + ".test" + port + "/"));
  }
  for (const auto& outcome : run_checks(specs, asking())) EXPECT_EQ(outcome.state, State::up) << outcome.detail;
}

TEST(Dns, ASilentServerIsATimeout) {
  SilentUdp black_hole;
  auto spec = spec_for("dns://" + black_hole.address() + "/example.org");
  spec.timeouts.total = milliseconds(300);
  CheckOutcome outcome;
  EXPECT_LT(time_of([&] { outcome = run_check(spec); }), milliseconds(300) + kSlack);
  EXPECT_EQ(outcome.error, ErrorClass::timeout);
}

TEST(Dns, AClosedPortIsRefused) {
  const auto outcome = run_check("dns://127.0.0.1:" + std::to_string(free_port()) + "/example.org");
  EXPECT_EQ(outcome.state, State::down);
  EXPECT_EQ(outcome.error, ErrorClass::connect_refused);
}

// A name server that answers every question after a while, with a fixed tail behind the question's id.
class OddNameServer {
 public:
  OddNameServer(std::string tail, milliseconds delay) : tail_(std::move(tail)), delay_(delay) {
    fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), length), 0);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~OddNameServer() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }
  OddNameServer(const OddNameServer&) = delete;
  OddNameServer& operator=(const OddNameServer&) = delete;
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  void serve() {
    char buffer[600];
    sockaddr_in peer{};
    socklen_t length = sizeof peer;
    for (;;) {
      const auto got = ::recvfrom(fd_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&peer), &length);
      if (got <= 12) return;
      std::this_thread::sleep_for(delay_);
      // The question is sent back, so that the answer belongs to it; flags and counts are the tail's first ten bytes.
      const auto answer = std::string(buffer, 2) + tail_.substr(0, 10) +
                          std::string(buffer + 12, static_cast<std::size_t>(got) - 12) + tail_.substr(10);
      ::sendto(fd_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&peer), length);
    }
  }

  const std::string tail_;
  const milliseconds delay_;
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

// Flags 0x8180 (an answer), one question, one answer: pointer to the question's name, A, IN, 60 s, 192.0.2.7.
const std::string kAnswerA("\x81\x80\0\1\0\1\0\0\0\0\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\7", 26);

TEST(Dns, ASlowAnswerIsStillAnAnswer) {
  OddNameServer server(kAnswerA, milliseconds(120));
  auto spec = spec_for("dns://" + server.address() + "/slow.test");
  spec.dns_answers = {"192.0.2.7"};
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_GE(*outcome.latency_us, 119'000U);
  spec.latency_below = milliseconds(100);
  EXPECT_EQ(run_check(spec).state, State::degraded);
}

TEST(Dns, AServerFailureIsToldAsSuch) {
  OddNameServer server(std::string("\x81\x82\0\1\0\0\0\0\0\0", 10), milliseconds(0));
  const auto outcome = run_check("dns://" + server.address() + "/broken.test");
  EXPECT_EQ(outcome.error, ErrorClass::condition);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.detail, "answered SERVFAIL, expected NOERROR");
}

TEST(Dns, AServerFailureIsToldOfNamesInUrlsToo) {
  OddNameServer server(std::string("\x81\x82\0\1\0\0\0\0\0\0", 10), milliseconds(0));
  RunnerOptions options;
  options.dns_servers = {server.address()};
  const auto outcome = run_check(spec_for("http://broken.test/"), options);
  EXPECT_EQ(outcome.error, ErrorClass::dns);
  EXPECT_EQ(outcome.detail, "no name server could be reached for broken.test, or all of them failed on it");
}

// A DS record, 43: key 1, algorithm 8, digest of type 2, CD CD.
const std::string kAnswerDs("\x81\x80\0\1\0\1\0\0\0\0\xc0\x0c\0\x2b\0\1\0\0\0\x3c\0\6\0\1\x08\2\xcd\xcd", 28);

TEST(Dns, HexadecimalIsTheSameInEitherCase) {
  OddNameServer server(kAnswerDs, milliseconds(0));
  auto spec = spec_for("dns://" + server.address() + "/signed.test?type=DS");
  for (const char* const digits : {"cdcd", "CDCD", "8 2 CdCd"}) {
    spec.dns_contains = {digits};
    EXPECT_EQ(run_check(spec).state, State::up) << digits;
  }
  spec.dns_contains.clear();
  spec.dns_answers = {"1 8 2 CDCD"};
  EXPECT_EQ(run_check(spec).state, State::up);
}

TEST(Dns, ARecordWithoutItsDataIsMalformed) {
  const std::string a("\x81\x80\0\1\0\1\0\0\0\0\xc0\x0c\0\1\0\1\0\0\0\x3c\0\3\xc0\0\2", 25);
  const std::string mx("\x81\x80\0\1\0\1\0\0\0\0\xc0\x0c\0\x0f\0\1\0\0\0\x3c\0\1\0", 23);
  for (const auto& [answer, type] : {std::pair{a, "A"}, std::pair{mx, "MX"}}) {
    OddNameServer server(answer, milliseconds(0));
    const auto outcome = run_check("dns://" + server.address() + "/short.test?type=" + type);
    EXPECT_EQ(outcome.error, ErrorClass::protocol) << type;
    EXPECT_EQ(outcome.detail, "the answer has a malformed " + std::string(type) + " record");
  }
}

TEST(Dns, AnEmptyTextIsARecord) {
  OddNameServer server(std::string("\x81\x80\0\1\0\1\0\0\0\0\xc0\x0c\0\x10\0\1\0\0\0\x3c\0\1\0", 23), milliseconds(0));
  const auto outcome = run_check("dns://" + server.address() + "/empty.test?type=TXT");
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
}

TEST(Dns, ABrokenRecordIsAProtocolError) {
  OddNameServer server(kAnswerA.substr(0, 24), milliseconds(0));
  auto spec = spec_for("dns://" + server.address() + "/cut.test");
  spec.timeouts.total = milliseconds(500);
  EXPECT_EQ(run_check(spec).error, ErrorClass::protocol);
}

}  // namespace
}  // namespace nines
