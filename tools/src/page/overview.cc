#include "page/overview.h"

#include <fmt/format.h>
#include <nines/uptime.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <sstream>
#include <utility>

#include "base/ascii_case.h"
#include "page/overview_page.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

// Causes are looked for in the servers that can be shown.
constexpr std::size_t kMostCauses = 12;

constexpr std::array<std::string_view, 10> kNames{"window", "from",  "to",   "tz",    "search",
                                                  "state",  "group", "sort", "since", "offset"};

// The states of a list with commas.
Result<std::set<State>> read_states(std::string_view list) {
  std::set<State> states;
  while (!list.empty()) {
    const std::string_view name = list.substr(0, list.find(','));
    list.remove_prefix(std::min(name.size() + 1, list.size()));
    const auto state = parse_state(name);
    if (!state)
      return fail(ErrorCode::invalid_argument, "state: it takes up, degraded, down, maintenance, paused, unknown");
    states.insert(*state);
  }
  return states;
}

bool is_trouble(State state) {
  return state == State::down || state == State::degraded || state == State::unknown;
}

Result<void> find_cause(const Store& store, Trouble& trouble) {
  const auto last = store.last_result(trouble.server->id);
  if (!last) return tl::unexpected(last.error());
  if (!*last) {
    trouble.cause = "never checked";
  } else if (trouble.state == State::unknown) {
    trouble.cause = "no result that still holds";
    if ((*last)->state == State::up || (*last)->state == State::degraded) trouble.last_good = (*last)->time;
  } else if (!(*last)->detail.empty()) {
    trouble.cause = (*last)->detail;
  } else {
    trouble.cause = std::string(to_string((*last)->error));
    std::replace(trouble.cause.begin(), trouble.cause.end(), '_', ' ');
  }
  return {};
}

}  // namespace

// One answer to one question.
struct Overview::Look {
  Dashboard board;
  std::shared_ptr<const Catalog> catalog;
  OverviewView view;
  std::set<State> states;                          // that are to be shown; empty: all
  std::map<std::uint32_t, Html> html;              // cells by server
  std::map<std::uint32_t, std::uint64_t> changed;  // version of the row's last change
  std::uint64_t version = 0;
  std::uint64_t members_changed = 0;

  [[nodiscard]] Result<DashboardOptions> read_address(const WebRequest& request);
  void go_through_rows(const Frame& frame);
  [[nodiscard]] Result<void> find_causes(const Store& store);
  void hide_what_does_not_fit();
};

Result<DashboardOptions> Overview::Look::read_address(const WebRequest& request) {
  if (auto known = check_names(request, kNames); !known) return tl::unexpected(known.error());
  auto question = live_question(request, now());
  if (!question) return tl::unexpected(question.error());
  view.question = std::move(*question);
  view.search = request.parameter("search").value_or("");
  view.state = request.parameter("state").value_or("");
  view.group = request.parameter("group").value_or("");
  view.sort = request.parameter("sort").value_or("");
  DashboardOptions options;
  if (!view.group.empty()) options.filter.group = view.group;
  options.sort = SortBy::worst_first;
  if (!view.sort.empty()) {
    const auto sort = parse_sort(view.sort);
    if (!sort) return fail(ErrorCode::invalid_argument, "sort: it takes name, worst or slowest");
    options.sort = *sort;
  }
  auto named = read_states(view.state);
  if (!named) return tl::unexpected(named.error());
  states = std::move(*named);
  options.bars = view.question.bars;
  options.figures.details = false;
  options.figures.since = true;
  return options;
}

// The counts and the sentence are of all servers, whatever is shown of them; with sort=name as with the others.
void Overview::Look::go_through_rows(const Frame& frame) {
  std::fill(std::begin(board.by_state), std::end(board.by_state), 0U);
  bool any_fresh = false;
  bool any_unknown = false;
  for (const DashboardRow& row : board.rows) {
    const State state = state_now(row.figures);
    ++board.by_state[static_cast<std::size_t>(state)];
    if (row.figures.last && (!view.newest || *view.newest < row.figures.last->time))
      view.newest = row.figures.last->time;
    // In maintenance a server's results may be fresh or years old: that tells nothing.
    any_fresh |= state != State::unknown && state != State::maintenance;
    any_unknown |= state == State::unknown;
    const Server* const server = catalog->find(row.server);
    if (server == nullptr) continue;
    if (is_trouble(state)) {
      Trouble trouble{.server = server, .state = state, .since = {}, .cause = {}, .last_good = {}};
      if (row.figures.current) trouble.since = row.figures.current->since;
      view.troubles.push_back(std::move(trouble));
    }
    html[static_cast<std::uint32_t>(row.server)] = overview_row(row, *server, view.question, frame);
  }
  view.silent = (!any_fresh && any_unknown) || board.rows.empty();
}

