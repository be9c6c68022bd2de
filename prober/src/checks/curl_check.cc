// The kinds of check that libcurl speaks: http, ws, mail, ftp, ldap, and the bare TLS handshake.
//
// One object follows a check through its hops: look the host up, run one transfer, judge it, follow a redirect.
// Redirects are followed here and not by libcurl, so that every hop's name is looked up under our timer, its address
// judged, and credentials dropped when the origin changes.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"
#include "checks/answer_reader.h"
#include "checks/certificate_watch.h"
#include "checks/curl_engine.h"
#include "checks/curl_info.h"
#include "checks/curl_setup.h"
#include "checks/error_mapping.h"
#include "checks/redirect.h"
#include "checks/running_check.h"
#include "protocols/websocket.h"
#include "spec/check_kind.h"

namespace nines::prober {
namespace {

using std::chrono::microseconds;

// libcurl watches no socket while it logs in to an LDAP server, and forgets messages that came together with the one it
// read (7.88, its issue 9580). It is asked to look again at this pace.
constexpr auto kLdapNudge = std::chrono::milliseconds(20);

bool is_websocket(CheckKind kind) noexcept {
  return traits(kind).has(feature::kUpgrade);
}
bool is_http(CheckKind kind) noexcept {
  return traits(kind).has(feature::kRequest);
}
class CurlCheck final : public RunningCheck, public TransferListener {
 public:
  using RunningCheck::RunningCheck;
  ~CurlCheck() override { drop_transfer(); }

  void on_transfer_done(CURLcode code) override;

 protected:
  void begin() override {
    hop_.target = check().target;
    look_up_hop();
  }
  Failure overdue() override;
  void release() override { drop_transfer(); }

 private:
  void look_up_hop();
  void transfer();
  [[nodiscard]] curl_slist* headers();
  void end_transfer() noexcept;
  void drop_transfer() noexcept;

  void nudge_later();
  void watch_phases();
  void on_phase_timer();
  [[nodiscard]] TransferProgress progress() const;

  [[nodiscard]] bool leads_elsewhere(const char* ip) const;
  [[nodiscard]] bool is_no_answer() const;
  void ask_again();

  void read_expiry();
  void read_figures();
  [[nodiscard]] std::optional<Failure> transfer_failure(CURLcode code);
  [[nodiscard]] std::optional<Failure> judge();
  [[nodiscard]] std::optional<Failure> judge_upgrade();
  void follow();

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_connected(void* self, char* ip, char* local_ip, int port, int local_port);

