// nines explain: what a question is expected to read, what it did read, and why there.
#include <fmt/format.h>
#include <nines/audit.h>
#include <nines/bars.h>
#include <nines/baseline.h>
#include <nines/comparison.h>
#include <nines/composed.h>
#include <nines/dashboard.h>
#include <nines/estimate.h>
#include <nines/incident.h>
#include <nines/latency.h>
#include <nines/report.h>
#include <nines/slo.h>
#include <nines/uptime.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "cli/asking/commands.h"
#include "cli/asking/service_expression.h"
#include "cli/command/object.h"
#include "cli/command/session.h"
#include "exchange/results.h"
#include "show/answers.h"
#include "show/state_text.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

struct Topic {
  std::string_view name;
  Reads reads;
  bool one_server;  ///< it needs a name; others take any number
};
constexpr std::array kTopics{
    Topic{"status", Reads::summaries, false},    Topic{"uptime", Reads::summaries, true},
    Topic{"incidents", Reads::summaries, false}, Topic{"latency", Reads::summaries, true},
    Topic{"bars", Reads::summaries, true},       Topic{"slo", Reads::summaries, true},
    Topic{"report", Reads::summaries, false},    Topic{"why", Reads::results, true},
    Topic{"compare", Reads::summaries, true},    Topic{"baseline", Reads::results, true},
    Topic{"service", Reads::summaries, false},   Topic{"points", Reads::results, true},
    Topic{"export", Reads::results, false},      Topic{"tail", Reads::newest, false},
    Topic{"scan", Reads::results, true},         Topic{"badge", Reads::summaries, true},
    Topic{"top", Reads::summaries, false},
};

Json estimate_json(const Estimate& estimate) {
  return {{"range_scans", estimate.range_scans},
          {"summaries", estimate.summaries},
          {"results", estimate.results},
          {"bytes", estimate.bytes}};
}

/// A question to one server, or to all at once with the names of those.
struct Asked {
  const Call& call;
  const Store& store;
  const Question& question;
  std::string_view topic;
};

template <class Answer>
Result<Explain> explain_of(const Result<Answer>& answer) {
  if (!answer) return tl::unexpected(answer.error());
  return answer->explain;
}

std::uint64_t grown(std::uint64_t before, std::uint64_t after) {
  return after - before;
}

/// As `nines tail` asks; what it costs is what the store has read meanwhile, for nobody else.
Result<Explain> explain_tail(const Store& store, ServerId id) {
  constexpr std::size_t kLines = 10;
  const ScanCost before = store.stats().reads;
  const auto begin = std::chrono::steady_clock::now();
  const auto newest = store.newest(id, kTimeLimit, kLines);
  if (!newest) return tl::unexpected(newest.error());
  const std::chrono::nanoseconds spent = std::chrono::steady_clock::now() - begin;
  const ScanCost after = store.stats().reads;
  Explain explain;
  ScanCost& cost = explain.cost;
  cost.range_scans = grown(before.range_scans, after.range_scans);
  cost.seeks = grown(before.seeks, after.seeks);
  cost.rows = grown(before.rows, after.rows);
  cost.chunks = grown(before.chunks, after.chunks);
  cost.summaries = grown(before.summaries, after.summaries);
  cost.head_results = grown(before.head_results, after.head_results);
  cost.results = grown(before.results, after.results);
  cost.bytes = grown(before.bytes, after.bytes);
  cost.block_reads = grown(before.block_reads, after.block_reads);
  cost.block_hits = grown(before.block_hits, after.block_hits);
  cost.nanoseconds = static_cast<std::uint64_t>(spent.count());
  return explain;
}

Result<Explain> ask_one(const Asked& asked, ServerId id) {
  const Store& store = asked.store;
  const Query& query = asked.question.query;
  if (asked.topic == "uptime") return explain_of(uptime(store, id, query));
  if (asked.topic == "badge") return explain_of(uptime(store, id, query, {.latency = false, .details = false}));
  if (asked.topic == "incidents") return explain_of(incidents(store, std::span(&id, 1), query));
  if (asked.topic == "latency") return explain_of(latency(store, id, query));
  if (asked.topic == "bars") return explain_of(bars(store, id, query));
  if (asked.topic == "slo") return explain_of(slo(store, id, query, {0.999, {}}));
  if (asked.topic == "why") return explain_of(audit(store, id, query));
  if (asked.topic == "compare") {
    return explain_of(compare(store, id, query, natural_period(query.window, asked.question.zone)));
  }
  if (asked.topic == "baseline") {
    BaselineOptions options;
    options.zone = asked.question.zone;
    return explain_of(latency_baseline(store, id, query, options));
  }
  if (asked.topic == "tail") return explain_tail(store, id);
  auto cursor = store.scan(id, query.window, {.columns = {.latency = true, .phases = true, .details = true}});
  if (!cursor) return tl::unexpected(cursor.error());
  if (auto read = (*cursor)->for_each([](const Segment&) {}); !read) return tl::unexpected(read.error());
  return Explain{(*cursor)->cost(), {}};
}

