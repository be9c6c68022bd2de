#include "page/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "page/strip.h"
#include "show/output.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

constexpr int kChartWidth = 1000;
constexpr int kChartHeight = 200;

// 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten: the top of a scale is at most a quarter above its data.
double nice_top(double value) {
  const double power = std::pow(10.0, std::floor(std::log10(std::max(value, 1.0))));
  for (const double step : {1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0}) {
    if (value <= step * power) return step * power;
  }
  return 10 * power;
}

// A mark of the scale: a whole number without its zeros.
std::string mark(double us) {
  if (us <= 0) return "0";
  std::string text = format_latency(us);
  for (const std::string_view zeros : {".00 ", ".0 "}) {
    if (const std::size_t at = text.find(zeros); at != std::string::npos) return text.erase(at, zeros.size() - 1);
  }
  return text;
}

Json chart_json(const std::vector<ChartPoint>& points) {
  Json json = Json::array();
  for (const ChartPoint& point : points) {
    if (point.p50) {
      json.push_back({to_ms(point.time), format_latency(*point.p50), format_latency(point.p95),
                      format_latency(point.p99), point.failed});
    } else {
      json.push_back({to_ms(point.time), nullptr, nullptr, nullptr, point.failed});
    }
  }
  return json;
}

// Moments and latencies to places of the drawing.
class Scale {
 public:
  Scale(Window window, double top)
      : from_(window.from), length_(static_cast<double>(window.length().count())), top_(top) {}

  [[nodiscard]] double x(TimeMs time) const {
    return std::clamp(static_cast<double>((time - from_).count()) / length_, 0.0, 1.0) * kChartWidth;
  }
  [[nodiscard]] double y(double us) const { return kChartHeight * (1 - std::min(us / top_, 1.0)); }
  [[nodiscard]] double length_ms() const noexcept { return length_; }

  // The whole height of the stretch, at least a unit wide.
  [[nodiscard]] std::string shade(TimeMs from, TimeMs to) const {
    const double width = std::max(1.0, x(to) - x(from));
    return fmt::format("M{:.1f} 0h{:.1f}v{}h-{:.1f}z", x(from), width, kChartHeight, width);
  }

 private:
  TimeMs from_;
  double length_;
  double top_;
};

// The scale ends above the slowest hundredth of the columns: one spike does not flatten everything else. Nothing when
// no column has a latency.
std::optional<double> top_of(const std::vector<ChartPoint>& points) {
  std::vector<std::uint32_t> tops;
  for (const ChartPoint& point : points) {
    if (point.p50) tops.push_back(point.p95);
  }
  if (tops.empty()) return std::nullopt;
  const auto rank = static_cast<std::ptrdiff_t>((tops.size() - 1) * 99 / 100);
  std::nth_element(tops.begin(), tops.begin() + rank, tops.end());
  return nice_top(std::max(1.15 * tops[static_cast<std::size_t>(rank)], 1.0));
}

// The paths that the points make.
struct Curves {
  std::string line;   // through the medians
  std::string bands;  // from them up to the 95th percentiles
  std::string dots;   // the 99th percentiles, or the checks
};

Curves curves_of(const ChartView& view, const Scale& scale) {
  Curves out;
  std::string upper;
  std::string lower;
  const auto end_band = [&] {
    if (!upper.empty()) out.bands += fmt::format("M{}{}z", std::string_view(upper).substr(1), lower);
    upper.clear();
    lower.clear();
  };
  // A hole of several columns interrupts the line.
  const double most_gap = view.single_checks ? 4.0 * static_cast<double>(view.interval.count())
                                             : 4.0 * scale.length_ms() /
                                                   static_cast<double>(std::max<std::size_t>(view.points.size(), 100));
  TimeMs before{};
  for (const ChartPoint& point : view.points) {
    if (!point.p50) continue;
    const bool broken = out.line.empty() || static_cast<double>((point.time - before).count()) > most_gap;
    before = point.time;
    if (broken) end_band();
    const double x = scale.x(point.time);
    out.line += fmt::format("{}{:.1f} {:.1f}", broken ? "M" : "L", x, scale.y(*point.p50));
    upper += fmt::format("L{:.1f} {:.1f}", x, scale.y(point.p95));
    lower = fmt::format("L{:.1f} {:.1f}", x, scale.y(*point.p50)) + lower;
    if (point.p99 > point.p95 || view.single_checks)
      out.dots += fmt::format("M{:.1f} {:.1f}h0", x, scale.y(view.single_checks ? *point.p50 : point.p99));
  }
  end_band();
  return out;
}

// The marks at the scale's side.
Html marks_of(double top) {
  Html out = html("<div class=\"scale\" aria-hidden=\"true\">");
  for (int i = 0; i <= 4; ++i) out += html("<span>{}</span>", mark(top * (4 - i) / 4));
  return out + html("</div>");
}

// The lines across, one at each mark.
Html grid() {
  Html out;
  for (int i = 0; i <= 4; ++i) {
    out += html("<path class=\"grid\" d=\"M0 {0}H{1}\"/>", kChartHeight * i / 4, kChartWidth);
  }
  return out;
}

}  // namespace

Html chart(const ChartView& view, const Html& strip, const std::vector<Incident>& incidents, TimeMs end) {
  const auto top = top_of(view.points);
  if (!top) return {};
  const Window& window = view.question->query.window;
  const Scale scale(window, *top);
  const Curves curves = curves_of(view, scale);
  std::string down;
  for (const Incident& incident : incidents) down += scale.shade(incident.from, incident.to.value_or(end));
  std::string rest;
  for (const Window& each : view.maintenance) rest += scale.shade(each.from, each.to);
  return html(
             "<h2>Response time</h2><div class=\"chart\" tabindex=\"0\" role=\"group\" aria-label=\"Response time; "
             "plus "
             "and minus zoom, arrows move\" data-from=\"{}\" data-to=\"{}\" data-points=\"{}\"><div class=\"plot\">"
             "<div class=\"over\">{}</div>{}<div class=\"area\"><svg viewBox=\"0 0 {} {}\" "
             "preserveAspectRatio=\"none\" "
             "role=\"img\" aria-label=\"Response time from 0 to {}\">",
             to_ms(window.from), to_ms(window.to), dump(chart_json(view.points)), strip, marks_of(*top), kChartWidth,
             kChartHeight, format_latency(*top)) +
         grid() +
         html(
             "<path class=\"rest\" d=\"{}\"/><path class=\"shade\" d=\"{}\"/><path class=\"band\" d=\"{}\"/>"
             "<path class=\"dots\" d=\"{}\"/><path class=\"line\" d=\"{}\"/></svg></div>{}</div>"
             "<p class=\"legend\">{} Red: down. Drag to zoom.</p></div>",
             rest, down, view.single_checks ? "" : curves.bands, curves.dots, view.single_checks ? "" : curves.line,
             axis(*view.question, true),
             view.single_checks ? "Each dot is a check." : "Line: median. Band: up to p95. Dots: p99.");
}

}  // namespace nines::tools
