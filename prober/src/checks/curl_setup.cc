#include "checks/curl_setup.h"

#include "spec/check_kind.h"

namespace nines::prober {
namespace {

// How long the system's certificate authorities are kept in memory: loading them takes some 15 ms.
constexpr long kAuthoritiesCachedSeconds = 3600;

bool is_web(CheckKind kind) noexcept {
  return traits(kind).has(feature::kHeaders);
}

long curl_http_version(HttpVersion version, bool websocket) noexcept {
  if (websocket) return CURL_HTTP_VERSION_1_1;
  switch (version) {
    case HttpVersion::any:
    case HttpVersion::v2:
      return CURL_HTTP_VERSION_2TLS;
    case HttpVersion::v1_0:
      return CURL_HTTP_VERSION_1_0;
    case HttpVersion::v1_1:
      return CURL_HTTP_VERSION_1_1;
    case HttpVersion::v2_prior_knowledge:
      return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
  }
  return CURL_HTTP_VERSION_NONE;
}

// The rules that hold for every transfer.
void set_ground_rules(CURL* easy, const CheckSpec& spec, const Hop& hop) {
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, traits(hop.target.kind).curl_scheme);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);  // curl_check.cc follows, so that every hop obeys our rules
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  if (!spec.keep_alive) {
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  }
  // Our own timers are the judges. This one only makes libcurl share the time between several addresses.
  const auto& timeouts = spec.timeouts;
  const auto connecting = timeouts.connect.count() > 0 ? timeouts.connect : timeouts.total;
  curl_easy_setopt(
      easy, CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>((connecting + (timeouts.tls.count() > 0 ? timeouts.tls : timeouts.total)).count()));
}

void set_tls(CURL* easy, const CompiledCheck& check, CertificateWatch& certificates) {
  const CheckSpec& spec = check.spec;
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, spec.verify_tls ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, spec.verify_tls ? 2L : 0L);
  // libcurl keeps authorities in memory only when they come from one file.
  curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  if (spec.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, kAuthoritiesCachedSeconds);
  } else {
    curl_easy_setopt(easy, CURLOPT_CAINFO, spec.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);  // there is one place, and it is the system's
  }
  if (!spec.client_certificate.empty()) {
    curl_easy_setopt(easy, CURLOPT_SSLCERT, spec.client_certificate.c_str());
    curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");  // OpenSSL would ask at the terminal, and wait
    if (!spec.client_key.empty()) curl_easy_setopt(easy, CURLOPT_SSLKEY, spec.client_key.c_str());
  }
  if (spec.starttls) curl_easy_setopt(easy, CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  if (!spec.crl_file.empty()) curl_easy_setopt(easy, CURLOPT_CRLFILE, spec.crl_file.c_str());
  certificates.attach(easy, {!spec.certificate_issuer.empty(), !check.public_keys.empty()});
}

void set_method(CURL* easy, const CompiledCheck& check, bool as_get) {
  const CheckSpec& spec = check.spec;
  const bool has_body = !spec.body.empty() && !as_get;
  const std::string method = as_get ? std::string() : check.method;
  if (method == "HEAD" || (as_get && check.method == "HEAD")) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (has_body || method == "POST") {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(spec.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, spec.body.c_str());
  } else {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  }
  if (!method.empty() && method != "GET" && method != "POST") {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
  } else if (method == "GET" && has_body) {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "GET");
  }
}

void set_login(CURL* easy, const std::string& username, const std::string& password) {
  curl_easy_setopt(easy, CURLOPT_USERNAME, username.c_str());
  curl_easy_setopt(easy, CURLOPT_PASSWORD, password.c_str());
}

void set_http(CURL* easy, const CompiledCheck& check, const Hop& hop, curl_slist* headers,
              const std::string& user_agent) {
  const CheckSpec& spec = check.spec;
  const bool websocket = traits(hop.target.kind).has(feature::kUpgrade);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, curl_http_version(spec.http_version, websocket));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  // What a server sets on the way is sent where it belongs, until the check is over.
  if (traits(hop.target.kind).has(feature::kRequest) && spec.follow_redirects) {
    // A line that is a comment and no cookie: it begins to keep cookies, as an empty CURLOPT_COOKIEFILE does, of which
    // libcurl 7.88 loses some memory at each reset.
    curl_easy_setopt(easy, CURLOPT_COOKIELIST, "#");
  }
  if (hop.own_origin && !check.cookies.empty()) curl_easy_setopt(easy, CURLOPT_COOKIE, check.cookies.c_str());
  if (!websocket) set_method(easy, check, hop.as_get);
}

}  // namespace

bool connect_only(const Target& target) noexcept {
  // What a path names is fetched: a page, or an entry of a directory.
  return !is_web(target.kind) && (!traits(target.kind).has(feature::kPath) || target.path.size() <= 1);
}

void configure(CURL* easy, const CompiledCheck& check, const Hop& hop, const TransferCallbacks& callbacks,
               curl_slist* headers, curl_slist* resolve, const std::string& user_agent,
               CertificateWatch& certificates) {
  const CheckSpec& spec = check.spec;
  curl_easy_setopt(easy, CURLOPT_URL, hop.target.url.c_str());
  set_ground_rules(easy, spec, hop);
  if (traits(hop.target.kind).has(feature::kTls) || spec.starttls) set_tls(easy, check, certificates);
  if (is_web(hop.target.kind)) set_http(easy, check, hop, headers, user_agent);
  if (connect_only(hop.target)) curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
  if (!is_web(hop.target.kind)) curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
  if (!hop.username.empty()) {
    set_login(easy, hop.username, hop.password);
  } else if (hop.own_origin && !spec.username.empty()) {
    set_login(easy, spec.username, spec.password);
  }
  curl_easy_setopt(easy, CURLOPT_PROXY, check.proxy ? check.proxy->url.c_str() : "");  // "": not the environment's
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");  // nor its exceptions: where they hold there is no proxy here
  if (check.proxy && !is_web(hop.target.kind)) curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
  if (resolve != nullptr) curl_easy_setopt(easy, CURLOPT_RESOLVE, resolve);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, callbacks.on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, callbacks.self);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, callbacks.on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, callbacks.self);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, callbacks.on_open);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, callbacks.self);
  if (!connect_only(hop.target)) {
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, callbacks.on_connected);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, callbacks.self);
  }
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, callbacks.error_buffer);
}

}  // namespace nines::prober