  Hop hop_;
  std::vector<Address> addresses_;  // of the hop
  CURL* easy_ = nullptr;
  CurlList resolve_;
  std::string resolved_name_;  // "host:port" in libcurl's cache, while the transfer runs
  std::string websocket_key_;
  std::string websocket_line_;
  curl_slist websocket_header_{};
  CertificateWatch certificates_;
  TimerId phase_timer_{};
  TimerId nudge_timer_{};
  Clock::time_point transfer_started_{};
  Clock::time_point connecting_since_{};
  std::optional<Clock::time_point> asked_at_;  // when the request went out, over a connection that is there
  std::vector<int> opened_;                    // the transfer's sockets; none over a kept connection
  bool unfit_ = false;                         // the kept connection is not one to ask over
  bool asks_again_ = false;                    // over a new connection
  microseconds spent_{};                       // by name lookups and finished transfers
  AnswerReader reader_{check()};
  bool only_body_failed_ = false;  // of a redirect that is followed
  bool refused_address_ = false;
  int socket_error_ = 0;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
};

void CurlCheck::look_up_hop() {
  const std::string& host = check().proxy ? check().proxy->host : hop_.target.host;
  const std::uint16_t port = check().proxy ? check().proxy->port : hop_.target.port;
  lookup(host, port, [this](std::vector<Address> addresses) {
    addresses_ = std::move(addresses);
    asks_again_ = false;
    transfer();
  });
}

curl_slist* CurlCheck::headers() {
  curl_slist* shared = (hop_.own_origin ? check().headers : check().headers_elsewhere).get();
  if (!is_websocket(hop_.target.kind)) return shared;
  websocket_key_ = websocket_key();
  websocket_line_ = "Sec-WebSocket-Key: " + websocket_key_;
  websocket_header_ = {websocket_line_.data(), shared};
  return &websocket_header_;
}

void CurlCheck::transfer() {
  if (easy_ == nullptr) easy_ = services().curl.acquire();  // a later hop goes on with the first one's cookies
  if (easy_ == nullptr) {
    fail({ErrorClass::internal, "no memory for another transfer"});
    return;
  }
  const bool numeric = check().proxy ? check().proxy->numeric : hop_.target.numeric;
  if (!numeric) {
    const std::string& host = check().proxy ? check().proxy->host : hop_.target.host;
    const std::uint16_t port = check().proxy ? check().proxy->port : hop_.target.port;
    resolved_name_ = host + ":" + std::to_string(port);
    resolve_ = services().curl.resolve_list(resolved_name_, addresses_);
  }
  TransferCallbacks callbacks;
  callbacks.self = this;
  callbacks.on_header = on_header;
  callbacks.on_body = on_body;
  callbacks.on_open = on_open;
  callbacks.on_connected = on_connected;
  callbacks.error_buffer = error_text_.data();
  configure(easy_, check(), hop_, callbacks, headers(), resolve_.get(), services().options.user_agent, certificates_);
  if (spec().keep_alive) services().curl.watch_closing(easy_);
  if (asks_again_) curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L);
  reader_.begin(easy_, hop_.target.kind);
  asked_at_.reset();
  opened_.clear();
  unfit_ = false;
  transfer_started_ = connecting_since_ = Clock::now();
  if (services().curl.add(easy_, *this) != CURLM_OK) {
    fail({ErrorClass::internal, "libcurl refused the transfer"});
    return;
  }
  watch_phases();
  if (!traits(hop_.target.kind).has(feature::kHeaders) && !connect_only(hop_.target)) nudge_later();
}

void CurlCheck::nudge_later() {
  nudge_timer_ = loop().call_at(Clock::now() + kLdapNudge, [this] {
    // To go on after a pause is the one request that makes libcurl look whether or not anything has come.
    curl_easy_pause(easy_, CURLPAUSE_RECV);
    curl_easy_pause(easy_, CURLPAUSE_CONT);
    nudge_later();
  });
}

// Ends what the handle is doing; its options and its cookies stay.
void CurlCheck::end_transfer() noexcept {
  loop().cancel(phase_timer_);
  loop().cancel(nudge_timer_);
  if (easy_ != nullptr) services().curl.remove(easy_);
  if (!resolved_name_.empty()) services().curl.forget_name(std::exchange(resolved_name_, {}));
}

void CurlCheck::drop_transfer() noexcept {
  end_transfer();
  if (easy_ != nullptr) services().curl.release(std::exchange(easy_, nullptr));
  resolve_.reset();
}

TransferProgress CurlCheck::progress() const {
  TransferProgress progress;
  if (easy_ == nullptr) return progress;
  const bool handshaking = certificates_.handshake_started.has_value();
  // Of a kept connection libcurl tells neither time.
  progress.connected = asked_at_ || handshaking || time_info(easy_, CURLINFO_CONNECT_TIME_T).count() > 0;
  progress.secured = asked_at_ || !handshaking || time_info(easy_, CURLINFO_APPCONNECT_TIME_T).count() > 0;
  progress.answered = reader_.header_bytes() > 0 || time_info(easy_, CURLINFO_STARTTRANSFER_TIME_T).count() > 0;
  // libcurl does not hear of a socket that could not be opened: its number is then that of an earlier address, or of an
  // earlier transfer over the same handle.
  progress.os_error = socket_error_ != 0 ? socket_error_ : static_cast<int>(number_info(easy_, CURLINFO_OS_ERRNO));
  return progress;
}

// libcurl has one bound for connection and handshake together and none for the first byte, so the bounds of the phases
// are kept here: a timer for the phase that the transfer is in, set anew when it fires and the phase is over.
void CurlCheck::watch_phases() {
  const auto& timeouts = spec().timeouts;
  if (timeouts.connect.count() == 0 && timeouts.tls.count() == 0 && timeouts.first_byte.count() == 0) return;
  on_phase_timer();
}

void CurlCheck::on_phase_timer() {
  const auto& timeouts = spec().timeouts;
  const auto ready = std::max(time_info(easy_, CURLINFO_CONNECT_TIME_T), time_info(easy_, CURLINFO_PRETRANSFER_TIME_T));
  const TransferProgress now = progress();
  if (now.answered) return;
  Clock::time_point begun = connecting_since_;
  std::chrono::milliseconds bound = timeouts.connect;
  if (now.connected && !now.secured) {
    begun = *certificates_.handshake_started;
    bound = timeouts.tls;
  } else if (now.connected) {
    begun = asked_at_.value_or(transfer_started_ + ready);
    bound = timeouts.first_byte;
  }
  // A phase without a bound of its own: look again soon, for the next one may have one.
  constexpr auto kLookAgain = std::chrono::milliseconds(20);
  const auto when = bound.count() > 0 ? begun + bound : Clock::now() + kLookAgain;
  if (when <= Clock::now()) {
    fail(overdue());
    return;
  }
  phase_timer_ = loop().call_at(when, [this] { on_phase_timer(); });
}

Failure CurlCheck::overdue() {
  if (looking_up()) return dns_failure(ARES_ETIMEOUT, hop_.target.host);
  if (easy_ != nullptr) read_figures();
  return timeout_failure(progress());
}

std::size_t CurlCheck::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<CurlCheck*>(self)->reader_.take_line({data, size * count}) ? size * count : 0;
}

