#include "checks/error_mapping.h"

#include <ares.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace nines::prober {
namespace {

constexpr std::size_t kShownBytes = 160;

ErrorClass classify_connect(int os_error) noexcept {
  switch (os_error) {
    case ECONNREFUSED:
      return ErrorClass::connect_refused;
    case ETIMEDOUT:
      return ErrorClass::connect_timeout;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
      return ErrorClass::reset;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EADDRNOTAVAIL:
    case EACCES:  // a firewall rule of our own
    case EPERM:
      return ErrorClass::unreachable;
    default:
      return is_shortage(os_error) ? ErrorClass::internal : ErrorClass::unreachable;
  }
}

// A TLS peer that refuses us after the handshake does so by an alert, which libcurl reports as a failed read.
bool is_tls_alert(const std::string& message) noexcept {
  return message.find("alert") != std::string::npos && message.find("SSL") != std::string::npos;
}

// libcurl calls a body whose chunks are malformed a failed read.
bool is_broken_chunk(const std::string& message) noexcept {
  return message.find("chunked-encoding") != std::string::npos;
}

const char* sentence(ErrorClass error) noexcept {
  switch (error) {
    case ErrorClass::dns:
      return "the name does not resolve";
    case ErrorClass::connect_refused:
      return "connection refused";
    case ErrorClass::connect_timeout:
      return "no connection in time";
    case ErrorClass::unreachable:
      return "host or network unreachable";
    case ErrorClass::reset:
      return "the connection was closed before the answer was complete";
    case ErrorClass::timeout:
      return "no complete answer in time";
    case ErrorClass::too_large:
      return "headers over their limit";
    case ErrorClass::redirect:
      return "redirected to a place that is not allowed";
    default:
      return "";
  }
}

using CurlClass = std::pair<CURLcode, ErrorClass>;
// What depends on nothing but the code.
constexpr auto kCurlClasses = std::to_array<CurlClass>({
    {CURLE_COULDNT_RESOLVE_HOST, ErrorClass::dns},
    {CURLE_COULDNT_RESOLVE_PROXY, ErrorClass::dns},
    {CURLE_SSL_CONNECT_ERROR, ErrorClass::tls},
    {CURLE_SSL_CIPHER, ErrorClass::tls},
    {CURLE_SSL_SHUTDOWN_FAILED, ErrorClass::tls},
    {CURLE_USE_SSL_FAILED, ErrorClass::tls},
    {CURLE_SSL_CLIENTCERT, ErrorClass::tls},
    {CURLE_PEER_FAILED_VERIFICATION, ErrorClass::certificate},
    {CURLE_SSL_ISSUER_ERROR, ErrorClass::certificate},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, ErrorClass::certificate},
    {CURLE_SSL_INVALIDCERTSTATUS, ErrorClass::certificate},
    {CURLE_GOT_NOTHING, ErrorClass::reset},
    {CURLE_PARTIAL_FILE, ErrorClass::reset},
    {CURLE_SEND_ERROR, ErrorClass::reset},
    {CURLE_RECV_ERROR, ErrorClass::reset},
    {CURLE_SEND_FAIL_REWIND, ErrorClass::reset},
    // The server does not keep to its protocol; HTTP/0.9 and what is no HTTP at all are UNSUPPORTED_PROTOCOL.
    {CURLE_UNSUPPORTED_PROTOCOL, ErrorClass::protocol},
    {CURLE_WEIRD_SERVER_REPLY, ErrorClass::protocol},
    {CURLE_HTTP2, ErrorClass::protocol},
    {CURLE_HTTP2_STREAM, ErrorClass::protocol},
    {CURLE_HTTP3, ErrorClass::protocol},
    {CURLE_QUIC_CONNECT_ERROR, ErrorClass::protocol},
    {CURLE_BAD_CONTENT_ENCODING, ErrorClass::protocol},
    {CURLE_PROXY, ErrorClass::protocol},
    {CURLE_RANGE_ERROR, ErrorClass::protocol},
    {CURLE_HTTP_POST_ERROR, ErrorClass::protocol},
    {CURLE_BAD_DOWNLOAD_RESUME, ErrorClass::protocol},
    {CURLE_FTP_WEIRD_PASS_REPLY, ErrorClass::protocol},
    {CURLE_FTP_WEIRD_PASV_REPLY, ErrorClass::protocol},
    {CURLE_FTP_WEIRD_227_FORMAT, ErrorClass::protocol},
    {CURLE_FTP_ACCEPT_FAILED, ErrorClass::protocol},
    {CURLE_FTP_COULDNT_SET_TYPE, ErrorClass::protocol},
    {CURLE_FTP_COULDNT_USE_REST, ErrorClass::protocol},
    {CURLE_FTP_PRET_FAILED, ErrorClass::protocol},
    {CURLE_FTP_BAD_FILE_LIST, ErrorClass::protocol},
    {CURLE_FTP_PORT_FAILED, ErrorClass::protocol},
    {CURLE_UNKNOWN_OPTION, ErrorClass::protocol},
    {CURLE_RTSP_CSEQ_ERROR, ErrorClass::protocol},
    {CURLE_RTSP_SESSION_ERROR, ErrorClass::protocol},
    {CURLE_TFTP_ILLEGAL, ErrorClass::protocol},
    {CURLE_TFTP_UNKNOWNID, ErrorClass::protocol},
    {CURLE_CHUNK_FAILED, ErrorClass::protocol},
    // The server speaks its protocol and says no.
    {CURLE_REMOTE_ACCESS_DENIED, ErrorClass::condition},
    {CURLE_LOGIN_DENIED, ErrorClass::condition},
    {CURLE_AUTH_ERROR, ErrorClass::condition},
    {CURLE_QUOTE_ERROR, ErrorClass::condition},
    {CURLE_FTP_COULDNT_RETR_FILE, ErrorClass::condition},
    {CURLE_UPLOAD_FAILED, ErrorClass::condition},
    {CURLE_LDAP_CANNOT_BIND, ErrorClass::condition},
    {CURLE_LDAP_SEARCH_FAILED, ErrorClass::condition},
    {CURLE_REMOTE_DISK_FULL, ErrorClass::condition},
    {CURLE_REMOTE_FILE_EXISTS, ErrorClass::condition},
    {CURLE_REMOTE_FILE_NOT_FOUND, ErrorClass::condition},
    {CURLE_TFTP_NOTFOUND, ErrorClass::condition},
    {CURLE_TFTP_PERM, ErrorClass::condition},
    {CURLE_TFTP_NOSUCHUSER, ErrorClass::condition},
    {CURLE_HTTP_RETURNED_ERROR, ErrorClass::http_status},
    {CURLE_TOO_MANY_REDIRECTS, ErrorClass::redirect},
    {CURLE_FILESIZE_EXCEEDED, ErrorClass::too_large},
    // Our own fault: options, files, libraries, callbacks.
    {CURLE_FAILED_INIT, ErrorClass::internal},
    {CURLE_URL_MALFORMAT, ErrorClass::internal},
    {CURLE_NOT_BUILT_IN, ErrorClass::internal},
    {CURLE_WRITE_ERROR, ErrorClass::internal},
    {CURLE_READ_ERROR, ErrorClass::internal},
    {CURLE_ABORTED_BY_CALLBACK, ErrorClass::internal},
    {CURLE_BAD_FUNCTION_ARGUMENT, ErrorClass::internal},
    {CURLE_FUNCTION_NOT_FOUND, ErrorClass::internal},
    {CURLE_INTERFACE_FAILED, ErrorClass::internal},
    {CURLE_SETOPT_OPTION_SYNTAX, ErrorClass::internal},
    {CURLE_FILE_COULDNT_READ_FILE, ErrorClass::internal},
    {CURLE_SSL_CERTPROBLEM, ErrorClass::internal},
    {CURLE_SSL_CACERT_BADFILE, ErrorClass::internal},
    {CURLE_SSL_CRL_BADFILE, ErrorClass::internal},
    {CURLE_SSL_ENGINE_NOTFOUND, ErrorClass::internal},
    {CURLE_SSL_ENGINE_SETFAILED, ErrorClass::internal},
    {CURLE_SSL_ENGINE_INITFAILED, ErrorClass::internal},
    {CURLE_CONV_FAILED, ErrorClass::internal},
    {CURLE_CONV_REQD, ErrorClass::internal},
    {CURLE_NO_CONNECTION_AVAILABLE, ErrorClass::internal},
    {CURLE_RECURSIVE_API_CALL, ErrorClass::internal},
    {CURLE_UNRECOVERABLE_POLL, ErrorClass::internal},
});

}  // namespace

