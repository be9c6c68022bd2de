#include "run/daemon.h"

#include <fmt/format.h>
#include <netdb.h>
#include <nines/calendar.h>
#include <nines/timeline.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <future>
#include <map>
#include <thread>
#include <utility>

#include "config/catalog_sync.h"
#include "exchange/by_hand.h"
#include "exchange/change.h"
#include "run/budget_burn.h"
#include "show/open_error.h"
#include "show/state_text.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

// What a push waits for its result to be stored; the job may try again after it.
constexpr std::chrono::seconds kPushTimeout{5};

bool in_maintenance(const Server& server, TimeMs time) {
  const auto spans = overlay(server, {time, time + std::chrono::milliseconds{1}}, MaintenancePolicy::exclude);
  return spans && !spans->empty() && spans->front().state == State::maintenance;
}

bool in_maintenance(const Store& store, ServerId id, TimeMs time) {
  const auto catalog = store.catalog();
  const Server* const server = catalog->find(id);
  return server != nullptr && in_maintenance(*server, time);
}

// When the last maintenance that ends in a window does so.
std::optional<TimeMs> maintenance_end(const Store& store, ServerId id, Window window) {
  const auto catalog = store.catalog();
  const Server* const server = catalog->find(id);
  if (server == nullptr) return std::nullopt;
  // A moment more, or the clipped one that goes on behind the window would look like one that ends there.
  window.to += std::chrono::milliseconds{1};
  const auto spans = overlay(*server, window, MaintenancePolicy::exclude);
  if (!spans) return std::nullopt;
  const auto last = std::find_if(spans->rbegin(), spans->rend(), [&](const Span& span) {
    return span.state == State::maintenance && from_ms(span.to_ms) < window.to;
  });
  return last == spans->rend() ? std::nullopt : std::optional(from_ms(last->to_ms));
}

// A name beside the store's folder, also where that is written with a slash behind it.
std::string beside(const std::string& store, std::string_view ending) {
  std::filesystem::path path = std::filesystem::path(store).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.string() + std::string(ending);
}

// Quiet hours are written and read like maintenance.
bool in_quiet_hours(const std::vector<Maintenance>& hours, TimeMs time) {
  Server server;
  server.maintenance = hours;
  return in_maintenance(server, time);
}

// By name, what each is probed with; nothing while it is not.
std::map<std::string, std::string> probes_of(const std::vector<ProbedServer>& servers) {
  std::map<std::string, std::string> probes;
  for (const ProbedServer& server : servers) probes.emplace(server.name, server.paused ? "" : server.check.url);
  return probes;
}

Result<PushReport> read_push(const WebRequest& request, std::string_view word) {
  const std::vector<std::pair<std::string, std::string>> parameters(request.query.begin(), request.query.end());
  return parse_push_report(word, parameters, valid_utf8(request.body));
}

// The settings outside of the prober that wait for the next start.
std::vector<std::string> changed_settings(const Config& running, const Config& wanted) {
  std::vector<std::string> names;
  const auto compare = [&](const char* name, bool same) {
    if (!same) names.emplace_back(name);
  };
  compare("store.path", running.store.path == wanted.store.path);
  compare("store.retention", running.store.retention == wanted.store.retention);
  compare("store.summary-retention", running.store.summary_retention == wanted.store.summary_retention);
  compare("store.max-size", running.store.max_size_bytes == wanted.store.max_size_bytes);
  compare("store.memory", running.store.memory_bytes == wanted.store.memory_bytes);
  compare("backup", running.backup == wanted.backup);
  const bool same_page =
      running.listen.has_value() == wanted.listen.has_value() &&
      (!running.listen || (running.listen->host == wanted.listen->host && running.listen->port == wanted.listen->port &&
                           running.listen->socket_path == wanted.listen->socket_path));
  compare("web.listen", same_page);
  // Other files, or what is new in them, are taken over.
  compare("web.tls", running.tls.has_value() == wanted.tls.has_value());
  return names;
}

/// Whether the page's address can be had: noticed before a store is made and filled.
Result<void> check_free(const ListenAddress& address) {
  if (!address.socket_path.empty()) return {};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  const Descriptor socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int one = 1;
  if (!socket) return {};
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(socket.get(), found->ai_addr, found->ai_addrlen) == 0 || errno != EADDRINUSE) return {};
  return fail(ErrorCode::io, fmt::format("cannot listen on {}: another program uses this port; choose another with "
                                         "--listen or web.listen",
                                         shown_address(address, address.port)));
}

