// Damage to the files of a store: a flipped bit, a file cut short, a file that is gone. It is detected, by the open, a
// read or verify(), or it harms nothing; it is never silent and never brings the process down.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "engine/store/faulty_disk.h"
#include "engine/store/history.h"
#include "engine/store/quick_share.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

using Image = FaultyDisk::Image;

enum class Outcome : std::uint8_t { refused, read_failed, found_by_verify, reported, harmless };

class Damage : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kOperations = 600;

  /// The files of a store that nobody closed: tables, logs with results that are nowhere else, and the rest.
  static void SetUpTestSuite() {
    TemporaryDirectory directory;
    const std::string path = directory / "store";
    const History history(3);
    auto store = Store::open(path, History::options());
    ASSERT_TRUE(store) << store.error().message;
    History::add_servers(**store);
    Ledger ledger;
    for (std::uint64_t number = 0; number < kOperations; ++number) {
      const Operation operation = history.operation(number);
      ASSERT_TRUE((*store)->append(operation.results, Durability::disk));
      ledger.apply(operation);
      if (number == kOperations / 3) {
        ASSERT_TRUE((*store)->compact());
      }
      if (number == kOperations / 2) expect_true_summaries(**store);
    }
    ASSERT_TRUE((*store)->flush());
    image_ = new Image(read_resting_image(path));
    contents_ = new Contents(ledger.contents());
    image_->erase("LOCK");
  }
  static void TearDownTestSuite() {
    delete image_;
    delete contents_;
  }

  /// The files of an open store, read when no compaction changes them any more.
  static Image read_resting_image(const std::string& path) {
    Image image = read_image(path);
    for (;;) {
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
      Image again = read_image(path);
      if (again == image) return image;
      image = std::move(again);
    }
  }

  /// What a store of the files `image` turns out to be. Fails the test when it is wrong without a word.
  static Outcome look_at(const Image& image) {
    TemporaryDirectory directory;
    const std::string path = directory / "store";
    write_image(image, path);
    const auto env = FaultyDisk::make_env(std::make_shared<FaultyDisk>());  // does not sleep after errors
    const auto store = open_on(env.get(), path, History::options());
    if (!store) {
      EXPECT_TRUE(store.error().code == ErrorCode::corruption || store.error().code == ErrorCode::not_a_store ||
                  store.error().code == ErrorCode::newer_format || store.error().code == ErrorCode::io)
          << to_string(store.error().code) << ": " << store.error().message;
      EXPECT_NE(store.error().message.find(path), std::string::npos) << store.error().message;
      return Outcome::refused;
    }
    const auto verified = (*store)->verify();
    EXPECT_TRUE(verified);
    const auto found = try_contents_of(**store);
    if (!found) {
      EXPECT_EQ(found.error().code, ErrorCode::corruption) << found.error().message;
      EXPECT_TRUE(verified && !verified->damage.empty()) << "verify() misses what a read finds";
      return Outcome::read_failed;
    }
    if (*found != *contents_) {
      // A log that ends early, or the newest one missing, is what a crash leaves, and is reported as that.
      EXPECT_TRUE((*store)->open_report().recovered) << "results are missing and nothing says so";
      EXPECT_FALSE((*store)->open_report().warnings.empty());
      expect_subset(*found);
      return Outcome::reported;
    }
    // A damaged summary is an error too, where it is read.
    if (verified && !verified->damage.empty()) return Outcome::found_by_verify;
    expect_true_summaries(**store);
    return Outcome::harmless;
  }

  static void expect_subset(const Contents& found) {
    for (const auto& [server, results] : found) {
      for (const CheckResult& result : results) {
        // Another version of a result, or one that was replaced later, carries another operation's latency.
        EXPECT_LT(*result.latency_us, kOperations * 100) << describe(result);
      }
    }
  }

  /// Whether there was a moment at which each server had the results that it has in `found`, and maybe later ones.
  static bool is_beginning_of_each_server(const Contents& found) {
    Ledger ledger;
    for (std::uint64_t number = 0; number < kOperations; ++number) {
      ledger.apply(History(3).operation(number));
      const Contents all = ledger.contents();
      const bool fits = std::all_of(found.begin(), found.end(), [&](const auto& server) {
        const auto results = all.find(server.first);
        return results != all.end() && server.second.size() <= results->second.size() &&
               std::equal(server.second.begin(), server.second.end(), results->second.begin());
      });
      if (fits) return true;
    }
    return false;
  }

  static std::vector<std::string> files(std::string_view part) {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : *image_) {
      if (name.find(part) != std::string::npos && !bytes.empty()) names.push_back(name);
    }
    return names;
  }

  /// Flips bits of files whose names contain `part`; returns how often each outcome came.
  static std::map<Outcome, int> flip(std::string_view part, int trials) {
    std::map<Outcome, int> outcomes;
    const auto names = files(part);
    EXPECT_FALSE(names.empty()) << "no file " << part;
    std::mt19937_64 random(17);
    for (int trial = 0; trial < trials * long_share() && !names.empty() && !HasFailure(); ++trial) {
      const std::string& name = names[random() % names.size()];
      Image image = *image_;
      const std::size_t byte = random() % image[name].size();
      const auto bit = static_cast<unsigned>(random() % 8);
      SCOPED_TRACE("bit " + std::to_string(bit) + " of byte " + std::to_string(byte) + " of " + name + ", which has " +
                   std::to_string(image[name].size()));
      image[name][byte] = static_cast<char>(static_cast<unsigned char>(image[name][byte]) ^ (1U << bit));
      ++outcomes[look_at(image)];
    }
    return outcomes;
  }

  static Image* image_;
  static Contents* contents_;
};

