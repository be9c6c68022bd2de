#include "cli/watching/status_story.h"

#include <fmt/format.h>
#include <nines/bars.h>
#include <nines/incident.h>
#include <nines/slo.h>
#include <nines/timeline.h>
#include <nines/uptime.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "cli/command/object.h"
#include "cli/watching/certificates.h"
#include "show/ascii.h"
#include "show/broken.h"
#include "show/planned_maintenance.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

constexpr std::chrono::days kBarDays{90};
constexpr std::chrono::days kIncidentDays{30};
constexpr std::chrono::days kAhead{14};
constexpr std::size_t kMostIncidents = 5;
constexpr std::size_t kMostMaintenance = 3;
constexpr std::size_t kPlotRows = 6;
// A screen of fewer rows gets no empty lines, lower plots and shorter lists.
constexpr std::size_t kRoomyRows = 40;
constexpr std::size_t kDensePlotRows = 3;
constexpr std::size_t kDenseIncidents = 3;
constexpr std::size_t kUnlimited = 100;  // columns where output is no terminal

class Story {
 public:
  Story(const Store& store, const Server& server, const Question& question, const Terminal& terminal,
        const StoryOptions& options)
      : store_(store),
        server_(server),
        question_(question),
        terminal_(terminal),
        moment_(std::min(question.query.now, question.query.window.to)),
        certificate_(options.certificate),
        width_(terminal.width > 0 ? terminal.width : kUnlimited),
        dense_(options.rows > 0 && options.rows < kRoomyRows) {}

  Result<void> write() {
    const auto day = uptime(store_, server_.id, question_.query, {.places = true});
    if (!day) return tl::unexpected(day.error());
    head(day->figures);
    description();
    if (auto done = ratios(day->figures); !done) return done;
    if (auto done = plot(day->figures); !done) return done;
    if (auto done = daily_bars(); !done) return done;
    if (auto done = incident_list(); !done) return done;
    if (auto done = budget(); !done) return done;
    certificate();
    ahead();
    return {};
  }

 private:
  /// In as many lines as it takes.
  void line(std::string_view text, Colour colour = Colour::none) const {
    constexpr std::size_t kIndent = 2;
    const std::string lines = wrapped(text, kIndent, 0, width_);
    for (std::size_t at = 0; at <= lines.size();) {
      const std::size_t end = std::min(lines.find('\n', at), lines.size());
      put(paint(lines.substr(at, end - at), colour, terminal_.colour));
      at = end + 1;
    }
  }
  void put(const std::string& shown) const { write_out(for_terminal(shown, terminal_) + "\n"); }
  void title(std::string_view text) const {
    if (!dense_) put("");
    line(text, Colour::bold);
  }
  /// A title above what follows, or where there is little room what the next line begins with.
  [[nodiscard]] std::string heading(std::string_view text) const {
    if (dense_) return fmt::format("{}: ", text);
    title(text);
    return {};
  }
  [[nodiscard]] Query last(std::chrono::days days) const {
    Query query = question_.query;
    query.window = {moment_ - days, moment_};
    query.summaries = Summaries::always;
    return query;
  }

  void head(const Figures& f) const {
    const State state = state_now(f);
    constexpr std::size_t kMark = 2;
    std::string mark = paint(state_mark(state, terminal_), state_colour(state), terminal_.colour) + " ";
    for (const std::string& piece : broken(printable(server_.name), width_ > kMark ? width_ - kMark : 1)) {
      put(mark + paint(piece, Colour::bold, terminal_.colour));
      mark = std::string(kMark, ' ');
    }
    std::string now(to_string(state));
    if (f.current) {
      now += fmt::format(" for {}, since {}", short_duration((f.window.to - f.current->since).count()),
                         moment_text(f.current->since, question_.zone));
    }
    line(now, state_colour(state));
    if (!f.last) return line("never checked");
    std::string last =
        fmt::format("last check {}: {}", moment_text(f.last->time, question_.zone), to_string(f.last->state));
    if (f.last->latency_us) last += " in " + format_latency(*f.last->latency_us);
    if (f.last->code != 0) last += fmt::format(", code {}", f.last->code);
    if (f.last->error != ErrorClass::none) last += fmt::format(", {}", to_string(f.last->error));
    // What it said in words is in the store's newest result, where that is the one.
    const auto newest = store_.last_result(server_.id);
    if (newest && *newest && (*newest)->time == f.last->time && !(*newest)->detail.empty()) {
      last += fmt::format(": {}", printable((*newest)->detail));
    }
    line(last);
  }

