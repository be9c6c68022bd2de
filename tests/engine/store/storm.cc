// Appends from several threads while everything else goes on beside them and the disk fails now and then; what each
// append was told stands in a ledger. Ends by itself after its time with exit code 0 when the store kept every promise,
// and with 1 and what it broke on standard output; or it is killed.
//
//   nines_storm KIND DIRECTORY APPENDERS SEED MILLISECONDS
//
// KIND: calm (no fault), io, no_space, efbig, emfile, full (DIRECTORY is all of a small file system), slow (syncs take
// long), power (what a power cut would leave is looked at). The store is DIRECTORY/store, the ledger
// LEDGER_DIRECTORY/ledger of the environment, else DIRECTORY/ledger.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "engine/store/faulty_disk.h"
#include "engine/store/read_back.h"
#include "engine/store/storm_ledger.h"
#include "engine/store/test_store.h"
#include "support/disk_pulse.h"

namespace nines::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

/// A store that takes nothing for so long on a disk that is well again never will; what the disk itself takes is apart.
constexpr seconds kTimeout{40};
/// Who is refused asks again after this, so that the ledger has room for minutes of refusals.
constexpr milliseconds kRefused{5};

struct Request {
  std::string kind;
  std::string directory;
  std::uint32_t appenders = 1;
  std::uint64_t seed = 1;
  milliseconds duration{1'000};
};

void limit(int resource, rlim_t soft) {
  rlimit limits{};
  ::getrlimit(static_cast<__rlimit_resource>(resource), &limits);
  limits.rlim_cur = std::min(soft, limits.rlim_max);
  ::setrlimit(static_cast<__rlimit_resource>(resource), &limits);
}

std::string ledger_path(const std::string& directory) {
  const char* const elsewhere = std::getenv("LEDGER_DIRECTORY");
  return std::string(elsewhere != nullptr ? elsewhere : directory) + "/ledger";
}

class Storm {
 public:
  explicit Storm(const Request& request)
      : request_(request),
        path_(request.directory + "/store"),
        ledger_(ledger_path(request.directory)),
        disk_(std::make_shared<FaultyDisk>()),
        env_(FaultyDisk::make_env(disk_)),
        pulse_(request.directory + "/pulse"),
        random_(request.seed) {}

  void run() {
    if (request_.kind == "power") watch_the_power();
    open();
    if (::testing::Test::HasFailure()) return;
    begin_threads();
    end_ = steady_clock::now() + request_.duration;
    blow();
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    come_to_rest();
  }

 private:
  [[nodiscard]] bool over() const { return steady_clock::now() >= end_ || ::testing::Test::HasFailure(); }

  void open() {
    // What the system itself refuses is met on the real file system, whose calls no lock brings into a row.
    const bool by_system = request_.kind == "efbig" || request_.kind == "emfile" || request_.kind == "full";
    auto opened = open_on(by_system ? rocksdb::Env::Default() : env_.get(), path_, storm_options(),
                          {.first_delay = milliseconds{1}, .longest_delay = milliseconds{20}});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    add_storm_servers(*store_);
    std::printf("opened\n");
    std::fflush(stdout);
  }

  void begin_threads() {
    for (std::uint32_t i = 0; i < request_.appenders; ++i) threads_.emplace_back([this, i] { append(i); });
    threads_.emplace_back([this] { flush(); });
    threads_.emplace_back([this] { take_care(); });
    threads_.emplace_back([this] { read(); });
    threads_.emplace_back([this] { hold_cursors(); });
    if (request_.kind == "power") threads_.emplace_back([this] { look_at_cuts(); });
  }

  // --- Those who use the store. ---

  /// Fails the run for an error that no fault of a disk excuses.
  void expect_excused(const Error& error) {
    const ErrorCode code = error.code;
    EXPECT_TRUE(faults_ && (code == ErrorCode::io || code == ErrorCode::out_of_space || code == ErrorCode::unavailable))
        << to_string(code) << ": " << error.message;
    EXPECT_FALSE(error.message.empty());
  }