Image* Damage::image_ = nullptr;
Contents* Damage::contents_ = nullptr;

TEST_F(Damage, IntactFilesAreRead) {
  EXPECT_EQ(look_at(*image_), Outcome::harmless);
}

TEST_F(Damage, FlippedBitOfATableIsFoundByReadingOrVerifying) {
  auto outcomes = flip(".sst", 80);
  EXPECT_EQ(outcomes[Outcome::reported], 0);
  EXPECT_LE(outcomes[Outcome::harmless], 80 * long_share() / 20) << "few bytes of a table mean nothing";
  EXPECT_GT(outcomes[Outcome::read_failed], 0);
}

TEST_F(Damage, FlippedBitOfTheLogIsRefusedOrReported) {
  auto outcomes = flip(".rows", 50);
  EXPECT_GT(outcomes[Outcome::refused], 0);
  EXPECT_EQ(outcomes[Outcome::read_failed] + outcomes[Outcome::found_by_verify], 0);
}

TEST_F(Damage, FlippedBitOfTheManifestIsRefused) {
  auto outcomes = flip("MANIFEST", 40);
  EXPECT_GT(outcomes[Outcome::refused], 0);
  EXPECT_EQ(outcomes[Outcome::reported] + outcomes[Outcome::read_failed] + outcomes[Outcome::found_by_verify], 0);
}

TEST_F(Damage, FlippedBitOfCurrentOrTheMarkerIsRefused) {
  auto of_current = flip("CURRENT", 15);
  EXPECT_EQ(of_current.size(), 1U);
  EXPECT_GT(of_current[Outcome::refused], 0);
  auto of_marker = flip("NINES", 15);
  EXPECT_EQ(of_marker.size(), 1U);
  EXPECT_GT(of_marker[Outcome::refused], 0);
}

TEST_F(Damage, FlippedBitOfTheRestHarmsNothing) {
  auto outcomes = flip("OPTIONS", 5);
  outcomes.merge(flip("IDENTITY", 2));
  EXPECT_EQ(outcomes[Outcome::reported] + outcomes[Outcome::read_failed] + outcomes[Outcome::found_by_verify], 0);
}

