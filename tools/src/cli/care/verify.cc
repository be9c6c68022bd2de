// nines verify: reads and checks everything in a store, and names what is damaged.
#include <fmt/format.h>
#include <nines/store.h>

#include <string>

#include "cli/care/commands.h"
#include "cli/command/object.h"
#include "cli/command/session.h"
#include "show/answers.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

Json damage_json(const Damage& damage, const Catalog& catalog) {
  const Server* const server = catalog.find(damage.server);
  const bool timed = !damage.window.empty();
  return {{"server", server == nullptr ? Json() : Json(server->name)},
          {"id", damage.server == ServerId{} ? Json() : Json(static_cast<std::uint32_t>(damage.server))},
          {"from", timed ? Json(format_time(damage.window.from)) : Json()},
          {"to", timed ? Json(format_time(damage.window.to)) : Json()},
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
  const auto report = (*store)->verify();
  if (!report) return failed(printable(report.error().message));
  const auto catalog = (*store)->catalog();
  Json damage = Json::array();
  for (const Damage& each : report->damage) damage.push_back(damage_json(each, *catalog));
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
