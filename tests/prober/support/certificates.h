// Certificates made for a test with the openssl command: an authority and what it signs.
#pragma once

#include <string>

#include "prober/support/server_process.h"

namespace nines::prober_test {

/// Paths of PEM files.
struct Identity {
  std::string certificate;
  std::string key;
};

class TestAuthority {
 public:
  TestAuthority();

  /// The authority's own certificate, valid for 30 days.
  [[nodiscard]] const std::string& ca_file() const noexcept { return ca_.certificate; }
  /// A certificate with these subject alternative names ("DNS:localhost,IP:127.0.0.1"); -1 days has expired.
  [[nodiscard]] Identity issue(const std::string& name, const std::string& alternative_names, int days) const;
  /// One that nobody signed but itself, for localhost.
  [[nodiscard]] Identity self_signed() const;

 private:
  TemporaryDirectory directory_;
  Identity ca_;
};

}  // namespace nines::prober_test
