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
  /// A certificate with these subject alternative names ("DNS:localhost,IP:127.0.0.1"); -1 days has expired. An empty
  /// name is none.
  [[nodiscard]] Identity issue(const std::string& name, const std::string& alternative_names, int days) const;
  /// This authority's own name and key in a certificate that `other` signed; -1 days has expired. Its path.
  [[nodiscard]] std::string cross_signed_by(const TestAuthority& other, int days) const;
  /// The authority's OCSP answer about a certificate that it issued: the path of a DER file.
  [[nodiscard]] std::string ocsp_answer(const Identity& identity, bool revoked) const;
  /// A list of revoked certificates with this one in it, or without any: the path of a PEM file.
  [[nodiscard]] std::string revocation_list(const Identity& identity, bool revoked) const;
  /// One that nobody signed but itself, for localhost.
  [[nodiscard]] Identity self_signed() const;

 private:
  [[nodiscard]] std::string index_of(const Identity& identity, bool revoked) const;

  TemporaryDirectory directory_;
  Identity ca_;
};

}  // namespace nines::prober_test
