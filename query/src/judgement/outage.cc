#include "judgement/outage.h"

namespace nines::query {

void find_outages(std::span<const Span> judged, const Server& server, std::vector<Outage>& out) {
  out.clear();
  for (const Span& span : judged) {
    if (span.state == State::unknown) continue;
    const bool open = !out.empty() && out.back().open;
    if (span.state != State::down) {
      if (!open) continue;
      out.back().open = false;
      out.back().end_seen = span.from_ms == out.back().to_ms;
      continue;
    }
    const bool joins = open || (!out.empty() && span.from_ms - out.back().to_ms <
                                                    server.rules_at(from_ms(span.from_ms)).merge_within.count());
    if (!joins) out.push_back({span.from_ms, span.to_ms, true, true});
    out.back().to_ms = span.to_ms;
    out.back().open = true;
  }
}

}  // namespace nines::query
