#include "checks/certificate_watch.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <ctime>

namespace nines::prober {
namespace {

std::optional<TimeMs> not_after(const X509* certificate) {
  std::tm time{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return std::nullopt;
  return from_ms(std::int64_t{::timegm(&time)} * 1000);
}

void read_chain(X509_STORE_CTX* context, CertificateWatch& watch) {
  watch.leaf_expiry = not_after(X509_STORE_CTX_get0_cert(context));
  watch.chain_expiry = watch.leaf_expiry;
  const STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(context);
  for (int i = 0; i < sk_X509_num(sent); ++i) {
    const auto expiry = not_after(sk_X509_value(sent, i));
    if (expiry && (!watch.chain_expiry || *expiry < *watch.chain_expiry)) watch.chain_expiry = expiry;
  }
}

// In place of OpenSSL's verification: looks, then does the same.
int verify(X509_STORE_CTX* context, void* self) {
  auto& watch = *static_cast<CertificateWatch*>(self);
  read_chain(context, watch);
  const int verified = X509_verify_cert(context);
  const int error = X509_STORE_CTX_get_error(context);
  watch.verify_error = error == X509_V_OK ? "" : X509_verify_cert_error_string(error);
  return verified;
}

CURLcode on_context(CURL* /*easy*/, void* context, void* self) {
  static_cast<CertificateWatch*>(self)->handshake_started = std::chrono::steady_clock::now();
  auto* ssl = static_cast<SSL_CTX*>(context);
  SSL_CTX_set_cert_verify_callback(ssl, verify, self);
  // A kept connection could otherwise call back after its first check, and the watch, are gone.
  SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION);
  return CURLE_OK;
}

}  // namespace

void CertificateWatch::attach(CURL* easy) {
  *this = CertificateWatch{};
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, this);
}

}  // namespace nines::prober