  void append(std::uint32_t appender) {
    std::mt19937_64 random(request_.seed * 100 + appender);
    for (std::uint32_t begin = ledger_.begun(appender); begin + StormLedger::kBatch <= StormLedger::kNumbers;
         begin += StormLedger::kBatch) {
      if (stop_) return;
      std::vector<CheckResult> batch;
      for (std::uint32_t i = 0; i < StormLedger::kBatch; ++i) batch.push_back(storm_result(appender, begin + i));
      // Some come again, as a client sends what it has no answer for.
      if (begin > 0 && random() % 8 == 0) {
        const auto again = static_cast<std::uint32_t>(random() % begin);
        if (ledger_.fate(appender, again) >= Fate::buffered) batch.push_back(storm_result(appender, again));
      }
      ledger_.begin(appender, begin + StormLedger::kBatch);
      const auto durability = static_cast<Durability>(begin / StormLedger::kBatch % 3);
      const auto done = store_->append(batch, durability);
      if (done) {
        const auto fate = static_cast<Fate>(static_cast<int>(Fate::buffered) + static_cast<int>(durability));
        for (std::uint32_t i = 0; i < StormLedger::kBatch; ++i) ledger_.set_fate(appender, begin + i, fate);
        ++stored_[appender];
      } else {
        expect_excused(done.error());
        note_refusal(appender, done.error());
        std::this_thread::sleep_for(kRefused);
      }
      std::this_thread::sleep_for(microseconds{50});
    }
    ADD_FAILURE() << "the ledger is full";
  }

  void note_refusal(std::uint32_t appender, const Error& error) {
    const std::lock_guard lock(refusals_mutex_);
    ++refusals_[appender].count;
    refusals_[appender].last = std::string(to_string(error.code)) + ": " + error.message;
  }
  std::string told_refusals(std::uint32_t appender) {
    const std::lock_guard lock(refusals_mutex_);
    return "appender " + std::to_string(appender) + " was refused " + std::to_string(refusals_[appender].count) +
           " times, last: " + refusals_[appender].last;
  }

  /// True when the flush was done.
  bool flush_once() {
    std::array<std::uint32_t, StormLedger::kAppenders> acknowledged{};
    for (std::uint32_t i = 0; i < request_.appenders; ++i) {
      // What is begun may not be acknowledged yet; the batch before it is or never will be.
      acknowledged[i] = ledger_.begun(i) - std::min(ledger_.begun(i), StormLedger::kBatch);
    }
    const auto done = store_->flush();
    if (!done) {
      expect_excused(done.error());
      return false;
    }
    for (std::uint32_t i = 0; i < request_.appenders; ++i) ledger_.set_flushed(i, acknowledged[i]);
    return true;
  }

  void flush() {
    while (!stop_) {
      static_cast<void>(flush_once());
      std::this_thread::sleep_for(milliseconds{12});
    }
  }

  void take_care() {
    for (int round = 0; !stop_; ++round) {
      std::this_thread::sleep_for(milliseconds{40});
      const auto done = round % 3 == 0   ? store_->seal()
                        : round % 3 == 1 ? store_->apply_retention()
                                         : store_->compact();
      if (!done) expect_excused(done.error());
      static_cast<void>(store_->stats());
    }
  }

