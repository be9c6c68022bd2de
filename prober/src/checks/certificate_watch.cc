#include "checks/certificate_watch.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

#include "base/text.h"

namespace nines::prober {
namespace {

// A certificate's name in a detail.
constexpr std::size_t kShownBytes = 80;
// How far the clocks of a responder and ours may be apart.
constexpr long kClockSkewSeconds = 300;

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Deleter<Free>>;

std::optional<TimeMs> not_after(const X509* certificate) {
  std::tm time{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return std::nullopt;
  return from_ms(std::int64_t{::timegm(&time)} * 1000);
}

std::string name_text(const X509_NAME* name) {
  const Owned<BIO, BIO_free_all> out(BIO_new(BIO_s_mem()));
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) return {};
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  return one_line(std::string_view(text, static_cast<std::size_t>(length)));
}

// The first host that a certificate is for; empty when it names none.
std::string first_host(const X509* certificate) {
  const Owned<GENERAL_NAMES, GENERAL_NAMES_free> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const auto* text =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type));
    if (type != GEN_DNS) continue;
    return one_line({reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<std::size_t>(ASN1_STRING_length(text))});
  }
  return {};
}

// The common name; of a certificate that has none the whole name, and of one without any name the host it is for.
std::string shown_name(const X509* certificate) {
  const X509_NAME* name = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) {
    const std::string whole = name_text(name);
    return shorten(whole.empty() ? first_host(certificate) : whole, kShownBytes);
  }
  unsigned char* text = nullptr;
  const int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (length < 0) return {};
  std::string shown(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
  OPENSSL_free(text);
  return shorten(one_line(shown), kShownBytes);
}

std::string key_digest(const X509* certificate) {
  unsigned char* der = nullptr;
  const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (length <= 0) return {};
  std::array<unsigned char, 32> digest{};
  EVP_Digest(der, static_cast<std::size_t>(length), digest.data(), nullptr, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  std::array<unsigned char, 45> text{};
  const int bytes = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest.size()));
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(bytes)};
}

void read_leaf(const X509* leaf, CertificateWatch& watch) {
  if (leaf == nullptr) return;
  watch.leaf_expiry = not_after(leaf);
  if (watch.wanted.issuer) watch.issuer = name_text(X509_get_issuer_name(leaf));
  if (watch.wanted.public_key) watch.public_key_sha256 = key_digest(leaf);
}

void read_chain(const STACK_OF(X509) * chain, CertificateWatch& watch) {
  const X509* earliest = nullptr;
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    const X509* certificate = sk_X509_value(chain, i);
    const auto expiry = not_after(certificate);
    if (!expiry || (watch.chain_expiry && *watch.chain_expiry <= *expiry)) continue;
    watch.chain_expiry = expiry;
    earliest = certificate;
  }
  if (earliest != nullptr) watch.expiring = shown_name(earliest);
}

// In place of OpenSSL's verification: does the same, and looks. A certificate that was sent and not used counts for
// nothing; when nothing verified there is only what was sent.
int verify(X509_STORE_CTX* context, void* self) {
  auto& watch = *static_cast<CertificateWatch*>(self);
  const int verified = X509_verify_cert(context);
  const int error = X509_STORE_CTX_get_error(context);
  watch.verify_error = error == X509_V_OK ? "" : X509_verify_cert_error_string(error);
  read_leaf(X509_STORE_CTX_get0_cert(context), watch);
  const bool whole = verified == 1 && error == X509_V_OK;
  read_chain(whole ? X509_STORE_CTX_get0_chain(context) : X509_STORE_CTX_get0_untrusted(context), watch);
  if (!watch.chain_expiry) watch.chain_expiry = watch.leaf_expiry;
  return verified;
}

// The answer of `basic` about the certificate that `issuer` signed; by SHA-1, as responders name certificates, or by
// SHA-256.
StapledStatus status_of(OCSP_BASICRESP* basic, const X509* leaf, const X509* issuer) {
  for (const EVP_MD* digest : {EVP_sha1(), EVP_sha256()}) {
    const Owned<OCSP_CERTID, OCSP_CERTID_free> id(OCSP_cert_to_id(digest, leaf, issuer));
    int status = V_OCSP_CERTSTATUS_UNKNOWN;
    int reason = 0;
    ASN1_GENERALIZEDTIME* revoked_at = nullptr;
    ASN1_GENERALIZEDTIME* this_update = nullptr;
    ASN1_GENERALIZEDTIME* next_update = nullptr;
    if (!id || OCSP_resp_find_status(basic, id.get(), &status, &reason, &revoked_at, &this_update, &next_update) != 1) {
      continue;
    }
    if (OCSP_check_validity(this_update, next_update, kClockSkewSeconds, -1) != 1) return StapledStatus::invalid;
    return status == V_OCSP_CERTSTATUS_GOOD      ? StapledStatus::good
           : status == V_OCSP_CERTSTATUS_REVOKED ? StapledStatus::revoked
                                                 : StapledStatus::unknown;
  }
  return StapledStatus::invalid;
}

StapledStatus read_stapled(SSL* ssl, const unsigned char* bytes, long length) {
  const Owned<OCSP_RESPONSE, OCSP_RESPONSE_free> response(d2i_OCSP_RESPONSE(nullptr, &bytes, length));
  if (!response || OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    return StapledStatus::invalid;
  }
  const Owned<OCSP_BASICRESP, OCSP_BASICRESP_free> basic(OCSP_response_get1_basic(response.get()));
  STACK_OF(X509)* const chain = SSL_get0_verified_chain(ssl);
  if (!basic || sk_X509_num(chain) < 1) return StapledStatus::invalid;
  if (OCSP_basic_verify(basic.get(), chain, SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)), 0) <= 0) {
    return StapledStatus::invalid;
  }
  const X509* const issuer = sk_X509_value(chain, std::min(1, sk_X509_num(chain) - 1));
  return status_of(basic.get(), sk_X509_value(chain, 0), issuer);
}

// Told when the server's part of the handshake is over and verified.
int on_status(SSL* ssl, void* self) {
  const unsigned char* bytes = nullptr;
  const long length = SSL_get_tlsext_status_ocsp_resp(ssl, &bytes);
  if (bytes != nullptr && length > 0) {
    static_cast<CertificateWatch*>(self)->stapled = read_stapled(ssl, bytes, length);
    ERR_clear_error();  // what did not verify is told by the status, not by the connection's errors
  }
  return 1;
}

void look_into(SSL_CTX* ssl, CertificateWatch* self) {
  SSL_CTX_set_cert_verify_callback(ssl, verify, self);
  SSL_CTX_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
  SSL_CTX_set_tlsext_status_cb(ssl, on_status);
  SSL_CTX_set_tlsext_status_arg(ssl, self);
  // A kept connection could otherwise call back after its first check, and the watch, are gone.
  SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION);
}

CURLcode on_context(CURL* /*easy*/, void* context, void* self) {
  auto* const watch = static_cast<CertificateWatch*>(self);
  watch->handshake_started = std::chrono::steady_clock::now();
  look_into(static_cast<SSL_CTX*>(context), watch);
  return CURLE_OK;
}

}  // namespace

void CertificateWatch::attach(CURL* easy, Wanted what) {
  *this = CertificateWatch{};
  wanted = what;
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, this);
}

void CertificateWatch::attach(SSL_CTX* context, Wanted what) {
  *this = CertificateWatch{};
  wanted = what;
  look_into(context, this);
}

}  // namespace nines::prober
