// A check prepared to run: everything that can be decided or built before the first packet.
//
// Immutable after `compile`; shared between runs and threads.
#pragma once

#include <curl/curl.h>
#include <re2/re2.h>

#include <memory>
#include <string>
#include <vector>

#include <nines/check_spec.h>

#include "base/address.h"
#include "spec/dialog.h"
#include "spec/json_test.h"
#include "spec/target.h"

namespace nines::prober {

struct CurlListDeleter {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, CurlListDeleter>;

/// Appends a copy of `line`.
void append(CurlList& list, const std::string& line);

/// An entry of CheckSpec::resolve.
struct FixedAddress {
  std::string host;
  std::uint16_t port = 0;
  Address address;
};

/// Where the proxy is; only the proxy's name is resolved, the target's is the proxy's business.
struct Proxy {
  std::string url;  ///< as configured, with its user and password
  std::string host;
  std::uint16_t port = 0;
  bool numeric = false;
};

struct HeaderTest {
  HeaderCondition condition;
  std::unique_ptr<const RE2> expression;  ///< for `matches`
};

}  // namespace nines::prober

namespace nines {

class CompiledCheck {
 public:
  CheckSpec spec;
  prober::Target target;
  std::optional<prober::Proxy> proxy;
  std::vector<prober::FixedAddress> fixed;

  prober::CurlList headers;            ///< for the target's own origin
  prober::CurlList headers_elsewhere;  ///< after a redirect to another origin: without what authenticates
  std::string cookies;                 ///< the configured Cookie headers as one; for the own origin
  std::string method;                  ///< in capital letters where it is a usual one; empty as in the spec
  std::vector<StatusRange> status;     ///< never empty
  std::vector<prober::HeaderTest> header_tests;
  std::vector<std::unique_ptr<const RE2>> body_expressions;
  std::vector<prober::JsonTest> json_tests;
  std::vector<std::string> public_keys;  ///< spec's digests in base64
  bool needs_body = false;               ///< a condition reads it, so it is kept
  bool needs_headers = false;
  std::vector<prober::DialogAct> dialog;

  int dns_type = 0;  ///< RFC 1035's number
  int dns_rcode = 0;
  std::string dns_name;                  ///< what is asked for
  std::string dns_server;                ///< "address:port" or empty
  std::vector<std::string> dns_answers;  ///< spec's, in the form by which records compare
  std::vector<prober::Network> dns_networks;

  std::vector<std::string> secrets;  ///< never to appear in a detail
};

}  // namespace nines