/// Waits for the end of a command that writes; of another owner of the store there is no end.
Result<std::unique_ptr<Store>> open_when_free(const std::string& path, const Options& options) {
  constexpr std::chrono::seconds kTimeout{10};
  constexpr std::chrono::milliseconds kPause{20};
  const auto end = std::chrono::steady_clock::now() + kTimeout;
  while (true) {
    auto store = Store::open(path, options);
    if (store || store.error().code != ErrorCode::locked || std::chrono::steady_clock::now() > end) return store;
    const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (socket && connect_store_socket(socket.get(), path) == 0) return store;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

Daemon::Daemon(std::string config_path, Config as_read, Config config, Console& console, bool verbose)
    : config_path_(std::move(config_path)),
      as_read_(std::move(as_read)),
      config_(std::move(config)),
      console_(console),
      verbose_(verbose) {}

Daemon::~Daemon() {
  (void)stop();
}

ProberOptions Daemon::prober_options() {
  ProberOptions options = config_.prober;
  options.alerts.targets = config_.alerts;
  options.alerts.journal = beside(config_.store.path, "-alerts");
  options.alerts.muted = [this](ServerId id, TimeMs time) { return in_maintenance(*store_, id, time); };
  options.alerts.maintenance_end = [this](ServerId id, Window window) { return maintenance_end(*store_, id, window); };
  options.alerts.quiet = in_quiet_hours;
  options.alerts.budget = [this](ServerId id, TimeMs time) { return burn_of(*store_, id, time); };
  options.on_result = [this](const CheckReport& report) {
    const auto catalog = store_->catalog();
    if (const Server* server = catalog->find(report.result.server); server != nullptr)
      metrics_.count(server->name, report);
  };
  options.on_change = [this](const StateChange& change) { tell(change); };
  options.log = [this](LogLevel level, std::string_view message) {
    if (level >= LogLevel::warning || verbose_) console_.say(level, printable(message));
  };
  return options;
}

void Daemon::tell(const StateChange& change) {
  metrics_.count(change);
  std::string message =
      fmt::format("{} is {} since {}", printable(change.name), to_string(change.to), format_time(change.since));
  if (change.to != State::up) {
    if (change.result.error != ErrorClass::none) message += fmt::format(": {}", to_string(change.result.error));
    if (change.result.code != 0) message += fmt::format(" {}", change.result.code);
    if (!change.result.detail.empty()) message += fmt::format(", {}", printable(change.result.detail));
  }
  console_.say(change.to == State::up ? LogLevel::info : LogLevel::warning, message);
}

Result<void> Daemon::start() {
  if (config_.listen) {
    if (auto safe = check_exposure(config_.access); !safe) return safe;
    if (auto free = check_free(*config_.listen); !free) return free;
  }
  Options options;
  options.keep_checks = config_.store.retention;
  options.keep_summaries = config_.store.summary_retention;
  options.max_store_bytes = config_.store.max_size_bytes;
  if (const auto bytes = config_.store.memory_bytes) options.performance.head_bytes = *bytes;
  options.log = [this](LogLevel level, std::string_view message) {
    if (level >= LogLevel::warning || verbose_) console_.say(level, printable(message));
  };
  auto store = open_when_free(config_.store.path, options);
  if (!store) return fail(store.error().code, open_error_text(config_.store.path, store.error()));
  store_ = std::move(*store);
  for (const std::string& warning : store_->open_report().warnings) console_.say(LogLevel::warning, printable(warning));
  for (const std::string& note : notes_on(config_)) console_.say(LogLevel::warning, note);

  auto prober = Prober::create(*store_, prober_options());
  if (!prober) return tl::unexpected(prober.error());
  prober_ = std::move(*prober);
  if (auto applied = apply(config_); !applied) return applied;

  Site::Hooks hooks;
  hooks.reload = [this] { return reload(); };
  hooks.push = [this](const WebRequest& request, const std::string& token) { return push(request, token); };
  hooks.change = [this](const std::string& server, const Change& change, const std::string& user) -> Result<void> {
    {
      const engine::MutexLock lock(apply_mutex_);  // nobody else changes entries meanwhile
      if (auto made = make_change(*store_, server, change, user, now()); !made) return made;
    }
    catalog_changed();
    return {};
  };
  hooks.ready = [this] { return ready_.load(); };
  hooks.trouble = [this] { return storage_.trouble(); };
  hooks.metrics = [this](std::string& out) {
    metrics_.append(out, prober_->stats());
    if (backups_) append_backup_metrics(out, backups_->counts());
  };
  site_ = std::make_unique<Site>(*store_, std::move(hooks), false, config_.access);
  if (config_.backup) {
    backups_ = std::make_unique<BackupSchedule>(*store_, *config_.backup, console_,
                                                [this](const Result<void>& made) { report_backup(made); });
  }
  if (config_.listen) {
    HttpOptions carried = site_->http_options();
    carried.tls = config_.tls;
    auto http = HttpServer::start(
        *config_.listen, [this](const WebRequest& request) { return site_->answer(request); }, std::move(carried));
    if (!http) return tl::unexpected(http.error());
    http_ = std::move(*http);
  }
  if (auto started = prober_->start(); !started) return started;
  if (backups_) backups_->start();
  ready_ = true;
  if (run_command_) {
    auto socket = StoreSocket::listen(config_.store.path, run_command_);
    // Everything else works without: commands that write have to wait until this process ends.
    if (!socket)
      console_.say(LogLevel::warning, fmt::format("no commands are taken for the store: {}", socket.error().message));
    if (socket) socket_ = std::move(*socket);
  }
  return {};
}

Result<void> Daemon::stop() {
  ready_ = false;
  socket_.reset();
  http_.reset();
  backups_.reset();
  Result<void> outcome;
  if (prober_) {
    outcome = prober_->stop();
    prober_.reset();
  }
  if (store_) {
    if (auto closed = store_->close(); !closed && outcome) outcome = std::move(closed);
    site_.reset();
    store_.reset();
  }
  return outcome;
}

Result<void> Daemon::apply(const Config& config) {
  const engine::MutexLock lock(apply_mutex_);
  auto sync = sync_catalog(*store_, config, now());
  if (!sync) return tl::unexpected(sync.error());
  for (const ServerId id : sync->removed) {
    // It may never have been probed in this run.
    if (auto removed = prober_->remove_server(id); !removed && removed.error().code != ErrorCode::not_found)
      return removed;
  }
  push_names_.clear();
  metrics_.keep(probes_of(sync->probed));
  std::vector<const ProbedServer*> waiting;  // for a token that another server still has
  Result<void> done;
  const auto set = [&](const ProbedServer& server, bool may_wait) {
    const auto taken = prober_->set_server(server);
    if (!taken && may_wait && server.push && taken.error().code == ErrorCode::already_exists) {
      waiting.push_back(&server);
    } else if (!taken && done) {
      // The others are taken over all the same: the catalog is as the file says already.
      done = fail(taken.error().code, fmt::format("server `{}`: {}", server.name, taken.error().message));
    }
  };
  for (const ProbedServer& server : sync->probed) {
    set(server, true);
    if (server.push) push_names_[server.push->token.empty() ? server.name : server.push->token] = server.name;
  }
  for (const ProbedServer* const server : waiting) {
    ProbedServer without = *server;
    without.push->token.clear();
    set(without, false);
  }
  for (const ProbedServer* const server : std::exchange(waiting, {})) set(*server, false);
  server_count_ = sync->probed.size();
  probed_ = std::move(sync->probed);
  return done;
}

void Daemon::catalog_changed() {
  const engine::MutexLock lock(apply_mutex_);
  const auto catalog = store_->catalog();
  const TimeMs moment = now();
  std::erase_if(probed_, [&](ProbedServer& probed) {
    const Server* const server = catalog->find(probed.id);
    if (server == nullptr) {
      (void)prober_->remove_server(probed.id);  // not_found: it was never probed
      return true;
    }
    const bool paused = is_paused(*server, moment);
    if (server->name == probed.name && server->current_rules() == probed.rules && paused == probed.paused) return false;
    probed.name = server->name;
    probed.rules = server->current_rules();
    probed.paused = paused;
    if (auto set = prober_->set_server(probed); !set) {
      console_.say(LogLevel::warning,
                   fmt::format("`{}` is probed as before: {}", printable(probed.name), printable(set.error().message)));
    }
    return false;
  });
  metrics_.keep(probes_of(probed_));
  push_names_.clear();
  for (const ProbedServer& server : probed_) {
    if (server.push) push_names_[server.push->token.empty() ? server.name : server.push->token] = server.name;
  }
  server_count_ = probed_.size();
}

Result<void> Daemon::reload() {
  auto config = load_config(config_path_);
  if (!config) {
    console_.say(LogLevel::error,
                 fmt::format("the configuration stays as it is; the file has mistakes:\n{}", config.error()));
    return fail(ErrorCode::invalid_argument, config.error());
  }
  if (auto applied = apply(*config); !applied) {
    console_.say(LogLevel::error,
                 fmt::format("the configuration could not be taken over: {}", printable(applied.error().message)));
    return applied;
  }
  if (auto set = prober_->set_alert_targets(config->alerts); !set) return set;
  auto waiting = prober_->reconfigure(config->prober);
  if (!waiting) return tl::unexpected(waiting.error());
  std::vector<std::string> names = changed_settings(as_read_, *config);
  for (const std::string& name : *waiting) names.push_back("prober." + name);
  if (!names.empty()) {
    console_.say(fmt::format("{} {} when nines is started again", fmt::join(names, ", "),
                             names.size() == 1 ? "changes" : "change"));
  }
  if (http_ && config_.tls && config->tls) {
    if (auto renewed = http_->renew_tls(*config->tls); !renewed) return renewed;
  }
  config->access.loopback = config_.access.loopback;  // the listener's, which stays as it is
  if (auto safe = config_.listen ? check_exposure(config->access) : Result<void>{}; !safe) {
    console_.say(LogLevel::error,
                 fmt::format("the rules of who may see the page stay as they are: {}", safe.error().message));
  } else {
    site_->set_access(config->access);
  }
  console_.say(fmt::format("read {} again: {} server{}", printable(config_path_), config->servers.size(),
                           config->servers.size() == 1 ? "" : "s"));
  return {};
}

std::string Daemon::push_server_called(const std::string& name) const {
  const bool there = std::any_of(probed_.begin(), probed_.end(),
                                 [&](const ProbedServer& server) { return server.push && server.name == name; });
  return there ? name : std::string();
}

Result<void> Daemon::push(const WebRequest& request, const std::string& path, PushBy by) {
  const std::size_t slash = path.rfind('/');
  std::string token = path;
  std::string word;
  std::string name;
  {
    const engine::MutexLock lock(apply_mutex_);
    auto found = push_names_.find(token);
    if (found == push_names_.end() && slash != std::string::npos) {
      token = path.substr(0, slash);
      word = path.substr(slash + 1);
      found = push_names_.find(token);
    }
    if (found != push_names_.end()) name = found->second;
    if (name.empty() && by == PushBy::token_or_name) name = push_server_called(path);
    if (name.empty()) return fail(ErrorCode::not_found, "no push server has this token");
    if (found == push_names_.end()) word.clear();
  }
  // A token of its own is a permission; a server that has none is reported for by its name, which everybody can guess.
  // A page of somebody else's can make a browser GET anything that it can guess.
  const bool may_guess = (request.role == Role::push || request.role == Role::admin) && request.method != "GET" &&
                         request.method != "HEAD";
  if (token == name && !may_guess) {
    return fail(ErrorCode::not_found, "no push server has this token; one without a token is reported for by POST");
  }
  const auto report = read_push(request, word);
  if (!report) return tl::unexpected(report.error());
  const auto promise = std::make_shared<std::promise<Result<void>>>();
  auto stored = promise->get_future();
  if (auto taken =
          prober_->report(name, *report, [promise](const Result<void>& result) { promise->set_value(result); });
      !taken) {
    return taken;
  }
  if (stored.wait_for(kPushTimeout) != std::future_status::ready) {
    return fail(ErrorCode::unavailable, "the report was taken but is not stored yet");
  }
  return stored.get();
}

void Daemon::report_backup(const Result<void>& made) {
  const std::string& server = config_.backup->server;
  if (server.empty()) return;
  PushReport report;
  report.kind = made ? PushReport::Kind::success : PushReport::Kind::failure;
  if (!made) report.log_line = made.error().message;
  if (auto taken = prober_->report(server, std::move(report)); !taken) {
    console_.say(LogLevel::warning, fmt::format("`{}` does not hear of the backup: {}", printable(server),
                                                printable(taken.error().message)));
  }
}

void Daemon::look_at_storage(const ProberStats& stats) {
  storage_.look(store_->health(), stats, now());
}

void Daemon::care() {
  if (auto kept = store_->apply_retention(); !kept) {
    console_.say(LogLevel::error, fmt::format("retention could not be applied: {}", printable(kept.error().message)));
  }
}

}  // namespace nines::tools
