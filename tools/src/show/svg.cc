#include "show/svg.h"

#include <fmt/format.h>
#include <nines/calendar.h>
#include <nines/uptime.h>

#include <algorithm>
#include <cmath>

#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

constexpr double kPlotWidth = 900;
constexpr double kPlotHeight = 180;
constexpr double kPlotLeft = 62;  // room for the scale

// 1, 2 or 5 times a power of ten, at or above `value`: the top of a scale.
double round_up(double value) {
  const double power = std::pow(10.0, std::floor(std::log10(std::max(value, 1.0))));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (value <= step * power) return step * power;
  }
  return 10 * power;
}

std::string bar_title(const Bar& bar, const Zone& zone) {
  std::string title = minute_text(bar.window.from, zone);
  title += fmt::format(": {}", bar_state(bar) == State::unknown ? "no data" : to_string(bar_state(bar)));
  if (bar.uptime_ratio) title += fmt::format(", {}", percent_text(bar.uptime_ratio));
  if (bar.checks > 0) title += fmt::format(", {} checks, {} failed", bar.checks, bar.failed_checks);
  if (bar.time[State::down] > 0) title += fmt::format(", down for {}", short_duration(bar.time[State::down]));
  return title;
}

}  // namespace

std::string bars_svg(const std::vector<Bar>& bars, const Zone& zone) {
  constexpr std::size_t kStep = 8;
  std::string svg = fmt::format(
      "<svg class=\"bars\" viewBox=\"0 0 {} 28\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"{} bars\">",
      bars.size() * kStep, bars.size());
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const State state = bar_state(bars[i]);
    const int height = state == State::unknown ? 8 : state == State::down ? 28 : 24;
    svg += fmt::format(
        "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"6\" height=\"{}\" rx=\"1.5\"><title>{}</title></rect>",
        to_string(state), i * kStep + 1, 28 - height, height, html_escape(bar_title(bars[i], zone)));
  }
  return svg + "</svg>";
}

std::string latency_svg(const std::vector<LatencyPoint>& series, Window window, const Zone& zone) {
  double top = 0;
  for (const LatencyPoint& point : series) top = std::max(top, static_cast<double>(point.max_us));
  if (series.empty() || window.empty()) return {};
  top = round_up(top);
  const auto x = [&](TimeMs time) {
    const double share =
        static_cast<double>((time - window.from).count()) / static_cast<double>(window.length().count());
    return kPlotLeft + share * (kPlotWidth - kPlotLeft);
  };
  const auto y = [&](double us) { return kPlotHeight - us / top * (kPlotHeight - 10); };
  std::string svg = fmt::format("<svg class=\"plot\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"latency\">",
                                kPlotWidth, kPlotHeight + 22);
  for (int i = 0; i <= 4; ++i) {
    const double us = top * i / 4;
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>"
        "<text x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>",
        kPlotLeft, kPlotWidth, y(us), kPlotLeft - 6, y(us) + 4, format_latency(us));
  }
  std::string line;
  bool broken = true;  // a column without latencies interrupts the line
  for (const LatencyPoint& point : series) {
    const double left = x(point.window.from);
    const double width = std::max(1.0, x(point.window.to) - left);
    if (point.failures > 0) {
      svg += fmt::format(
          "<rect class=\"down\" x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"4\"><title>{}: {} "
          "failed</title></rect>",
          left, kPlotHeight, width, minute_text(point.window.from, zone), point.failures);
    }
    if (point.count == 0) {
      broken = true;
      continue;
    }
    svg += fmt::format("<rect class=\"band\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>", left,
                       y(point.max_us), width, std::max(1.0, y(point.min_us) - y(point.max_us)));
    line += fmt::format("{}{:.1f} {:.1f}", broken ? "M" : "L", left + width / 2, y(point.mean_us));
    broken = false;
  }
  svg += fmt::format("<path class=\"line\" d=\"{}\"/>", line);
  for (int i = 0; i <= 4; ++i) {
    const TimeMs time = window.from + window.length() * i / 4;
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"{}\">{}</text>", x(time), kPlotHeight + 18,
                       i == 0   ? "start"
                       : i == 4 ? "end"
                                : "middle",
                       minute_text(time, zone).substr(5));
  }
  return svg + "</svg>";
}

const char* badge_colour(const std::optional<double>& ratio) {
  if (!ratio) return "#9f9f9f";
  if (*ratio >= 0.999) return "#3fa34d";
  if (*ratio >= 0.99) return "#97a02a";
  if (*ratio >= 0.95) return "#c98a10";
  return "#c83f3a";
}

std::string badge_text(const std::optional<double>& ratio) {
  return ratio ? format_percent(*ratio, 2) + "%" : "no data";
}

std::string badge_svg(const std::string& label, const std::optional<double>& ratio) {
  // Verdana at 11 px takes about 6.6 px a character; textLength makes the text fit whatever the font.
  const auto width = [](const std::string& text) { return 10 + 7 * static_cast<int>(display_width(text)); };
  const std::string shown = fit(label, 40);
  const std::string value = badge_text(ratio);
  const int left = width(shown);
  const int right = width(value);
  const auto text = [](int x, int length, const std::string& content) {
    return fmt::format("<text x=\"{}\" y=\"14\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\">{}</text>", x,
                       length, html_escape(content));
  };
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"20\" role=\"img\" "
      "aria-label=\"{1}: {2}\"><title>{1}: {2}</title>"
      "<clipPath id=\"r\"><rect width=\"{0}\" height=\"20\" rx=\"3\"/></clipPath>"
      "<g clip-path=\"url(#r)\"><rect width=\"{3}\" height=\"20\" fill=\"#555\"/>"
      "<rect x=\"{3}\" width=\"{4}\" height=\"20\" fill=\"{5}\"/></g>"
      "<g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">{6}{7}</g></svg>\n",
      left + right, html_escape(shown), value, left, right, badge_colour(ratio), text(5, left - 10, shown),
      text(left + 5, right - 10, value));
}

}  // namespace nines::tools
