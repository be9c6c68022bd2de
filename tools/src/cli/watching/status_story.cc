#include "cli/watching/status_story.h"

#include <fmt/format.h>
#include <nines/bars.h>
#include <nines/incident.h>
#include <nines/slo.h>
#include <nines/timeline.h>
#include <nines/uptime.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "cli/command/object.h"
#include "cli/watching/certificates.h"
#include "show/ascii.h"
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
constexpr std::size_t kUnlimited = 100;  // columns where output is no terminal

class Story {
 public:
  Story(const Store& store, const Server& server, const Question& question, const Terminal& terminal,
        std::optional<TimeMs> certificate)
      : store_(store),
        server_(server),
        question_(question),
        terminal_(terminal),
        certificate_(certificate),
        width_(terminal.width > 0 ? terminal.width : kUnlimited) {}

  Result<void> write() {
    const auto day = uptime(store_, server_.id, question_.query);
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
    put("");
    line(text, Colour::bold);
  }
  [[nodiscard]] Query last(std::chrono::days days) const {
    Query query = question_.query;
    query.window = {question_.query.now - days, question_.query.now};
    query.summaries = Summaries::always;
    return query;
  }

  void head(const Figures& f) const {
    const State state = state_now(f);
    const std::string name = fit(printable(server_.name), width_ > 2 ? width_ - 2 : 1);
    put(fmt::format("{} {}", paint(state_mark(state, terminal_), state_colour(state), terminal_.colour),
                    paint(name, Colour::bold, terminal_.colour)));
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

  [[nodiscard]] Result<void> ratios(const Figures& asked) const {
    std::vector<std::string> texts{fmt::format("{} {}", short_duration((asked.window.to - asked.window.from).count()),
                                               percent_text(asked.uptime_ratio))};
    for (const std::chrono::days days : {std::chrono::days{7}, std::chrono::days{30}, std::chrono::days{90}}) {
      const auto figures = uptime(store_, server_.id, last(days), {.latency = false, .details = false, .since = false});
      if (!figures) return tl::unexpected(figures.error());
      texts.push_back(fmt::format("{}d {}", days.count(), percent_text(figures->figures.uptime_ratio)));
    }
    title("Uptime");
    std::string shown;
    for (const std::string& text : texts) {
      constexpr std::string_view kGap = "   ";
      if (!shown.empty() && display_width(shown) + kGap.size() + display_width(text) > width_) {
        put(shown);
        shown.clear();
      }
      shown += fmt::format("{}{}", shown.empty() ? "" : kGap, text);
    }
    put(shown);
    line(fmt::format("{}, {} failed, {} of them not confirmed; coverage {}", counted(asked.counts.checks, "check"),
                     with_commas(asked.counts.failed), with_commas(asked.counts.blips),
                     percent_text(asked.coverage_ratio)));
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
    const auto lines = latency_plot(series->series, series->window, columns, kPlotRows, terminal_.utf8);
    std::uint32_t greatest = 0;
    for (const LatencyPoint& point : series->series) greatest = std::max(greatest, point.max_us);
    for (std::size_t row = 0; row < lines.size(); ++row) {
      const std::string label = row == 0 ? format_latency(greatest) : row + 1 == lines.size() ? "0" : "";
      const std::string space(kLabel - 1 > display_width(label) ? kLabel - 1 - display_width(label) : 0, ' ');
      put(fmt::format("{}{} {}", space, label, lines[row]));
    }
    const std::string span = fmt::format("{} to {}", moment_text(series->window.from, question_.zone),
                                         moment_text(series->window.to, question_.zone));
    if (kLabel + display_width(span) > width_) {
      line(span);
    } else {
      put(std::string(kLabel, ' ') + span);
    }
    return {};
  }

  [[nodiscard]] Result<void> daily_bars() const {
    // Whole days of the zone; what does not fit is the oldest.
    BarOptions options;
    options.unit = CalendarUnit::day;
    options.zone = question_.zone;
    auto answer = bars(store_, server_.id, last(kBarDays), options);
    if (!answer) return tl::unexpected(answer.error());
    std::vector<Bar>& days = answer->bars;
    if (days.size() > width_) days.erase(days.begin(), days.end() - static_cast<std::ptrdiff_t>(width_));
    if (days.empty()) return {};
    title(fmt::format("{} days, since {}", days.size(),
                      minute_text(days.front().window.from, question_.zone).substr(0, 10)));
    write_out(heartbeat_strip(days, terminal_) + "\n");
    return {};
  }

  [[nodiscard]] Result<void> incident_list() const {
    const ServerId id = server_.id;
    const auto list = incidents(store_, {&id, 1}, last(kIncidentDays));
    if (!list) return tl::unexpected(list.error());
    title(fmt::format("Outages in {} days: {}", kIncidentDays.count(), list->incidents.size()));
    std::size_t shown = 0;
    for (auto each = list->incidents.rbegin(); each != list->incidents.rend() && shown < kMostIncidents; ++each) {
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
    title(fmt::format("Objective {} % over {} days", format_percent(answer->objective, 3), kIncidentDays.count()));
    std::string text = answer->remaining_ms < 0 ? fmt::format("overspent by {}", short_duration(-answer->remaining_ms))
                                                : fmt::format("{} of {} left", short_duration(answer->remaining_ms),
                                                              short_duration(answer->budget_ms));
    for (const BurnRate& burn : answer->burn) {
      if (burn.firing)
        text += fmt::format("; burning {:.1f} times too fast over {}", *burn.rate, format_duration(burn.window.length));
    }
    const bool bad = answer->remaining_ms < 0;
    line(text, bad ? Colour::red : Colour::none);
    return {};
  }

  void certificate() const {
    if (!certificate_) return;
    const std::int64_t days = days_left(*certificate_, question_.query.now);
    title("Certificate");
    const std::string when = minute_text(*certificate_, question_.zone);
    const std::string text = days < 0 ? fmt::format("expired {}", when)
                                      : fmt::format("expires {}, in {} day{}", when, days, days == 1 ? "" : "s");
    line(text, certificate_colour(days));
  }

  void ahead() const {
    const TimeMs now = question_.query.now;
    auto planned = planned_maintenance(server_, now, kAhead);
    if (!planned || planned->empty()) return;  // without: a zone that this machine does not know
    title("Maintenance");
    planned->resize(std::min(planned->size(), kMostMaintenance));
    for (const auto& [window, note] : *planned) {
      const std::string span =
          fmt::format("{} to {}", moment_text(window.from, question_.zone), moment_text(window.to, question_.zone));
      line(fmt::format("{}{}{}{}", window.from <= now ? "under way: " : "", span, note.empty() ? "" : ", ",
                       printable(note)));
    }
  }

  const Store& store_;
  const Server& server_;
  const Question& question_;
  const Terminal& terminal_;
  const std::optional<TimeMs> certificate_;
  const std::size_t width_;
};

}  // namespace

std::vector<std::string> latency_plot(std::span<const LatencyPoint> points, Window window, std::size_t columns,
                                      std::size_t rows, bool utf8) {
  std::uint32_t greatest = 0;
  for (const LatencyPoint& point : points) greatest = std::max(greatest, point.max_us);
  if (greatest == 0 || columns == 0 || rows == 0 || window.empty()) return {};
  const std::string_view mean_mark = utf8 ? "•" : "*";
  const std::string_view band_mark = utf8 ? "│" : ":";
  std::vector<std::vector<std::string_view>> cells(rows, std::vector<std::string_view>(columns, " "));
  const auto row_of = [&](double us) {
    const auto step = static_cast<std::size_t>(us * static_cast<double>(rows) / (greatest + 1.0));
    return rows - 1 - std::min(step, rows - 1);
  };
  const double length = static_cast<double>((window.to - window.from).count());
  for (const LatencyPoint& point : points) {
    if (point.count == 0) continue;
    const double at = static_cast<double>((point.window.from - window.from).count()) / length;
    const auto column =
        std::min(static_cast<std::size_t>(std::max(at, 0.0) * static_cast<double>(columns)), columns - 1);
    for (std::size_t row = row_of(point.max_us); row <= row_of(point.min_us); ++row) cells[row][column] = band_mark;
    cells[row_of(point.mean_us)][column] = mean_mark;
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
                               const Terminal& terminal, std::optional<TimeMs> certificate) {
  return Story(store, server, question, terminal, certificate).write();
}

}  // namespace nines::tools
