#include "cli/watching/status_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "cli/watching/certificates.h"
#include "show/broken.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

// Widths with the gap before them: "maintenance", "29d23h", "100.000 %", "1,234,567", "1.53 s", "expired".
constexpr std::size_t kGap = 2;
constexpr std::size_t kMark = 2;  // with a single space behind it
constexpr std::size_t kWords = kGap + 11;
constexpr std::size_t kAge = kGap + 6;
constexpr std::size_t kRatio = kGap + 9;
constexpr std::size_t kCount = kGap + 6;
constexpr std::size_t kLatency = kGap + 7;
constexpr std::size_t kCertificate = kGap + 7;
constexpr std::uint32_t kShortStrip = 12;
constexpr std::uint32_t kUsualStrip = 24;
constexpr std::uint32_t kLongStrip = 48;

std::string ratio_text(const Ratios& ratios, ServerId server) {
  const auto found = ratios.find(server);
  return found == ratios.end() ? "-" : percent_text(found->second);
}

Colour ratio_colour(const std::optional<double>& ratio) {
  return ratio && *ratio < 1 ? Colour::yellow : Colour::none;
}

std::string certificate_text(std::int64_t days) {
  return days < 0 ? "expired" : fmt::format("{}d", days);
}

class Table {
 public:
  Table(const Terminal& terminal, const StatusLayout& layout, const StatusBoards& boards)
      : terminal_(terminal), layout_(layout), boards_(boards), rows_(Format::table, terminal, columns(), "servers") {}

  void add(const DashboardRow& row, std::string_view indent) {
    const Figures& f = row.figures;
    const State state = state_now(f);
    const Colour colour = state_colour(state);
    std::vector<Cell> cells;
    cells.push_back(name_cell(state, fmt::format("{}{}", indent, printable(row.name))));
    const auto put = [&](bool shown, std::string text, Colour own = Colour::none) {
      if (shown) cells.push_back({.value = nullptr, .text = std::move(text), .colour = own});
    };
    put(layout_.words, std::string(to_string(state)), colour);
    put(layout_.age, f.current ? short_duration((f.window.to - f.current->since).count()) : "-");
    put(layout_.ratio, percent_text(f.uptime_ratio), ratio_colour(f.uptime_ratio));
    put(layout_.week, ratio_text(boards_.week, row.server));
    put(layout_.month, ratio_text(boards_.month, row.server));
    put(layout_.failed, with_commas(f.counts.failed), f.counts.failed > 0 ? Colour::yellow : Colour::none);
    put(layout_.blips, with_commas(f.counts.blips));
    put(layout_.p95, f.latency ? format_latency(f.latency->p95_us) : "-");
    if (layout_.certificate) {
      const auto expiry = boards_.certificates.find(row.server);
      const bool known = expiry != boards_.certificates.end();
      const std::int64_t days = known ? days_left(expiry->second, boards_.now) : 0;
      put(true, known ? certificate_text(days) : "-", known ? certificate_colour(days) : Colour::none);
    }
    put(layout_.coverage, percent_text(f.coverage_ratio));
    if (layout_.strip > 0) {
      cells.push_back(
          {.value = nullptr, .text = heartbeat_strip(row.bars, terminal_), .painted = true, .width = row.bars.size()});
    }
    rows_.add(std::move(cells));
  }

  void add_group(const DashboardGroup& group) {
    const GroupFigures& f = group.figures;
    std::vector<Cell> cells;
    cells.push_back(
        name_cell(f.state, fmt::format("{} ({})", group.name.empty() ? "no group" : printable(group.name), f.members)));
    const auto put = [&](bool shown, std::string text, Colour colour = Colour::none) {
      if (shown) cells.push_back({.value = nullptr, .text = std::move(text), .colour = colour});
    };
    put(layout_.words, std::string(to_string(f.state)), state_colour(f.state));
    put(layout_.age, " ");
    put(layout_.ratio, percent_text(f.uptime_ratio), ratio_colour(f.uptime_ratio));
    for (const bool shown :
         {layout_.week, layout_.month, layout_.failed, layout_.blips, layout_.p95, layout_.certificate}) {
      put(shown, " ");
    }
    put(layout_.coverage, percent_text(f.coverage_ratio));
    if (layout_.strip > 0) put(true, " ");
    rows_.add(std::move(cells));
  }

  void finish() { rows_.finish(); }

 private:
  [[nodiscard]] std::vector<Column> columns() const {
    std::vector<Column> all{{"server", "  NAME"}};
    const auto put = [&](bool shown, std::string title, bool right) {
      if (shown) all.push_back({.key = title, .title = title, .right = right});
    };
    put(layout_.words, "STATE", false);
    put(layout_.age, "FOR", true);
    put(layout_.ratio, boards_.window_title, true);
    put(layout_.week, "7D", true);
    put(layout_.month, "30D", true);
    put(layout_.failed, "FAILED", true);
    put(layout_.blips, "BLIPS", true);
    put(layout_.p95, "P95", true);
    put(layout_.certificate, "CERT", true);
    put(layout_.coverage, "COVERAGE", true);
    put(layout_.strip > 0, strip_title(), false);
    return all;
  }

  /// With how long a bar is, where the strip has room for that.
  [[nodiscard]] std::string strip_title() const {
    const std::string name = "HEARTBEAT";
    const std::int64_t length_ms = (boards_.board.window.to - boards_.board.window.from).count();
    if (layout_.strip == 0 || length_ms <= 0) return name;
    const std::string bar = short_duration(length_ms / layout_.strip) + " A BAR";
    for (const std::string& title : {name + ", " + bar, bar}) {
      if (title.size() <= layout_.strip) return title;
    }
    return name;
  }

