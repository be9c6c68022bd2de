// The certificate and the key that the page is shown with.
#pragma once

#include <nines/result.h>

#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace nines::tools {

/// PEM files: the certificate with its intermediates behind it, and its key, which has no passphrase.
struct TlsFiles {
  std::string certificate;
  std::string key;
  friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};

/// For TLS 1.2 and 1.3, as what the files say now. Any thread. `invalid_argument` when one cannot be read, is something
/// else, or the two do not belong together.
[[nodiscard]] Result<std::shared_ptr<boost::asio::ssl::context>> load_tls(const TlsFiles& files);

}  // namespace nines::tools
