// What is around every page, and the small words that all of them are made of. Pure functions of their arguments; any
// thread.
#pragma once

#include <nines/calendar.h>
#include <nines/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "page/markup.h"

namespace nines::tools {

/// What is around every page.
struct Frame {
  std::string base;         ///< before every path of this site: "/status", or empty
  bool logged_in = false;   ///< somebody by a session: a way out is shown
  bool may_change = false;  ///< it may change servers by hand here
  std::string trouble;      ///< of nines itself, told above everything else; may be empty
};

/// What a page may have beside its title and its body.
struct FrameParts {
  Html attributes;         ///< of the root element
  Html nav;                ///< beside the name of the site
  State mood = State::up;  ///< the icon's colour
  bool bare = false;       ///< without the head that leads to the other pages
};
/// A whole page.
[[nodiscard]] Html frame_page(const std::string& title, const Html& main, const Frame& frame,
                              const FrameParts& parts = {});
/// The icon of a page whose news are of this state.
[[nodiscard]] const char* icon_name(State mood) noexcept;
[[nodiscard]] Html login_page(const std::string& next, bool failed, const Frame& frame);
/// A page that says one sentence: not found, a bad parameter.
[[nodiscard]] Html message_page(const std::string& title, const std::string& sentence, const Frame& frame);

/// The address of an asset with its version: a browser keeps it for ever.
[[nodiscard]] std::string asset_path(const Frame& frame, std::string_view name);

/// The state's shape, drawn in its colour.
[[nodiscard]] Html icon(State state);
/// The state's name.
[[nodiscard]] std::string word(State state);
/// A time as the server writes it, which the reader's browser puts into its own zone in the form `as`: "", "seconds",
/// "clock" or "day".
[[nodiscard]] Html moment(TimeMs time, const Zone& zone, const char* as = "");
/// A percentage with as many digits as say something: 99.9 and above deserve a third.
[[nodiscard]] std::string short_percent(const std::optional<double>& ratio);
/// "5m": the largest unit of an age.
[[nodiscard]] std::string age_text(std::int64_t ms);

}  // namespace nines::tools