std::size_t CurlCheck::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<CurlCheck*>(self)->reader_.take_body({data, size * count}) ? size * count : 0;
}

curl_socket_t CurlCheck::on_open(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
  auto& check = *static_cast<CurlCheck*>(self);
  if (refuses(check.spec().policy, address->addr)) {
    check.refused_address_ = true;
    return CURL_SOCKET_BAD;
  }
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) check.socket_error_ = errno;
  // libcurl asks again by itself where a kept connection ends without an answer.
  if (check.asked_at_) check.connecting_since_ = Clock::now();
  check.asked_at_.reset();
  check.opened_.push_back(fd);
  return fd;
}

// Whether a kept connection leads to an address that the check would not connect to: libcurl goes by the host's name,
// which another check may have been led by elsewhere.
bool CurlCheck::leads_elsewhere(const char* ip) const {
  const auto address = parse_address(ip, 0);
  if (!address || check().proxy) return false;
  if (refuses(spec().policy, *address->raw())) return true;
  if (spec().family != AddressFamily::any && (address->family() == AF_INET) != (spec().family == AddressFamily::v4)) {
    return true;
  }
  return !check().fixed.empty() && std::none_of(addresses_.begin(), addresses_.end(), [&](const Address& wanted) {
    return to_string(wanted) == to_string(*address);
  });
}

