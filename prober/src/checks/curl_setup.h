// The options that one transfer of a check gives libcurl.
#pragma once

#include <curl/curl.h>

#include <string>

#include "checks/certificate_watch.h"
#include "spec/compiled_check.h"

namespace nines::prober {

/// One step of a check: the first request, or the one after a redirect.
struct Hop {
  Target target;
  bool own_origin = true;  ///< credentials may be sent
  bool as_get = false;     ///< a redirect turned the request into a plain GET
  std::string username;    ///< a login that stood in the redirect's address; empty for none
  std::string password;
};

/// What libcurl calls back while the transfer runs. All of them get `self`.
struct TransferCallbacks {
  void* self = nullptr;
  curl_write_callback on_header = nullptr;
  curl_write_callback on_body = nullptr;
  curl_opensocket_callback on_open = nullptr;
  curl_prereq_callback on_connected = nullptr;  ///< not of a check that is connect_only
  char* error_buffer = nullptr;                 ///< CURL_ERROR_SIZE bytes
};

/// Whether the check ends when libcurl has connected and logged in, instead of fetching something. Also keeps libcurl
/// from its polite farewells (QUIT, LOGOUT), for which it blocks until the server answers.
[[nodiscard]] bool connect_only(const Target& target) noexcept;

/// Sets up `easy`, which has the default options. `headers`, `resolve`, `check` and `hop` must outlive the transfer.
void configure(CURL* easy, const CompiledCheck& check, const Hop& hop, const TransferCallbacks& callbacks,
               curl_slist* headers, curl_slist* resolve, const std::string& user_agent, CertificateWatch& certificates);

}  // namespace nines::prober
