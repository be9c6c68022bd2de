// TLS of our own over a connection that others read and write: bytes of the peer go in, bytes for the peer come out.
//
// For conversations that libcurl does not know, and for those that become TLS in their middle. Trusts, names and
// refuses as the checks over libcurl do. The check and the watch must outlive the stream. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "checks/certificate_watch.h"
#include "checks/conditions.h"
#include "spec/compiled_check.h"

struct bio_st;
struct ssl_st;
struct ssl_ctx_st;

namespace nines::prober {

class TlsStream {
 public:
  enum class Progress : std::uint8_t {
    done,    ///< the handshake is over; of read(): the peer has ended the conversation
    more,    ///< the peer's next bytes are needed
    failed,  ///< failure() says why
  };

  /// Sets the client up for the server `host`, a name or an address. Nothing, or what is wrong with our own files.
  [[nodiscard]] std::optional<Failure> open(const CompiledCheck& check, const std::string& host,
                                            CertificateWatch& watch);
  /// What the peer has sent.
  void feed(std::string_view bytes);
  /// What is to be sent to it by now.
  [[nodiscard]] std::string take_output();

  [[nodiscard]] Progress handshake();
  /// Appends what the peer has said to `text`.
  [[nodiscard]] Progress read(std::string& text);
  /// False when it failed.
  [[nodiscard]] bool write(std::string_view text);
  [[nodiscard]] Failure failure() const;

 private:
  struct Deleter {
    void operator()(ssl_ctx_st* context) const noexcept;
    void operator()(ssl_st* ssl) const noexcept;
  };
  [[nodiscard]] std::optional<Failure> load_files(const CheckSpec& spec);
  [[nodiscard]] bool name_server(const std::string& host);
  void note_failure();

  std::unique_ptr<ssl_ctx_st, Deleter> context_;
  std::unique_ptr<ssl_st, Deleter> ssl_;
  bio_st* in_ = nullptr;   // owned by ssl_
  bio_st* out_ = nullptr;  // owned by ssl_
  const CertificateWatch* watch_ = nullptr;
  bool verifies_ = true;
  std::string host_;
  Failure failure_;
};

}  // namespace nines::prober
