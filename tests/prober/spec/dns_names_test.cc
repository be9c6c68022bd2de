// Records of the DNS as text: what is the same and what is not.
#include <gtest/gtest.h>

#include "base/address.h"
#include "base/host_name.h"
#include "spec/dns_names.h"

namespace nines::prober {
namespace {

std::string normal(const std::string& type, const std::string& text) {
  return normal_record(*dns_type_number(type), text).value_or("(none)");
}

TEST(DnsRecords, NamesHaveNoCaseAndNoFinalDot) {
  EXPECT_EQ(normal("CNAME", "WWW.Example.ORG."), "www.example.org");
  EXPECT_EQ(normal("NS", "."), ".");
  EXPECT_EQ(normal("MX", "10 Mx1.T.test."), "10 mx1.t.test");
  EXPECT_EQ(normal("MX", "  010   mx1.t.test "), "10 mx1.t.test");
  EXPECT_EQ(normal("SRV", "1 2 5060 SIP.test."), "1 2 5060 sip.test");
  EXPECT_EQ(normal("PTR",
                   "b\xc3\xbc"
                   "cher.example."),
            "xn--bcher-kva.example");
  EXPECT_EQ(normal("SOA", "A.test. B.test. 1 2 3 4 05"), "a.test b.test 1 2 3 4 5");
}

TEST(DnsRecords, AddressesAndNumbersCompareByValue) {
  EXPECT_EQ(normal("AAAA", "2001:0db8:0:0:0:0:0:1"), "2001:db8::1");
  EXPECT_EQ(normal("AAAA", "2001:DB8::1"), "2001:db8::1");
  EXPECT_EQ(normal("A", "192.0.2.1"), "192.0.2.1");
  for (const char* text : {"::1", "192.0.2", "192.0.2.1 x", "", "name.test"}) EXPECT_EQ(normal("A", text), "(none)");
  EXPECT_EQ(normal("AAAA", "192.0.2.1"), "(none)");
  EXPECT_EQ(normal("MX", "65536 a"), "(none)");
  EXPECT_EQ(normal("MX", "-1 a"), "(none)");
  EXPECT_EQ(normal("MX", "10"), "(none)");
  EXPECT_EQ(normal("MX", "a.test"), "(none)");
}

TEST(DnsRecords, TextComparesByteByByte) {
  EXPECT_EQ(normal("TXT", "v=spf1 -all"), "v=spf1 -all");
  EXPECT_EQ(normal("TXT", "V=SPF1  -all"), "V=SPF1  -all");
  EXPECT_EQ(normal("TXT", "\"v=spf1 \" \"-all\""), "v=spf1 -all");
  EXPECT_EQ(normal("TXT", "\"a \\\"b\\\" \\\\ \\233\""), "a \"b\" \\ \xe9");
  EXPECT_EQ(normal("TXT", "\"open"), "(none)");
  EXPECT_EQ(normal("CAA", "0 ISSUE \"LetsEncrypt.org; x=1\""), "0 issue LetsEncrypt.org; x=1");
  EXPECT_EQ(normal("CAA", "0 issue letsencrypt.org"), "0 issue letsencrypt.org");
  EXPECT_NE(normal("CAA", "0 issue \"CA.test\""), normal("CAA", "0 issue \"ca.test\""));
}

TEST(DnsRecords, KeysAndDigestsHaveNoBlanksAndNoCase) {
  EXPECT_EQ(normal("DS", "60485 5 1 2BB183AF 5F22588179A5 "), "60485 5 1 2bb183af5f22588179a5");
  EXPECT_EQ(normal("TLSA", "3 1 1 AB CD"), "3 1 1 abcd");
  EXPECT_EQ(normal("DNSKEY", "257 3 13 AbC dEf=="), "257 3 13 AbCdEf==");
  EXPECT_EQ(normal("NAPTR", "100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" ."), "100 10 u E2U+sip !^.*$!sip:a@b! .");
}

TEST(DnsRecords, ParametersOfAServiceHaveNoOrder) {
  const std::string normal_form =
      "1 svc.test mandatory=alpn,port alpn=h3,h2 port=8443 ipv4hint=192.0.2.1,192.0.2.2 ech=AQID "
      "ipv6hint=2001:db8::1 dohpath=/q{?dns} key99=x";
  EXPECT_EQ(normal("HTTPS", normal_form), normal_form);
  EXPECT_EQ(normal("HTTPS",
                   "01 SVC.test. key99=\"x\" key7=\"/q{?dns}\" ipv6hint=2001:DB8:0::1 ech=\"AQID\" "
                   "ipv4hint=192.0.2.1,192.0.2.2 port=08443 ALPN=\"h3,h2\" mandatory=port,alpn"),
            normal_form);
  EXPECT_EQ(normal("SVCB", "0 svc.test."), "0 svc.test");
  EXPECT_EQ(normal("HTTPS", "1 . no-default-alpn alpn=h2"), "1 . alpn=h2 no-default-alpn");
  EXPECT_NE(normal("HTTPS", "1 . alpn=h3,h2"), normal("HTTPS", "1 . alpn=h2,h3")) << "that is a preference";
  for (const char* text : {"1 . port", "1 . port=65536", "1 . port=1 port=2", "1 . alpn=", "1 . no-default-alpn=1",
                           "1 . ipv4hint=::1", "1 . unknown=1", "1 . key65536=x", "1 . alpn=\"h2", "1 . ech=*", "1"}) {
    EXPECT_EQ(normal("HTTPS", text), "(none)") << text;
  }
}

TEST(DnsRecords, TypesAreKnownByNameAndNumber) {
  EXPECT_EQ(dns_type_number("tlsa"), 52);
  EXPECT_EQ(dns_type_number("ANY"), std::nullopt);
  EXPECT_EQ(dns_type_name(257), "CAA");
  EXPECT_EQ(dns_type_name(9999), "TYPE 9999");
  EXPECT_EQ(dns_form(9999), "");
  EXPECT_EQ(normal_record(9999, "x"), std::nullopt);
}

TEST(Networks, HoldTheirAddressesOnly) {
  const auto inside = [](const char* network, const char* address) {
    return contains(parse_network(network).value(), parse_address(address, 0).value());
  };
  EXPECT_TRUE(inside("192.0.2.0/24", "192.0.2.255"));
  EXPECT_FALSE(inside("192.0.2.0/24", "192.0.3.0"));
  EXPECT_TRUE(inside("192.0.2.128/25", "192.0.2.200"));
  EXPECT_FALSE(inside("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(inside("0.0.0.0/0", "255.1.2.3"));
  EXPECT_TRUE(inside("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(inside("192.0.2.7", "192.0.2.6"));
  EXPECT_TRUE(inside("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(inside("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(inside("::1/128", "::1"));
  EXPECT_FALSE(inside("::/0", "192.0.2.1"));
  for (const char* text : {"", "/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/", "::/129", "192.0.2/24", "a/8"}) {
    EXPECT_FALSE(parse_network(text).has_value()) << text;
  }
}

TEST(HostNames, BecomeWhatTheDnsKnows) {
  EXPECT_EQ(ascii_host("WWW.Example.org"), "www.example.org");
  EXPECT_EQ(ascii_host("M\xc3\xbcnchen.test"), "xn--mnchen-3ya.test");
  EXPECT_EQ(ascii_host("fa\xc3\x9f.de"), "xn--fa-hia.de");
  EXPECT_EQ(ascii_host("_sip._tcp.b\xc3\xbc"
                       "cher.test"),
            "_sip._tcp.xn--bcher-kva.test");
  EXPECT_EQ(ascii_host("\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88"), "xn--r8jz45g.xn--zckzah");
  EXPECT_EQ(ascii_host(""), "");
  EXPECT_EQ(ascii_host("caf\xe9.test"), std::nullopt);
  EXPECT_EQ(ascii_host(std::string("\xc3\xbc\0x", 4)), std::nullopt);
  EXPECT_EQ(ascii_host(std::string(300, '\xc3') + "\xbc"), std::nullopt);
}

}  // namespace
}  // namespace nines::prober
