// Reads a server's certificates while OpenSSL verifies them, so that their expiry is known even when that fails.
//
// Over libcurl it needs one that is built with OpenSSL. The watch must outlive the connection's handshake.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <nines/types.h>

struct ssl_ctx_st;

namespace nines::prober {

/// What the OCSP answer says that a server sends along with its certificate (RFC 6066, section 8).
enum class StapledStatus : std::uint8_t {
  none,
  good,
  revoked,
  unknown,  ///< the responder does not know the certificate
  invalid,  ///< not signed by whom it should be, out of date, or about another certificate
};

class CertificateWatch {
 public:
  /// What is read only when a condition asks for it.
  struct Wanted {
    bool issuer = false;
    bool public_key = false;
  };
  /// Hooks the watch into the TLS of `easy`, and forgets what an earlier transfer showed.
  void attach(CURL* easy, Wanted wanted);
  /// The same for TLS that is not libcurl's.
  void attach(ssl_ctx_st* context, Wanted wanted);

  /// When the handshake began, that is, the TCP connection was there: libcurl tells that only after the handshake.
  std::optional<std::chrono::steady_clock::time_point> handshake_started;

  std::optional<TimeMs> leaf_expiry;
  std::optional<TimeMs> chain_expiry;  ///< the earliest of the chain that verified, else of what was sent
  std::string expiring;                ///< the common name of the certificate with `chain_expiry`
  std::string issuer;  ///< of the server's own certificate: "CN=R3,O=Let's Encrypt,C=US"; empty when not wanted
  std::string public_key_sha256;  ///< of the server's SubjectPublicKeyInfo, in base64; empty when not wanted
  std::string verify_error;       ///< why the chain did not verify, as OpenSSL words it; empty when it did
  StapledStatus stapled = StapledStatus::none;

  Wanted wanted;
};

}  // namespace nines::prober
