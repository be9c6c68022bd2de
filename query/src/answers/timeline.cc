// The public questions that need a timeline and little else: the timeline itself, and incidents.
#include <nines/timeline.h>

#include <algorithm>
#include <iterator>

#include <nines/incident.h>

#include "answers/bulk.h"
#include "figures/figures.h"
#include "judgement/reader.h"
#include "judgement/spans.h"

namespace nines {

TimePerState time_per_state(const std::vector<Span>& spans, Window window) noexcept {
  TimePerState time;
  const std::int64_t from_ms = to_ms(window.from);
  const std::int64_t to_ms_ = to_ms(window.to);
  for (auto it = query::span_at(spans, from_ms); it != std::span(spans).end() && it->from_ms < to_ms_; ++it) {
    time[it->state] += std::min(it->to_ms, to_ms_) - std::max(it->from_ms, from_ms);
  }
  return time;
}

Result<Timeline> timeline(const Store& store, ServerId server, const Query& query) {
  const auto catalog = store.catalog();
  const auto entry = query::find_server(*catalog, server);
  if (!entry) return tl::unexpected(entry.error());
  query::ServerReader reader;
  if (auto done = reader.read_all(store, **entry, query, {}); !done) return tl::unexpected(done.error());
  return Timeline{server, reader.window(), {reader.spans().begin(), reader.spans().end()}, std::move(reader.explain())};
}

Result<IncidentList> incidents(const Store& store, std::span<const ServerId> servers, const Query& query) {
  const auto catalog = store.catalog();
  std::vector<const Server*> entries;
  for (const ServerId id : servers) {
    const auto entry = query::find_server(*catalog, id);
    if (!entry) return tl::unexpected(entry.error());
    entries.push_back(*entry);
  }
  if (servers.empty()) {
    for (const Server& server : catalog->servers()) entries.push_back(&server);
  }
  std::vector<std::vector<Incident>> found(entries.size());
  const query::BulkOptions options{{.latency = false, .details = true, .since = false}, {}};
  auto read = query::read_many(store, entries, query, options, [&](std::size_t i, query::BulkItem&& item) {
    found[i] = std::move(item.figures.incidents);
  });
  if (!read) return tl::unexpected(read.error());
  IncidentList list;
  list.explain = std::move(*read);
  for (auto& of_server : found) std::move(of_server.begin(), of_server.end(), std::back_inserter(list.incidents));
  std::stable_sort(list.incidents.begin(), list.incidents.end(),
                   [](const Incident& a, const Incident& b) { return a.from < b.from; });
  return list;
}

}  // namespace nines
