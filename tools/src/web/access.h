// Who may ask what: names that the page answers to, origins, passwords, tokens, sessions and roles. See SECURITY.md.
//
// Thread-safe. set() replaces the rules while requests are judged by the old ones.
#pragma once

#include <nines/result.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "http/message.h"
#include "page/service_page.h"
#include "page/status_page.h"

namespace nines::tools {

struct AccessOptions {
  struct User {
    std::string name;
    std::string password;  ///< hash: $argon2id$... or $argon2i$...
    Role role = Role::view;
    friend bool operator==(const User&, const User&) = default;
  };
  struct Token {
    std::string name;
    std::string sha256;  ///< of the token, 64 lower-case hexadecimal digits
    Role role = Role::view;
  };
  std::vector<std::string> hosts;  ///< names beside the addresses that are answered to, without a port
  std::string base;                ///< "/status": the path under which a proxy shows the page; empty: the root
  std::vector<std::string> trusted_proxies;  ///< as is_proxy(): whose X-Forwarded-* are believed
  std::string timezone;  ///< IANA name, of the pages that are asked for without `tz`; empty: the reader's own
  std::vector<User> users;
  std::vector<Token> tokens;
  std::vector<std::string> cors;         ///< origins whose pages may read /api/ and badges, "https://dash.example.org"
  std::vector<StatusPage> status_pages;  ///< which everybody may see
  std::vector<Service> services;         ///< made of servers, with a page each
  std::optional<Role> anonymous;  ///< of who does not say who it is; none: admin without users and tokens, else none
  bool insecure = false;          ///< may listen beyond loopback without users and tokens
  bool loopback = true;           ///< the listener's: names of other machines are refused

  [[nodiscard]] bool authenticates() const noexcept { return !users.empty() || !tokens.empty(); }
};

/// A sentence when nobody may listen like this: beyond loopback, everybody could do everything.
[[nodiscard]] Result<void> check_exposure(const AccessOptions& options);

/// What a trusted proxy may be named by: an address, a network, or "unix".
[[nodiscard]] bool is_proxy(const std::string& text);

/// A hash that crypto_pwhash_str_verify takes.
[[nodiscard]] bool is_password_hash(std::string_view text);
[[nodiscard]] bool is_sha256(std::string_view text);

class Access {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMostFailures = 10;        ///< from one address in a minute, until it is told to wait
  static constexpr std::size_t kMostFailuresInAll = 200;  ///< likewise from all: a bound on the work of hashing
  static constexpr std::size_t kMostSessions = 1'000;
  static constexpr std::chrono::hours kSessionLife{12};

  explicit Access(AccessOptions options);

  /// Who has logged in stays so, unless the new rules know that user no more, or with another password or role.
  void set(AccessOptions options);
  [[nodiscard]] std::shared_ptr<const AccessOptions> options() const;

  /// Names the user, the role, the real client and the path without the base in `request`. An answer when it may not go
  /// on.
  [[nodiscard]] std::optional<WebResponse> judge(WebRequest& request, Clock::time_point now = Clock::now());

  /// POST /login with name, password and next in its body: a session's cookie, or 401.
  [[nodiscard]] WebResponse log_in(const WebRequest& request, Clock::time_point now = Clock::now());
  /// POST /logout: forgets the session.
  [[nodiscard]] WebResponse log_out(const WebRequest& request);

 private:
  struct Session {
    AccessOptions::User user;  // as it was when it logged in
    Clock::time_point expires;
  };
  /// Who asks, and what it may.
  struct Identity {
    std::string name;
    Role role = Role::none;
  };
  struct Failures {
    std::size_t count = 0;
    Clock::time_point until;  // when the count begins anew
  };

  [[nodiscard]] std::optional<AccessOptions::User> user_of(const AccessOptions& options, std::string_view name,
                                                           std::string_view password);
  [[nodiscard]] std::optional<Identity> identity_of_header(const AccessOptions& options, std::string_view header);
  [[nodiscard]] std::optional<Identity> identity_of_cookie(std::string_view cookie, Clock::time_point now);
  /// Names whom and the role that the header gives, by `options`, which are those in use; an answer when it gives none.
  [[nodiscard]] std::optional<WebResponse> judge_header(const std::shared_ptr<const AccessOptions>& options,
                                                        WebRequest& request, Clock::time_point now);
  [[nodiscard]] bool must_wait(const std::string& client, Clock::time_point now);
  void count_failure(const std::string& client, Clock::time_point now);
  [[nodiscard]] std::string fingerprint(std::string_view text) const;

  engine::Mutex hash_mutex_;
  const std::string key_;  // random, of this process: fingerprints mean nothing elsewhere
  mutable engine::Mutex mutex_;
  std::shared_ptr<const AccessOptions> options_ NINES_GUARDED_BY(mutex_);
  std::map<std::string, Session> sessions_ NINES_GUARDED_BY(mutex_);   // by fingerprint of the cookie
  std::map<std::string, Failures> failures_ NINES_GUARDED_BY(mutex_);  // by address
  Failures all_failures_ NINES_GUARDED_BY(mutex_);
  std::map<std::string, Identity> verified_ NINES_GUARDED_BY(mutex_);  // passwords that were right, by fingerprint
};

}  // namespace nines::tools
