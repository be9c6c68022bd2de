// The overview as HTML. Pure functions of their arguments; any thread.
#pragma once

#include <nines/dashboard.h>
#include <nines/server.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "page/frame.h"
#include "page/live_question.h"
#include "page/markup.h"

namespace nines::tools {

/// A server that is not well, and why.
struct Trouble {
  const Server* server = nullptr;
  State state = State::unknown;
  std::optional<TimeMs> since;  ///< none: before the window
  std::string cause;
  std::optional<TimeMs> last_good;
};

struct OverviewView {
  const Dashboard* board = nullptr;
  const Catalog* catalog = nullptr;
  LiveQuestion question;
  std::vector<Trouble> troubles;
  std::optional<TimeMs> newest;  ///< the newest check of all
  bool silent = false;           ///< no server was checked for longer than its results hold
  std::string search;
  std::string state;  ///< comma-separated names of states
  std::string group;
  std::string sort;                                     ///< as asked; empty is worst first, in groups
  const std::map<std::uint32_t, Html>* rows = nullptr;  ///< what overview_row() gave, by server
  std::set<std::uint32_t> hidden;                       ///< rows that search and state leave out, by server
  Html services;                                        ///< service_lines()
  std::string version;                                  ///< of the rows, for /rows?since=
};
[[nodiscard]] Html overview_page(const OverviewView& view, const Frame& frame);
/// The sentence and what is wrong, which change as checks land.
[[nodiscard]] Html overview_head(const OverviewView& view, const Frame& frame);
[[nodiscard]] std::string overview_title(const OverviewView& view);
/// The state that the sentence is about.
[[nodiscard]] State overview_mood(const OverviewView& view);
/// The cells of one server's row.
[[nodiscard]] Html overview_row(const DashboardRow& row, const Server& server, const LiveQuestion& question,
                                const Frame& frame);
[[nodiscard]] std::string row_class(const DashboardRow& row);
/// What a search looks into: name, group and tags, in lower case.
[[nodiscard]] std::string search_key(const Server& server);

}  // namespace nines::tools
