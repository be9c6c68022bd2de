// `nines status` as a person sees it: the whole table at several widths, with colour, without, and in the C locale; and
// what a monitoring plugin is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cli/watching/pace.h"
#include "cli/watching/status_story.h"
#include "cli/watching/status_table.h"
#include "show/nagios.h"
#include "show/text.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// A board of three servers whose figures are made up by hand.
struct Boards {
  Boards() {
    const auto add = [this](std::uint32_t id, std::string name, State state, double ratio, std::uint64_t failed) {
      DashboardRow row;
      row.server = ServerId{id};
      row.name = std::move(name);
      row.figures.window = {from_ms(0), from_ms(86'400'000)};
      row.figures.current = Streak{state, from_ms(86'400'000 - 3'600'000)};
      row.figures.uptime_ratio = ratio;
      row.figures.coverage_ratio = 1.0;
      row.figures.counts.failed = failed;
      row.figures.counts.blips = failed / 2;
      LatencyFigures latency;
      latency.p95_us = 81'200;
      row.figures.latency = latency;
      boards.board.rows.push_back(row);
      ++boards.board.by_state[static_cast<std::size_t>(state)];
      ++boards.board.matching;
    };
    add(1, "payments of the north", State::down, 0.5, 4321);
    add(2, "site", State::up, 1.0, 0);
    add(3, "bücher", State::degraded, 0.99999, 1);
    boards.window_title = "24H";
    for (const DashboardRow& row : boards.board.rows) boards.week[row.server] = row.figures.uptime_ratio;
    boards.month = boards.week;
  }
  /// The table in so many columns; the bars are half up, half down.
  [[nodiscard]] std::string shown(std::size_t width, bool colour, bool utf8, bool groups = false) {
    Terminal terminal;
    terminal.width = width;
    terminal.colour = colour;
    terminal.utf8 = utf8;
    const StatusLayout layout = choose_layout(width, 21, {.spans = true, .certificates = certificates});
    for (DashboardRow& row : boards.board.rows) {
      row.bars.assign(layout.strip, Bar{});
      for (std::size_t i = 0; i < row.bars.size(); ++i) {
        row.bars[i].time[State::up] = i % 2 == 0 ? 100 : 50;
        row.bars[i].time[State::down] = i % 2 == 0 ? 0 : 50;
      }
    }
    TextSink sink;
    const OutputScope scope(sink);
    show_status_table(terminal, layout, boards, groups,
                      {{ServerId{1}, "core"}, {ServerId{2}, "web"}, {ServerId{3}, "core"}});
    return sink.text;
  }
  struct TextSink : OutputSink {
    void out(std::string_view written) override { text += written; }
    void err(std::string_view written) override { text += written; }
    std::string text;
  };
  StatusBoards boards;
  bool certificates = false;  // the running nines knows some
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string without_colour(const std::string& text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\x1b') {
      plain += text[at];
      continue;
    }
    while (at < text.size() && text[at] != 'm') ++at;
  }
  return plain;
}

TEST(StatusTable, FitsAnyWidthAndAlwaysNamesTheServers) {
  Boards boards;
  for (std::size_t width = 20; width <= 250; ++width) {
    for (const bool utf8 : {true, false}) {
      const std::string text = boards.shown(width, false, utf8);
      const std::vector<std::string> lines = lines_of(text);
      for (const std::string& line : lines) EXPECT_LE(display_width(line), width) << line;
      EXPECT_THAT(lines.back(), HasSubstr(utf8 ? "bücher" : "b?cher"));
      // A name that no line has room for goes on in the next one.
      std::string whole = text;
      for (std::size_t at = whole.find("\n  "); at != std::string::npos; at = whole.find("\n  ")) whole.erase(at, 3);
      EXPECT_THAT(whole, HasSubstr("payments of the north"));
      EXPECT_THAT(whole, HasSubstr("site"));
      // Colour adds nothing that takes room.
      EXPECT_EQ(without_colour(boards.shown(width, true, utf8)), text);
    }
  }
}

