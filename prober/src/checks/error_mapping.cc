#include "checks/error_mapping.h"

#include <ares.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace nines::prober {
namespace {

constexpr std::size_t kShownBytes = 160;

bool out_of_descriptors(int os_error) noexcept {
  return os_error == EMFILE || os_error == ENFILE || os_error == ENOBUFS || os_error == ENOMEM;
}

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
      return out_of_descriptors(os_error) ? ErrorClass::internal : ErrorClass::unreachable;
  }
}

bool looks_local(ErrorClass error) noexcept {
  return error == ErrorClass::dns || error == ErrorClass::connect_timeout || error == ErrorClass::unreachable;
}

// A TLS peer that refuses us after the handshake does so by an alert, which libcurl reports as a failed read.
bool is_tls_alert(const std::string& message) noexcept {
  return message.find("alert") != std::string::npos && message.find("SSL") != std::string::npos;
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

}  // namespace

ErrorClass classify(CURLcode code, const TransferProgress& progress) noexcept {
  switch (code) {
    case CURLE_OK:
      return ErrorClass::none;

    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return ErrorClass::dns;

    case CURLE_COULDNT_CONNECT:
    case CURLE_FTP_CANT_GET_HOST:
      return classify_connect(progress.os_error);

    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_FTP_ACCEPT_TIMEOUT:
      return timeout_failure(progress).error;

    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CLIENTCERT:
      return ErrorClass::tls;

    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return ErrorClass::certificate;

    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_FAIL_REWIND:
      return ErrorClass::reset;

    case CURLE_UNSUPPORTED_PROTOCOL:  // such as HTTP/0.9, or an answer that is no HTTP
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_HTTP3:
    case CURLE_QUIC_CONNECT_ERROR:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_PROXY:
    case CURLE_RANGE_ERROR:
    case CURLE_HTTP_POST_ERROR:
    case CURLE_BAD_DOWNLOAD_RESUME:
    case CURLE_FTP_WEIRD_PASS_REPLY:
    case CURLE_FTP_WEIRD_PASV_REPLY:
    case CURLE_FTP_WEIRD_227_FORMAT:
    case CURLE_FTP_ACCEPT_FAILED:
    case CURLE_FTP_COULDNT_SET_TYPE:
    case CURLE_FTP_COULDNT_USE_REST:
    case CURLE_FTP_PRET_FAILED:
    case CURLE_FTP_BAD_FILE_LIST:
    case CURLE_FTP_PORT_FAILED:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_RTSP_CSEQ_ERROR:
    case CURLE_RTSP_SESSION_ERROR:
    case CURLE_TFTP_ILLEGAL:
    case CURLE_TFTP_UNKNOWNID:
    case CURLE_CHUNK_FAILED:
      return ErrorClass::protocol;

    // The server speaks its protocol and says no.
    case CURLE_REMOTE_ACCESS_DENIED:
    case CURLE_LOGIN_DENIED:
    case CURLE_AUTH_ERROR:
    case CURLE_QUOTE_ERROR:
    case CURLE_FTP_COULDNT_RETR_FILE:
    case CURLE_UPLOAD_FAILED:
    case CURLE_LDAP_CANNOT_BIND:
    case CURLE_LDAP_SEARCH_FAILED:
    case CURLE_REMOTE_DISK_FULL:
    case CURLE_REMOTE_FILE_EXISTS:
    case CURLE_REMOTE_FILE_NOT_FOUND:
    case CURLE_TFTP_NOTFOUND:
    case CURLE_TFTP_PERM:
    case CURLE_TFTP_NOSUCHUSER:
      return ErrorClass::condition;

    case CURLE_HTTP_RETURNED_ERROR:
      return ErrorClass::http_status;
    case CURLE_TOO_MANY_REDIRECTS:
      return ErrorClass::redirect;
    case CURLE_FILESIZE_EXCEEDED:
      return ErrorClass::too_large;

    // libcurl reports a header line over its own limit as a failed allocation of the line's buffer.
    case CURLE_OUT_OF_MEMORY:
      return progress.connected ? ErrorClass::too_large : ErrorClass::internal;

    // Our own fault: options, files, libraries, callbacks.
    case CURLE_FAILED_INIT:
    case CURLE_URL_MALFORMAT:
    case CURLE_NOT_BUILT_IN:
    case CURLE_WRITE_ERROR:
    case CURLE_READ_ERROR:
    case CURLE_ABORTED_BY_CALLBACK:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_FUNCTION_NOT_FOUND:
    case CURLE_INTERFACE_FAILED:
    case CURLE_SETOPT_OPTION_SYNTAX:
    case CURLE_FILE_COULDNT_READ_FILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_CONV_FAILED:
    case CURLE_CONV_REQD:
    case CURLE_NO_CONNECTION_AVAILABLE:
    case CURLE_RECURSIVE_API_CALL:
    case CURLE_UNRECOVERABLE_POLL:
      return ErrorClass::internal;

    default:
      return ErrorClass::other;
  }
}

Failure timeout_failure(const TransferProgress& progress) {
  if (!progress.connected) {
    return {ErrorClass::connect_timeout, "no connection in time", true};
  }
  if (!progress.secured) return {ErrorClass::timeout, "the TLS handshake was not over in time"};
  if (!progress.answered) return {ErrorClass::timeout, "connected, but no answer in time"};
  return {ErrorClass::timeout, "the answer was not complete in time"};
}

Failure curl_failure(CURLcode code, const TransferProgress& progress, const std::string& curl_message) {
  if (code == CURLE_OPERATION_TIMEDOUT) return timeout_failure(progress);
  Failure failure;
  failure.error = classify(code, progress);
  if (failure.error == ErrorClass::reset && is_tls_alert(curl_message)) failure.error = ErrorClass::tls;
  failure.looks_local = looks_local(failure.error);
  failure.detail = sentence(failure.error);
  const bool says_more = failure.detail.empty() || failure.error == ErrorClass::too_large;
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
      return {ErrorClass::dns, "no name server answered for " + shown + " in time", true};
    case ARES_ECONNREFUSED:
      return {ErrorClass::dns, "no name server could be reached for " + shown, true};
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
  failure.looks_local = looks_local(failure.error);
  failure.detail = shorten(address, kShownBytes) + ": " + std::strerror(os_error);
  return failure;
}

}  // namespace nines::prober
