// What callers and the world get wrong: each has an error of its own, which says what to do, and harms nothing stored.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "codec/key.h"
#include "engine/store/history.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr TimeMs kNow = from_ms(1'790'000'000'000);
constexpr ServerId kServer{1};
constexpr Window kAll{from_ms(0), kTimeLimit};

CheckResult result_at(TimeMs time) {
  CheckResult result;
  result.server = kServer;
  result.time = time;
  result.state = State::up;
  result.latency_us = 1'000;
  return result;
}

void write_file(const std::string& name, const std::string& text) {
  std::ofstream(name, std::ios::binary | std::ios::trunc) << text;
}

bool by_time(const CheckResult& a, const CheckResult& b) {
  return a.time < b.time;
}

/// Gives up root's rights to files for as long as it lives.
class Unprivileged {
 public:
  Unprivileged() : was_(::geteuid()) {
    if (was_ == 0) {
      EXPECT_EQ(::seteuid(kNobody), 0);
    }
  }
  ~Unprivileged() { EXPECT_EQ(::seteuid(was_), 0); }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;

 private:
  static constexpr uid_t kNobody = 65'534;
  uid_t was_;
};

/// Lets the process open no file more for as long as it lives.
class FewDescriptors {
 public:
  FewDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &was_);
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(next);
    rlimit few = was_;
    few.rlim_cur = static_cast<rlim_t>(next);
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &was_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit was_{};
};

