// A web server on loopback that a test can start and stop, and a client for pages. Hides the HTTP library.
#pragma once

#include <map>
#include <memory>
#include <string>

namespace nines::tools::testing {

class TestWebServer {
 public:
  /// Answers every GET with `status` on `port`.
  explicit TestWebServer(int port, int status = 200);
  ~TestWebServer();
  TestWebServer(const TestWebServer&) = delete;
  TestWebServer& operator=(const TestWebServer&) = delete;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

struct Page {
  int status = 0;  ///< 0: no answer
  std::string body;
  std::map<std::string, std::string> headers;  ///< names in lower case
};
[[nodiscard]] Page get(int port, const std::string& path, const std::map<std::string, std::string>& headers = {});
[[nodiscard]] Page post(int port, const std::string& path, const std::string& body,
                        const std::map<std::string, std::string>& headers = {});
/// Sends `bytes` as they are and reads until the other side closes or 3 s pass.
[[nodiscard]] std::string raw(int port, const std::string& bytes);

}  // namespace nines::tools::testing