TEST(StatusTable, ColumnsComeByWhatTheyAreWorth) {
  const auto count = [](const StatusLayout& layout) {
    return int{layout.ratio} + int{layout.age} + int{layout.words} + int{layout.failed} + int{layout.p95} +
           int{layout.certificate} + int{layout.week} + int{layout.month} + int{layout.blips} + int{layout.coverage} +
           int{layout.strip > 0};
  };
  int before = 0;
  for (std::size_t width = 20; width <= 250; ++width) {
    const StatusLayout layout = choose_layout(width, 10, {.spans = true, .certificates = true});
    // Wider may trade the strip's length, never a column.
    EXPECT_GE(count(layout), before) << width;
    before = count(layout);
    EXPECT_FALSE(layout.month && !layout.week);
    EXPECT_FALSE(layout.failed && !layout.words);
  }
  EXPECT_EQ(before, 11);
  EXPECT_FALSE(choose_layout(250, 10, {}).week);
  EXPECT_EQ(choose_layout(0, 10, {.spans = true}).strip, 24U);
}

TEST(StatusTable, CertificatesAreDaysThatAreLeft) {
  Boards boards;
  boards.certificates = true;
  boards.boards.now = from_ms(0);
  const auto after = [](std::int64_t hours) { return from_ms(hours * 3'600'000); };
  boards.boards.certificates = {{ServerId{1}, after(-1)}, {ServerId{2}, after(24 * 6 + 23)}};
  std::vector<std::string> lines = lines_of(boards.shown(110, true, true));
  EXPECT_THAT(lines[0], HasSubstr("CERT"));
  EXPECT_THAT(lines[1], HasSubstr("\x1b[31mexpired\x1b[0m"));
  EXPECT_THAT(lines[2], HasSubstr("     \x1b[31m6d\x1b[0m"));
  EXPECT_THAT(lines[3], HasSubstr("      -  ")) << "nothing is known of it";
  boards.boards.certificates = {{ServerId{1}, after(24 * 20)}, {ServerId{2}, after(24 * 21)}};
  lines = lines_of(boards.shown(110, true, true));
  EXPECT_THAT(lines[1], HasSubstr("\x1b[33m20d\x1b[0m"));
  EXPECT_THAT(lines[2], HasSubstr("  21d  "));
}

TEST(StatusTable, HeadingSaysHowLongABarIs) {
  Boards boards;
  boards.boards.board.window = {from_ms(0), from_ms(86'400'000)};
  EXPECT_THAT(lines_of(boards.shown(80, false, true))[0], HasSubstr("  2h A BAR"));
  EXPECT_THAT(lines_of(boards.shown(120, false, true))[0], HasSubstr("  HEARTBEAT, 1h A BAR"));
  for (std::size_t width = 20; width <= 250; ++width) {
    EXPECT_LE(display_width(lines_of(boards.shown(width, false, true))[0]), width);
  }
}

TEST(StatusTable, Golden20) {
  EXPECT_EQ(Boards().shown(20, false, true),
            "  NAME\n"
            "▼ payments of the no\n"
            "  rth\n"
            "● site\n"
            "◐ bücher\n");
}

TEST(StatusTable, Golden40) {
  EXPECT_EQ(Boards().shown(40, false, true),
            "  NAME                         24H\n"
            "▼ payments of the north   50.000 %\n"
            "● site                   100.000 %\n"
            "◐ bücher                  99.999 %\n");
  EXPECT_EQ(Boards().shown(40, false, false),
            "  NAME                         24H\n"
            "X payments of the north   50.000 %\n"
            "= site                   100.000 %\n"
            "~ b?cher                  99.999 %\n");
}

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(StatusTable, Golden80) {
  EXPECT_EQ(Boards().shown(80, false, true),
            "  NAME                   STATE     FOR        24H  FAILED  HEARTBEAT\n"
            "▼ payments of the north  down       1h   50.000 %   4,321  █▄█▄█▄█▄█▄█▄\n"
            "● site                   up         1h  100.000 %       0  █▄█▄█▄█▄█▄█▄\n"
            "◐ bücher                 degraded   1h   99.999 %       1  █▄█▄█▄█▄█▄█▄\n");
}

