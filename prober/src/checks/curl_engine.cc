#include "checks/curl_engine.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace nines::prober {
namespace {

// Connections kept for checks with keep_alive; the oldest is closed beyond that.
constexpr long kKeptConnections = 1000;

// Thread-safe since libcurl 7.84; never undone, because the host process may use libcurl too.
CURLcode init_library() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  return code;
}

}  // namespace

Result<std::unique_ptr<CurlEngine>> CurlEngine::create(EventLoop& loop, std::size_t idle_handles) {
  if (init_library() != CURLE_OK) return fail(ErrorCode::io, "libcurl cannot be initialised");
  CURLM* multi = curl_multi_init();
  if (multi == nullptr) return fail(ErrorCode::io, "libcurl has no memory for a multi handle");
  std::unique_ptr<CurlEngine> engine(new CurlEngine(loop, multi, idle_handles));
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, engine.get());
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, engine.get());
  curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kKeptConnections);
  return engine;
}

CurlEngine::~CurlEngine() {
  for (CURL* easy : idle_) curl_easy_cleanup(easy);
  curl_multi_cleanup(multi_);
  loop_.cancel(timer_);
}

CURL* CurlEngine::acquire() {
  if (idle_.empty()) return curl_easy_init();
  CURL* easy = idle_.back();
  idle_.pop_back();
  return easy;
}

void CurlEngine::release(CURL* easy) noexcept {
  // A reset would keep the check's cookies.
  curl_easy_setopt(easy, CURLOPT_COOKIEFILE, static_cast<const char*>(nullptr));
  if (idle_.size() >= idle_limit_) {
    curl_easy_cleanup(easy);
    return;
  }
  curl_easy_reset(easy);
  idle_.push_back(easy);
}

CURLMcode CurlEngine::add(CURL* easy, TransferListener& listener) {
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &listener);
  return curl_multi_add_handle(multi_, easy);
}

void CurlEngine::remove(CURL* easy) noexcept {
  curl_multi_remove_handle(multi_, easy);
  // libcurl 7.88 keeps the list of a transfer that never began through a reset, and would read it in the next one.
  curl_easy_setopt(easy, CURLOPT_RESOLVE, static_cast<curl_slist*>(nullptr));
}

CurlList CurlEngine::resolve_list(const std::string& host_port, const std::vector<Address>& addresses) {
  CurlList list;
  for (const auto& name : stale_names_) append(list, "-" + name);
  stale_names_.clear();
  std::string entry = host_port + ":";
  for (const auto& address : addresses) {
    if (entry.back() != ':') entry += ',';
    entry += address.family() == AF_INET6 ? "[" + to_string(address) + "]" : to_string(address);
  }
  append(list, entry);
  return list;
}

void CurlEngine::forget_name(const std::string& host_port) {
  stale_names_.push_back(host_port);
}

void CurlEngine::watch_closing(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
}

int CurlEngine::on_close(void* self, curl_socket_t fd) {
  std::erase_if(static_cast<CurlEngine*>(self)->kept_, [fd](const auto& kept) { return kept.second == fd; });
  return ::close(fd);
}

void CurlEngine::keep(const std::string& local, const std::vector<int>& sockets) {
  const auto from = [&local](int fd) {
    Address name;
    name.length = sizeof name.storage;
    const bool known = ::getsockname(fd, reinterpret_cast<sockaddr*>(&name.storage), &name.length) == 0;
    return known && with_port(name) == local;
  };
  const auto found = std::find_if(sockets.begin(), sockets.end(), from);
  if (found != sockets.end()) kept_.insert_or_assign(local, *found);
}

bool CurlEngine::has_unread(const std::string& local) const {
  const auto kept = kept_.find(local);
  if (kept == kept_.end()) return false;
  pollfd waiting{kept->second, POLLIN, 0};
  return ::poll(&waiting, 1, 0) != 0;
}

int CurlEngine::on_socket(CURL* /*easy*/, curl_socket_t fd, int what, void* self, void* /*socket_data*/) {
  auto& engine = *static_cast<CurlEngine*>(self);
  if (what == CURL_POLL_REMOVE) {
    engine.loop_.unwatch(fd);
    return 0;
  }
  const std::uint32_t events =
      ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U);
  return engine.loop_.watch(fd, events, engine) ? 0 : -1;
}

int CurlEngine::on_timer(CURLM* /*multi*/, long after_ms, void* self) {
  auto& engine = *static_cast<CurlEngine*>(self);
  engine.loop_.cancel(engine.timer_);
  engine.timer_ = TimerId{};
  if (after_ms < 0) return 0;
  engine.timer_ = engine.loop_.call_at(EventLoop::Clock::now() + std::chrono::milliseconds(after_ms), [&engine] {
    engine.timer_ = TimerId{};
    engine.act(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

void CurlEngine::on_fd(int fd, std::uint32_t events) {
  const int what = ((events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) | ((events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                   ((events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
  act(fd, what);
}

void CurlEngine::act(curl_socket_t fd, int what) {
  int running = 0;
  curl_multi_socket_action(multi_, fd, what, &running);
  read_messages();
}

void CurlEngine::read_messages() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // the message itself dies with the handle's removal
    void* listener = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &listener);
    static_cast<TransferListener*>(listener)->on_transfer_done(code);
  }
}

}  // namespace nines::prober