  void description() const {
    if (!server_.url.empty()) line(printable(server_.url));
    const Rules& rules = server_.current_rules();
    std::string what = fmt::format("every {}, an outage after {} failure{}", format_duration(rules.interval),
                                   rules.confirm_failures, rules.confirm_failures == 1 ? "" : "s");
    if (!server_.group.empty()) what += fmt::format(", group {}", printable(server_.group));
    for (const auto& [key, value] : server_.tags) what += fmt::format(", {}={}", printable(key), printable(value));
    line(what);
  }

  static std::string places_text(const std::vector<PlaceFigures>& places) {
    std::string text;
    for (const PlaceFigures& place : places) {
      text += fmt::format("{}place {}: {} of {} failed", text.empty() ? "" : "; ",
                          static_cast<std::uint16_t>(place.location), with_commas(place.failed_checks),
                          with_commas(place.checks));
    }
    return text;
  }

  [[nodiscard]] Result<void> ratios(const Figures& asked) const {
    const std::chrono::milliseconds length = asked.window.to - asked.window.from;
    std::vector<std::string> texts{fmt::format("{} {}",
                                               length == std::chrono::days{1} ? "24h" : short_duration(length.count()),
                                               percent_text(asked.uptime_ratio))};
    for (const std::chrono::days days : {std::chrono::days{7}, std::chrono::days{30}, std::chrono::days{90}}) {
      const auto figures = uptime(store_, server_.id, last(days), {.latency = false, .details = false, .since = false});
      if (!figures) return tl::unexpected(figures.error());
      texts.push_back(fmt::format("{}d {}", days.count(), percent_text(figures->figures.uptime_ratio)));
    }
    std::string shown = heading("Uptime");
    bool begins = true;
    for (const std::string& text : texts) {
      constexpr std::string_view kGap = "   ";
      if (!begins && display_width(shown) + kGap.size() + display_width(text) > width_) {
        put(shown);
        shown.clear();
        begins = true;
      }
      shown += fmt::format("{}{}", begins ? "" : kGap, text);
      begins = false;
    }
    put(shown);
    line(fmt::format("{}, {} failed, {} of them not confirmed; coverage {}", counted(asked.counts.checks, "check"),
                     with_commas(asked.counts.failed), with_commas(asked.counts.blips),
                     percent_text(asked.coverage_ratio)));
    if (asked.places.size() > 1) line(places_text(asked.places));
    return {};
  }

  [[nodiscard]] Result<void> plot(const Figures& f) const {
    if (!f.latency) return {};
    constexpr std::size_t kLabel = 10;
    const std::size_t columns = width_ > kLabel + 8 ? std::min<std::size_t>(width_ - kLabel, 160) : 0;
    title(fmt::format("Latency: p50 {}, p95 {}, p99 {}", format_latency(f.latency->p50_us),
                      format_latency(f.latency->p95_us), format_latency(f.latency->p99_us)));
    if (columns == 0) return {};
    const auto series = latency(store_, server_.id, question_.query, {.points = static_cast<std::uint32_t>(columns)});
    if (!series) return tl::unexpected(series.error());
    const std::uint32_t base = plot_base(series->series);
    const auto lines = latency_plot(series->series, series->window, columns, dense_ ? kDensePlotRows : kPlotRows,
                                    terminal_.utf8, base);
    std::uint32_t greatest = 0;
    for (const LatencyPoint& point : series->series) greatest = std::max(greatest, point.max_us);
    for (std::size_t row = 0; row < lines.size(); ++row) {
      const std::string label = row == 0                 ? format_latency(greatest)
                                : row + 1 < lines.size() ? std::string()
                                : base == 0              ? std::string("0")
                                                         : format_latency(base);
      const std::string space(kLabel - 1 > display_width(label) ? kLabel - 1 - display_width(label) : 0, ' ');
      std::string shown = fmt::format("{}{} {}", space, label, lines[row]);
      shown.erase(shown.find_last_not_of(' ') + 1);
      put(shown);
    }
    const std::string span = fmt::format("{} to {}", minute_text(series->window.from, question_.zone),
                                         minute_text(series->window.to, question_.zone));
    if (kLabel + display_width(span) > width_) {
      line(span);
    } else {
      put(std::string(kLabel, ' ') + span);
    }
    return {};
  }

