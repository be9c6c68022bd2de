// nines compare --with FILE: the uptime that another tool shows, ours of the same window, and why the two differ.
#include <fcntl.h>
#include <fmt/format.h>
#include <nines/uptime.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "cli/command/session.h"
#include "cli/data/commands.h"
#include "peers/peer_uptime.h"
#include "run/socket_frame.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

namespace po = boost::program_options;

/// "+0.012 %" of what a rule adds to a ratio.
std::string points(double difference) {
  return fmt::format("{:+.3f} %", difference * 100);
}

struct Reason {
  std::string what;
  double points = 0;
};

/// From their figure to ours, rule by rule; the reasons add up to the difference.
std::vector<Reason> reasons(const PeerUptime& peer, const Figures& ours) {
  std::vector<Reason> list;
  double at = *peer.ratio;
  for (const CountingRule& rule : peer.rules) {
    list.push_back({rule.what, rule.ratio - at});
    at = rule.ratio;
  }
  constexpr double kTold = 0.000'005;
  const double rest = *ours.uptime_ratio - at;
  if (std::abs(rest) < kTold) return list;
  const bool gaps = ours.coverage_ratio && *ours.coverage_ratio < 1;
  list.push_back(
      {fmt::format("{}; here a result holds until the next{}", peer.unit,
                   gaps ? fmt::format(", and {} of the window is known", percent_text(ours.coverage_ratio)) : ""),
       rest});
  return list;
}

std::string reasons_text(const std::vector<Reason>& list) {
  std::string text;
  for (const Reason& reason : list) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : "; ", reason.what, points(reason.points));
  }
  return text;
}

Cell ratio_cell(const std::optional<double>& ratio) {
  return {.value = ratio ? Json(*ratio) : Json(nullptr), .text = percent_text(ratio)};
}

/// The question's window; without one the last day of the other store.
Expected<Question> window_of(const Call& call, const SqliteFile& database) {
  auto question = read_question(call);
  if (!question) return question;
  if (call.has("window") || call.has("from") || call.has("to")) return question;
  const auto last = last_peer_check(database);
  if (!last) return failed(printable(last.error().message));
  if (!*last) return question;
  const TimeMs end = **last + std::chrono::milliseconds{1};
  question->query.window = {end - std::chrono::hours{24}, end};
  return question;
}

}  // namespace

void compare_options(OptionList& options) {
  options.add_options()("with", po::value<std::string>()->value_name("FILE"),
                        "the store of Uptime Kuma or Gatus whose history was imported");
}

Outcome compare(const Call& call) {
  const auto path = call.text("with");
  if (!path) return usage("compare needs --with FILE, the other tool's store");
  const Descriptor file(open(path->c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return failed(fmt::format("`{}` cannot be read: {}", printable(*path), std::strerror(errno)));
  const auto database = SqliteFile::open(file.get());
  if (!database) return failed(fmt::format("{}: {}", printable(*path), printable(database.error().message)));
  const auto question = window_of(call, *database);
  if (!question) return tl::unexpected(question.error());
  const auto peers = read_peer_uptimes(*database, question->query.window);
  if (!peers) return failed(fmt::format("{}: {}", printable(*path), printable(peers.error().message)));
  const auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  const auto catalog = (*store)->catalog();

  RowWriter rows(call.format, call.terminal,
                 {{"server", "SERVER"},
                  {.key = "their_uptime_ratio", .title = "THEIRS", .right = true},
                  {.key = "uptime_ratio", .title = "OURS", .right = true},
                  {.key = "difference", .title = "DIFFERENCE", .right = true},
                  {"why", "WHY"}},
                 "servers", {{"tool", peers->tool}});
  std::uint64_t missing = 0;
  for (const PeerUptime& peer : peers->servers) {
    const Server* const server = find_imported(*catalog, peer.server);
    if (server == nullptr) {
      ++missing;
      continue;
    }
    const auto answer = uptime((**store), server->id, question->query, {});
    if (!answer) return failed(printable(answer.error().message));
    const Figures& ours = answer->figures;
    const bool both = peer.ratio && ours.uptime_ratio;
    const std::vector<Reason> why = both ? reasons(peer, ours) : std::vector<Reason>{};
    std::string text = reasons_text(why);
    if (!both) text = !peer.ratio ? "nothing is counted there in this window" : "nothing is known here of this window";
    rows.add({{.value = server->name, .text = printable(server->name)},
              ratio_cell(peer.ratio),
              ratio_cell(ours.uptime_ratio),
              {.value = both ? Json(*ours.uptime_ratio - *peer.ratio) : Json(nullptr),
               .text = both ? points(*ours.uptime_ratio - *peer.ratio) : "-"},
              {.value = text, .text = text}});
  }
  rows.finish();
  if (!call.quiet) {
    for (const std::string& remark : peers->remarks) say(printable(remark));
    if (missing > 0) say(fmt::format("{} of its servers are not here; `nines import` brings them", missing));
  }
  return kExitDone;
}

}  // namespace nines::tools