bool is_shortage(int os_error) noexcept {
  return os_error == EMFILE || os_error == ENFILE || os_error == ENOBUFS || os_error == ENOMEM;
}

ErrorClass classify(CURLcode code, const TransferProgress& progress) noexcept {
  if (code == CURLE_OK) return ErrorClass::none;
  if (code == CURLE_COULDNT_CONNECT || code == CURLE_FTP_CANT_GET_HOST) {
    // An LDAP server that closes the connection, or says what is no LDAP, is one that cannot be connected to for
    // libcurl.
    const bool closed = progress.connected && progress.os_error == 0;
    return closed ? ErrorClass::reset : classify_connect(progress.os_error);
  }
  if (code == CURLE_OPERATION_TIMEDOUT || code == CURLE_FTP_ACCEPT_TIMEOUT) return timeout_failure(progress).error;
  // libcurl reports a header line over its own limit as a failed allocation of the line's buffer.
  if (code == CURLE_OUT_OF_MEMORY) return progress.connected ? ErrorClass::too_large : ErrorClass::internal;
  const auto* const found = std::find_if(kCurlClasses.begin(), kCurlClasses.end(),
                                         [code](const CurlClass& entry) { return entry.first == code; });
  if (found == kCurlClasses.end()) return ErrorClass::other;
  // Once the answer has begun, what libcurl blames on us is what the server has sent: an unknown would hide its fault.
  if (found->second == ErrorClass::internal && progress.answered) return ErrorClass::protocol;
  return found->second;
}