/// As `nines status` and `nines report` ask, of the servers called `names`.
Result<Explain> ask_many(const Asked& asked, const std::vector<std::string>& names) {
  const Query& query = asked.question.query;
  if (asked.topic == "report") {
    ReportOptions options;
    options.filter.names = names;
    options.bars.unit = CalendarUnit::day;
    options.bars.zone = asked.question.zone;
    return explain_of(report(asked.store, query, options));
  }
  DashboardOptions options;
  options.filter.names = names;
  options.bars = BarOptions{};
  options.sort = SortBy::worst_first;
  options.figures.since = options.figures.places = true;
  return explain_of(dashboard(asked.store, query, options));
}

struct Row {
  std::string server;
  Explain explain;
};

void show_plan(const Terminal& terminal, const std::vector<Row>& rows, const Zone& zone) {
  RowWriter plan(Format::table, terminal,
                 {{"server", "SERVER"},
                  {"from", "FROM"},
                  {"to", "TO", false, 1},
                  {"source", "READ FROM"},
                  {"reason", "BECAUSE", false, 2}},
                 "plan");
  bool any = false;
  for (const Row& row : rows) {
    for (const PlanStep& step : row.explain.plan) {
      any = true;
      plan.add({cell(row.server), cell(format_time(step.window.from), moment_text(step.window.from, zone)),
                cell(format_time(step.window.to), moment_text(step.window.to, zone)),
                cell(std::string(to_string(step.source))), cell(std::string(to_string(step.reason)))});
    }
  }
  if (any) write_out("\n");
  plan.finish();
}

void show_totals(const Terminal& terminal, const Estimate& estimate, const std::optional<ScanCost>& cost) {
  RowWriter rows(Format::table, terminal,
                 {{"what", "COST"}, {"estimate", "EXPECTED", true, 1}, {"count", "READ", true}}, "cost");
  const Json expected = estimate_json(estimate);
  const auto number = [](const Json& json, const std::string& key) {
    return json.contains(key) ? with_commas(json[key].get<std::uint64_t>()) : std::string("-");
  };
  const Json counts = cost_json(cost.value_or(ScanCost{}));
  for (const auto& [what, count] : counts.items()) {
    if (!cost && !expected.contains(what)) continue;
    std::string read = "-";
    if (cost) read = what == "nanoseconds" ? format_latency(count.get<double>() / 1000) : number(counts, what);
    rows.add({cell(what == "nanoseconds" ? "time" : what), cell(nullptr, number(expected, what)), cell(nullptr, read)});
  }
  rows.finish();
}

void show_servers(const Terminal& terminal, const std::vector<Row>& rows) {
  write_out("\n");
  RowWriter table(Format::table, terminal,
                  {{"server", "SERVER"},
                   {"range_scans", "SCANS", true},
                   {"chunks", "CHUNKS", true, 2},
                   {"rows", "ROWS", true, 3},
                   {"summaries", "SUMMARIES", true, 4},
                   {"results", "RESULTS", true, 1},
                   {"bytes", "BYTES", true}},
                  "servers");
  for (const Row& row : rows) {
    const ScanCost& cost = row.explain.cost;
    table.add({cell(row.server), cell(cost.range_scans, with_commas(cost.range_scans)),
               cell(cost.chunks, with_commas(cost.chunks)), cell(cost.rows, with_commas(cost.rows)),
               cell(cost.summaries, with_commas(cost.summaries)), cell(cost.results, with_commas(cost.results)),
               cell(cost.bytes, with_commas(cost.bytes))});
  }
  table.finish();
}

Json explanation_json(std::string_view topic, const Estimate& estimate, const std::optional<Explain>& total,
                      const std::vector<Row>& rows) {
  Json json = {{"question", std::string(topic)}, {"estimate", estimate_json(estimate)}};
  if (!total) return json;
  json["cost"] = cost_json(total->cost);
  json["servers"] = Json::array();
  json["plan"] = Json::array();
  for (const Row& row : rows) {
    json["servers"].push_back({{"server", row.server}, {"cost", cost_json(row.explain.cost)}});
    const Json explained = explain_json(row.explain);
    for (const Json& step : explained["plan"]) {
      Json named = {{"server", row.server}};
      named.update(step);
      json["plan"].push_back(std::move(named));
    }
  }
  return json;
}