// Told when a connection is there, new or kept, and before the request is sent.
int CurlCheck::on_connected(void* self, char* ip, char* local_ip, int /*port*/, int local_port) {
  auto& check = *static_cast<CurlCheck*>(self);
  check.asked_at_ = Clock::now();
  if (!check.spec().keep_alive) return CURL_PREREQFUNC_OK;
  auto& curl = check.services().curl;
  const auto local_end = parse_address(local_ip, static_cast<std::uint16_t>(local_port));
  const std::string local = local_end ? with_port(*local_end) : std::string();
  if (!check.opened_.empty()) {
    curl.keep(local, check.opened_);
    return CURL_PREREQFUNC_OK;
  }
  check.unfit_ = curl.has_unread(local) || check.leads_elsewhere(ip);
  return check.unfit_ ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

// Whether what came over a kept connection says nothing of the request: it lay there before, or it is the server's word
// that it had waited for one for too long (RFC 9110, section 15.5.9), which has crossed ours on the way.
bool CurlCheck::is_no_answer() const {
  constexpr long kRequestTimeout = 408;
  if (asks_again_ || !asked_at_ || !opened_.empty()) return false;
  return unfit_ || (is_http(hop_.target.kind) && number_info(easy_, CURLINFO_RESPONSE_CODE) == kRequestTimeout);
}

// The hop's request once more, over a new connection.
void CurlCheck::ask_again() {
  end_transfer();
  curl_easy_reset(easy_);
  resolve_.reset();
  certificates_ = CertificateWatch{};
  error_text_.fill('\0');
  asks_again_ = true;
  transfer();
}

// Keeps the earliest expiry of all hops.
void CurlCheck::read_expiry() {
  const auto earlier = [](const std::optional<TimeMs>& time, const std::optional<TimeMs>& other) {
    return time && (!other || *time < *other);
  };
  if (earlier(certificates_.leaf_expiry, outcome.certificate_expiry)) {
    outcome.certificate_expiry = certificates_.leaf_expiry;
  }
  if (!earlier(certificates_.chain_expiry, outcome.chain_expiry)) return;
  outcome.chain_expiry = certificates_.chain_expiry;
  outcome.expiring_certificate = certificates_.expiring;
}

// Adds this transfer's times to the outcome. libcurl's are cumulative from the transfer's start.
void CurlCheck::read_figures() {
  const auto connected = time_info(easy_, CURLINFO_CONNECT_TIME_T);
  const auto secured = time_info(easy_, CURLINFO_APPCONNECT_TIME_T);
  const auto first = time_info(easy_, CURLINFO_STARTTRANSFER_TIME_T);
  const auto total = time_info(easy_, CURLINFO_TOTAL_TIME_T);
  Phases& phases = outcome.phases;
  // Each phase takes what lies between the end of the one before and its own end, so that they add up to the total.
  microseconds spent{};
  const auto take = [&spent](std::uint32_t& phase, microseconds end) {
    if (end <= spent) return;
    phase += clamp_us(end - spent);
    spent = end;
  };
  const auto& handshake = certificates_.handshake_started;
  if (connected.count() == 0 && handshake) {  // it failed, or has not come to an end
    const auto begun = std::chrono::duration_cast<microseconds>(*handshake - transfer_started_);
    take(phases.connect_us, begun);
    take(phases.tls_us, begun + std::chrono::duration_cast<microseconds>(Clock::now() - *handshake));
  }
  take(phases.connect_us, connected);
  take(phases.tls_us, secured);
  if (first.count() > 0) {
    take(phases.first_byte_us, first);
    take(phases.transfer_us, total);
  } else {  // a login without a transfer, a bare connection, or one that did not come about
    take(asked_at_ || reader_.header_bytes() > 0 ? phases.first_byte_us
         : secured.count() > 0                   ? phases.tls_us
                                                 : phases.connect_us,
         total);
  }
  spent_ += std::max(total, spent);
  read_expiry();

  const long code = number_info(easy_, CURLINFO_RESPONSE_CODE);
  outcome.code = static_cast<std::uint16_t>(std::clamp(code, 0L, 65535L));
  outcome.address = text_info(easy_, CURLINFO_PRIMARY_IP);
  outcome.http_version = http_version_name(number_info(easy_, CURLINFO_HTTP_VERSION));
  outcome.body_bytes = reader_.body_bytes();
  reader_.answer().status = static_cast<int>(code);
}

std::optional<Failure> CurlCheck::transfer_failure(CURLcode code) {
  if (reader_.has_enough() || only_body_failed_ || code == CURLE_OK) {
    if (certificates_.leaf_expiry) return judge_certificate(check(), certificates_);
    return std::nullopt;
  }
  if (auto refusal = reader_.refusal()) return refusal;
  if (refused_address_) return Failure{ErrorClass::blocked, "the address policy refuses this address"};
  if (!certificates_.verify_error.empty() && code == CURLE_PEER_FAILED_VERIFICATION) {
    return Failure{ErrorClass::certificate, certificates_.verify_error};
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION && certificates_.leaf_expiry) {
    return Failure{ErrorClass::certificate, "the certificate does not name " + shorten(hop_.target.host, 100)};
  }
  constexpr long kFirstRefusal = 300;
  if (const long answer = number_info(easy_, CURLINFO_HTTP_CONNECTCODE); answer >= kFirstRefusal) {
    return Failure{ErrorClass::protocol, "the proxy answered " + std::to_string(answer) + " to CONNECT"};
  }
  TransferProgress now = progress();
  if (code == CURLE_COULDNT_CONNECT && now.os_error != 0) {
    const std::string host = check().proxy ? "the proxy " + check().proxy->host : hop_.target.host;
    return connect_failure(now.os_error, outcome.address.empty() ? host : outcome.address);
  }
  return curl_failure(code, now, std::string(error_text_.data()));
}

std::optional<Failure> CurlCheck::judge_upgrade() {
  if (reader_.answer().status != kSwitchingProtocols) {
    return Failure{ErrorClass::http_status, "HTTP " + std::to_string(reader_.answer().status) + ", expected 101"};
  }
  const auto accept =
      std::find_if(reader_.answer().headers.begin(), reader_.answer().headers.end(),
                   [](const auto& header) { return equal_ignoring_case(header.first, "Sec-WebSocket-Accept"); });
  if (accept == reader_.answer().headers.end() || accept->second != websocket_accept(websocket_key_)) {
    return Failure{ErrorClass::protocol, "the upgrade's Sec-WebSocket-Accept is wrong"};
  }
  return judge_headers(check(), reader_.answer());
}

std::optional<Failure> CurlCheck::judge() {
  const bool shown = !check().public_keys.empty() || !spec().certificate_issuer.empty() || spec().ocsp_stapling;
  const bool dated = spec().strict && spec().certificate_days;  // of whatever hop, as its days are
  if ((shown && !certificates_.leaf_expiry) || (dated && !outcome.certificate_expiry)) {
    return Failure{ErrorClass::certificate, "the answer came without a certificate"};
  }
  if (is_websocket(hop_.target.kind)) return judge_upgrade();
  if (!is_http(hop_.target.kind)) return std::nullopt;
  // RFC 9112, section 8: libcurl takes what the connection's end has cut off for a head without a body.
  if (reader_.header_bytes() > 0 && !reader_.headers_over()) {
    return Failure{ErrorClass::reset, "the connection was closed within the answer's headers"};
  }
  if (spec().http_version == HttpVersion::v2 && outcome.http_version != "2") {
    return Failure{ErrorClass::protocol, "the server speaks HTTP/" + outcome.http_version + ", expected HTTP/2"};
  }
  auto failure = judge_http(check(), reader_.answer());
  if (check().needs_body) outcome.body_bytes = reader_.answer().body.size();
  return failure;
}

void CurlCheck::on_transfer_done(CURLcode code) {
  loop().cancel(phase_timer_);
  read_figures();
  if (is_no_answer()) {
    ask_again();
    return;
  }
  const bool follows = (reader_.headers_over() || code == CURLE_OK) && reader_.wants_redirect(reader_.answer().status);
  only_body_failed_ = follows && code != CURLE_OK;
  auto failure = transfer_failure(code);
  if (failure) {
    fail(*std::move(failure));
    return;
  }
  if (follows) {
    follow();
    return;
  }
  outcome.latency_us = clamp_us(spent_ + microseconds(outcome.phases.dns_us));
  if (auto unmet = judge()) {
    fail(*std::move(unmet));
  } else {
    succeed();
  }
}

void CurlCheck::follow() {
  auto place = resolve_redirect(hop_.target, reader_.location());
  if (!place) {
    fail(place.error());
    return;
  }
  if (outcome.redirects == spec().max_redirects) {
    fail({ErrorClass::redirect, "more than " + std::to_string(spec().max_redirects) + " redirects"});
    return;
  }
  end_transfer();
  curl_easy_reset(easy_);  // but for the cookies
  resolve_.reset();
  ++outcome.redirects;
  outcome.final_url = shown_url(place->target);
  // RFC 9110, section 15.4: 303 asks for a GET; for 301 and 302 a POST has become one in practice.
  const int status = reader_.answer().status;
  const bool posts = check().method == "POST" || (check().method.empty() && !spec().body.empty());
  hop_.as_get = hop_.as_get || status == 303 || (posts && (status == 301 || status == 302));
  // What is for the own origin stays there, and is said again when a later hop leads back.
  hop_.own_origin = same_origin(check().target, place->target);
  // A login that an address brought along stays, as in curl, until the origin changes or another comes.
  if (!place->username.empty() || !same_origin(hop_.target, place->target)) {
    hop_.username = std::move(place->username);
    hop_.password = std::move(place->password);
  }
  hop_.target = std::move(place->target);
  certificates_ = CertificateWatch{};  // the next hop may have no TLS
  error_text_.fill('\0');
  look_up_hop();
}

}  // namespace

std::unique_ptr<RunningCheck> make_curl_check(Services& services, std::shared_ptr<const CompiledCheck> check,
                                              CheckRunner::Done done) {
  return std::make_unique<CurlCheck>(services, std::move(check), std::move(done));
}

}  // namespace nines::prober
