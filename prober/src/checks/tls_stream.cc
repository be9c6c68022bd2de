#include "checks/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <array>

#include "base/address.h"
#include "base/host_name.h"
#include "base/text.h"

namespace nines::prober {
namespace {

constexpr std::size_t kReadBytes = 16 << 10;
constexpr std::size_t kShownBytes = 100;

Failure own_fault(const std::string& what, const std::string& path) {
  ERR_clear_error();
  return {ErrorClass::internal, what + " cannot be read from " + path};
}

}  // namespace

void TlsStream::Deleter::operator()(ssl_ctx_st* context) const noexcept {
  SSL_CTX_free(context);
}
void TlsStream::Deleter::operator()(ssl_st* ssl) const noexcept {
  SSL_free(ssl);
}

std::optional<Failure> TlsStream::load_files(const CheckSpec& spec) {
  SSL_CTX* const context = context_.get();
  if (spec.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context);  // a folder by hashes: nothing is read before it is needed
  } else if (SSL_CTX_load_verify_locations(context, spec.ca_file.c_str(), nullptr) != 1) {
    return own_fault("authorities", spec.ca_file);
  }
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  // As libcurl does: an authority that is trusted needs no root above it.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  if (!spec.crl_file.empty()) {
    X509_LOOKUP* const lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (lookup == nullptr || X509_load_crl_file(lookup, spec.crl_file.c_str(), X509_FILETYPE_PEM) < 1) {
      return own_fault("revoked certificates", spec.crl_file);
    }
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  }
  if (spec.client_certificate.empty()) return std::nullopt;
  if (SSL_CTX_use_certificate_chain_file(context, spec.client_certificate.c_str()) != 1) {
    return own_fault("the client certificate", spec.client_certificate);
  }
  // OpenSSL would ask for a password at the terminal, and wait.
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
  const std::string& key = spec.client_key.empty() ? spec.client_certificate : spec.client_key;
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return own_fault("the client's key", key);
  }
  return std::nullopt;
}

// Who must stand in the certificate; and, for a name, whom we ask for (RFC 6066, section 3, has no addresses).
bool TlsStream::name_server(const std::string& given) {
  const std::string host(without_final_dot(given));
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl_.get());
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (parse_address(host, 1)) return X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1;
  return SSL_set_tlsext_host_name(ssl_.get(), host.c_str()) == 1 &&
         X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), host.size()) == 1;
}

std::optional<Failure> TlsStream::open(const CompiledCheck& check, const std::string& host, CertificateWatch& watch) {
  const Failure no_memory{ErrorClass::internal, "no memory for a TLS connection"};
  const CheckSpec& spec = check.spec;
  ERR_clear_error();
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!context_) return no_memory;
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context_.get(), spec.verify_tls ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (auto failure = load_files(spec)) return failure;
  watch.attach(context_.get(), {!spec.certificate_issuer.empty(), !check.public_keys.empty()});
  ssl_.reset(SSL_new(context_.get()));
  in_ = BIO_new(BIO_s_mem());
  out_ = BIO_new(BIO_s_mem());
  if (!ssl_ || in_ == nullptr || out_ == nullptr) {
    BIO_free(in_);
    BIO_free(out_);
    return no_memory;
  }
  BIO_set_mem_eof_return(in_, -1);  // what has not come yet is not the end
  SSL_set_bio(ssl_.get(), in_, out_);
  if (spec.verify_tls && !name_server(host)) return no_memory;
  if (!spec.verify_tls && !parse_address(host, 1)) SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
  SSL_set_connect_state(ssl_.get());
  watch_ = &watch;
  verifies_ = spec.verify_tls;
  host_ = host;
  return std::nullopt;
}

void TlsStream::feed(std::string_view bytes) {
  // A memory BIO takes everything, or there is no memory: then the handshake or the next read fails.
  static_cast<void>(BIO_write(in_, bytes.data(), static_cast<int>(bytes.size())));
}

std::string TlsStream::take_output() {
  std::string output;
  std::array<char, kReadBytes> buffer;
  for (int got = 0; (got = BIO_read(out_, buffer.data(), static_cast<int>(buffer.size()))) > 0;) {
    output.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return output;
}

TlsStream::Progress TlsStream::handshake() {
  ERR_clear_error();
  const int outcome = SSL_do_handshake(ssl_.get());
  if (outcome == 1) return Progress::done;
  const int error = SSL_get_error(ssl_.get(), outcome);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Progress::more;
  note_failure();
  return Progress::failed;
}

TlsStream::Progress TlsStream::read(std::string& text) {
  std::array<char, kReadBytes> buffer;
  for (;;) {
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (got > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(got));
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), got);
    if (error == SSL_ERROR_ZERO_RETURN) return Progress::done;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Progress::more;
    note_failure();
    return Progress::failed;
  }
}

bool TlsStream::write(std::string_view text) {
  ERR_clear_error();
  if (text.empty() || SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) > 0) return true;
  note_failure();
  return false;
}

void TlsStream::note_failure() {
  const unsigned long error = ERR_peek_last_error();
  if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE) {
    failure_ = {ErrorClass::internal, "no memory for a TLS connection"};
  } else if (verifies_ && !watch_->verify_error.empty()) {
    const bool other_name = watch_->verify_error.find("mismatch") != std::string::npos && watch_->leaf_expiry;
    failure_ = {ErrorClass::certificate,
                other_name ? "the certificate does not name " + shorten(host_, kShownBytes) : watch_->verify_error};
  } else {
    const char* const reason = ERR_reason_error_string(error);
    failure_ = {ErrorClass::tls, std::string("TLS failed: ") + (reason != nullptr ? reason : "without a reason")};
  }
  ERR_clear_error();
}

Failure TlsStream::failure() const {
  return failure_;
}

}  // namespace nines::prober
