#include "report/digest.h"

#include <fmt/format.h>
#include <nines/calendar.h>
#include <nines/overlay.h>
#include <nines/summary.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace nines::tools {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

// SHA-256 of lines of fields, in which nothing can pose as something else: each text goes in behind its length.
class Hash {
 public:
  Hash() { crypto_hash_sha256_init(&state_); }
  void text(std::string_view text) {
    number(static_cast<std::int64_t>(text.size()));
    add(text);
  }
  void number(std::int64_t number) { add(fmt::format("{},", number)); }
  std::string hex() {
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256_final(&state_, digest.data());
    std::string text;
    for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
    return text;
  }

 private:
  void add(std::string_view bytes) {
    crypto_hash_sha256_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  }
  crypto_hash_sha256_state state_;
};

void add_day(Hash& hash, const DaySummary& day) {
  hash.number(day.day);
  for (const DaySeries& series : day.series) {
    hash.number(static_cast<std::uint16_t>(series.location));
    for (const Run& run : series.runs) {
      for (const std::int64_t field :
           {run.first_ms, run.last_ms, std::int64_t{run.count()}, static_cast<std::int64_t>(run.state),
            std::int64_t{run.code}, static_cast<std::int64_t>(run.error), std::int64_t{run.interval_ms}}) {
        hash.number(field);
      }
    }
  }
  for (const std::uint64_t field :
       {day.latency_count, day.latency_sum_us, std::uint64_t{day.latency_min_us}, std::uint64_t{day.latency_max_us}}) {
    hash.number(static_cast<std::int64_t>(field));
  }
}

void add_rules(Hash& hash, const Server& server, Window window) {
  for (std::size_t i = 0; i < server.rules.size(); ++i) {
    const Rules& rules = server.rules[i];
    if (rules.effective_from >= window.to) break;
    if (i + 1 < server.rules.size() && server.rules[i + 1].effective_from <= window.from) continue;
    for (const std::int64_t field :
         {to_ms(rules.effective_from), std::int64_t{rules.interval.count()}, std::int64_t{rules.timeout.count()},
          std::int64_t{rules.confirm_failures}, std::int64_t{rules.confirm_successes}, std::int64_t{rules.quorum},
          std::int64_t{rules.stale_after.count()}, std::int64_t{rules.merge_within.count()}}) {
      hash.number(field);
    }
  }
}

Result<void> add_overlays(Hash& hash, const Server& server, Window window, MaintenancePolicy policy) {
  const auto entries = overlay_entries(server, window, policy);
  if (!entries) return tl::unexpected(entries.error());
  for (const Overlay& entry : *entries) {
    const Window part{std::max(entry.window.from, window.from), std::min(entry.window.to, window.to)};
    if (part.empty()) continue;
    hash.number(static_cast<std::int64_t>(entry.entry.kind));
    hash.number(to_ms(part.from));
    hash.number(to_ms(part.to));
    hash.number(static_cast<std::int64_t>(entry.state));
    hash.text(note_of(server, entry.entry));
  }
  return {};
}

void add_annotations(Hash& hash, const Server& server, const std::vector<Incident>& incidents) {
  for (const Incident& incident : incidents) {
    for (const Annotation& annotation : annotations_of(server, incident)) {
      hash.number(static_cast<std::int64_t>(annotation.kind));
      hash.number(to_ms(annotation.at));
      hash.number(to_ms(annotation.made_at));
      hash.text(annotation.author);
      hash.text(annotation.text);
    }
  }
}

void add_promise(Hash& hash, const Server& server, const std::optional<double>& objective) {
  hash.text(objective ? fmt::format("{}", *objective) : "");
  hash.text(server.level.period);
  hash.text(server.level.hours);
  hash.text(server.level.timezone);
  hash.number(server.level.latency_target.count());
  hash.text(server.level.latency_objective ? fmt::format("{}", *server.level.latency_objective) : "");
}

}  // namespace

Result<Digest> digest_of(const Store& store, const Report& report, const Query& query) {
  const auto catalog = store.catalog();
  Digest digest;
  TimeMs end = report.window.to;
  for (const ReportServer& line : report.servers) {
    for (const Incident& incident : line.figures.incidents) end = std::max(end, incident.to.value_or(query.now));
  }
  const std::int64_t first_day = std::max<std::int64_t>(0, utc_day(to_ms(report.window.from)) - 1);
  const std::int64_t end_day = utc_day(to_ms(end)) + 2;
  digest.days = {from_ms(first_day * kDayMs), from_ms(end_day * kDayMs)};
  Hash results;
  Hash judged;
  for (const ReportServer& line : report.servers) {
    const Server* const server = catalog->find(line.server);
    if (server == nullptr) return fail(ErrorCode::not_found, fmt::format("\"{}\" was removed meanwhile", line.name));
    results.text(server->name);
    auto days = store.days(line.server, {first_day, end_day}, false);
    if (!days) return tl::unexpected(days.error());
    while (true) {
      const auto day = (*days)->next();
      if (!day) return tl::unexpected(day.error());
      if (*day == nullptr) break;
      add_day(results, **day);
    }
    judged.text(server->name);
    judged.number(to_ms(server->created_at));
    add_rules(judged, *server, report.window);
    if (auto added = add_overlays(judged, *server, report.window, query.policy.maintenance); !added) {
      return tl::unexpected(added.error());
    }
    add_promise(judged, *server, line.objective);
    add_annotations(judged, *server, line.figures.incidents);
  }
  digest.results = results.hex();
  digest.catalog = judged.hex();
  return digest;
}

}  // namespace nines::tools
