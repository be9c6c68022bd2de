// The files that a check names, as they are now.
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <nines/check_runner.h>

namespace nines {
namespace prober {
namespace {

/// Frees what OpenSSL has made.
struct Free {
  void operator()(BIO* file) const noexcept { BIO_free(file); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};

// What a file of PEM holds (RFC 7468), by the labels in it.
struct PemLabels {
  bool any = false;
  bool certificate = false;
  bool list = false;
  bool key = false;
  bool locked_key = false;  // of which the password is not known
};

PemLabels labels_of(std::ifstream& file) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  PemLabels labels;
  for (std::string line; std::getline(file, line);) {
    const std::size_t at = line.find(kBegin);
    if (line.starts_with("Proc-Type: 4,ENCRYPTED")) labels.locked_key = true;
    if (at == std::string::npos) continue;
    const std::string_view label = std::string_view(line).substr(at + kBegin.size());
    labels.any = true;
    labels.certificate = labels.certificate || label.find("CERTIFICATE---") != std::string_view::npos;
    labels.list = labels.list || label.starts_with("X509 CRL");
    labels.locked_key = labels.locked_key || label.starts_with("ENCRYPTED PRIVATE KEY");
    labels.key = labels.key || label.find("PRIVATE KEY---") != std::string_view::npos;
  }
  return labels;
}

// Whether the first certificate in a file and a private key belong together. What cannot be read tells nothing.
bool belong_together(const std::string& certificate_file, const std::string& key_file) {
  const std::unique_ptr<BIO, Free> first(BIO_new_file(certificate_file.c_str(), "r"));
  const std::unique_ptr<BIO, Free> second(BIO_new_file(key_file.c_str(), "r"));
  if (!first || !second) return true;
  const auto no_password = [](char*, int, int, void*) { return 0; };
  const std::unique_ptr<X509, Free> certificate(PEM_read_bio_X509(first.get(), nullptr, no_password, nullptr));
  const std::unique_ptr<EVP_PKEY, Free> key(PEM_read_bio_PrivateKey(second.get(), nullptr, no_password, nullptr));
  const bool together = !certificate || !key || X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  return together;
}

}  // namespace
}  // namespace prober

std::vector<FieldError> check_file_problems(const CheckSpec& spec) {
  using prober::PemLabels;
  struct File {
    const char* field;
    const std::string& path;
    bool PemLabels::*holds;
    const char* what;
  };
  const File files[] = {{"ca-file", spec.ca_file, &PemLabels::certificate, "certificate"},
                        {"crl-file", spec.crl_file, &PemLabels::list, "list of revoked certificates"},
                        {"client-certificate", spec.client_certificate, &PemLabels::certificate, "certificate"},
                        {"client-key", spec.client_key, &PemLabels::key, "private key"}};
  std::vector<FieldError> errors;
  for (const auto& [field, path, holds, what] : files) {
    if (path.empty()) continue;
    std::error_code none;
    std::ifstream file(path, std::ios::binary);
    if (!std::filesystem::is_regular_file(path, none) || !file) {
      errors.push_back({field, "there is no file " + path + " that can be read"});
      continue;
    }
    const PemLabels labels = prober::labels_of(file);
    const bool has_key = &path == &spec.client_key || (&path == &spec.client_certificate && spec.client_key.empty());
    if (!labels.any) {
      errors.push_back({field, path + " is not in the PEM format"});
    } else if (!(labels.*holds)) {
      errors.push_back({field, path + " holds no " + what});
    } else if (has_key && !labels.key) {
      errors.push_back({field, path + " holds no private key, and there is no client-key"});
    } else if (has_key && labels.locked_key) {
      errors.push_back({field, "the private key in " + path + " needs a password, for which there is no key"});
    }
  }
  const std::string& key = spec.client_key.empty() ? spec.client_certificate : spec.client_key;
  if (errors.empty() && !key.empty() && !prober::belong_together(spec.client_certificate, key)) {
    errors.push_back({spec.client_key.empty() ? "client-certificate" : "client-key",
                      "the private key in " + key + " is not that of " + spec.client_certificate});
  }
  return errors;
}

}  // namespace nines