  /// Whole days of the zone, each row behind the date that it begins with.
  [[nodiscard]] Result<void> daily_bars() const {
    constexpr std::size_t kDate = 6;  // "07-14 "
    BarOptions options;
    options.unit = CalendarUnit::day;
    options.zone = question_.zone;
    const auto answer = bars(store_, server_.id, last(kBarDays), options);
    if (!answer) return tl::unexpected(answer.error());
    std::span<const Bar> days = answer->bars;
    // The window begins within a day.
    days = days.last(std::min<std::size_t>(days.size(), kBarDays.count()));
    if (days.empty()) return {};
    if (!dense_) title(fmt::format("{} days", days.size()));
    const std::size_t room = width_ > kDate ? width_ - kDate : 1;
    const std::size_t rows = (days.size() + room - 1) / room;
    const std::size_t each = (days.size() + rows - 1) / rows;
    for (std::size_t at = 0; at < days.size(); at += each) {
      const auto row = days.subspan(at, std::min(each, days.size() - at));
      // Without the year and the time of day.
      const std::string date = minute_text(row.front().window.from, question_.zone).substr(kDate - 1, kDate - 1);
      write_out(fmt::format("{} {}\n", date, heartbeat_strip(row, terminal_)));
    }
    return {};
  }

  [[nodiscard]] Result<void> incident_list() const {
    const ServerId id = server_.id;
    const auto list = incidents(store_, {&id, 1}, last(kIncidentDays));
    if (!list) return tl::unexpected(list.error());
    title(fmt::format("Outages in {} days: {}", kIncidentDays.count(), list->incidents.size()));
    std::size_t shown = 0;
    const std::size_t most = dense_ ? kDenseIncidents : kMostIncidents;
    for (auto each = list->incidents.rbegin(); each != list->incidents.rend() && shown < most; ++each) {
      ++shown;
      std::string text =
          fmt::format("{}  {:>7}  {}", moment_text(each->from, question_.zone), short_duration(each->duration_ms),
                      each->error == ErrorClass::none ? "down" : to_string(each->error));
      if (each->code != 0) text += fmt::format(" {}", each->code);
      if (!each->detail.empty()) text += fmt::format(", {}", printable(each->detail));
      if (each->ongoing()) text += ", not over";
      line(text, each->ongoing() ? Colour::red : Colour::none);
    }
    return {};
  }

  [[nodiscard]] Result<void> budget() const {
    if (!server_.objective) return {};
    Query query = last(kIncidentDays);
    const auto answer = slo(store_, server_.id, query);
    if (!answer) return tl::unexpected(answer.error());
    std::string text = heading(
        fmt::format("Objective {} % over {} days", format_percent(answer->objective, 3), kIncidentDays.count()));
    text += answer->remaining_ms < 0
                ? fmt::format("overspent by {}", short_duration(-answer->remaining_ms))
                : fmt::format("{} of {} left", short_duration(answer->remaining_ms), short_duration(answer->budget_ms));
    for (const BurnRate& burn : answer->burn) {
      if (!burn.firing) continue;
      text += fmt::format("; burning {:.1f} times too fast over {}", *burn.rate, format_duration(burn.window.length));
      if (dense_) break;  // the shortest, which says what goes on now
    }
    const bool bad = answer->remaining_ms < 0;
    line(text, bad ? Colour::red : Colour::none);
    return {};
  }

