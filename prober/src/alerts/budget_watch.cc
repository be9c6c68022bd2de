#include "alerts/budget_watch.h"

#include <optional>
#include <utility>

#include "base/thread.h"

namespace nines::prober {

BudgetWatch::BudgetWatch(Options options) : options_(std::move(options)) {}

BudgetWatch::~BudgetWatch() {
  stop();
}

void BudgetWatch::start() {
  if (!thread_.joinable()) thread_ = start_thread("nines-budget", [this] { run(); });
}

void BudgetWatch::stop() {
  {
    const engine::MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void BudgetWatch::run() {
  for (;;) {
    const std::vector<ServerId> servers = options_.servers();
    for (const ServerId server : servers) {
      {
        const engine::MutexLock lock(mutex_);
        if (stopping_) return;
      }
      ask(server);
    }
    if (servers.empty()) known_.clear();
    const auto next = std::chrono::steady_clock::now() + options_.every;
    const engine::MutexLock lock(mutex_);
    while (!stopping_ && mutex_.wait_until(wake_, next) == std::cv_status::no_timeout) {
    }
    if (stopping_) return;
  }
}

void BudgetWatch::ask(ServerId server) {
  const TimeMs now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  std::optional<BudgetBurn> burn = options_.burn(server, now);
  if (!burn) return;
  Known& known = known_[server];
  if (burn->firing) {
    if (!std::exchange(known.burning, true)) known.since = now;
    known.calm_rounds = 0;
  } else if (known.burning) {
    if (++known.calm_rounds < kCalmRounds) return;
    known = {};
  }
  options_.tell(server, *burn, burn->firing ? known.since : now);
}

}  // namespace nines::prober