/// A file system of 24 MiB in memory; only root can have one.
class SmallDisk {
 public:
  explicit SmallDisk(std::string path) : path_(std::move(path)) {
    std::filesystem::create_directory(path_);
    mounted_ = ::mount("nines-test", path_.c_str(), "tmpfs", 0, "size=24m") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
  bool mounted_ = false;
};

class BadInput : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.clock = [] { return kNow; };
    options_.disk_reserve_bytes = 1;
    store_ = open_or_fail(path_, options_);
    ASSERT_NE(store_, nullptr);
    Server server;
    server.name = "site";
    server.created_at = kNow;
    ASSERT_EQ(store_->add_server(server).value(), kServer);
    for (int i = 0; i < 10; ++i) {
      kept_.push_back(result_at(kNow - hours{1} + milliseconds{i * 60'000}));
      ASSERT_TRUE(store_->append(kept_.back(), Durability::disk));
    }
  }

  void TearDown() override {
    if (store_ != nullptr) expect_same(read_window(*store_, kServer, kAll), kept_);
  }

  /// The error of appending a good result and `bad`; the test fails when there is none.
  Error refused(const CheckResult& bad) {
    const std::vector<CheckResult> results = {result_at(kNow), bad};
    const auto done = store_->append(results, Durability::process);
    EXPECT_FALSE(done);
    return done ? Error{} : done.error();
  }

  void reopen() {
    store_.reset();
    store_ = open_or_fail(path_, options_);
  }

  /// Gives the last value of `space` a format version that nobody has written yet.
  void make_last_value_newer(const std::string& path, engine::Space space) {
    OpenReport report;
    const auto kv = engine::open_local(path, engine::KvMode::write, options_, report);
    ASSERT_TRUE(kv) << kv.error().message;
    const auto view = (*kv)->view_all(space);
    ASSERT_TRUE(view);
    std::string key;
    std::string value;
    engine::Range& range = (*view)->range(space, {}, {});
    for (; range.valid(); range.next()) {
      key = range.key();
      value = range.value();
    }
    ASSERT_FALSE(key.empty());
    value[0] = static_cast<char>(250);
    engine::Batch batch(engine::parse_server_key(std::string_view(key).substr(0, 4)).value());
    batch.put(space, key, value);
    const engine::Batch* const only = &batch;
    engine::Outcome outcome;
    (*kv)->write(std::span(&only, 1), Durability::process, std::span(&outcome, 1));
    ASSERT_TRUE(outcome.ok());
  }

  [[nodiscard]] Result<void> read_everything(const std::string& path) const {
    const auto store = Store::open(path, options_);
    if (!store) return tl::unexpected<Error>(store.error());
    auto cursor = (*store)->scan(kServer, kAll, {});
    if (!cursor) return tl::unexpected<Error>(cursor.error());
    for (;;) {
      const auto segment = (*cursor)->next();
      if (!segment) return tl::unexpected<Error>(segment.error());
      if (*segment == nullptr) break;
    }
    cursor->reset();
    const auto days = (*store)->days(kServer, {0, 30'000}, true);
    if (!days) return tl::unexpected<Error>(days.error());
    const auto day = (*days)->next();
    if (!day) return tl::unexpected<Error>(day.error());
    return {};
  }

  void append_until_taken(const CheckResult& result) {
    for (int attempt = 0; attempt < 400; ++attempt) {
      if (store_->append(result, Durability::process)) {
        kept_.push_back(result);
        return;
      }
      std::this_thread::sleep_for(milliseconds{25});
    }
    FAIL() << "the store did not take results again";
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  Options options_;
  std::vector<CheckResult> kept_;
  std::unique_ptr<Store> store_;
};

TEST_F(BadInput, EmptyAppend) {
  const auto done = store_->append(std::span<const CheckResult>{}, Durability::process);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::invalid_argument);
}

TEST_F(BadInput, EachMistakeInAResultHasItsOwnWordsAndNothingIsStored) {
  std::set<std::string> messages;
  const auto expect = [&](const CheckResult& bad, ErrorCode code, const std::string& words) {
    const Error error = refused(bad);
    EXPECT_EQ(error.code, code) << error.message;
    EXPECT_THAT(error.message, HasSubstr(words));
    EXPECT_TRUE(messages.insert(error.message).second) << "the same words twice: " << error.message;
  };
  expect(result_at(from_ms(-1)), ErrorCode::out_of_range, "1970");
  expect(result_at(kNow + hours{24} + milliseconds{1}), ErrorCode::out_of_range, "future");
  expect(result_at(kTimeLimit), ErrorCode::out_of_range, "future");
  auto bad = result_at(kNow);
  bad.server = ServerId{77};
  expect(bad, ErrorCode::not_found, "server 77");
  bad = result_at(kNow);
  bad.detail.assign(1U << 20U, 'x');
  expect(bad, ErrorCode::out_of_range, "at most 4096");
  bad = result_at(kNow);
  bad.latency_us = kNoLatency;
  expect(bad, ErrorCode::out_of_range, "latency");
  bad = result_at(kNow);
  bad.location = LocationId{1024};
  expect(bad, ErrorCode::out_of_range, "1023");
  bad = result_at(kNow);
  bad.state = State::maintenance;
  expect(bad, ErrorCode::invalid_argument, "catalog");
}

TEST_F(BadInput, TimesAtTheLimitsAreTaken) {
  kept_.push_back(result_at(kNow + hours{24}));
  ASSERT_TRUE(store_->append(kept_.back(), Durability::process));
  kept_.insert(kept_.begin(), result_at(from_ms(0)));
  ASSERT_TRUE(store_->append(kept_.front(), Durability::process));
}

TEST_F(BadInput, LoadTakesAscendingResultsOfOneServer) {
  const std::vector<CheckResult> backwards = {result_at(kNow), result_at(kNow - hours{1})};
  const auto unordered = store_->load(kServer, backwards);
  ASSERT_FALSE(unordered);
  EXPECT_EQ(unordered.error().code, ErrorCode::invalid_argument);
  std::vector<CheckResult> mixed = {result_at(kNow), result_at(kNow)};
  mixed.back().server = ServerId{2};
  const auto of_two = store_->load(kServer, mixed);
  ASSERT_FALSE(of_two);
  EXPECT_EQ(of_two.error().code, ErrorCode::invalid_argument);
}

TEST_F(BadInput, OptionsOutOfBounds) {
  Options options;
  options.performance.seal_rows = 0;
  const auto store = Store::open(directory_ / "other", options);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(store.error().message, HasSubstr("seal_rows"));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "other"));
}

TEST_F(BadInput, PathsThatAreNoStores) {
  const std::string file = directory_ / "file";
  write_file(file, "hello");
  const auto of_file = Store::open(file, options_);
  ASSERT_FALSE(of_file);
  EXPECT_EQ(of_file.error().code, ErrorCode::not_a_store);
  EXPECT_THAT(of_file.error().message, HasSubstr("is a file"));

  std::filesystem::create_directory(directory_ / "photos");
  write_file(directory_ / "photos/cat.jpg", "meow");
  const auto of_directory = Store::open(directory_ / "photos", options_);
  ASSERT_FALSE(of_directory);
  EXPECT_EQ(of_directory.error().code, ErrorCode::not_a_store);
  EXPECT_THAT(of_directory.error().message, HasSubstr("another path"));
  EXPECT_TRUE(std::filesystem::exists(directory_ / "photos/cat.jpg"));
}

TEST_F(BadInput, MissingStoreIsNotFoundWhereItMustNotBeCreated) {
  Options options = options_;
  options.create_if_missing = false;
  const auto missing = Store::open(directory_ / "none", options);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  const auto read_only = Store::open_read_only(directory_ / "none", options_);
  ASSERT_FALSE(read_only);
  EXPECT_EQ(read_only.error().code, ErrorCode::not_found);
  EXPECT_FALSE(std::filesystem::exists(directory_ / "none"));
}

TEST_F(BadInput, InterruptedCreationIsGoneOnWith) {
  std::filesystem::create_directory(directory_ / "begun");
  write_file(directory_ / "begun/NINES.new", "nin");
  const auto store = Store::open(directory_ / "begun", options_);
  EXPECT_TRUE(store) << store.error().message;
}

TEST_F(BadInput, NewerStoreIsRefused) {
  store_.reset();
  write_file(path_ + "/NINES", "nines 4\n");
  for (const bool read_only : {false, true}) {
    const auto store = read_only ? Store::open_read_only(path_, options_) : Store::open(path_, options_);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, ErrorCode::newer_format);
    EXPECT_THAT(store.error().message, HasSubstr("newer nines"));
  }
  write_file(path_ + "/NINES", "nines 3\n");
  reopen();
}

TEST_F(BadInput, NewerValueIsRefusedWhereItIsRead) {
  using engine::Space;
  ASSERT_TRUE(store_->append(result_at(kNow), Durability::process));
  ASSERT_TRUE(store_->seal());
  ASSERT_TRUE(store_->append(result_at(kNow + hours{24}), Durability::process));
  ASSERT_EQ(read_days(*store_, kServer, {0, 30'000}).size(), 2U);  // and keeps the first day's summary
  store_.reset();
  for (const Space space : {Space::servers, Space::recent, Space::checks, Space::days}) {
    SCOPED_TRACE(engine::kSpaceNames[static_cast<std::size_t>(space)]);
    const std::string changed = directory_ / ("changed " + std::to_string(static_cast<int>(space)));
    std::filesystem::copy(path_, changed);
    make_last_value_newer(changed, space);
    const auto read = read_everything(changed);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::newer_format) << read.error().message;
  }
}

TEST_F(BadInput, SecondWriterIsRefused) {
  const auto second = Store::open(path_, options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::locked);
  EXPECT_THAT(second.error().message, HasSubstr("read-only"));
  EXPECT_TRUE(Store::open_read_only(path_, options_)) << "a reader needs no lock";
}

TEST_F(BadInput, SecondWriterInAForkIsRefused) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer does not follow a fork of several threads";
#endif
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    // A fork has the store's memory and must not touch it; it may open a store as any other process may.
    const auto store = Store::open(path_, options_);
    ::_exit(!store && store.error().code == ErrorCode::locked ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  // The parent's lock and handle are as they were.
  kept_.push_back(result_at(kNow));
  ASSERT_TRUE(store_->append(kept_.back(), Durability::disk));
  EXPECT_FALSE(Store::open(path_, options_));
}

TEST_F(BadInput, ReadOnlyStoreRefusesEveryWrite) {
  const auto reader = Store::open_read_only(path_, options_);
  ASSERT_TRUE(reader) << reader.error().message;
  Store& store = **reader;
  Server server;
  server.name = "new";
  const std::vector<CheckResult> results = {result_at(kNow)};
  EXPECT_EQ(store.add_server(server).error().code, ErrorCode::read_only);
  EXPECT_EQ(store.update_server(store.catalog()->servers().front()).error().code, ErrorCode::read_only);
  EXPECT_EQ(store.remove_server(kServer).error().code, ErrorCode::read_only);
  EXPECT_EQ(store.append(results, Durability::process).error().code, ErrorCode::read_only);
  EXPECT_EQ(store.load(kServer, results).error().code, ErrorCode::read_only);
  EXPECT_EQ(store.flush().error().code, ErrorCode::read_only);
  EXPECT_EQ(store.seal().error().code, ErrorCode::read_only);
  EXPECT_EQ(store.apply_retention().error().code, ErrorCode::read_only);
  EXPECT_EQ(store.compact().error().code, ErrorCode::read_only);
  EXPECT_THAT(store.flush().error().message, HasSubstr("open it for writing"));
  expect_same(read_window(store, kServer, kAll), kept_);
}

TEST_F(BadInput, ReadOnlyStoreSeesWhatIsWrittenWhenItIsRefreshed) {
  const auto reader = Store::open_read_only(path_, options_);
  ASSERT_TRUE(reader) << reader.error().message;
  const auto before = kept_;
  kept_.push_back(result_at(kNow));
  ASSERT_TRUE(store_->append(kept_.back(), Durability::process));
  expect_same(read_window(**reader, kServer, kAll), before);
  ASSERT_TRUE((*reader)->refresh());
  expect_same(read_window(**reader, kServer, kAll), kept_);
}

TEST_F(BadInput, TwoStoresInAProcessDoNotKnowEachOther) {
  auto other = open_or_fail(directory_ / "other", options_);
  ASSERT_NE(other, nullptr);
  Server server;
  server.name = "other site";
  ASSERT_EQ(other->add_server(server).value(), kServer);
  ASSERT_TRUE(other->append(result_at(kNow), Durability::disk));
  EXPECT_EQ(read_window(*other, kServer, kAll).size(), 1U);
  other.reset();
  kept_.push_back(result_at(kNow));
  ASSERT_TRUE(store_->append(kept_.back(), Durability::disk));
}

TEST_F(BadInput, DirectoryThatCannotBeWrittenIsAnIoErrorAndCanBeRead) {
  store_.reset();
  std::filesystem::permissions(directory_.path(), std::filesystem::perms{0755});
  std::filesystem::permissions(path_, std::filesystem::perms{0555});
  {
    const Unprivileged nobody;
    const auto store = Store::open(path_, options_);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, ErrorCode::io) << store.error().message;
    EXPECT_THAT(store.error().message, HasSubstr("ermission denied"));
    const auto created = Store::open(path_ + "/new", options_);
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().code, ErrorCode::io) << created.error().message;
    const auto reader = Store::open_read_only(path_, options_);
    ASSERT_TRUE(reader) << reader.error().message;
    expect_same(read_window(**reader, kServer, kAll), kept_);
  }
  std::filesystem::permissions(path_, std::filesystem::perms{0755});
  reopen();
}

TEST_F(BadInput, OutOfDescriptorsIsAnErrorAndTheStoreGoesOn) {
  {
    const FewDescriptors few;
    const auto other = Store::open(directory_ / "other", options_);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::io) << other.error().message;
    // A compaction needs new files; it fails, and what follows waits for the store to be opened anew.
    EXPECT_FALSE(store_->compact());
    EXPECT_FALSE(store_->append(result_at(kNow), Durability::process));
  }
  append_until_taken(result_at(kNow));
}

