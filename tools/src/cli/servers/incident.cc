// nines incident ack | note: what people say about incidents. It is kept, and nothing takes it back.
#include <fmt/format.h>

#include "cli/command/session.h"
#include "cli/servers/commands.h"
#include "exchange/annotation.h"
#include "show/state_text.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

namespace po = boost::program_options;

Outcome keep(const Call& call, Annotation annotation) {
  Remark remark{std::move(annotation), std::nullopt};
  remark.annotation.author = call.text("by").value_or("");
  if (const auto text = call.text("at")) {
    const auto at = parse_time(*text, {now(), {}});
    if (!at) return usage(fmt::format("--at: {}", printable(at.error().message)));
    remark.at = *at;
  }
  auto store = open_for_writing(call, false);
  if (!store) return tl::unexpected(store.error());
  {
    const auto lock = store->lock_catalog();
    const auto catalog = (*store)->catalog();
    if (auto server = find_server(*catalog, call.words[0]); !server) return tl::unexpected(server.error());
    const auto incident = keep_remark(**store, call.words[0], remark, now());
    if (!incident) return failed(printable(incident.error().message));
    if (!call.quiet) {
      say(fmt::format("noted about the outage of `{}` from {}", printable(call.words[0]),
                      moment_text(incident->from, {})));
    }
  }
  return store->close();
}

}  // namespace

void incident_options(OptionList& options) {
  auto add = options.add_options();
  add("at", po::value<std::string>()->value_name("TIME"), "a moment of the outage (default: the newest outage)");
  add("by", po::value<std::string>()->value_name("WHO"), "who says so");
  add("note", po::value<std::string>()->value_name("TEXT"), "what else there is to say");
}

Outcome incident_ack(const Call& call) {
  Annotation annotation;
  annotation.kind = Annotation::Kind::acknowledged;
  annotation.text = call.text("note").value_or("");
  return keep(call, std::move(annotation));
}

Outcome incident_note(const Call& call) {
  if (call.has("note")) return usage("the note is the second argument; --note goes with `incident ack`");
  if (call.words[1].empty()) return usage("the note is empty");
  Annotation annotation;
  annotation.text = call.words[1];
  return keep(call, std::move(annotation));
}

}  // namespace nines::tools
