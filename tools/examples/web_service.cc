// A web service that embeds the prober and the dashboard: it checks what it is given, and itself, and answers
// GET /figures with every server's figures in JSON, by the C++ libraries. HTTP is as little as the example needs.
//
//   c++ -std=c++20 web_service.cc $(pkg-config --cflags --libs nines-prober nines-query) -o web_service
//   ./web_service checks.db https://example.org     # prints its port; ends when its standard input does
#include <arpa/inet.h>
#include <netinet/in.h>
#include <nines/check_spec.h>
#include <nines/dashboard.h>
#include <nines/prober.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace {

using std::chrono::milliseconds;

int give_up(std::string_view what, std::string_view why) {
  std::fprintf(stderr, "web_service: %.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(why.size()), why.data());
  return 1;
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char byte : text) {
    if (byte == '"' || byte == '\\') out += '\\';
    if (static_cast<unsigned char>(byte) >= 0x20) out += byte;
  }
  return out + '"';
}

// The last hour of every server. Asked anew for each request: it costs a scan of memory, and is always true.
std::string figures_json(const nines::Store& store) {
  nines::Query query;
  query.now = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  query.window = {query.now - std::chrono::hours{1}, query.now};
  nines::DashboardOptions options;
  options.sort = nines::SortBy::worst_first;
  const auto board = nines::dashboard(store, query, options);
  if (!board) return "{\"error\":" + in_quotes(board.error().message) + "}";
  std::string json = "[";
  for (const nines::DashboardRow& row : board->rows) {
    if (json.size() > 1) json += ',';
    json += "{\"server\":" + in_quotes(row.name) + ",\"state\":\"";
    json += nines::to_string(nines::state_now(row.figures));
    json += "\",\"checks\":" + std::to_string(row.figures.counts.checks) + ",\"uptime_ratio\":";
    json += row.figures.uptime_ratio ? std::to_string(*row.figures.uptime_ratio) : "null";
    json += '}';
  }
  return json + ']';
}

void answer(int connection, const nines::Store& store) {
  std::array<char, 2048> request{};
  const ssize_t got = ::recv(connection, request.data(), request.size(), 0);
  const std::string_view head(request.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  const bool known = head.starts_with("GET /figures ") || head.starts_with("GET / ");
  const std::string body = known ? figures_json(store) : "{\"error\":\"there is /figures\"}";
  const std::string response =
      std::string("HTTP/1.1 ") + (known ? "200 OK" : "404 Not Found") +
      "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  static_cast<void>(::send(connection, response.data(), response.size(), MSG_NOSIGNAL));
  ::close(connection);
}

// A socket that listens on a free port of the loopback interface, whose number is in `port`; -1 without one.
int listen_anywhere(std::uint16_t& port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, any, length) != 0 || ::listen(listener, 16) != 0 || ::getsockname(listener, any, &length) != 0) {
    return -1;
  }
  port = ntohs(address.sin_port);
  return listener;
}

nines::Result<void> watch(nines::Store& store, nines::Prober& prober, const std::string& name, const std::string& url) {
  if (store.catalog()->find(name) == nullptr) {
    nines::Server server;
    server.name = name;
    server.url = url;
    server.rules[0].interval = std::chrono::seconds{1};
    server.rules[0].timeout = milliseconds{500};
    if (auto added = store.add_server(server); !added) return tl::unexpected(added.error());
  }
  const auto catalog = store.catalog();
  const nines::Server& server = *catalog->find(name);
  nines::ProbedServer probed;
  probed.id = server.id;
  probed.name = server.name;
  probed.check.url = url;
  probed.check.timeouts.total = server.current_rules().timeout;
  probed.rules = server.current_rules();
  return prober.set_server(probed);
}

int serve(nines::Store& store, int argc, char** argv) {
  std::uint16_t port = 0;
  const int listener = listen_anywhere(port);
  if (listener < 0) return give_up("listening", "no port");
  auto prober = nines::Prober::create(store, {});
  if (!prober) return give_up("making the prober", prober.error().message);
  const std::string own = "http://127.0.0.1:" + std::to_string(port) + "/";
  if (auto watched = watch(store, **prober, "itself", own); !watched) return give_up("itself", watched.error().message);
  for (int i = 2; i < argc; ++i) {
    if (auto watched = watch(store, **prober, argv[i], argv[i]); !watched)
      return give_up(argv[i], watched.error().message);
  }
  if (auto started = (*prober)->start(); !started) return give_up("starting", started.error().message);
  std::printf("%u\n", port);
  std::fflush(stdout);
  std::array<pollfd, 2> wanted{pollfd{listener, POLLIN, 0}, pollfd{STDIN_FILENO, POLLIN, 0}};
  while (::poll(wanted.data(), wanted.size(), -1) > 0) {
    if (wanted[1].revents != 0) {
      char byte = 0;
      if (::read(STDIN_FILENO, &byte, 1) <= 0) break;
    }
    if (wanted[0].revents != 0) {
      if (const int connection = ::accept(listener, nullptr, nullptr); connection >= 0) answer(connection, store);
    }
  }
  ::close(listener);
  if (auto stopped = (*prober)->stop(); !stopped) return give_up("stopping", stopped.error().message);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return give_up("usage", "web_service STORE [URL...]");
  const auto store = nines::Store::open(argv[1]);
  if (!store) return give_up("opening the store", store.error().message);
  const int status = serve(**store, argc, argv);
  const auto closed = (*store)->close();
  return closed ? status : give_up("closing", closed.error().message);
}
