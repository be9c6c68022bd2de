// nines diff: what one store has and another has not, or has otherwise.
#include <fmt/format.h>
#include <nines/store.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "cli/care/commands.h"
#include "cli/command/object.h"
#include "cli/command/session.h"
#include "exchange/results.h"
#include "show/answers.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

/// What differs between two stores in one server.
struct Difference {
  std::string server;
  std::string entry{};  ///< "only in A", "only in B", or the fields of the catalog that differ; empty: the same
  std::uint64_t same = 0;
  std::uint64_t only_a = 0;
  std::uint64_t only_b = 0;
  std::uint64_t changed = 0;      ///< in both, and not equal
  std::uint64_t unreadable = 0;   ///< damaged stretches, of either
  std::optional<TimeMs> first{};  ///< of the results that differ
  std::optional<TimeMs> last{};

  [[nodiscard]] bool any() const noexcept { return !entry.empty() || only_a + only_b + changed + unreadable > 0; }
};

auto key_of(const CheckResult& result) {
  return std::tuple(result.time, result.location);
}

/// A server's results in `window` by their keys. Damaged stretches are counted and left out.
Result<std::vector<CheckResult>> read(const Store& store, ServerId id, Window window, std::uint64_t& unreadable) {
  std::vector<CheckResult> results;
  auto cursor = store.scan(id, window, {.columns = {.latency = true, .phases = true, .details = true}});
  if (!cursor) return tl::unexpected(cursor.error());
  while (true) {
    const auto segment = (*cursor)->next();
    if (!segment && segment.error().code == ErrorCode::corruption) continue;
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == nullptr) break;
    visit_results(id, **segment, [&results](CheckResult&& result) {
      results.push_back(std::move(result));
      return true;
    });
  }
  unreadable += (*cursor)->holes().size();
  std::sort(results.begin(), results.end(),
            [](const CheckResult& a, const CheckResult& b) { return key_of(a) < key_of(b); });
  return results;
}

void compare_results(const std::vector<CheckResult>& a, const std::vector<CheckResult>& b, Difference& difference) {
  const auto note = [&difference](TimeMs time) {
    difference.first = std::min(difference.first.value_or(time), time);
    difference.last = std::max(difference.last.value_or(time), time);
  };
  auto in_a = a.begin();
  auto in_b = b.begin();
  while (in_a != a.end() || in_b != b.end()) {
    if (in_b == b.end() || (in_a != a.end() && key_of(*in_a) < key_of(*in_b))) {
      ++difference.only_a;
      note(in_a++->time);
    } else if (in_a == a.end() || key_of(*in_b) < key_of(*in_a)) {
      ++difference.only_b;
      note(in_b++->time);
    } else {
      CheckResult other = *in_b;
      other.server = in_a->server;  // numbers are each store's own
      if (*in_a == other) {
        ++difference.same;
      } else {
        ++difference.changed;
        note(in_a->time);
      }
      ++in_a;
      ++in_b;
    }
  }
}

/// The members that the entries differ in.
std::string changed_fields(const Server& a, const Server& b) {
  const Json in_a = server_json(a, Audience::owner);
  const Json in_b = server_json(b, Audience::owner);
  std::string fields;
  for (const auto& [key, value] : in_a.items()) {
    if (key == "id" || (in_b.contains(key) && in_b[key] == value)) continue;
    fields += fmt::format("{}{}", fields.empty() ? "" : ", ", key);
  }
  return fields;
}

/// A store beside the other one.
struct Side {
  const Store& store;
  const Server* server = nullptr;
};

/// The times of which either has results; empty when neither has.
Result<Window> span_of(const Side& a, const Side& b) {
  Window window{kTimeLimit, from_ms(0)};
  for (const Side& side : {a, b}) {
    if (side.server == nullptr) continue;
    const auto first = side.store.first_result(side.server->id);
    if (!first && first.error().code != ErrorCode::corruption) return tl::unexpected(first.error());
    const auto last = side.store.last_result(side.server->id);
    if (!last && last.error().code != ErrorCode::corruption) return tl::unexpected(last.error());
    // Of damaged ends nothing is known, so everything is looked at.
    if (!first || !last) return Window{from_ms(0), kTimeLimit};
    if (*first) window.from = std::min(window.from, **first);
    if (*last) window.to = std::max(window.to, (*last)->time + std::chrono::milliseconds{1});
  }
  return window;
}