  void read() {
    std::mt19937_64 random(request_.seed + 77);
    while (!stop_) {
      std::this_thread::sleep_for(milliseconds{2});
      const auto appender = static_cast<std::uint32_t>(random() % request_.appenders);
      const std::uint32_t end = ledger_.begun(appender);
      const std::uint32_t begin = end - std::min(end, static_cast<std::uint32_t>(random() % 3'000));
      if (begin == end) continue;
      read_stretch(appender, begin, end);
      if (random() % 8 == 0) {
        const auto last = store_->last_result(ServerId{appender + 2});
        if (!last) expect_excused(last.error());
      }
      if (random() % 8 == 0) read_some_days(ServerId{appender + 2});
    }
  }

  /// What was acknowledged before a read is in it, once the read succeeds.
  void read_stretch(std::uint32_t appender, std::uint32_t begin, std::uint32_t end) {
    std::vector<std::uint32_t> acknowledged;
    const ServerId server{appender + 2};
    for (std::uint32_t number = begin; number < end; ++number) {
      const bool own = storm_result(appender, number).server == server;
      if (own && ledger_.fate(appender, number) >= Fate::process) acknowledged.push_back(number);
    }
    const Window window{storm_result(appender, begin).time, storm_result(appender, end).time};
    const auto cursor = store_->scan(server, window, {});
    if (!cursor) return expect_excused(cursor.error());
    std::vector<std::uint32_t> found;
    std::int64_t last_ms = -1;
    for (;;) {
      const auto segment = (*cursor)->next();
      if (!segment) return expect_excused(segment.error());
      if (*segment == nullptr) break;
      for (std::uint32_t i = (*segment)->first_in_window; i < (*segment)->size(); ++i) {
        EXPECT_LT(last_ms, (*segment)->time_ms[i]) << "times do not ascend";
        last_ms = (*segment)->time_ms[i];
        const std::uint32_t number = (*segment)->latency_us[i];
        EXPECT_EQ(storm_result(appender, number).time, from_ms(last_ms)) << "a wrong value";
        found.push_back(number);
      }
    }
    EXPECT_TRUE(std::includes(found.begin(), found.end(), acknowledged.begin(), acknowledged.end()))
        << "a read lacks what was acknowledged before";
  }

  void read_some_days(ServerId server) {
    const auto cursor = store_->days(server, {0, 100'000}, false);
    if (!cursor) return expect_excused(cursor.error());
    for (;;) {
      const auto day = (*cursor)->next();
      if (!day) return expect_excused(day.error());
      if (*day == nullptr) return;
    }
  }

  /// Exports to slow clients: they hold their cursors for long, and must hold up nobody.
  void hold_cursors() {
    while (!stop_) {
      const auto cursor = store_->scan(ServerId{1}, {from_ms(0), kTimeLimit}, {{true, true, true}, {}});
      if (!cursor) expect_excused(cursor.error());
      for (int step = 0; step < 30 && !stop_; ++step) {
        std::this_thread::sleep_for(milliseconds{10});
        if (!cursor) break;
        const auto segment = (*cursor)->next();
        if (!segment) expect_excused(segment.error());
        if (!segment || *segment == nullptr) break;
      }
    }
  }

  // --- What goes wrong. ---

  void blow() {
    const std::string& kind = request_.kind;
    if (kind == "io") return fail_for_whiles([this] { fail_disk(FaultyDisk::Fault::io); }, [this] { disk_->heal(); });
    if (kind == "no_space") {
      return fail_for_whiles([this] { fail_disk(FaultyDisk::Fault::no_space); }, [this] { disk_->heal(); });
    }
    if (kind == "efbig") {
      ::signal(SIGXFSZ, SIG_IGN);
      return fail_for_whiles([this] { limit(RLIMIT_FSIZE, pick(1'000, 60'000)); },
                             [] { limit(RLIMIT_FSIZE, RLIM_INFINITY); });
    }
    if (kind == "emfile") {
      rlimit before{};
      ::getrlimit(RLIMIT_NOFILE, &before);
      return fail_for_whiles([] { limit(RLIMIT_NOFILE, 3); }, [before] { limit(RLIMIT_NOFILE, before.rlim_cur); });
    }
    if (kind == "full") {
      const std::string filler = request_.directory + "/filler";
      return fail_for_whiles([&] { fill(filler); }, [&] { std::filesystem::remove(filler); });
    }
    if (kind == "slow") disk_->slow_syncs(milliseconds{20});
    while (!over()) std::this_thread::sleep_for(milliseconds{5});
    disk_->slow_syncs({});
  }

  void fail_disk(FaultyDisk::Fault fault) {
    disk_->plan({.first = pick(0, 40), .count = pick(0, 1) == 0 ? 1U : 60U, .fault = fault});
  }

  /// Takes all of the file system that is left.
  static void fill(const std::string& path) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const std::string block(16'384, 'x');
    for (std::size_t size = block.size(); size > 0; size /= 2) {
      while (::write(file, block.data(), size) > 0) continue;
    }
    ::close(file);
  }

  void fail_for_whiles(const std::function<void()>& hurt, const std::function<void()>& heal) {
    while (!over()) {
      faults_ = true;
      hurt();
      std::this_thread::sleep_for(milliseconds{pick(1, 40)});
      heal();
      wait_for_all();
      ++rounds_;
      std::this_thread::sleep_for(milliseconds{pick(1, 20)});
    }
    EXPECT_GT(rounds_, 0);
  }

  /// Every appender stores again by itself once the disk is well.
  void wait_for_all() {
    std::vector<std::uint64_t> before;
    for (std::uint32_t i = 0; i < request_.appenders; ++i) before.push_back(stored_[i]);
    const Wait wait = begin_wait();
    for (std::uint32_t i = 0; i < request_.appenders; ++i) {
      while (stored_[i] <= before[i] + 1) {
        ASSERT_LT(waited(wait), kTimeout) << "the store does not take results again; " << told_refusals(i);
        if (::testing::Test::HasFailure()) return;
        std::this_thread::sleep_for(milliseconds{1});
      }
    }
  }

  // --- What a power cut leaves. ---

  struct Cut {
    FaultyDisk::Loss loss = FaultyDisk::Loss::all;
    FaultyDisk::Image image;
    StormLedger::Snapshot promised;
  };

  void watch_the_power() {
    disk_->watch([this](std::uint64_t operation) {
      constexpr std::uint64_t kEvery = 17;
      constexpr std::size_t kWaiting = 3;
      if (operation % kEvery != request_.seed % kEvery) return;
      const std::lock_guard lock(cuts_mutex_);
      if (cuts_.size() >= kWaiting) return;
      Cut cut;
      cut.loss = static_cast<FaultyDisk::Loss>(operation / kEvery % 3);
      cut.promised = ledger_.snapshot([&] { cut.image = disk_->image(path_, cut.loss, random_); });
      cuts_.push_back(std::move(cut));
    });
  }

  void look_at_cuts() {
    for (;;) {
      Cut cut;
      {
        const std::lock_guard lock(cuts_mutex_);
        if (!cuts_.empty()) {
          cut = std::move(cuts_.front());
          cuts_.pop_front();
        }
      }
      if (!cut.image.empty()) {
        look_at(cut);
      } else if (stop_) {
        EXPECT_GT(looked_at_, 3);
        return;
      } else {
        std::this_thread::sleep_for(milliseconds{1});
      }
    }
  }

  void look_at(Cut& cut) {
    SCOPED_TRACE("a power cut, loss " + std::to_string(static_cast<int>(cut.loss)));
    TemporaryDirectory directory;
    const std::string copy = directory / "store";
    cut.image["NINES"] = read_image(path_).at("NINES");
    write_image(cut.image, copy);
    Options options = storm_options();
    auto store = Store::open(copy, options);
    if (!store && cut.loss == FaultyDisk::Loss::garbage) {
      ASSERT_EQ(store.error().code, ErrorCode::corruption) << store.error().message;
      options.recovery = Recovery::point_in_time;
      store = Store::open(copy, options);
    }
    ASSERT_TRUE(store) << store.error().message;
    // Before all of the catalog was safe there is nothing to look for.
    if ((*store)->catalog()->servers().size() == StormLedger::kAppenders + 1) {
      static_cast<void>(check_storm(**store, cut.promised, Fate::disk, true));
      ++looked_at_;
    }
  }

  // --- The end. ---

  void come_to_rest() {
    const Wait wait = begin_wait();
    while (!flush_once()) {
      ASSERT_LT(waited(wait), kTimeout) << "the store cannot be flushed";
      std::this_thread::sleep_for(milliseconds{2});
    }
    const auto promised = ledger_.snapshot();
    std::printf("%s: %d faults, reopened %lu times, %d cuts, %zu results begun by the first appender\n",
                request_.kind.c_str(), rounds_, static_cast<unsigned long>(store_->stats().reopened), looked_at_,
                promised.fates[0].size());
    static_cast<void>(check_storm(*store_, promised, Fate::buffered, false));
    const auto closed = store_->close();
    EXPECT_TRUE(closed) << closed.error().message;
    store_.reset();
    const auto again = open_or_fail(path_, storm_options());
    if (again == nullptr) return;
    static_cast<void>(check_storm(*again, promised, Fate::buffered, false));
    const auto verified = again->verify();
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_TRUE(verified->damage.empty()) << verified->damage.front().what;
  }

  struct Wait {
    steady_clock::time_point begun;
    steady_clock::duration lost;
  };
  Wait begin_wait() { return {steady_clock::now(), pulse_.lost()}; }
  /// Without what the disk itself took meanwhile.
  seconds waited(const Wait& since) {
    const auto lost = pulse_.lost() - since.lost;
    return std::chrono::duration_cast<seconds>(steady_clock::now() - since.begun - lost);
  }

  std::uint64_t pick(std::uint64_t low, std::uint64_t high) {
    return std::uniform_int_distribution<std::uint64_t>(low, high)(random_);
  }

  const Request request_;
  const std::string path_;
  StormLedger ledger_;
  std::shared_ptr<FaultyDisk> disk_;
  std::unique_ptr<rocksdb::Env> env_;
  DiskPulse pulse_;
  std::mt19937_64 random_;  // of whoever makes the faults
  steady_clock::time_point end_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> faults_{false};
  std::array<std::atomic<std::uint64_t>, StormLedger::kAppenders> stored_{};
  int rounds_ = 0;
  struct Refusals {
    std::uint64_t count = 0;
    std::string last;
  };
  std::mutex refusals_mutex_;
  std::array<Refusals, StormLedger::kAppenders> refusals_;
  std::mutex cuts_mutex_;
  std::deque<Cut> cuts_;
  int looked_at_ = 0;
  std::vector<std::thread> threads_;
  std::unique_ptr<Store> store_;  // last: it is gone before its disk
};

}  // namespace
}  // namespace nines::test

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (argc != 6) return 2;
  nines::test::Request request;
  request.kind = argv[1];
  request.directory = argv[2];
  request.appenders = std::min<std::uint32_t>(static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10)),
                                              nines::test::StormLedger::kAppenders);
  request.seed = std::strtoull(argv[4], nullptr, 10);
  request.duration = std::chrono::milliseconds{std::strtol(argv[5], nullptr, 10)};
  nines::test::Storm(request).run();
  return ::testing::Test::HasFailure() ? 1 : 0;
}