TEST(StatusTable, Golden120) {
  const std::string strip = repeated("|o", 12) + "\n";
  EXPECT_EQ(Boards().shown(120, false, false),
            "  NAME                   STATE     FOR        24H         7D        30D  FAILED      P95  HEARTBEAT\n"
            "X payments of the north  down       1h   50.000 %   50.000 %   50.000 %   4,321  81.2 ms  " +
                strip + "= site                   up         1h  100.000 %  100.000 %  100.000 %       0  81.2 ms  " +
                strip + "~ b?cher                 degraded   1h   99.999 %   99.999 %   99.999 %       1  81.2 ms  " +
                strip);
}

TEST(StatusTable, Golden200) {
  EXPECT_EQ(
      lines_of(Boards().shown(200, true, true))[1],
      "\x1b[31m▼\x1b[0m payments of the north  \x1b[31mdown\x1b[0m       1h   \x1b[33m50.000 %\x1b[0m   50.000 %   "
      "50.000 %   \x1b[33m4,321\x1b[0m  2,160  81.2 ms  100.000 %  " +
          repeated("\x1b[32m█\x1b[0m\x1b[31m▄\x1b[0m", 24));
}

TEST(StatusTable, ALongNameHasALineOfItsOwnAndTakesNobodysFigures) {
  Boards boards;
  boards.boards.board.rows[1].name = "orders-eu-central-1.internal.production.example.org";
  const std::vector<std::string> lines = lines_of(boards.shown(80, false, true));
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[2], "● orders-eu-central-1.internal.production.example.org");
  EXPECT_EQ(lines[3], "                         up         1h  100.000 %       0  █▄█▄█▄█▄█▄█▄");
  boards.boards.cut_names = true;
  EXPECT_THAT(lines_of(boards.shown(80, false, true))[2], StartsWith("● orders-eu-central-1.in"));
  EXPECT_EQ(lines_of(boards.shown(80, false, true)).size(), 4U);
}

TEST(StatusTable, GroupsStandOverTheirServers) {
  Boards boards;
  boards.boards.board.groups = {
      {"core", {.members = 2, .uptime_ratio = 0.5, .coverage_ratio = 1.0, .state = State::down, .time = {}}},
      {"web", {.members = 1, .uptime_ratio = 1.0, .coverage_ratio = 1.0, .state = State::up, .time = {}}}};
  const std::vector<std::string> lines = lines_of(boards.shown(80, false, true, true));
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_THAT(lines[1], StartsWith("▼ core (2)"));
  EXPECT_THAT(lines[2], StartsWith("▼   payments of the nor"));
  EXPECT_THAT(lines[3], StartsWith("◐   bücher"));
  EXPECT_THAT(lines[4], StartsWith("● web (1)"));
  EXPECT_THAT(lines[5], StartsWith("●   site"));
}