  // The mark has the state's colour, the name its own; both are one column. A name that is longer than that has lines
  // of its own, above.
  [[nodiscard]] Cell name_cell(State state, const std::string& name) const {
    const std::string mark = paint(state_mark(state, terminal_), state_colour(state), terminal_.colour);
    const std::size_t line = terminal_.width > kMark ? terminal_.width - kMark : 1;
    const std::size_t room = layout_ == StatusLayout{} ? line : name_room();
    const std::size_t width = display_width(name);
    if (terminal_.width == 0 || width <= room) {
      return {.value = nullptr, .text = mark + " " + name, .painted = true, .width = kMark + width};
    }
    if (boards_.cut_names) {
      return {.value = nullptr, .text = mark + " " + fit(name, room), .painted = true, .width = kMark + room};
    }
    std::string text = mark + " ";
    for (const std::string& piece : broken(name, line)) {
      if (text.back() == '\n') text += std::string(kMark, ' ');
      text += piece + "\n";
    }
    return {.value = nullptr, .text = std::move(text), .painted = true, .width = 0};
  }

  // What the other columns leave.
  [[nodiscard]] std::size_t name_room() const {
    std::size_t others = kMark;
    for (const auto& [shown, width] :
         {std::pair{layout_.words, kWords}, std::pair{layout_.age, kAge}, std::pair{layout_.ratio, kRatio},
          std::pair{layout_.week, kRatio}, std::pair{layout_.month, kRatio}, std::pair{layout_.failed, kCount},
          std::pair{layout_.blips, kCount}, std::pair{layout_.p95, kLatency},
          std::pair{layout_.certificate, kCertificate}, std::pair{layout_.coverage, kRatio},
          std::pair{layout_.strip > 0, kGap + layout_.strip}}) {
      if (shown) others += width;
    }
    return terminal_.width > others ? terminal_.width - others : 1;
  }

  const Terminal& terminal_;
  const StatusLayout& layout_;
  const StatusBoards& boards_;
  RowWriter rows_;
};

}  // namespace

StatusLayout choose_layout(std::size_t width, std::size_t name_width, const StatusExtras& extras) {
  if (width == 0) {
    return {.words = true,
            .age = true,
            .ratio = true,
            .week = extras.spans,
            .month = extras.spans,
            .failed = true,
            .blips = true,
            .p95 = true,
            .certificate = extras.certificates,
            .coverage = true,
            .strip = kUsualStrip};
  }
  StatusLayout layout;
  const std::size_t name = std::clamp<std::size_t>(name_width, 8, kLongName);
  std::size_t left = width > kMark + name ? width - kMark - name : 0;
  const auto take = [&left](bool wanted, std::size_t columns) {
    if (!wanted || columns > left) return false;
    left -= columns;
    return true;
  };
  // In the order of what is looked for first when something is wrong.
  layout.ratio = take(true, kRatio);
  layout.age = take(layout.ratio, kAge);
  layout.words = take(layout.age, kWords);
  if (take(layout.words, kGap + kShortStrip)) layout.strip = kShortStrip;
  layout.failed = take(layout.strip > 0, kCount);
  layout.p95 = take(layout.failed, kLatency);
  layout.certificate = take(extras.certificates && layout.p95, kCertificate);
  layout.week = take(extras.spans && layout.p95, kRatio);
  layout.month = take(layout.week, kRatio);
  if (take(layout.p95, kUsualStrip - kShortStrip)) layout.strip = kUsualStrip;
  layout.blips = take(layout.strip == kUsualStrip, kCount);
  layout.coverage = take(layout.blips, kRatio);
  if (layout.coverage) {
    layout.strip += static_cast<std::uint32_t>(std::min<std::size_t>(left, kLongStrip - kUsualStrip));
  }
  return layout;
}

void show_status_table(const Terminal& terminal, const StatusLayout& layout, const StatusBoards& boards, bool groups,
                       const std::map<ServerId, std::string>& group_of) {
  Table table(terminal, layout, boards);
  if (!groups) {
    for (const DashboardRow& row : boards.board.rows) table.add(row, "");
    return table.finish();
  }
  // The group with the worst server first, as the servers are.
  std::vector<std::string> order;
  std::map<std::string, std::vector<const DashboardRow*>> members;
  for (const DashboardRow& row : boards.board.rows) {
    const auto group = group_of.find(row.server);
    const std::string name = group == group_of.end() ? "" : group->second;
    if (members[name].empty()) order.push_back(name);
    members[name].push_back(&row);
  }
  for (const std::string& name : order) {
    for (const DashboardGroup& group : boards.board.groups) {
      if (group.name == name) table.add_group(group);
    }
    for (const DashboardRow* const row : members[name]) table.add(*row, "  ");
  }
  table.finish();
}

std::string status_summary(const Dashboard& board) {
  std::string states;
  for (const State state : kWorstFirst) {
    const std::uint32_t count = board.count(state);
    if (count > 0) states += fmt::format("{}{} {}", states.empty() ? "" : ", ", with_commas(count), to_string(state));
  }
  return fmt::format("{} server{}{}{}", with_commas(board.matching), board.matching == 1 ? "" : "s",
                     states.empty() ? "" : ": ", states);
}

}  // namespace nines::tools