TEST_F(BadInput, ReserveIsKeptFree) {
  store_.reset();
  options_.disk_reserve_bytes = 1ULL << 60U;
  reopen();
  const auto done = store_->append(result_at(kNow), Durability::process);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::out_of_space);
  EXPECT_THAT(done.error().message, HasSubstr("free some space"));
  EXPECT_EQ(store_->stats().reopened, 0U) << "RocksDB was not asked, so nothing has to be reopened";
}

TEST_F(BadInput, FullDiskIsAnErrorAndTheStoreGoesOnWhenThereIsRoom) {
  const SmallDisk disk(directory_ / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a file system needs root";
  options_.performance.write_buffer_bytes = 256U << 10U;
  auto store = open_or_fail(disk / "store", options_);
  ASSERT_NE(store, nullptr);
  const std::string ballast = disk / "ballast";
  write_file(ballast, std::string(8U << 20U, 'x'));
  Server server;
  server.name = "site";
  ASSERT_TRUE(store->add_server(server));
  std::mt19937 random(5);
  std::vector<CheckResult> kept;
  const auto append = [&](int number) {
    std::vector<CheckResult> results;
    for (int i = 0; i < 20; ++i) {
      results.push_back(result_at(kNow - hours{24'000} + milliseconds{60'000} * (number * 20 + i)));
      // Texts that nothing can pack.
      std::generate_n(std::back_inserter(results.back().detail), 2'000,
                      [&] { return static_cast<char>('a' + random() % 26); });
    }
    auto done = store->append(results, Durability::disk);
    if (done) kept.insert(kept.end(), results.begin(), results.end());
    return done;
  };
  int number = 0;
  Result<void> done;
  while (done && number < 2'000) done = append(number++);
  ASSERT_FALSE(done) << "the disk is not full after " << number << " appends";
  EXPECT_EQ(done.error().code, ErrorCode::out_of_space) << done.error().message;
  std::filesystem::remove(ballast);
  Result<void> again = append(number);
  for (int attempt = 0; !again && attempt < 400; ++attempt) {
    std::this_thread::sleep_for(milliseconds{25});
    again = append(number);
  }
  ASSERT_TRUE(again) << again.error().message;
  const auto found = read_window(*store, kServer, kAll);
  for (const CheckResult& result : kept) EXPECT_TRUE(std::binary_search(found.begin(), found.end(), result, by_time));
  EXPECT_LE(found.size(), kept.size() + 20) << "beyond those acknowledged only the refused append may be there";
}

}  // namespace
}  // namespace nines::test
