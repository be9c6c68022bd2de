// Latencies of one server: figures, figures of each phase, a series for a plot, and a target.
#include <nines/latency.h>

#include "figures/figures.h"
#include "figures/latency_question.h"
#include "judgement/reader.h"

namespace nines {

Result<LatencyAnswer> latency(const Store& store, ServerId server, const Query& query, const LatencyOptions& options) {
  const auto catalog = store.catalog();
  const auto entry = query::find_server(*catalog, server);
  if (!entry) return tl::unexpected(entry.error());
  query::LatencyQuestion question;
  if (auto begun = question.begin(query, options); !begun) return tl::unexpected(begun.error());
  std::vector<query::ResultSink*> sinks;
  question.add_sinks(sinks);
  query::Reading reading;
  reading.columns = {.latency = true, .phases = options.phases, .details = false};
  reading.sketches = true;
  reading.bucket_edges = question.edges();
  reading.sinks = sinks;
  Query frame = query;
  if (question.needs_results()) frame.summaries = Summaries::never;
  query::ServerReader reader;
  if (auto done = reader.read_all(store, **entry, frame, reading); !done) return tl::unexpected(done.error());
  LatencyAnswer answer = question.answer(reader);
  answer.explain = std::move(reader.explain());
  return answer;
}

}  // namespace nines
