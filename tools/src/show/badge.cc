#include "show/badge.h"

#include <fmt/format.h>
#include <nines/uptime.h>

#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

constexpr const char* kGood = "#1e7b38";
constexpr const char* kFair = "#6b7300";
constexpr const char* kPoor = "#9a5f00";
constexpr const char* kBad = "#c0271d";
constexpr const char* kPlain = "#2f6fb7";

}  // namespace

Badge uptime_badge(const std::optional<double>& ratio) {
  if (!ratio) return {.value = "no data"};
  const std::string value = format_percent(*ratio, 2) + "%";
  if (*ratio >= 0.999) return {value, kGood};
  if (*ratio >= 0.99) return {value, kFair};
  if (*ratio >= 0.95) return {value, kPoor};
  return {value, kBad};
}

Badge state_badge(State state) {
  Badge badge{.value = std::string(to_string(state))};
  if (state == State::up) badge.colour = kGood;
  if (state == State::degraded) badge.colour = kPoor;
  if (state == State::down) badge.colour = kBad;
  if (state == State::maintenance) badge.colour = kPlain;
  return badge;
}

Badge latency_badge(const std::optional<double>& us) {
  if (!us) return {.value = "no data"};
  return {format_latency(*us), kPlain};
}

std::string badge_svg(const std::string& label, const Badge& badge) {
  // Verdana at 11 px takes about 6.6 px a character; textLength makes the text fit whatever the font.
  const auto width = [](const std::string& text) { return 10 + 7 * static_cast<int>(display_width(text)); };
  const std::string shown = fit(label, 40);
  const int left = width(shown);
  const int right = width(badge.value);
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
      left + right, html_escape(shown), html_escape(badge.value), left, right, badge.colour, text(5, left - 10, shown),
      text(left + 5, right - 10, badge.value));
}

}  // namespace nines::tools
