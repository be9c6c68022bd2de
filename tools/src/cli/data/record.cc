// nines record: one result by hand, from a script or a cron job.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/command/session.h"
#include "cli/data/commands.h"
#include "exchange/record_line.h"
#include "show/number.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {

void record_options(OptionList& options) {
  namespace po = boost::program_options;
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  auto add = options.add_options();
  add("time", text("TIME"), "when it was measured (default now)");
  add("latency", text("SPAN"), "response time, e.g. 81ms");
  add("code", text("N"), "HTTP status or the protocol's own");
  add("location", text("N"), "number of the place it was measured from (default 0)");
  add("interval", text("SPAN"), "interval in force, where the server's own is not");
  add("error", text("CLASS"), "error class: dns, connect_refused, timeout, http_status ...");
  add("detail", text("TEXT"), "a line for a person");
  add("no-create", "refuse a server that is not in the catalog");
  add("disk", "return only when the result would survive a power cut");
}

namespace {

// The options as the texts of a line of CSV, so that both follow the same rules.
Outcome read_texts(const Call& call, RecordTexts& texts) {
  texts.keep(Field::server, call.words[0]);
  texts.keep(Field::state, call.words[1]);
  const auto time = parse_time(call.text("time").value_or("now"), {now(), {}});
  if (!time) return usage(fmt::format("--time: {}", printable(time.error().message)));
  texts.keep(Field::time, format_time(*time));
  if (const auto latency = call.text("latency")) {
    // Durations go down to milliseconds; `81.5ms` keeps its decimals here.
    const bool ms = latency->ends_with("ms");
    const auto us = ms ? parse_decimal(std::string_view(*latency).substr(0, latency->size() - 2), 1000, kMaxLatencyUs)
                       : std::nullopt;
    const auto duration = ms ? Result<std::chrono::milliseconds>() : parse_duration(*latency);
    if (ms ? !us : !duration) return usage(fmt::format("--latency {}: it takes a span like 81ms", printable(*latency)));
    texts.keep(Field::latency_us, fmt::to_string(ms ? *us : static_cast<std::uint64_t>(duration->count()) * 1000));
  }
  if (const auto interval = call.text("interval")) {
    const auto duration = parse_duration(*interval);
    if (!duration) return usage(fmt::format("--interval: {}", printable(duration.error().message)));
    texts.keep(Field::interval_s, format_decimal(static_cast<std::uint64_t>(duration->count()), 1000));
  }
  for (const auto& [option, field] : {std::pair{"code", Field::code}, std::pair{"location", Field::location},
                                      std::pair{"error", Field::error}, std::pair{"detail", Field::detail}}) {
    texts.keep(field, call.text(option).value_or(""));
  }
  return kExitDone;
}

}  // namespace

Outcome record(const Call& call) {
  RecordTexts texts;
  if (auto read = read_texts(call, texts); !read) return read;
  auto parsed = parse_record(texts, now() + std::chrono::hours{24});
  if (!parsed) return usage(parsed.error().message);
  auto store = open_for_writing(call, true);
  if (!store) return tl::unexpected(store.error());
  auto lock = store->lock_catalog();
  const auto catalog = (*store)->catalog();
  if (const Server* server = catalog->find(parsed->server); server != nullptr) {
    parsed->result.server = server->id;
    if (parsed->result.time < server->created_at) {
      Server earlier = *server;
      earlier.created_at = parsed->result.time;
      if (auto saved = (*store)->update_server(earlier); !saved) return failed(printable(saved.error().message));
    }
  } else if (call.has("no-create")) {
    return tl::unexpected(find_server(*catalog, std::string(parsed->server)).error());
  } else {
    Server added;
    added.name = parsed->server;
    added.created_at = parsed->result.time;
    auto id = (*store)->add_server(added);
    if (!id) return failed(printable(id.error().message));
    parsed->result.server = *id;
    if (!call.quiet) say(fmt::format("added the server `{}`", printable(parsed->server)));
  }
  if (lock) lock.unlock();
  const Durability durability = call.has("disk") ? Durability::disk : Durability::process;
  if (auto stored = (*store)->append(parsed->result, durability); !stored) {
    return failed(printable(stored.error().message));
  }
  return store->close();
}

}  // namespace nines::tools
