// Writers that meet: many commands at once for one store, with nobody holding it and with a `nines run` that does.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "run/socket_frame.h"
#include "show/output.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kWriters = 50;

class Handovers : public ::testing::Test {
 protected:
  /// A `nines run` of one server that is never checked while a test lasts, and of a push server.
  void start_owner() {
    const std::string yaml =
        "servers:\n  - {name: site, url: \"http://127.0.0.1:1/\", interval: 24h, timeout: 1s}\n"
        "  - {name: job, push: {token: s3cret}, interval: 1h}\n  - {name: bare, url: \"push:\", interval: 1h}\nstore: "
        "{path: " +
        db() + "}\nweb: {listen: off}\n";
    owner_.emplace(std::vector<std::string>{"run", "--config", dir_.write("nines.yaml", yaml), "-v"});
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(socket_path()); })) << owner_->err_so_far();
  }
  [[nodiscard]] std::string db() const { return dir_.path("db"); }
  [[nodiscard]] std::string socket_path() const { return db() + "/nines.sock"; }
  [[nodiscard]] Finished run(std::vector<std::string> arguments, const std::string& input = {}) const {
    arguments.insert(arguments.end(), {"--db", db()});
    return nines(arguments, input);
  }
  /// `kWriters` processes that store a result each, all at once.
  void record_from_all_sides() const {
    std::vector<std::unique_ptr<Program>> writers;
    for (int i = 0; i < kWriters; ++i) {
      writers.push_back(std::make_unique<Program>(
          std::vector<std::string>{"record", "base", "up", "--time", "2026-07-01T00:00:00Z", "--location",
                                   std::to_string(i), "--wait", "50s", "--db", db()}));
    }
    for (const auto& writer : writers) {
      const Finished finished = writer->wait();
      EXPECT_EQ(finished.code, 0) << finished.err;
    }
  }
  [[nodiscard]] std::set<int> locations() const {
    std::set<int> found;
    const Json points = Json::parse(run({"points", "base", "--window", "2026-07-01", "--json"}).out, nullptr, false);
    for (const Json& point : points["points"]) found.insert(point["location"].get<int>());
    return found;
  }

  TempDir dir_;
  std::optional<Program> owner_;
};

TEST_F(Handovers, FiftyWritersAtOnceLoseNothing) {
  record_from_all_sides();
  EXPECT_EQ(locations().size(), static_cast<std::size_t>(kWriters));
}

TEST_F(Handovers, FiftyWritersAtOnceLoseNothingBesideARunningOwner) {
  start_owner();
  record_from_all_sides();
  EXPECT_EQ(locations().size(), static_cast<std::size_t>(kWriters));
  owner_->signal(SIGTERM);
  EXPECT_EQ(owner_->wait().code, 0);
  EXPECT_EQ(locations().size(), static_cast<std::size_t>(kWriters));
  EXPECT_FALSE(std::filesystem::exists(socket_path()));
}

TEST_F(Handovers, TheOwnerAnswersAsTheCommandItselfWould) {
  TempDir other;
  const auto alone = [&](std::vector<std::string> arguments, const std::string& input) {
    arguments.insert(arguments.end(), {"--db", other.path("db")});
    return nines(arguments, input);
  };
  start_owner();
  struct Step {
    std::vector<std::string> arguments;
    std::string input;
  };
  const std::string csv = "server,time,state\na,2026-07-01T00:00:00Z,up\na,nonsense,up\nb,2026-07-01T00:00:00Z,down\n";
  for (const Step& step :
       {Step{{"record", "base", "up"}, ""}, Step{{"record", "base", "sideways"}, ""},
        Step{{"record", "nobody", "up", "--no-create"}, ""}, Step{{"import", "-"}, csv},
        Step{{"import", "-", "--strict"}, csv}, Step{{"import", "-"}, ""},
        Step{{"import", dir_.path("missing.csv")}, ""}, Step{{"server", "add", "c", "https://c.example/"}, ""},
        Step{{"server", "add", "c"}, ""}, Step{{"server", "add", "c", "--if-missing"}, ""},
        Step{{"server", "edit", "c", "--interval", "5m"}, ""}, Step{{"server", "edit", "c", "--interval", "5m"}, ""},
        Step{{"server", "edit", "d", "--interval", "5m"}, ""}, Step{{"server", "remove", "c"}, ""},
        Step{{"server", "remove", "c", "-y"}, ""}, Step{{"server", "remove", "c", "-y"}, ""},
        Step{{"compact", "-q"}, ""}, Step{{"prune", "-q"}, ""}}) {
    const Finished handed = run(step.arguments, step.input);
    const Finished own = alone(step.arguments, step.input);
    EXPECT_EQ(handed.code, own.code) << step.arguments[0] << ' ' << step.arguments[1] << handed.err;
    EXPECT_EQ(handed.out, own.out);
    // What names the store's own servers may differ.
    if (own.err.find("lists") == std::string::npos && own.err.find("there are") == std::string::npos) {
      EXPECT_EQ(handed.err, own.err) << step.arguments[0] << ' ' << step.arguments[1];
    }
  }
  EXPECT_EQ(run({"export", "a", "b"}).out, alone({"export", "a", "b"}, "").out);
}