TEST(Nagios, OneLineOfAtMostEightKilobytesWithTheWorstFirst) {
  Dashboard board;
  for (int i = 0; i < 10'000; ++i) {
    DashboardRow row;
    row.name = "server-" + std::to_string(i);
    row.figures.current = Streak{i == 9'999 ? State::down : State::unknown, from_ms(0)};
    row.figures.uptime_ratio = 0.999;
    board.rows.push_back(row);
  }
  const NagiosAnswer answer = nagios_answer(board, {});
  EXPECT_EQ(answer.exit_code, 2);
  EXPECT_LE(answer.line.size(), kMaxNagiosBytes);
  EXPECT_EQ(std::count(answer.line.begin(), answer.line.end(), '\n'), 1);
  EXPECT_THAT(answer.line, StartsWith("NINES CRITICAL - server-9999 down, "));
  EXPECT_THAT(answer.line, HasSubstr(" more |"));
}

TEST(Nagios, ThresholdsJudgeTheRatio) {
  Dashboard board;
  DashboardRow row;
  row.name = "a";
  row.figures.current = Streak{State::up, from_ms(0)};
  row.figures.uptime_ratio = 0.995;
  board.rows.push_back(row);
  EXPECT_EQ(nagios_answer(board, {}).exit_code, 0);
  EXPECT_EQ(nagios_answer(board, {.warning = 0.995, .critical = {}}).exit_code, 0);
  const NagiosAnswer warning = nagios_answer(board, {.warning = 0.999, .critical = 0.99});
  EXPECT_EQ(warning.exit_code, 1);
  EXPECT_EQ(warning.line, "NINES WARNING - a 99.500 % | 'a uptime'=99.500%;99.900:;99.000:;0;100\n");
  EXPECT_EQ(nagios_answer(board, {.warning = 0.999, .critical = 0.999}).exit_code, 2);
}

TEST(LatencyPlot, KeepsTheBandAndTheMean) {
  std::vector<LatencyPoint> points(2);
  points[0] = {
      .window = {from_ms(0), from_ms(10)}, .count = 3, .failures = 0, .mean_us = 500, .min_us = 100, .max_us = 999};
  points[1] = {
      .window = {from_ms(30), from_ms(40)}, .count = 1, .failures = 0, .mean_us = 100, .min_us = 100, .max_us = 100};
  const auto lines = latency_plot(points, {from_ms(0), from_ms(40)}, 4, 4, false);
  EXPECT_EQ(lines, (std::vector<std::string>{":", "*", ":", ":  *"}));
  EXPECT_TRUE(latency_plot({}, {from_ms(0), from_ms(40)}, 4, 4, false).empty());
}

TEST(LatencyPlot, FewerPointsThanColumnsLeaveNoGapAndAHighFloorIsWhereItBegins) {
  std::vector<LatencyPoint> points(3);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto from = static_cast<std::int64_t>(i) * 10;
    points[i] = {.window = {from_ms(from), from_ms(from + 10)},
                 .count = 1,
                 .failures = 0,
                 .mean_us = 900.0 + 50.0 * static_cast<double>(i),
                 .min_us = 900,
                 .max_us = 1000};
  }
  EXPECT_EQ(plot_base(points), 900U);
  const auto lines = latency_plot(points, {from_ms(0), from_ms(30)}, 8, 2, false, plot_base(points));
  ASSERT_EQ(lines.size(), 2U);
  for (const std::string& line : lines) EXPECT_EQ(line.size(), 8U) << line;
  EXPECT_EQ(lines[1].substr(0, 2), "**") << "900 lies on the floor";
  points[0].min_us = 400;
  EXPECT_EQ(plot_base(points), 0U) << "less than half of the greatest";
}

class StatusCommand : public ::testing::Test {
 protected:
  Finished run(std::vector<std::string> arguments, const std::vector<std::string>& environment = {}) const {
    arguments.insert(arguments.end(), {"--db", dir_.path("db")});
    return nines(arguments, "", environment);
  }
  void record(const std::string& name, const std::string& state, const std::string& time,
              const std::string& interval = "60s") const {
    const Finished finished = run({"record", name, state, "--time", time, "--latency", "80ms", "--interval", interval});
    ASSERT_EQ(finished.code, 0) << finished.err;
  }
  TempDir dir_;
};

TEST_F(StatusCommand, TheWorstComesFirstWithItsTrueAge) {
  record("a", "up", "-30s");
  for (const char* const time : {"-72h", "-48h", "-24h", "-30s"}) record("z", "down", time, "24h");
  const std::string text = run({"status"}, {"COLUMNS=100", "LC_ALL=C.UTF-8"}).out;
  const std::vector<std::string> lines = lines_of(text);
  ASSERT_EQ(lines.size(), 4U) << text;
  EXPECT_THAT(lines[0], HasSubstr("2 servers: 1 down, 1 up"));
  EXPECT_THAT(lines[2], StartsWith("▼ z     down    3d"));
  EXPECT_THAT(lines[3], StartsWith("● a"));
  for (const std::string& line : lines) EXPECT_LE(display_width(line), 100U);
}

