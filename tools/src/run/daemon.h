// The main job: a store, a prober that fills it and a page that shows it, kept to one configuration file.
//
// Owns all three. start() and stop() belong to one thread; reload() may be called from any.
#pragma once

#include <nines/prober.h>
#include <nines/store.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "config/config.h"
#include "http/http_server.h"
#include "run/backup_schedule.h"
#include "run/console.h"
#include "run/run_metrics.h"
#include "run/storage_watch.h"
#include "run/store_socket.h"
#include "web/routes.h"

namespace nines::tools {

/// What may name a push server. Over HTTP a server with a token needs that; whoever may use the store's socket owns the
/// store, and may say its name.
enum class PushBy : std::uint8_t { token, token_or_name };

class Daemon {
 public:
  /// `config_path` is read again by reload(); `as_read` is what it said, `config` the same with the command line's
  /// changes.
  Daemon(std::string config_path, Config as_read, Config config, Console& console, bool verbose);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Opens the store, brings the catalog to the configuration, listens, begins to probe.
  [[nodiscard]] Result<void> start();
  /// Ends everything in order; what was measured is stored.
  [[nodiscard]] Result<void> stop();
  /// Reads the file again: takes over servers, alerts and the prober's limits, and names what else has changed since
  /// the start, which waits for the next one. A bad file changes nothing, and the error says why.
  [[nodiscard]] Result<void> reload();
  /// Takes commands of other processes for the store, once it has started, and runs them with `run`.
  void take_commands(StoreSocket::Run run) { run_command_ = std::move(run); }
  /// The store, while started.
  [[nodiscard]] Store& store() const { return *store_; }
  /// Held while an entry of the catalog is read, changed and written.
  [[nodiscard]] engine::Mutex& catalog_mutex() { return apply_mutex_; }
  /// To be called after others have changed the catalog: probing follows it.
  void catalog_changed();
  /// The report of a job, by its token or name.
  [[nodiscard]] Result<void> push(const WebRequest& request, const std::string& token, PushBy by = PushBy::token);
  /// RunMetrics::certificate_expiries().
  [[nodiscard]] std::map<std::string, TimeMs> certificate_expiries() const { return metrics_.certificate_expiries(); }
  /// Lets go of what retention does not keep.
  void care();
  /// Looks whether results are stored, which the page says. To be called about twice a second.
  void look_at_storage(const ProberStats& stats);

  /// Where the page is, as a person opens it; empty without one.
  [[nodiscard]] std::string page() const {
    return http_ ? shown_address(*config_.listen, http_->port(), config_.tls.has_value()) : "";
  }
  [[nodiscard]] std::size_t servers() const noexcept { return server_count_; }
  [[nodiscard]] ProberStats stats() const { return prober_->stats(); }

 private:
  /// `name` when it is a server that reports in, else empty.
  [[nodiscard]] std::string push_server_called(const std::string& name) const NINES_REQUIRES(apply_mutex_);
  [[nodiscard]] ProberOptions prober_options();
  [[nodiscard]] Result<void> apply(const Config& config);
  void tell(const StateChange& change);
  void report_backup(const Result<void>& made);

  const std::string config_path_;
  const Config as_read_;
  Config config_;
  Console& console_;
  const bool verbose_;
  RunMetrics metrics_;
  StorageWatch storage_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Prober> prober_;
  std::unique_ptr<Site> site_;
  std::unique_ptr<HttpServer> http_;
  std::atomic<bool> ready_{false};
  std::atomic<std::size_t> server_count_{0};
  StoreSocket::Run run_command_;
  std::unique_ptr<StoreSocket> socket_;
  std::unique_ptr<BackupSchedule> backups_;
  engine::Mutex apply_mutex_;
  std::vector<ProbedServer> probed_ NINES_GUARDED_BY(apply_mutex_);  // as the prober has them
  // Token, or name where there is none -> name.
  std::map<std::string, std::string> push_names_ NINES_GUARDED_BY(apply_mutex_);
};

}  // namespace nines::tools