TEST_F(Handovers, OnlyItsUserMayReachTheSocket) {
  start_owner();
  struct stat about {};
  ASSERT_EQ(stat(socket_path().c_str(), &about), 0);
  EXPECT_TRUE(S_ISSOCK(about.st_mode));
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
}

TEST_F(Handovers, WhatAKilledOwnerLeftIsInNobodysWay) {
  start_owner();
  owner_->signal(SIGKILL);
  (void)owner_->wait();
  ASSERT_TRUE(std::filesystem::exists(socket_path()));
  EXPECT_EQ(run({"record", "base", "up"}).code, 0);
  start_owner();
  EXPECT_EQ(run({"record", "base", "up", "--time", "-1m"}).code, 0);
}

TEST_F(Handovers, APathOfAnyLengthHasASocket) {
  const std::string deep = dir_.path(std::string(120, 'd'));
  std::filesystem::create_directories(deep);
  const std::string store = deep + "/db";
  Program owner(
      {"run", "--config", dir_.write("deep.yaml", "servers: []\nweb: {listen: off}\nstore: {path: " + store + "}\n")});
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(store + "/nines.sock"); })) << owner.err_so_far();
  const Finished finished = nines({"record", "base", "up", "--db", store});
  EXPECT_EQ(finished.code, 0) << finished.err;
}

TEST_F(Handovers, APausedServerIsPausedInTheRunningProber) {
  start_owner();
  EXPECT_THAT(run({"server", "edit", "site", "--pause"}).err, HasSubstr("changed `site`"));
  const Json server = Json::parse(run({"server", "show", "site", "--json"}).out, nullptr, false);
  ASSERT_EQ(server["paused"].size(), 1U);
  EXPECT_TRUE(server["paused"][0]["to"].is_null());
  EXPECT_EQ(run({"server", "remove", "site", "-y"}).code, 0);
  owner_->signal(SIGTERM);
  EXPECT_EQ(owner_->wait().code, 0);
}

TEST_F(Handovers, PruneKeepsWhatItIsToldToOfAStoreThatIsHeld) {
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  std::string csv = "server,time_ms,state\n";
  for (int ago = 10; ago >= 1; --ago) {
    const auto noon = today - std::chrono::days{ago} + std::chrono::hours{12};
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(noon.time_since_epoch()).count();
    for (const char* const name : {"a", "own"}) csv += std::string(name) + "," + std::to_string(ms) + ",up\n";
  }
  ASSERT_EQ(run({"import", "-"}, csv).code, 0);
  ASSERT_EQ(run({"server", "edit", "own", "--retention", "5d"}).code, 0);
  start_owner();
  ASSERT_EQ(run({"record", "a", "up"}).code, 0);
  const Finished pruned = run({"prune", "--keep", "3d", "-y"});
  EXPECT_EQ(pruned.code, 0) << pruned.err;
  EXPECT_THAT(pruned.err, HasSubstr("dropped 12 results of 12 days of 2 servers, "));
  const auto results = [&](const std::string& name) {
    return Json::parse(run({"points", name, "--window", "30d", "--json"}).out)["points"].size();
  };
  EXPECT_EQ(results("a"), 4U) << "three days, and today";
  EXPECT_EQ(results("own"), 5U) << "it keeps to its own";
  const Json entry = Json::parse(run({"server", "show", "a", "--json"}).out);
  EXPECT_EQ(entry["retention_days"]["checks"], 0) << "as before";
  EXPECT_EQ(run({"record", "a", "up", "--time", "-8d"}).code, 0) << "the store's retention is as it was";
}