TEST_F(Damage, FileCutShortIsNeverSilent) {
  std::mt19937_64 random(23);
  for (const auto& [name, bytes] : *image_) {
    if (bytes.empty()) continue;
    for (const std::size_t size : {std::size_t{0}, bytes.size() / 2, bytes.size() - 1, random() % bytes.size()}) {
      SCOPED_TRACE(name + " of " + std::to_string(bytes.size()) + " bytes cut to " + std::to_string(size));
      Image image = *image_;
      image[name].resize(size);
      const Outcome outcome = look_at(image);
      EXPECT_TRUE(outcome != Outcome::reported || name.ends_with(".rows")) << "only the log may end early";
      if (HasFailure()) return;
    }
  }
}

TEST_F(Damage, MissingFileIsNeverSilent) {
  for (const auto& [name, bytes] : *image_) {
    SCOPED_TRACE(name + " is gone");
    Image image = *image_;
    image.erase(name);
    const Outcome outcome = look_at(image);
    EXPECT_NE(outcome, Outcome::reported);
    if (HasFailure()) return;
  }
}

TEST_F(Damage, ManifestCutAtAnyByteIsRefusedOrHarmless) {
  const std::string name = files("MANIFEST").back();
  const std::size_t step = 23;
  for (std::size_t size = 0; size < image_->at(name).size(); size += step) {
    SCOPED_TRACE(name + " cut to " + std::to_string(size));
    Image image = *image_;
    image[name].resize(size);
    const Outcome outcome = look_at(image);
    EXPECT_TRUE(outcome == Outcome::refused || outcome == Outcome::harmless) << static_cast<int>(outcome);
    if (HasFailure()) return;
  }
}

TEST_F(Damage, GarbageBehindTheManifestOpensAtAPointInTime) {
  Image image = *image_;
  // A whole record by its header, of five bytes, whose checksum is not theirs.
  image[files("MANIFEST").back()] += std::string("wrong\x05\x00\x01hello", 13).substr(1);
  TemporaryDirectory directory;
  const std::string path = directory / "store";
  write_image(image, path);
  const auto refused = Store::open(path, History::options());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::corruption);
  Options options = History::options();
  options.recovery = Recovery::point_in_time;
  const auto store = open_or_fail(path, options);
  ASSERT_NE(store, nullptr);
  ASSERT_EQ(store->open_report().warnings.size(), 2U);
  EXPECT_NE(store->open_report().warnings.back().find("12 bytes"), std::string::npos)
      << store->open_report().warnings.back();
  EXPECT_EQ(contents_of(*store), *contents_);
}

TEST_F(Damage, DamagedLogOpensAtAPointInTimeAndSaysWhatWasDropped) {
  const auto logs = files(".rows");
  ASSERT_FALSE(logs.empty());
  Image image = *image_;
  std::string& log = image[logs.back()];
  log[log.size() / 2] = static_cast<char>(log[log.size() / 2] ^ 1);
  TemporaryDirectory directory;
  const std::string path = directory / "store";
  write_image(image, path);
  const auto refused = Store::open(path, History::options());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::corruption);
  EXPECT_NE(refused.error().message.find("point_in_time"), std::string::npos) << refused.error().message;

  Options options = History::options();
  options.recovery = Recovery::point_in_time;
  auto store = Store::open(path, options);
  ASSERT_TRUE(store) << store.error().message;
  const auto& report = (*store)->open_report();
  EXPECT_TRUE(report.recovered);
  ASSERT_EQ(report.warnings.size(), 2U);
  EXPECT_NE(report.warnings.back().find("dropped"), std::string::npos) << report.warnings.back();
  // What tables have is whole, also of later than the damage; only the newest rows of each server are gone.
  const Contents kept = contents_of(**store);
  EXPECT_TRUE(is_beginning_of_each_server(kept)) << "what is left was never there";
  EXPECT_NE(kept, *contents_);
  EXPECT_EQ((*store)->verify().value().damages, 0U);
  store->reset();
  // The damage is gone for good.
  const auto again = open_or_fail(path, History::options());
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(contents_of(*again), kept);
}

}  // namespace
}  // namespace nines::test