Result<void> Overview::Look::find_causes(const Store& store) {
  std::stable_sort(view.troubles.begin(), view.troubles.end(),
                   [](const Trouble& a, const Trouble& b) { return is_worse(a.state, b.state); });
  for (std::size_t i = 0; i < std::min(view.troubles.size(), kMostCauses); ++i) {
    if (auto found = find_cause(store, view.troubles[i]); !found) return found;
  }
  return {};
}

// Every row is in the page, so that a filter can be taken away without asking again; what search and state leave out is
// hidden, for readers without scripts too. All words of a search must be found.
void Overview::Look::hide_what_does_not_fit() {
  std::istringstream wanted(engine::to_lower(view.search));
  const std::vector<std::string> words{std::istream_iterator<std::string>(wanted), {}};
  std::erase_if(board.rows, [&](const DashboardRow& row) { return catalog->find(row.server) == nullptr; });
  for (const DashboardRow& row : board.rows) {
    const std::string key = search_key(*catalog->find(row.server));
    const bool fits = std::all_of(words.begin(), words.end(),
                                  [&](const std::string& each) { return key.find(each) != std::string::npos; });
    if (!fits || (!states.empty() && !states.contains(state_now(row.figures))))
      view.hidden.insert(static_cast<std::uint32_t>(row.server));
  }
}

Result<std::unique_ptr<Overview::Look>> Overview::look(const WebRequest& request, const Frame& frame,
                                                       std::span<const Service> services) {
  auto out = std::make_unique<Look>();
  const auto options = out->read_address(request);
  if (!options) return tl::unexpected(options.error());
  OverviewView& view = out->view;
  if (auto done = dashboard(store_, view.question.query, *options, out->board); !done)
    return tl::unexpected(done.error());
  out->catalog = store_.catalog();
  view.board = &out->board;
  view.catalog = out->catalog.get();
  out->go_through_rows(frame);
  view.rows = &out->html;
  view.services = service_lines(store_, services, view.question, frame);
  if (auto found = out->find_causes(store_); !found) return tl::unexpected(found.error());
  out->hide_what_does_not_fit();
  remember(frame.base + "?" + view.question.parameters + "&group=" + view.group, *out);
  return out;
}

void Overview::remember(const std::string& question, Look& look) {
  const engine::MutexLock lock(mutex_);
  if (memories_.size() >= kMostMemories && !memories_.contains(question)) {
    memories_.erase(std::min_element(memories_.begin(), memories_.end(),
                                     [](const auto& a, const auto& b) { return a.second.version < b.second.version; }));
  }
  Memory& memory = memories_[question];
  const bool known = !memory.rows.empty();
  memory.version = ++versions_;
  for (auto& [id, html] : look.html) {
    const auto [row, added] = memory.rows.try_emplace(id);
    if (added || row->second.html != html.text()) row->second = {.changed = memory.version, .html = html.text()};
    if (added && known) memory.members_changed = memory.version;
    look.changed[id] = row->second.changed;
  }
  if (std::erase_if(memory.rows, [&](const auto& entry) { return !look.html.contains(entry.first); }) > 0)
    memory.members_changed = memory.version;
  look.version = memory.version;
  look.members_changed = memory.members_changed;
}

WebResponse Overview::page(const WebRequest& request, const Frame& frame, std::span<const Service> services) {
  auto found = look(request, frame, services);
  if (!found) {
    return html_response(message_page("This cannot be shown", found.error().message, frame).text(),
                         http_status(found.error().code));
  }
  Look& seen = **found;
  seen.view.version = fmt::to_string(seen.version);
  return html_response(overview_page(seen.view, frame).text());
}

WebResponse Overview::rows(const WebRequest& request, const Frame& frame, std::span<const Service> services) {
  auto found = look(request, frame, services);
  if (!found) return error_response(found.error());
  const Look& seen = **found;
  const std::string since_text = request.parameter("since").value_or("");
  std::uint64_t since = 0;
  for (const char c : since_text) {
    if (c < '0' || c > '9' || since_text.size() > 15)
      return error_response(400, "invalid_argument", "since: it is the `version` of an earlier answer");
    since = since * 10 + static_cast<std::uint64_t>(c - '0');
  }
  Json json = {{"version", fmt::to_string(seen.version)},
               {"title", overview_title(seen.view)},
               {"icon", asset_path(frame, icon_name(overview_mood(seen.view)))},
               {"head", overview_head(seen.view, frame).text()},
               // A version of before this process began, or of before servers came or went.
               {"reload", since > seen.version || seen.members_changed > since},
               {"rows", Json::object()}};
  for (const DashboardRow& row : seen.board.rows) {
    const auto id = static_cast<std::uint32_t>(row.server);
    if (seen.changed.at(id) <= since) continue;
    json["rows"][fmt::to_string(id)] = {{"html", seen.html.at(id).text()},
                                        {"class", row_class(row)},
                                        {"state", std::string(to_string(state_now(row.figures)))}};
  }
  return json_response(json);
}

}  // namespace nines::tools