TEST_F(Handovers, AJobReportsThroughTheStoresSocket) {
  start_owner();
  EXPECT_EQ(run({"push", "s3cret", "--exit-code", "1", "--log", "disk full"}).code, 0);
  const Json points = Json::parse(run({"points", "job", "--window", "1h", "--json"}).out, nullptr, false);
  ASSERT_EQ(points["points"].size(), 1U);
  EXPECT_EQ(points["points"][0]["state"], "down");
  EXPECT_EQ(run({"push", "job"}).code, 0) << "by its name too: who owns the store needs no token";
  EXPECT_EQ(run({"push", "bare"}).code, 0) << "a url of kind push: alone makes a push server";
  EXPECT_EQ(run({"push", "site"}).code, 1) << "which is checked";
  EXPECT_EQ(run({"push", "job", "--exit-code", "abc"}).code, 2);
  const Finished unknown = run({"push", "nobody"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("no push server has this token"));
}

TEST_F(Handovers, AnInterruptedImportStoresWhatItRead) {
  start_owner();
  // The pipe stays open and silent, as that of a `tail -f`.
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::string input = dir_.path("fifo");
  ASSERT_EQ(mkfifo(input.c_str(), 0600), 0);
  Program import({"import", input, "--db", db()});
  const int writer = open(input.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(writer, 0);
  const std::string csv = "server,time,state\na,2026-07-01T00:00:00Z,up\n";
  ASSERT_EQ(write(writer, csv.data(), csv.size()), static_cast<ssize_t>(csv.size()));
  std::this_thread::sleep_for(std::chrono::milliseconds{500});
  import.signal(SIGINT);
  const Finished finished = import.wait();
  close(writer);
  close(ends[0]);
  close(ends[1]);
  EXPECT_EQ(finished.code, 130) << finished.err;
  EXPECT_THAT(finished.err, HasSubstr("interrupted: 1 result imported"));
  EXPECT_THAT(run({"export", "a"}).out, HasSubstr("a,2026-07-01T00:00:00.000Z,up"));
}

TEST_F(Handovers, AStoppingOwnerWaitsForNoSilentPipe) {
  start_owner();
  const std::string input = dir_.path("fifo");
  ASSERT_EQ(mkfifo(input.c_str(), 0600), 0);
  Program import({"import", input, "--db", db()});
  const int writer = open(input.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(writer, 0);
  std::this_thread::sleep_for(std::chrono::milliseconds{300});
  owner_->signal(SIGTERM);
  EXPECT_EQ(owner_->wait().code, 0);
  const Finished finished = import.wait();
  close(writer);
  EXPECT_NE(finished.code, 0);
  EXPECT_NE(finished.code, -1) << "it ends";
}

/// A connection to the owner's socket, as anybody could make who may.
class Stranger {
 public:
  explicit Stranger(const std::string& directory) : socket_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    connected_ = connect_store_socket(socket_.get(), directory) == 0;
  }
  [[nodiscard]] bool connected() const { return connected_; }
  void say(const std::string& bytes) const { (void)!send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  /// All that comes until the other end closes.
  [[nodiscard]] std::string hear() const {
    std::string heard;
    set_socket_deadlines(socket_.get(), 20, 20);
    char bytes[4096];
    for (ssize_t got = 0; (got = recv(socket_.get(), bytes, sizeof bytes, 0)) > 0;)
      heard.append(bytes, static_cast<std::size_t>(got));
    return heard;
  }

 private:
  Descriptor socket_;
  bool connected_ = false;
};

std::string frame(char kind, const std::string& payload) {
  std::string bytes(1, kind);
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(payload.size() >> shift & 0xFFU);
  return bytes + payload;
}

TEST_F(Handovers, NonsenseOnTheSocketIsRefusedAndHarmless) {
  start_owner();
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("R\xff\xff\xff\xff"), frame('R', "not json"),
        frame('R', "[]"), frame('R', "{}"), frame('Z', ""), frame('A', "status") + frame('R', "{}"),
        frame('A', "run") + frame('R', R"({"width":-1})"), frame('A', "server add") + frame('R', R"({"width":"x"})"),
        frame('A', "import") + frame('A', "file.csv") + frame('R', "{}")}) {
    const Stranger stranger(db());
    ASSERT_TRUE(stranger.connected());
    stranger.say(bytes);
    const std::string answer = stranger.hear();
    EXPECT_THAT(answer, HasSubstr("\"protocol\":1"));
    EXPECT_THAT(answer, HasSubstr("nines: ")) << bytes;
    EXPECT_THAT(answer, Not(HasSubstr("internal error"))) << bytes;
  }
  std::vector<std::unique_ptr<Stranger>> silent;  // more than the owner serves at a time
  for (int i = 0; i < 40; ++i) silent.push_back(std::make_unique<Stranger>(db()));
  silent.clear();
  const Finished finished = run({"record", "base", "up", "--wait", "40s"});
  EXPECT_EQ(finished.code, 0) << finished.err;
}

TEST_F(Handovers, AStoreThatIsTakenForLongIsSaidSo) {
  const std::string input = dir_.path("fifo");
  ASSERT_EQ(mkfifo(input.c_str(), 0600), 0);
  Program import({"import", input, "--db", db()});  // a command holds the store, and takes no others' work
  const int writer = open(input.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(writer, 0);
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(db() + "/NINES"); }));
  const Finished taken = run({"record", "base", "up", "--wait", "300ms"});
  EXPECT_EQ(taken.code, 1);
  EXPECT_THAT(taken.err, HasSubstr("has been written by another process for 300ms"));
  EXPECT_EQ(run({"record", "base", "up", "--wait", "soon"}).code, 2);
  Program patient({"record", "base", "up", "--db", db()});
  close(writer);
  (void)import.wait();
  EXPECT_EQ(patient.wait().code, 0);
}

}  // namespace
}  // namespace nines::tools::testing