Failure timeout_failure(const TransferProgress& progress) {
  if (!progress.connected) return {ErrorClass::connect_timeout, "no connection in time"};
  if (!progress.secured) return {ErrorClass::timeout, "the TLS handshake was not over in time"};
  if (!progress.answered) return {ErrorClass::timeout, "connected, but no answer in time"};
  return {ErrorClass::timeout, "the answer was not complete in time"};
}

Failure curl_failure(CURLcode code, const TransferProgress& progress, const std::string& curl_message) {
  if (code == CURLE_OPERATION_TIMEDOUT) return timeout_failure(progress);
  Failure failure;
  failure.error = classify(code, progress);
  if (failure.error == ErrorClass::reset && is_tls_alert(curl_message)) failure.error = ErrorClass::tls;
  if (failure.error == ErrorClass::reset && is_broken_chunk(curl_message)) failure.error = ErrorClass::protocol;
  failure.detail = sentence(failure.error);
  const bool of_memory = code == CURLE_OUT_OF_MEMORY;  // which is not what there is too little of
  const bool says_more = failure.detail.empty() || (failure.error == ErrorClass::too_large && !of_memory);
  if (says_more) {
    const std::string text = curl_message.empty() ? curl_easy_strerror(code) : curl_message;
    failure.detail = shorten(text, kShownBytes);
  }
  return failure;
}

Failure dns_failure(int ares_status, const std::string& name) {
  const std::string shown = shorten(name, kShownBytes);
  switch (ares_status) {
    case ARES_ENOTFOUND:
      return {ErrorClass::dns, shown + " does not exist in the DNS"};
    case ARES_ENODATA:
      return {ErrorClass::dns, shown + " has no address"};
    case ARES_ESERVFAIL:
      return {ErrorClass::dns, "the name server failed on " + shown + " (SERVFAIL)"};
    case ARES_EREFUSED:
      return {ErrorClass::dns, "the name server refused to look up " + shown};
    case ARES_EBADNAME:
      return {ErrorClass::dns, shown + " is not a valid name"};
    case ARES_ETIMEOUT:
      return {ErrorClass::dns, "no name server answered for " + shown + " in time"};
    case ARES_ECONNREFUSED:
      // c-ares says the same of those that answer SERVFAIL or REFUSED: it has tried the next one, and there is none.
      return {ErrorClass::dns, "no name server could be reached for " + shown + ", or all of them failed on it"};
    case ARES_ENOMEM:
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
      return {ErrorClass::internal, "the lookup of " + shown + " was not finished"};
    default:
      return {ErrorClass::dns, "looking up " + shown + " failed: " + ares_strerror(ares_status)};
  }
}

Failure connect_failure(int os_error, const std::string& address) {
  Failure failure;
  failure.error = classify_connect(os_error);
  failure.detail = shorten(address, kShownBytes) + ": " + std::strerror(os_error);
  return failure;
}

}  // namespace nines::prober
