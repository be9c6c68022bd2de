#include "page/strip.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <map>
#include <utility>

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

// The paths of a strip, one a kind of bar. Whole bars of one kind beside each other are one stroke, which the style
// cuts into bars by dashes of kBarWidth: most strips are one such stroke.
class StripPaths {
 public:
  void whole(char kind, std::size_t bar) {
    if (kind != kind_ || bar != end_) {
      end_stroke();
      kind_ = kind;
      begin_ = bar;
    }
    end_ = bar + 1;
  }
  void part(char kind, std::size_t bar, int top, int bottom) {
    if (bottom <= top) return;
    fmt::format_to(std::back_inserter(parts_[kind]), "M{} {}h{}v{}h-{}z", left(bar), top, kBarWidth, bottom - top,
                   kBarWidth);
  }
  Html html_of() {
    end_stroke();
    Html out;
    for (const auto& [kind, path] : strokes_)
      out += html("<path class=\"{} r\" d=\"{}\"/>", std::string(1, kind), path);
    for (const auto& [kind, path] : parts_) out += html("<path class=\"{}\" d=\"{}\"/>", std::string(1, kind), path);
    return out;
  }

 private:
  static std::size_t left(std::size_t bar) { return bar * kBarStep + 1; }
  void end_stroke() {
    if (end_ == begin_) return;
    fmt::format_to(std::back_inserter(strokes_[kind_]), "M{} {}H{}", left(begin_), kStripHeight / 2,
                   left(end_) - (kBarStep - kBarWidth));
    begin_ = end_ = 0;
  }

  std::map<char, std::string> strokes_;
  std::map<char, std::string> parts_;
  char kind_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

std::int64_t covered_ms(const Bar& bar) {
  std::int64_t covered = 0;
  for (const State state : kWorstFirst) covered += state == State::unknown ? 0 : bar.time[state];
  return covered;
}

}  // namespace

Html strip(const std::vector<Bar>& bars, const std::string& label) {
  // From the bottom: down, degraded, maintenance, pause; what is left is up.
  static constexpr std::array kStack{std::pair{State::down, 'd'}, std::pair{State::degraded, 'g'},
                                     std::pair{State::maintenance, 'm'}, std::pair{State::paused, 'p'}};
  constexpr int kLeast = 3;  // of a part, in pixels, so that a short outage is seen
  StripPaths paths;
  Json notes = Json::object();
  // What lies before the first result is not missing: it never was.
  const auto begun = static_cast<std::size_t>(
      std::find_if(bars.begin(), bars.end(), [](const Bar& bar) { return covered_ms(bar) > 0; }) - bars.begin());
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    const std::int64_t covered = covered_ms(bar);
    if (bar.time[State::up] == covered && covered > 0) {
      paths.whole('u', i);
      continue;
    }
    if (std::string note = bar_note(bar); !note.empty()) notes[fmt::to_string(i)] = std::move(note);
    if (covered == 0) {
      if (i < begun) {
        paths.whole('b', i);
      } else {
        paths.part('x', i, kStripHeight / 2 - 4, kStripHeight - 1);
      }
      continue;
    }
    int bottom = kStripHeight;
    for (const auto& [state, kind] : kStack) {
      if (bar.time[state] <= 0) continue;
      if (bar.time[state] == covered) {
        paths.whole(kind, i);
        bottom = 0;
        break;
      }
      const double share = static_cast<double>(bar.time[state]) / static_cast<double>(covered);
      const int height = std::min(std::max(static_cast<int>(std::lround(share * kStripHeight)), kLeast), bottom);
      paths.part(kind, i, bottom - height, bottom);
      bottom -= height;
    }
    if (bar.time[State::up] > 0) paths.part('u', i, 0, bottom);
  }
  return html(
             "<svg class=\"strip\" viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\" "
             "data-t=\"{}\">",
             bars.size() * kBarStep, kStripHeight, label, notes.empty() ? std::string() : dump(notes)) +
         paths.html_of() + html("</svg>");
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

Html axis(const LiveQuestion& question, bool quarters) {
  const Window& window = question.query.window;
  const bool days = question.bars.unit.has_value();
  const bool long_one = days || window.length() > std::chrono::hours{72};
  const char* const as = long_one ? "day" : window.length() <= std::chrono::hours{25} ? "clock" : "";
  Html out = html("<span class=\"axis{}\">", quarters ? " quarters" : "");
  out += moment(window.from, question.zone, as);
  for (int i = 1; quarters && i < 4; ++i) out += moment(window.from + window.length() * i / 4, question.zone, as);
  out += question.query.now < window.to + std::chrono::milliseconds{1} ? html("<span>now</span>")
                                                                       : moment(window.to, question.zone, as);
  return out + html("</span>");
}

}  // namespace nines::tools
