#include "page/strip.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "page/frame.h"
#include "show/output.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

constexpr int kBarStep = 10;
constexpr int kBarWidth = 8;
constexpr int kStripHeight = 28;

// What a bar says beyond "up"; empty for a bar that is all up.
std::string bar_note(const Bar& bar) {
  const State state = bar_state(bar);
  if (state == State::unknown) return "no data";
  std::string note;
  const auto add = [&](State each, const char* verb) {
    if (bar.time[each] <= 0) return;
    if (!note.empty()) note += "\n";
    note += fmt::format("{} {}", verb, short_duration(bar.time[each]));
  };
  add(State::down, "down for");
  add(State::degraded, "degraded for");
  add(State::maintenance, "maintenance for");
  add(State::paused, "paused for");
  if (!note.empty() && bar.uptime_ratio) note = short_percent(bar.uptime_ratio) + " up\n" + note;
  return note;
}

}  // namespace

Html strip(const std::vector<Bar>& bars, const std::string& label) {
  std::map<char, std::string> paths;
  Json notes = Json::object();
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    const int x = static_cast<int>(i) * kBarStep + 1;
    const auto add = [&](char kind, int top, int bottom) {
      if (bottom > top) paths[kind] += fmt::format("M{} {}h{}v{}h-{}z", x, top, kBarWidth, bottom - top, kBarWidth);
    };
    if (std::string note = bar_note(bar); !note.empty()) notes[fmt::to_string(i)] = std::move(note);
    std::int64_t covered = 0;
    for (const State state : kWorstFirst) covered += state == State::unknown ? 0 : bar.time[state];
    if (covered == 0) {
      add('x', kStripHeight / 2 - 4, kStripHeight - 1);
      continue;
    }
    // From the bottom: down, degraded, maintenance, pause; what is left is up. A part has three pixels at least.
    constexpr int kLeast = 3;
    int bottom = kStripHeight;
    const auto part = [&](State state, char kind) {
      if (bar.time[state] <= 0) return;
      const double share = static_cast<double>(bar.time[state]) / static_cast<double>(covered);
      const int height = std::clamp(static_cast<int>(std::lround(share * kStripHeight)), kLeast, bottom);
      add(kind, bottom - height, bottom);
      bottom -= height;
    };
    part(State::down, 'd');
    part(State::degraded, 'g');
    part(State::maintenance, 'm');
    part(State::paused, 'p');
    if (bar.time[State::up] > 0) add('u', 0, bottom);
  }
  Html out = html(
      "<svg class=\"strip\" viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\" "
      "data-t=\"{}\">",
      bars.size() * kBarStep, kStripHeight, label, notes.empty() ? std::string() : dump(notes));
  for (const auto& [kind, path] : paths) out += html("<path class=\"{}\" d=\"{}\"/>", std::string(1, kind), path);
  return out + html("</svg>");
}

std::string strip_label(const Figures& figures) {
  std::string label = figures.uptime_ratio ? short_percent(figures.uptime_ratio) + " up" : "no data";
  if (const std::size_t count = figures.incidents.size(); count > 0) {
    label += fmt::format(", {} outage{}, down for {}", count, count == 1 ? "" : "s",
                         short_duration(figures.time[State::down]));
  }
  return label;
}

Html edges_attribute(const std::vector<Bar>& bars) {
  std::string edges;
  for (const Bar& bar : bars) edges += fmt::format("{},", to_ms(bar.window.from) / 1000);
  if (!bars.empty()) edges += fmt::to_string(to_ms(bars.back().window.to) / 1000);
  return html(" data-edges=\"{}\"", edges);
}

Html axis(const LiveQuestion& question) {
  const Window& window = question.query.window;
  const bool days = question.bars.unit.has_value();
  const char* const as = days ? "day" : window.length() <= std::chrono::hours{25} ? "clock" : "";
  Html out = html("<span class=\"axis\">");
  out += moment(window.from, question.zone, as);
  out += question.query.now < window.to + std::chrono::milliseconds{1} ? html("<span>now</span>")
                                                                       : moment(window.to, question.zone, as);
  return out + html("</span>");
}

}  // namespace nines::tools
