// The same transfers by libcurl and epoll alone, byte for byte as the prober asks: no schedule, no judgement, no
// results. What the prober costs above this is its own.
#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include <nines/check_runner.h>

#include "measure/prober_measure.h"
#include "measure/prober_servers.h"

namespace nines::bench {
namespace {

using Clock = std::chrono::steady_clock;

std::size_t ignore_body(char* /*data*/, std::size_t size, std::size_t count, void* /*self*/) {
  return size * count;
}

class BareLoop {
 public:
  BareLoop(std::string url, std::uint64_t servers) : url_(std::move(url)), servers_(servers) {
    for (const char* const line : {"Connection: close", "Accept-Encoding: identity"}) {
      headers_ = curl_slist_append(headers_, line);
    }
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  }
  ~BareLoop() {
    for (CURL* easy : idle_) curl_easy_cleanup(easy);
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
    ::close(epoll_);
  }
  BareLoop(const BareLoop&) = delete;
  BareLoop& operator=(const BareLoop&) = delete;

  /// `rate` transfers a second, evenly, until `end`; then those in flight.
  void run(double rate, Clock::time_point end) {
    const auto step = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / rate));
    auto next = Clock::now();
    while (next < end || in_flight_ > 0) {
      for (; next < end && next <= Clock::now(); next += step) begin();
      wait(next < end ? next : end);
    }
  }
  [[nodiscard]] std::uint64_t done() const noexcept { return done_; }
  [[nodiscard]] std::uint64_t succeeded() const noexcept { return succeeded_; }

 private:
  static int on_socket(CURL* /*easy*/, curl_socket_t fd, int what, void* self, void* /*unused*/) {
    epoll_event event{};
    event.data.fd = fd;
    event.events = ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U);
    const int epoll = static_cast<BareLoop*>(self)->epoll_;
    if (what == CURL_POLL_REMOVE) return ::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr) * 0;
    if (::epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) != 0) ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    return 0;
  }
  static int on_timer(CURLM* /*multi*/, long after_ms, void* self) {
    static_cast<BareLoop*>(self)->timer_ =
        after_ms < 0 ? Clock::time_point::max() : Clock::now() + std::chrono::milliseconds(after_ms);
    return 0;
  }

  void begin() {
    CURL* easy = idle_.empty() ? curl_easy_init() : idle_.back();
    if (!idle_.empty()) idle_.pop_back();
    curl_easy_setopt(easy, CURLOPT_URL, (url_ + std::to_string(begun_++ % servers_)).c_str());
    curl_easy_setopt(easy, CURLOPT_USERAGENT, user_agent_.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore_body);
    curl_multi_add_handle(multi_, easy);
    ++in_flight_;
  }

  void wait(Clock::time_point until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(std::min(until, timer_) - Clock::now());
    std::array<epoll_event, 64> events;
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                   static_cast<int>(std::max(left, std::chrono::milliseconds{0}).count()));
    int running = 0;
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const int what = ((event.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                       ((event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0);
      curl_multi_socket_action(multi_, event.data.fd, what, &running);
    }
    if (timer_ <= Clock::now()) {
      timer_ = Clock::time_point::max();
      curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    collect();
  }

  void collect() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      CURL* easy = message->easy_handle;
      succeeded_ += message->data.result == CURLE_OK ? 1U : 0U;
      ++done_;
      --in_flight_;
      curl_multi_remove_handle(multi_, easy);
      curl_easy_reset(easy);
      idle_.push_back(easy);
    }
  }

  const std::string url_;
  const std::uint64_t servers_;
  const std::string user_agent_ = RunnerOptions{}.user_agent;
  curl_slist* headers_ = nullptr;
  std::uint64_t begun_ = 0;
  CURLM* const multi_ = curl_multi_init();
  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  Clock::time_point timer_ = Clock::time_point::max();
  std::vector<CURL*> idle_;
  std::uint64_t in_flight_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t succeeded_ = 0;
};

}  // namespace

Result<Json> measure_bare(const Arguments& arguments) {
  const ScratchDirectory scratch;
  auto nginx = start_nginx(scratch.path());
  if (!nginx) return tl::unexpected(nginx.error());
  BareLoop loop("http://127.0.0.1:" + std::to_string(nginx->port) + "/check/", arguments.number("servers", 1'000));
  const ProcessorTime begin = processor_time();
  const auto started = Clock::now();
  loop.run(static_cast<double>(arguments.number("a_second", 1'000)),
           started + std::chrono::seconds{arguments.number("seconds", 20)});
  const std::chrono::duration<double> elapsed = Clock::now() - started;
  Json json{{"transfers", loop.done()}, {"succeeded", loop.succeeded()}, {"seconds", elapsed.count()}};
  json.update(cost_of(processor_time() - begin, elapsed.count(), loop.done()));
  json["peak_bytes"] = memory().peak;
  return json;
}

}  // namespace nines::bench