/// The servers that a question is about: those that are named, those of a service, or all.
Expected<std::vector<const Server*>> servers_of(const Topic& topic, const Call& call, const Catalog& catalog) {
  const std::vector<std::string> words(call.words.begin() + 1, call.words.end());
  if (topic.name != "service") return find_servers(catalog, words);
  if (words.size() != 1) return usage("explain service: it takes one expression");
  const auto service = read_service(words[0], catalog);
  if (!service) return tl::unexpected(service.error());
  std::vector<const Server*> servers;
  const std::function<void(const Component&)> collect = [&](const Component& component) {
    const Server* const server = catalog.find(component.server);
    if (component.parts.empty() && server != nullptr &&
        std::find(servers.begin(), servers.end(), server) == servers.end()) {
      servers.push_back(server);
    }
    for (const Component& part : component.parts) collect(part);
  };
  collect(*service);
  return servers;
}

}  // namespace

std::vector<std::string_view> explained_questions() {
  std::vector<std::string_view> names;
  for (const Topic& topic : kTopics) names.push_back(topic.name);
  return names;
}

void explain_options(OptionList& options) {
  options.add_options()("estimate", "only what is expected, by the catalog alone; nothing is read");
}

Outcome explain(const Call& call) {
  const std::string& name = call.words[0];
  const auto* const topic =
      std::find_if(kTopics.begin(), kTopics.end(), [&](const Topic& each) { return each.name == name; });
  if (topic == kTopics.end()) {
    const std::vector<std::string_view> names = explained_questions();
    const std::string_view near = closest(name, names);
    return usage(fmt::format("explain {}: it takes {}{}", printable(name), fmt::join(names, ", "),
                             near.empty() ? "" : fmt::format("; did you mean `{}`?", near)));
  }
  if (topic->one_server && call.words.size() != 2) {
    return usage(fmt::format("explain {}: {}", name, call.words.size() < 2 ? "which server?" : "one server at a time"));
  }
  auto question = read_question(call);
  if (!question) return tl::unexpected(question.error());
  if (topic->name == "tail") {
    if (call.has("window") || call.has("from") || call.has("to"))
      return usage("explain tail: it reads the newest results and takes no window");
    question->query.window.from = TimeMs{};
  }
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  const auto catalog = (*store)->catalog();
  const auto servers = servers_of(*topic, call, *catalog);
  if (!servers) return tl::unexpected(servers.error());

  Estimate expected;
  for (const Server* server : *servers) expected += estimate(*server, question->query, topic->reads);
  std::optional<Explain> total;
  std::vector<Row> rows;
  if (!call.has("estimate")) {
    const Asked asked{call, **store, *question, topic->name};
    const bool at_once = topic->name == "status" || topic->name == "top" || topic->name == "report";
    total.emplace();
    if (topic->name == "service") {
      const auto service = parse_component(call.words[1], *catalog);
      const auto answer = explain_of(composed_uptime(**store, *service, question->query));
      if (!answer) return failed(printable(answer.error().message));
      total = *answer;
    } else if (at_once && !servers->empty()) {
      const std::vector<std::string> words(call.words.begin() + 1, call.words.end());
      const auto answer = ask_many(asked, words);
      if (!answer) return failed(printable(answer.error().message));
      total = *answer;
    }
    // Server by server, so that each has its share by name. What the first asking read is in the cache by now.
    for (const Server* server : *servers) {
      Asked one = asked;
      if (topic->name == "service") one.topic = "uptime";
      auto answer = at_once ? ask_many(one, {server->name}) : ask_one(one, server->id);
      if (!answer) return failed(printable(answer.error().message));
      if (!at_once && topic->name != "service") total->cost += answer->cost;
      rows.push_back({server->name, std::move(*answer)});
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row& a, const Row& b) { return a.explain.cost.bytes > b.explain.cost.bytes; });
  }
  if (call.format != Format::table) {
    write_out(dump(explanation_json(topic->name, expected, total, rows)) + "\n");
    return kExitDone;
  }
  show_totals(call.terminal, expected, total ? std::optional(total->cost) : std::nullopt);
  if (!total) return kExitDone;
  if (rows.size() > 1) show_servers(call.terminal, rows);
  show_plan(call.terminal, rows, question->zone);
  return kExitDone;
}

}  // namespace nines::tools
