// libcurl's multi interface on the event loop, and a pool of easy handles.
//
// One multi handle a loop, driven by curl_multi_socket_action; no thread is ever made, because names are resolved
// before libcurl sees them (dns_channel.h). Threads: the loop's only.
#pragma once

#include <curl/curl.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nines/result.h>

#include "base/event_loop.h"
#include "spec/compiled_check.h"

namespace nines::prober {

/// Told when a transfer has ended; the handle is still added, its figures can be read.
class TransferListener {
 public:
  virtual ~TransferListener() = default;
  virtual void on_transfer_done(CURLcode code) = 0;
};

class CurlEngine final : public FdWatcher {
 public:
  [[nodiscard]] static Result<std::unique_ptr<CurlEngine>> create(EventLoop& loop, std::size_t idle_handles);
  ~CurlEngine() override;
  CurlEngine(const CurlEngine&) = delete;
  CurlEngine& operator=(const CurlEngine&) = delete;

  /// A handle with libcurl's default options; null when there is no memory. Give it back with `release`.
  [[nodiscard]] CURL* acquire();
  void release(CURL* easy) noexcept;

  /// Begins the transfer that `easy` is set up for.
  [[nodiscard]] CURLMcode add(CURL* easy, TransferListener& listener);
  /// Ends it, done or not, closing its connection unless that may be reused; its list of addresses is not read any
  /// more. Does not block. Not from a libcurl callback.
  void remove(CURL* easy) noexcept;

  /// The CURLOPT_RESOLVE list that gives `host:port` these addresses. Entries stay in the multi handle's cache until a
  /// later list takes them out, so `forget_name` is called when the transfer is over.
  [[nodiscard]] CurlList resolve_list(const std::string& host_port, const std::vector<Address>& addresses);
  void forget_name(const std::string& host_port);

  /// Remembers which of `sockets` is the connection from `local` ("address:port"), for as long as it is kept. Its
  /// transfer must have been told to `watch_closing`.
  void keep(const std::string& local, const std::vector<int>& sockets);
  void watch_closing(CURL* easy);
  /// Whether bytes have come over the kept connection from `local` that nobody has read, or it has ended.
  [[nodiscard]] bool has_unread(const std::string& local) const;

  void on_fd(int fd, std::uint32_t events) override;

 private:
  CurlEngine(EventLoop& loop, CURLM* multi, std::size_t idle_handles)
      : loop_(loop), multi_(multi), idle_limit_(idle_handles) {}
  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* socket_data);
  static int on_timer(CURLM* multi, long after_ms, void* self);
  static int on_close(void* self, curl_socket_t fd);
  void act(curl_socket_t fd, int what);
  void read_messages();

  EventLoop& loop_;
  CURLM* const multi_;
  const std::size_t idle_limit_;
  std::vector<CURL*> idle_;
  std::vector<std::string> stale_names_;
  std::map<std::string, int> kept_;  // sockets by their local end
  TimerId timer_{};
};

}  // namespace nines::prober
