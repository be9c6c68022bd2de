// From the error numbers of libcurl, c-ares and the system to error classes and sentences.
#pragma once

#include <curl/curl.h>

#include <string>

#include "checks/conditions.h"

namespace nines::prober {

/// How far a transfer had come when it failed.
struct TransferProgress {
  bool connected = false;  ///< TCP
  bool secured = false;    ///< TLS, or no TLS wanted
  bool answered = false;   ///< the first byte came
  int os_error = 0;        ///< errno of the connection attempt, 0 when unknown
};

/// The class of a libcurl failure; `none` for CURLE_OK.
[[nodiscard]] ErrorClass classify(CURLcode code, const TransferProgress& progress) noexcept;

/// Class and sentence. `curl_message` is libcurl's error buffer, used where it says more than the code.
[[nodiscard]] Failure curl_failure(CURLcode code, const TransferProgress& progress, const std::string& curl_message);

/// A failed name lookup, by c-ares status.
[[nodiscard]] Failure dns_failure(int ares_status, const std::string& name);

/// Whether errno says that the prober's own descriptors or memory ran out, which says nothing of any server.
[[nodiscard]] bool is_shortage(int os_error) noexcept;

/// A failed connect() or a broken connection, by errno. `address` is shown.
[[nodiscard]] Failure connect_failure(int os_error, const std::string& address);

/// Nothing came in time, by how far it had come.
[[nodiscard]] Failure timeout_failure(const TransferProgress& progress);

}  // namespace nines::prober
