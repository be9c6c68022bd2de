// The full-screen view, driven through a pseudo-terminal, and the keys that it understands.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include <nines/store.h>

#include "show/screen.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ScreenKeys, AreReadOneByOneWhateverComesTogether) {
  std::string bytes = "j\x1b[A\x1b[6~\r\x7f\x1b[1;5Q\xc3\xbcq\x03";
  std::vector<Key::Kind> kinds;
  std::string texts;
  while (const auto key = take_key(bytes)) {
    kinds.push_back(key->kind);
    texts += key->text;
  }
  using Kind = Key::Kind;
  EXPECT_EQ(kinds, (std::vector<Kind>{Kind::text, Kind::up, Kind::page_down, Kind::enter, Kind::backspace, Kind::none,
                                      Kind::text, Kind::text, Kind::end}));
  EXPECT_EQ(texts, "jüq");
  std::string half = "\xc3";
  EXPECT_FALSE(take_key(half)) << "the rest is on its way";
  std::string alone = "\x1b";
  EXPECT_EQ(take_key(alone)->kind, Kind::escape);
}

/// `nines` in a terminal of its own.
class Terminal {
 public:
  Terminal(std::vector<std::string> arguments, unsigned short columns, unsigned short rows,
           const std::string& kind = "xterm") {
    winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    arguments.insert(arguments.begin(), NINES_BINARY);
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    std::vector<std::string> settings{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TERM=" + kind, "NO_COLOR=1"};
    std::vector<char*> environment;
    for (std::string& setting : settings) environment.push_back(setting.data());
    environment.push_back(nullptr);
    pid_ = forkpty(&master_, nullptr, nullptr, &size);
    if (pid_ == 0) {
      execve(words[0], words.data(), environment.data());
      _exit(127);
    }
  }
  ~Terminal() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(master_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void type(const std::string& keys) const {
    ASSERT_EQ(write(master_, keys.data(), keys.size()), ssize_t(keys.size()));
  }
  void resize(unsigned short columns, unsigned short rows) const {
    const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    ioctl(master_, TIOCSWINSZ, &size);
  }
  void signal(int number) const { kill(pid_, number); }
  /// Reads until all that was written since the last call holds `text`, at most 20 s; what was written.
  std::string until(const std::string& text) {
    std::string written;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (written.find(text) == std::string::npos && std::chrono::steady_clock::now() < end) {
      pollfd entry{.fd = master_, .events = POLLIN, .revents = 0};
      if (poll(&entry, 1, 100) <= 0) continue;
      char bytes[4096];
      const ssize_t got = read(master_, bytes, sizeof bytes);
      if (got <= 0) break;
      written.append(bytes, static_cast<std::size_t>(got));
    }
    EXPECT_THAT(written, HasSubstr(text));
    return written;
  }
  /// Its exit code, and all that it wrote meanwhile.
  int wait(std::string& written) {
    int status = 0;
    EXPECT_TRUE(eventually([&] {
      pollfd entry{.fd = master_, .events = POLLIN, .revents = 0};
      char bytes[4096];
      while (poll(&entry, 1, 0) > 0 && (entry.revents & POLLIN) != 0) {
        const ssize_t got = read(master_, bytes, sizeof bytes);
        if (got <= 0) break;
        written.append(bytes, static_cast<std::size_t>(got));
      }
      return waitpid(pid_, &status, WNOHANG) == pid_;
    }));
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_ = -1;
  int master_ = -1;
};

constexpr const char* kEnter = "\x1b[?1049h";
constexpr const char* kLeave = "\x1b[?1049l";

class Screens : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string csv = "server,time_ms,state,interval_s\n";
    const std::string now = std::to_string(
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count() -
        5'000);
    for (int i = 100; i < 160; ++i) csv += "server-" + std::to_string(i) + "," + now + ",up,3600\n";
    csv += "zz-broken," + now + ",down,3600\n";
    ASSERT_EQ(nines({"import", "-", "--db", db()}, csv).code, 0);
    ASSERT_EQ(nines({"server", "edit", "zz-broken", "--confirm-failures", "1", "--db", db()}).code, 0);
  }
  [[nodiscard]] std::string db() const { return dir_.path("db"); }
  TempDir dir_;
};

TEST_F(Screens, TopShowsWhatFitsFollowsKeysAndLeavesTheTerminalAsItWas) {
  Terminal top({"top", "--every", "200ms", "--db", db()}, 80, 20);
  std::string first = top.until("1-17 of 61");
  EXPECT_THAT(first, HasSubstr(kEnter));
  EXPECT_THAT(first, HasSubstr("61 servers: "));
  top.type("\x1b[F");
  top.until("45-61 of 61");
  top.type("/server-15");
  top.until("of 10   sort worst   /server-15_");
  top.type("\r\r");
  EXPECT_THAT(top.until("Uptime"), HasSubstr("server-15"));
  top.type("\x1b");
  top.until("of 10");
  top.type("\x1b");
  top.until("of 61");
  top.resize(40, 10);
  top.until("1-7 of 61");
  top.type("?");
  top.until("Keys");
  top.type("?q");
  std::string rest;
  EXPECT_EQ(top.wait(rest), 0);
  EXPECT_THAT(rest, EndsWith(kLeave));
}

TEST_F(Screens, WhatIsOpenStaysAndScrollsUntilItIsRemoved) {
  Terminal top({"top", "--every", "200ms", "--db", db()}, 80, 6);
  top.until("1-3 of 61");
  top.type("\r");
  top.until("zz-broken");
  top.type("\x1b[6~");  // page down
  EXPECT_THAT(top.until("coverage"), Not(HasSubstr("removed")));
  top.type("\x1b[F");
  top.type("\x1b[H");
  EXPECT_THAT(top.until("zz-broken"), Not(HasSubstr("removed")));
  ASSERT_EQ(nines({"server", "remove", "zz-broken", "--yes", "--db", db()}).code, 0);
  top.until("this server has been removed");
  top.until("1-3 of 60");
  top.type("q");
  std::string rest;
  EXPECT_EQ(top.wait(rest), 0);
}

TEST_F(Screens, ATerminalThatCannotMoveItsCursorIsRefused) {
  for (const char* const command : {"top", "status"}) {
    std::vector<std::string> words{command, "--db", db()};
    if (words[0] == "status") words.emplace_back("--watch");
    Terminal dumb(words, 80, 20, "dumb");
    std::string rest;
    EXPECT_EQ(dumb.wait(rest), 1) << command;
    EXPECT_THAT(rest, AllOf(HasSubstr("TERM"), Not(HasSubstr("\x1b[")))) << command;
  }
}

TEST_F(Screens, ASignalLeavesTheTerminalAsItWas) {
  for (const int number : {SIGTERM, SIGSEGV}) {
    Terminal top({"top", "--db", db()}, 80, 20);
    top.until("of 61");
    top.signal(number);
    std::string rest;
    EXPECT_EQ(top.wait(rest), 128 + number);
    EXPECT_THAT(rest, HasSubstr(kLeave));
  }
}

TEST_F(Screens, OneServerFitsAScreenAndOneThatDoesNotGoesThroughThePager) {
  ASSERT_EQ(
      nines({"server", "edit", "zz-broken", "--objective", "99.9%", "--url", "https://a.example/", "--db", db()}).code,
      0);
  Terminal fits({"status", "zz-broken", "--db", db()}, 80, 24);
  std::string shown;
  EXPECT_EQ(fits.wait(shown), 0);
  EXPECT_LT(std::count(shown.begin(), shown.end(), '\n'), 24) << shown;
  for (const char* const part : {"Uptime: ", "zz-broken", "Outages in 30 days: ", "Objective 99.900 %"}) {
    EXPECT_THAT(shown, HasSubstr(part));
  }
  Terminal paged({"status", "zz-broken", "--db", db()}, 80, 8);
  EXPECT_THAT(paged.until("zz-broken"), Not(HasSubstr("Objective")));
  paged.type("q");
  EXPECT_EQ(paged.wait(shown), 0);
}

TEST_F(Screens, AWritingCommandShowsForHowLongItWaits) {
  const auto held = Store::open(db(), {});
  ASSERT_TRUE(held.has_value());
  Terminal waits({"record", "server-100", "up", "--wait", "2s", "--db", db()}, 80, 24);
  EXPECT_THAT(waits.until("waiting for another command to end: 1s of 2s"), Not(HasSubstr("looks")));
  std::string rest;
  EXPECT_EQ(waits.wait(rest), 1);
  EXPECT_THAT(rest, HasSubstr("has been written by another process for 2s"));
}

TEST_F(Screens, StatusWatchesUntilQIsPressed) {
  Terminal watch({"status", "--watch", "--every", "200ms", "--db", db()}, 100, 30);
  EXPECT_THAT(watch.until("server-101"), HasSubstr(kEnter));
  watch.type("q");
  std::string rest;
  EXPECT_EQ(watch.wait(rest), 0);
  EXPECT_THAT(rest, HasSubstr(kLeave));
}

TEST_F(Screens, StatusOnATerminalKeepsToItsColumns) {
  Terminal status({"status", "--limit", "3", "--db", db()}, 60, 24);
  const std::string shown = status.until("server-101");
  EXPECT_THAT(shown, Not(HasSubstr(kEnter)));
  for (std::size_t at = 0; at < shown.size();) {
    const std::size_t end = std::min(shown.find('\n', at), shown.size());
    EXPECT_LE(end - at, 60U + 60U) << "bytes; the strip has three a column";
    at = end + 1;
  }
}

}  // namespace
}  // namespace nines::tools::testing