TEST(Pace, LooksTakeAHundredthOfAProcessorAndAFiftiethAtMost) {
  using std::chrono::milliseconds;
  const milliseconds every{2000};
  EXPECT_EQ(pause_after(milliseconds{0}, every), every);
  EXPECT_EQ(pause_after(milliseconds{20}, every), every);
  EXPECT_EQ(pause_after(milliseconds{40}, every), milliseconds{4000});
  EXPECT_EQ(pause_after(milliseconds{150}, every), milliseconds{10'000}) << "sooner than a hundredth gives";
  EXPECT_EQ(pause_after(milliseconds{1000}, every), milliseconds{50'000}) << "a fiftieth";
  EXPECT_EQ(pause_after(milliseconds{1000}, milliseconds{60'000}), milliseconds{60'000});
}

/// The bars of the rows that begin with a date like 07-14.
std::size_t cells_of_strips(const std::string& text) {
  std::size_t cells = 0;
  for (const std::string& line : lines_of(text)) {
    if (line.size() > 6 && line[2] == '-' && line[5] == ' ' && line[0] >= '0' && line[0] <= '1') {
      cells += display_width(line) - 6;
    }
  }
  return cells;
}

TEST_F(StatusCommand, OneServerIsAScreenThatTellsItsStory) {
  record("site", "up", "-3m");
  for (const char* const time : {"-2m", "-1m"}) record("site", "down", time);
  ASSERT_EQ(
      run({"server", "edit", "site", "--url", "https://example.org/", "--objective", "99.9%", "--group", "core"}).code,
      0);
  ASSERT_EQ(run({"maintenance", "add", "site", "--from", "@32503680000000", "--for", "1h"}).code, 0);
  for (const char* const columns : {"COLUMNS=20", "COLUMNS=80", "COLUMNS=200"}) {
    const std::string text = run({"status", "site"}, {columns, "LC_ALL=C.UTF-8"}).out;
    for (const std::string& line : lines_of(text)) {
      EXPECT_LE(display_width(line), std::stoul(std::string(columns).substr(8))) << line;
    }
    EXPECT_THAT(text, StartsWith("▼ site\n"));
    EXPECT_THAT(text, HasSubstr("Uptime"));
    EXPECT_THAT(text, Not(HasSubstr("…"))) << "nothing is cut where there is a next line";
    EXPECT_EQ(cells_of_strips(text), 90U) << text;
    EXPECT_THAT(text, HasSubstr("\n3 checks")) << columns;
    for (const char* const figure : {"7d 3", "90d 3", "overspent"}) {
      EXPECT_THAT(text, HasSubstr(figure)) << columns;
    }
  }
  const std::string text = run({"status", "site"}, {"COLUMNS=120", "LC_ALL=C"}).out;
  EXPECT_THAT(text, StartsWith("X site\ndown for "));
  for (const char* const part :
       {"https://example.org/", "every 1m, an outage after 2 failures, group core", "last check ",
        "2 failed, 0 of them not confirmed", "Latency: p50 80.0 ms", "Outages in 30 days: 1", "not over",
        "Objective 99.900 % over 30 days", "overspent by"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST_F(StatusCommand, BadAndEmptyQuestionsAreAnswered) {
  ASSERT_EQ(run({"server", "add", "idle"}).code, 0);
  EXPECT_EQ(run({"status", "idle"}).code, 0);
  EXPECT_EQ(run({"status"}).code, 0);
  EXPECT_EQ(run({"status", "nobody"}).code, 1);
  EXPECT_EQ(run({"status", "--sort", "best"}).code, 2);
  EXPECT_EQ(run({"status", "--watch"}).code, 2) << "no terminal";
  EXPECT_EQ(run({"status", "--warning", "99%"}).code, 2) << "goes with --nagios";
  EXPECT_EQ(run({"status", "--nagios", "--warning", "high"}).code, 2);
  EXPECT_EQ(run({"top"}).code, 2);
  EXPECT_THAT(run({"status", "nobody", "--nagios"}).out, StartsWith("NINES UNKNOWN - there is no server"));
}

}  // namespace
}  // namespace nines::tools::testing
