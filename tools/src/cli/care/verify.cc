// nines verify: reads and checks everything in a store, and names what is damaged.
#include <fmt/format.h>
#include <nines/store.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "cli/care/commands.h"
#include "cli/command/object.h"
#include "cli/command/read_progress.h"
#include "cli/command/session.h"
#include "show/answers.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

/// The times of a server that there can be something of.
Window life_of(const Store& store, const Server& server) {
  Window life{server.created_at, std::chrono::ceil<std::chrono::days>(now())};
  if (const auto first = store.first_result(server.id); first && *first) life.from = std::min(life.from, **first);
  if (const auto last = store.last_result(server.id); last && *last) {
    life.to = std::max(life.to, (*last)->time + std::chrono::milliseconds{1});
  }
  return life;
}

Json damage_json(const Damage& damage, const Store& store, const Catalog& catalog) {
  const Server* const server = catalog.find(damage.server);
  Window window = damage.window;
  if (server != nullptr && !window.empty()) {
    const Window life = life_of(store, *server);
    window = {std::max(window.from, life.from), std::min(window.to, life.to)};
  }
  const bool timed = window.from < window.to;
  return {{"server", server == nullptr ? Json() : Json(server->name)},
          {"id", damage.server == ServerId{} ? Json() : Json(static_cast<std::uint32_t>(damage.server))},
          {"from", timed ? Json(format_time(window.from)) : Json()},
          {"to", timed ? Json(format_time(window.to)) : Json()},
          {"what", damage.what}};
}

// Whose it is, and of which times, as far as that is known.
std::string damage_sentence(const Json& damage) {
  std::string where;
  if (damage["server"].is_string()) {
    where = fmt::format("{}: ", damage["server"].get<std::string>());
  } else if (damage["id"].is_number()) {
    where = fmt::format("server {}: ", damage["id"].get<std::uint32_t>());
  }
  if (damage["from"].is_string()) {
    where += fmt::format("{} to {}: ", damage["from"].get<std::string>(), damage["to"].get<std::string>());
  }
  return where + damage["what"].get<std::string>();
}

}  // namespace

Outcome verify(const Call& call) {
  if (!call.words.empty()) return verify_backups(call);
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  const auto report = [&] {
    // Checksums of all blocks first, then what is in them.
    constexpr std::uint64_t kTimes = 2;
    const ReadProgress bar(call, "verify", kTimes * (*store)->stats().disk_bytes);
    return (*store)->verify();
  }();
  if (!report) return failed(printable(report.error().message));
  const auto catalog = (*store)->catalog();
  Json damage = Json::array();
  for (const Damage& each : report->damage) damage.push_back(damage_json(each, **store, *catalog));
  for (const Json& each : damage) say(printable(damage_sentence(each)));
  if (report->damages > report->damage.size()) {
    say(fmt::format("and {} more", with_commas(report->damages - report->damage.size())));
  }
  const Json json = {{"servers", report->servers}, {"results", report->results},     {"chunks", report->chunks},
                     {"rows", report->rows},       {"summaries", report->summaries}, {"damages", report->damages},
                     {"damage", std::move(damage)}};
  show_object(call, json,
              {{"servers", with_commas(report->servers)},
               {"results", with_commas(report->results)},
               {"chunks", with_commas(report->chunks)},
               {"single results", with_commas(report->rows)},
               {"summaries", with_commas(report->summaries)},
               {"damage", report->damages == 0 ? "none" : with_commas(report->damages)}});
  if (report->damages > 0 && call.format == Format::table && !call.quiet) {
    say("`nines repair DIRECTORY` saves all that can be read into a new store");
  }
  return report->damages == 0 ? kExitDone : kExitFailed;
}

}  // namespace nines::tools
