// Reads a server's certificates while OpenSSL verifies them, so that their expiry is known even when that fails.
//
// Needs a libcurl that is built with OpenSSL. The watch must outlive the connection's handshake.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <optional>
#include <string>

#include <nines/types.h>

namespace nines::prober {

class CertificateWatch {
 public:
  /// Hooks the watch into the TLS of `easy`, and forgets what an earlier transfer showed.
  void attach(CURL* easy);

  /// When the handshake began, that is, the TCP connection was there: libcurl tells that only after the handshake.
  std::optional<std::chrono::steady_clock::time_point> handshake_started;

  std::optional<TimeMs> leaf_expiry;
  std::optional<TimeMs> chain_expiry;  ///< the earliest of the certificates that were sent
  std::string verify_error;            ///< why the chain did not verify, as OpenSSL words it; empty when it did
};

}  // namespace nines::prober
