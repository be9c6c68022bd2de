// What everybody may see: chosen groups under public names, without addresses, causes or links to the pages behind.
#pragma once

#include <nines/store.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "http/message.h"

namespace nines::tools {

/// One public page of the configuration.
struct StatusPage {
  /// What the people who run the services want to say about a day.
  struct Note {
    TimeMs time{};
    std::string text;
  };
  std::string path = "/status";  ///< "/status" or below it, without a slash at its end
  std::string title = "Status";
  std::vector<std::string> groups;           ///< in the order of the page; a group that does not exist shows nothing
  std::map<std::string, std::string> names;  ///< public names of servers; the others go by their own
  std::vector<std::string> embed;            ///< origins whose pages may frame PATH/embed
  std::string zone = "UTC";                  ///< IANA name: whose days the page has
  std::vector<Note> notes;
};
inline constexpr std::string_view kStatusPath = "/status";

/// Whether the path belongs to one of the pages: these are answered to whoever asks.
[[nodiscard]] bool is_public(const std::vector<StatusPage>& pages, std::string_view path);

/// PATH is the page, PATH/feed.atom its news as a feed, PATH/embed one sentence for a frame, PATH/badge/NAME/KIND a
/// badge by public name. Nothing for other paths. Thread-safe.
[[nodiscard]] std::optional<WebResponse> status_answer(const Store& store, const std::vector<StatusPage>& pages,
                                                       const WebRequest& request, const std::string& base);

}  // namespace nines::tools