Result<Difference> compare_server(const std::string& name, const Side& a, const Side& b, Window asked) {
  Difference difference{.server = name};
  if (a.server == nullptr || b.server == nullptr) {
    difference.entry = a.server == nullptr ? "only in B" : "only in A";
  } else {
    difference.entry = changed_fields(*a.server, *b.server);
  }
  auto window = span_of(a, b);
  if (!window) return tl::unexpected(window.error());
  window->from = std::max(window->from, asked.from);
  window->to = std::min(window->to, asked.to);
  // A month of a server's results is what lies in memory at a time.
  constexpr std::chrono::days kPiece{31};
  for (TimeMs from = window->from; from < window->to;) {
    const TimeMs to = std::min<TimeMs>(from + kPiece, window->to);
    const auto read_side = [&](const Side& side) {
      return side.server == nullptr ? Result<std::vector<CheckResult>>(std::vector<CheckResult>{})
                                    : read(side.store, side.server->id, {from, to}, difference.unreadable);
    };
    const auto in_a = read_side(a);
    if (!in_a) return tl::unexpected(in_a.error());
    const auto in_b = read_side(b);
    if (!in_b) return tl::unexpected(in_b.error());
    compare_results(*in_a, *in_b, difference);
    from = to;
  }
  return difference;
}

Expected<std::unique_ptr<Store>> open_side(const Call& call, const std::string& path) {
  Call at = call;
  at.values.erase("db");
  at.values.insert({"db", boost::program_options::variable_value(boost::any(path), false)});
  return open_for_reading(at);
}

}  // namespace

Outcome diff(const Call& call) {
  Window asked{from_ms(0), kTimeLimit};
  if (call.has("window") || call.has("from") || call.has("to")) {
    const auto question = read_question(call);
    if (!question) return tl::unexpected(question.error());
    asked = question->query.window;
  }
  auto a = open_side(call, call.words[0]);
  if (!a) return tl::unexpected(a.error());
  auto b = open_side(call, call.words[1]);
  if (!b) return tl::unexpected(b.error());
  const auto in_a = (*a)->catalog();
  const auto in_b = (*b)->catalog();
  std::vector<std::string> names;
  for (const auto& catalog : {in_a, in_b}) {
    for (const Server& server : catalog->servers()) names.push_back(server.name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());

  RowWriter rows(call.format, call.terminal,
                 {{"server", "NAME"},
                  {"entry", "ENTRY", false, 3},
                  {"only_a", "ONLY A", true},
                  {"only_b", "ONLY B", true},
                  {"changed", "CHANGED", true},
                  {"same", "SAME", true, 4},
                  {"unreadable", "DAMAGED", true, 2},
                  {"first", "FROM", false, 1},
                  {"last", "TO", false, 5}},
                 "servers", Json{{"a", call.words[0]}, {"b", call.words[1]}});
  Progress progress("comparing", "results", names.size(), call.terminal, !call.quiet);
  std::uint64_t differing = 0;
  std::uint64_t compared = 0;
  std::uint64_t looked_at = 0;
  for (const std::string& name : names) {
    const auto difference = compare_server(name, {**a, in_a->find(std::string_view(name))},
                                           {**b, in_b->find(std::string_view(name))}, asked);
    if (!difference) return failed(printable(difference.error().message));
    compared += difference->same + difference->only_a + difference->only_b + difference->changed;
    progress.update(++looked_at, compared);
    if (!difference->any()) continue;
    ++differing;
    const auto time = [](const std::optional<TimeMs>& at) { return at ? cell(format_time(*at)) : cell(nullptr); };
    const auto number = [](std::uint64_t value) { return cell(value, with_commas(value)); };
    rows.add({cell(difference->server), difference->entry.empty() ? cell(nullptr) : cell(difference->entry),
              number(difference->only_a), number(difference->only_b), number(difference->changed),
              number(difference->same), number(difference->unreadable), time(difference->first),
              time(difference->last)});
  }
  rows.finish();
  if (!call.quiet) {
    say(fmt::format(
        "{} server{} and {} results compared, {}", with_commas(names.size()), names.size() == 1 ? "" : "s",
        with_commas(compared),
        differing == 0 ? "no difference"
                       : fmt::format("{} of the servers differ{}", with_commas(differing), differing == 1 ? "s" : "")));
  }
  return differing == 0 ? kExitDone : kExitFailed;
}

}  // namespace nines::tools
