#include "page/frame.h"

#include <fmt/format.h>
#include <nines/uptime.h>

#include "page/assets.h"
#include "show/output.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

// A shape for each state, so that colour is never alone: circle, triangle, cross, wrench, bars, hollow circle.
Html sprite() {
  return html(
      "<svg width=\"0\" height=\"0\" hidden><defs>"
      "<symbol id=\"i-up\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"6.5\"/></symbol>"
      "<symbol id=\"i-degraded\" viewBox=\"0 0 16 16\"><path d=\"M8 1 15.5 15H.5z\"/></symbol>"
      "<symbol id=\"i-down\" viewBox=\"0 0 16 16\"><path d=\"M3.2.8 8 5.6 12.8.8 15.2 3.2 10.4 8l4.8 4.8-2.4 2.4L8 "
      "10.4l-4.8 4.8-2.4-2.4L5.6 8 .8 3.2z\"/></symbol>"
      "<symbol id=\"i-maintenance\" viewBox=\"0 0 16 16\"><path d=\"M15 3.6 12.4 6.2 9.8 3.6 12.4 1a4.6 4.6 0 0 0-6 "
      "6L1 12.4 3.6 15 9 9.6a4.6 4.6 0 0 0 6-6z\"/></symbol>"
      "<symbol id=\"i-paused\" viewBox=\"0 0 16 16\"><path d=\"M2.5 1.5h4v13h-4zM9.5 1.5h4v13h-4z\"/></symbol>"
      "<symbol id=\"i-unknown\" viewBox=\"0 0 16 16\"><path d=\"M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 "
      "0-13zm0 2.5a4 4 0 1 1 0 8 4 4 0 0 1 0-8z\"/></symbol>"
      "</defs></svg>");
}

}  // namespace

std::string word(State state) {
  return std::string(to_string(state));
}

Html icon(State state) {
  return html("<svg class=\"i {0}\" aria-hidden=\"true\"><use href=\"#i-{0}\"/></svg>", word(state));
}

Html moment(TimeMs time, const Zone& zone, const char* as) {
  return html("<time datetime=\"{}\" data-as=\"{}\">{}</time>", format_time(time), as,
              moment_text(from_ms(to_ms(time) / 1000 * 1000), zone));
}

const char* icon_name(State mood) noexcept {
  if (mood == State::down) return "icon-down.svg";
  return mood == State::degraded || mood == State::unknown ? "icon-warn.svg" : "icon.svg";
}

Html frame_page(const std::string& title, const Html& main, const Frame& frame, const FrameParts& parts) {
  Html head;
  if (!parts.bare) {
    head = html("<header class=\"site\"><a class=\"brand\" href=\"{}/\">nines</a>", frame.base) + parts.nav;
    if (frame.logged_in)
      head += html("<form method=\"post\" action=\"{}/logout\"><button>Log out</button></form>", frame.base);
    head += html("</header>");
  }
  const Html trouble = frame.trouble.empty() ? Html() : html("<p class=\"alarm\" role=\"alert\">{}</p>", frame.trouble);
  return html(
      "<!doctype html><html lang=\"en\"{}><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta name=\"color-scheme\" content=\"light dark\"><title>{}</title>"
      "<link rel=\"icon\" href=\"{}\"><link rel=\"stylesheet\" href=\"{}\"><script defer src=\"{}\"></script></head>"
      "<body>{}{}<main><p id=\"alarm\" class=\"alarm\" role=\"alert\" hidden></p>{}{}</main></body></html>\n",
      parts.attributes, title, asset_path(frame, icon_name(parts.mood)), asset_path(frame, "style.css"),
      asset_path(frame, "page.js"), sprite(), head, trouble, main);
}

std::string short_percent(const std::optional<double>& ratio) {
  constexpr double kFine = 0.999;
  if (!ratio) return "\u2013";
  if (*ratio >= 1) return "100 %";
  return format_percent(*ratio, *ratio >= kFine ? 3 : 2) + " %";
}

std::string age_text(std::int64_t ms) {
  constexpr std::int64_t kMinute = 60'000;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr std::int64_t kDay = 24 * kHour;
  if (ms < 0) ms = 0;
  // The largest unit is enough for an age, and rows that say less change less.
  if (ms < kMinute) return "<1m";
  if (ms < kHour) return fmt::format("{}m", ms / kMinute);
  if (ms < 2 * kDay) return fmt::format("{}h", ms / kHour);
  return fmt::format("{}d", ms / kDay);
}

std::string asset_path(const Frame& frame, std::string_view name) {
  for (const Asset& asset : assets()) {
    if (asset.name == name) return fmt::format("{}/assets/{}?{}", frame.base, name, asset.version);
  }
  return fmt::format("{}/assets/{}", frame.base, name);
}

Html login_page(const std::string& next, bool failed, const Frame& frame) {
  return frame_page(
      "Log in \u00b7 nines",
      html("<form class=\"login\" method=\"post\" action=\"{}/login\"><h1>Log in</h1>{}"
           "<input type=\"hidden\" name=\"next\" value=\"{}\">"
           "<label>Name <input name=\"name\" autocomplete=\"username\" required autofocus></label>"
           "<label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\" "
           "required></label>"
           "<button>Log in</button></form>",
           frame.base,
           failed ? html("<p role=\"alert\" class=\"down\">The name or the password is wrong.</p>") : Html(), next),
      frame);
}

Html message_page(const std::string& title, const std::string& sentence, const Frame& frame) {
  return frame_page(title + " \u00b7 nines",
                    html("<h1>{}</h1><p>{}</p><p><a href=\"{}/\">All servers</a></p>", title, sentence, frame.base),
                    frame);
}

}  // namespace nines::tools
