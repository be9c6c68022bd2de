// nines badge NAME: a server's uptime as a picture for a page.
#include <nines/uptime.h>

#include <string>

#include "cli/asking/commands.h"
#include "cli/command/session.h"
#include "show/badge.h"
#include "show/text.h"

namespace nines::tools {

void badge_options(OptionList& options) {
  options.add_options()("label", boost::program_options::value<std::string>()->value_name("TEXT"),
                        "left half (default: uptime)");
}

Outcome badge(const Call& call) {
  auto subject = open_subject(call, call.words[0]);
  if (!subject) return tl::unexpected(subject.error());
  const auto answer =
      uptime(*subject->store, subject->server->id, subject->question.query, {.latency = false, .details = false});
  if (!answer) return failed(printable(answer.error().message));
  write_out(badge_svg(call.text("label").value_or("uptime"), uptime_badge(answer->figures.uptime_ratio)));
  return kExitDone;
}

}  // namespace nines::tools
