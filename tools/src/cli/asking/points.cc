// nines points: results one by one, as they are stored.
#include <fmt/format.h>

#include <algorithm>

#include "cli/asking/commands.h"
#include "cli/command/session.h"
#include "exchange/record_line.h"
#include "exchange/results.h"
#include "show/answers.h"
#include "show/state_text.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

std::string latency_text(const std::optional<std::uint32_t>& latency_us) {
  return latency_us ? format_latency(*latency_us) : "-";
}

}  // namespace

void points_options(OptionList& options) {
  namespace po = boost::program_options;
  options.add_options()("limit", po::value<std::string>()->value_name("N"), "at most so many (default all)");
}

Outcome points(const Call& call) {
  const auto limit = read_count(call, "limit", 0, 1, 1'000'000'000);
  if (!limit) return tl::unexpected(limit.error());
  auto subject = open_subject(call, call.words[0]);
  if (!subject) return tl::unexpected(subject.error());
  const Server& server = *subject->server;
  const Window window = subject->question.query.window;
  Json head = {{"server", server.name}};
  head.update(window_json(window));
  RowWriter rows(call.format, call.terminal,
                 {{"time", "TIME"},
                  {"state", "STATE"},
                  {"latency_us", "LATENCY", true},
                  {"code", "CODE", true},
                  {"location", "PLACE", true},
                  {"error", "ERROR"},
                  {"retry", ""},
                  {"detail", "DETAIL"}},
                 "points", head);
  std::uint64_t shown = 0;
  const auto read = for_each_result(*subject->store, server.id, window, [&](const CheckResult& result) {
    const Json json = result_json(result);
    rows.add({{.value = json["time"], .text = moment_text(result.time, subject->question.zone)},
              {.value = json["state"], .text = {}, .colour = state_colour(result.state)},
              {.value = json["latency_us"], .text = latency_text(result.latency_us)},
              {.value = json["code"], .text = {}},
              {.value = json["location"], .text = {}},
              {.value = json["error"], .text = {}},
              {.value = json["retry"], .text = {}},
              {.value = json["detail"], .text = {}}});
    return ++shown != *limit;
  });
  rows.finish();
  if (!read) return failed(printable(read.error().message));
  return kExitDone;
}

}  // namespace nines::tools
