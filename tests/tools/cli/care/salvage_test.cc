// Repairing a store that does not open: files of it are missing, or end too early. What comes back is what was there,
// and what does not come back has been named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "show/output.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;
using ::testing::Not;

std::set<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::set<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.insert(line);
  return lines;
}

/// A line of the export, as far as it is looked at here.
struct Exported {
  std::string server;
  std::string time;
  std::string rest;
};

Exported parts_of(const std::string& line) {
  constexpr std::size_t kTime = 24;
  const std::size_t comma = line.find(',');
  return {line.substr(0, comma), line.substr(comma + 1, kTime), line.substr(comma + 1)};
}

class Salvage : public ::testing::Test {
 protected:
  static constexpr int kServers = 3;

  /// A check every ten minutes of two months, all latencies different; compacted. Both months have a family of their
  /// own, so the store has several tables.
  void SetUp() override {
    std::string csv = "server,time,state,latency_us\n";
    for (int server = 1; server <= kServers; ++server) {
      for (const int month : {6, 7}) {
        for (int day = 1; day <= 28; ++day) {
          for (int check = 0; check < 144; ++check) {
            char line[120];
            std::snprintf(line, sizeof line, "s%d,2026-%02d-%02dT%02d:%02d:00Z,%s,%d\n", server, month, day, check / 6,
                          check % 6 * 10, check % 97 == 0 ? "down" : "up", 10'000 + check * 7919 % 100'000 + day);
            csv += line;
          }
        }
      }
    }
    ASSERT_EQ(nines({"import", "-", "--interval", "10m", "--db", db()}, csv).code, 0);
    ASSERT_EQ(nines({"compact", "-q", "--db", db()}).code, 0);
    before_ = lines_of(nines({"export", "--db", db()}).out);
  }
  [[nodiscard]] std::string db() const { return dir_.path("db"); }
  /// The names of the store's table files.
  [[nodiscard]] std::vector<std::string> tables() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(db())) {
      if (entry.path().extension() == ".sst") names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  /// A copy of the store to damage.
  [[nodiscard]] std::string copy(const std::string& name) const {
    fs::copy(db(), dir_.path(name));
    return dir_.path(name);
  }
  /// Every file with its bytes.
  static std::map<std::string, std::string> contents(const std::string& store) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(store)) {
      files[entry.path().filename()] = read_file(entry.path().string());
    }
    return files;
  }
  /// Repairs it and checks what comes back against what was there. Servers called lost-N are sN. The report.
  Json check_repair(const std::string& damaged, const std::string& target) const {
    const auto files = contents(damaged);
    const Finished finished = nines({"repair", target, "--db", damaged, "--json"});
    EXPECT_EQ(finished.code, 3) << finished.err;
    EXPECT_EQ(contents(damaged), files) << "the damaged store is not touched";
    Json report = Json::parse(finished.out, nullptr, false);
    if (!report.is_object()) return report;
    const auto original = [](std::string line) {
      if (line.starts_with("lost-")) line.replace(0, 5, "s");
      return line;
    };
    std::set<std::string> saved;
    for (const std::string& line : lines_of(nines({"export", "--db", target}).out)) saved.insert(original(line));
    EXPECT_TRUE(std::includes(before_.begin(), before_.end(), saved.begin(), saved.end()));
    EXPECT_EQ(report["results"].get<std::uint64_t>() + 1, saved.size()) << "and the header";
    std::vector<std::uint64_t> missing(report["lost"].size());
    for (const std::string& line : before_) {
      if (saved.contains(line)) continue;
      const Exported result = parts_of(line);
      bool named = false;
      for (std::size_t i = 0; i < missing.size(); ++i) {
        const Json& loss = report["lost"][i];
        if (original(loss["server"]) != result.server || !loss["from"].is_string()) continue;
        if (loss["from"].get<std::string>() > result.time || result.time >= loss["to"].get<std::string>()) continue;
        named = true;
        ++missing[i];
      }
      EXPECT_TRUE(named) << line;
    }
    for (std::size_t i = 0; i < missing.size(); ++i) {
      const Json& loss = report["lost"][i];
      if (loss["exact"].get<bool>()) {
        EXPECT_EQ(loss["results"].get<std::uint64_t>(), missing[i]) << loss.dump();
      }
      EXPECT_LE(loss["results"].get<std::uint64_t>(), missing[i]) << loss.dump();
    }
    EXPECT_EQ(nines({"verify", "--db", target}).code, 0);
    return report;
  }
  TempDir dir_;
  std::set<std::string> before_;
};

TEST_F(Salvage, WithoutOneOfItsTablesAllOthersComeBack) {
  const std::vector<std::string> names = tables();
  ASSERT_GE(names.size(), 4U) << "two months, the days' summaries, the catalog";
  std::uint64_t lost_results = 0;
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const std::string damaged = copy("without-" + name);
    fs::remove(damaged + "/" + name);
    EXPECT_EQ(nines({"status", "--db", damaged}).code, 1);
    const Json report = check_repair(damaged, dir_.path("saved-" + name));
    ASSERT_TRUE(report.is_object());
    EXPECT_THAT(report["warnings"].dump(), HasSubstr(name + ": it is missing"));
    for (const Json& loss : report["lost"]) lost_results += loss["results"].get<std::uint64_t>();
  }
  EXPECT_GE(lost_results, before_.size() - 1 - 3 * 144) << "each month once, but for its newest day";
}

TEST_F(Salvage, ATableThatWasCutShortIsLostAlone) {
  for (const std::string& name : tables()) {
    SCOPED_TRACE(name);
    const std::string damaged = copy("cut-" + name);
    const std::string file = damaged + "/" + name;
    fs::resize_file(file, fs::file_size(file) / 2);
    const Json report = check_repair(damaged, dir_.path("saved-" + name));
    ASSERT_TRUE(report.is_object());
    EXPECT_THAT(report["warnings"].dump(), HasSubstr(name + ": it cannot be read"));
  }
}

TEST_F(Salvage, WithoutTheListOfItsTablesEverythingComesBack) {
  for (const char* const prefix : {"MANIFEST-", "CURRENT"}) {
    SCOPED_TRACE(prefix);
    const std::string damaged = copy(std::string("without-") + prefix);
    for (const auto& entry : fs::directory_iterator(damaged)) {
      if (entry.path().filename().string().starts_with(prefix)) fs::remove(entry.path());
    }
    const std::string target = dir_.path(std::string("saved-") + prefix);
    const Json report = check_repair(damaged, target);
    EXPECT_TRUE(report["lost"].empty()) << report.dump();
    EXPECT_THAT(report["warnings"].dump(), HasSubstr("whether others are missing cannot be told"));
    EXPECT_EQ(lines_of(nines({"export", "--db", target}).out), before_);
  }
}

TEST_F(Salvage, WithoutAnythingToReadNothingIsMade) {
  const std::string damaged = copy("empty");
  for (const auto& entry : fs::directory_iterator(damaged)) fs::remove_all(entry.path());
  const Finished finished = nines({"repair", dir_.path("saved"), "--db", damaged});
  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.err, HasSubstr("nothing can be read of"));
  EXPECT_FALSE(fs::exists(dir_.path("saved")));
  for (const auto& entry : fs::directory_iterator(dir_.path())) {
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("repair")));
  }
}

}  // namespace
}  // namespace nines::tools::testing