  void certificate() const {
    if (!certificate_) return;
    const std::int64_t days = days_left(*certificate_, moment_);
    std::string text = heading("Certificate");
    const std::string when = minute_text(*certificate_, question_.zone);
    text += days < 0 ? fmt::format("expired {}", when)
                     : fmt::format("expires {}, in {} day{}", when, days, days == 1 ? "" : "s");
    line(text, certificate_colour(days));
  }

  void ahead() const {
    const TimeMs now = moment_;
    auto planned = planned_maintenance(server_, now, kAhead);
    if (!planned || planned->empty()) return;  // without: a zone that this machine does not know
    std::string begin = heading("Maintenance");
    planned->resize(std::min(planned->size(), kMostMaintenance));
    for (const auto& [window, note] : *planned) {
      const std::string span =
          fmt::format("{} to {}", moment_text(window.from, question_.zone), moment_text(window.to, question_.zone));
      line(fmt::format("{}{}{}{}{}", begin, window.from <= now ? "under way: " : "", span, note.empty() ? "" : ", ",
                       printable(note)));
      begin.clear();
    }
  }

  const Store& store_;
  const Server& server_;
  const Question& question_;
  const Terminal& terminal_;
  const TimeMs moment_;  ///< now, or in the past what is looked back at
  const std::optional<TimeMs> certificate_;
  const std::size_t width_;
  const bool dense_;
};

}  // namespace

std::uint32_t plot_base(std::span<const LatencyPoint> points) {
  std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t greatest = 0;
  for (const LatencyPoint& point : points) {
    if (point.count == 0) continue;
    least = std::min(least, point.min_us);
    greatest = std::max(greatest, point.max_us);
  }
  return least <= greatest / 2 || least >= greatest ? 0 : least;
}

std::vector<std::string> latency_plot(std::span<const LatencyPoint> points, Window window, std::size_t columns,
                                      std::size_t rows, bool utf8, std::uint32_t base_us) {
  std::uint32_t greatest = 0;
  for (const LatencyPoint& point : points) greatest = std::max(greatest, point.max_us);
  if (greatest <= base_us || columns == 0 || rows == 0 || window.empty()) return {};
  const std::string_view mean_mark = utf8 ? "•" : "*";
  const std::string_view band_mark = utf8 ? "│" : ":";
  std::vector<std::vector<std::string_view>> cells(rows, std::vector<std::string_view>(columns, " "));
  const auto row_of = [&](double us) {
    const double share = std::max(us - base_us, 0.0) / (greatest - base_us + 1.0);
    const auto step = static_cast<std::size_t>(share * static_cast<double>(rows));
    return rows - 1 - std::min(step, rows - 1);
  };
  const double length = static_cast<double>((window.to - window.from).count());
  const auto column_at = [&](TimeMs time) {
    const double share = std::clamp(static_cast<double>((time - window.from).count()) / length, 0.0, 1.0);
    return share * static_cast<double>(columns);
  };
  for (const LatencyPoint& point : points) {
    if (point.count == 0) continue;
    // As many columns as it is long, so that fewer points than columns leave no gaps.
    const auto begin = std::min(static_cast<std::size_t>(column_at(point.window.from)), columns - 1);
    const auto end = static_cast<std::size_t>(std::ceil(column_at(point.window.to)));
    for (std::size_t column = begin; column < std::max(end, begin + 1); ++column) {
      for (std::size_t row = row_of(point.max_us); row <= row_of(point.min_us); ++row) cells[row][column] = band_mark;
      cells[row_of(point.mean_us)][column] = mean_mark;
    }
  }
  std::vector<std::string> lines;
  for (const auto& row : cells) {
    std::string text;
    for (const std::string_view cell : row) text += cell;
    text.erase(text.find_last_not_of(' ') + 1);
    lines.push_back(std::move(text));
  }
  return lines;
}

Result<void> show_status_story(const Store& store, const Server& server, const Question& question,
                               const Terminal& terminal, const StoryOptions& options) {
  return Story(store, server, question, terminal, options).write();
}

}  // namespace nines::tools
