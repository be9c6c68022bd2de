// nines export: check results as CSV, NDJSON or OpenMetrics, one server after the other.
#include <fmt/format.h>

#include "cli/command/session.h"
#include "cli/data/commands.h"
#include "exchange/record_line.h"
#include "exchange/results.h"
#include "show/number.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

// As files are: without values and cells between the store and the text.
Outcome export_lines(const Call& call, Format format, const Store& store, const std::vector<const Server*>& servers,
                     Window window) {
  constexpr std::size_t kWriteBytes = 64U << 10U;
  const bool full = call.has("full");
  RecordRows rows(format, full);
  std::string text;
  if (format == Format::csv) {
    for (const Field field : export_fields(full)) text.append(text.empty() ? "" : ",").append(to_string(field));
    text += '\n';
  }
  Progress progress("export", "results", 0, call.terminal, !call.terminal.out_is_terminal && !call.quiet);
  std::uint64_t count = 0;
  const auto write = [&text] {
    write_out(text);
    text.clear();
  };
  for (const Server* server : servers) {
    rows.begin(server->name);
    const auto read = for_each_result(store, server->id, window, [&](const CheckResult& result) {
      rows.add(result, text);
      ++count;
      if (text.size() < kWriteBytes) return true;
      progress.update(0, count);
      write();
      return true;
    });
    if (!read) {
      write();
      return failed(printable(read.error().message));
    }
  }
  write();
  return kExitDone;
}

Outcome export_rows(const Call& call, Format format, const Store& store, const std::vector<const Server*>& servers,
                    Window window) {
  const bool full = call.has("full");
  if (format == Format::csv || format == Format::ndjson) return export_lines(call, format, store, servers, window);
  std::vector<Column> columns;
  for (const Field field : export_fields(full)) columns.push_back({std::string(to_string(field)), {}});
  RowWriter rows(format, call.terminal, std::move(columns), "results");
  Progress progress("export", "results", 0, call.terminal, !call.terminal.out_is_terminal && !call.quiet);
  std::uint64_t count = 0;
  for (const Server* server : servers) {
    const auto read = for_each_result(store, server->id, window, [&](const CheckResult& result) {
      rows.add(record_cells(server->name, result, full));
      progress.update(0, ++count);
      return true;
    });
    if (!read) return failed(printable(read.error().message));
  }
  rows.finish();
  return kExitDone;
}

// A label's value: backslash, quote and line feed are escaped (OpenMetrics 1.0, "escaped-string").
std::string label(std::string_view text) {
  std::string out;
  for (const char c : valid_utf8(text)) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

// Backfill form: a family after the other, each server's points with their times in seconds.
Outcome export_openmetrics(const Store& store, const std::vector<const Server*>& servers, Window window) {
  struct Family {
    const char* name;
    const char* help;
  };
  for (const Family& family : {Family{"probe_success", "1 when the check found its server up or degraded"},
                               Family{"probe_duration_seconds", "response time of the check"}}) {
    const bool success = std::string_view(family.name) == "probe_success";
    write_out(fmt::format("# TYPE {0} gauge\n# HELP {0} {1}\n", family.name, family.help));
    for (const Server* server : servers) {
      const std::string labels = label(server->name);
      const auto read = for_each_result(store, server->id, window, [&](const CheckResult& result) {
        if (result.state == State::unknown || (!success && !result.latency_us)) return true;
        const std::string value =
            success ? (result.state == State::down ? "0" : "1") : format_decimal(*result.latency_us, 1'000'000);
        write_out(fmt::format("{}{{server=\"{}\",location=\"{}\"}} {} {}\n", family.name, labels,
                              static_cast<std::uint16_t>(result.location), value,
                              format_decimal(static_cast<std::uint64_t>(to_ms(result.time)), 1000)));
        return true;
      });
      if (!read) return failed(printable(read.error().message));
    }
  }
  write_out("# EOF\n");
  return kExitDone;
}

}  // namespace

void export_options(OptionList& options) {
  namespace po = boost::program_options;
  auto add = options.add_options();
  add("format", po::value<std::string>()->value_name("FORMAT"), "csv (default), ndjson or openmetrics; instead of -o");
  add("full", "also the columns retry, dns_us, connect_us, tls_us, first_byte_us, transfer_us");
}

Outcome export_results(const Call& call) {
  const std::string format = call.text("format").value_or("csv");
  if (format != "csv" && format != "ndjson" && format != "openmetrics") {
    return usage(fmt::format("--format {}: it takes csv, ndjson or openmetrics", printable(format)));
  }
  const bool asked = call.has("output") || call.has("json");
  if (asked && call.has("format")) return usage("--format and -o exclude each other");
  // Without a window: everything, what lies ahead of this machine's clock included.
  Window window{from_ms(0), kTimeLimit};
  if (call.has("window") || call.has("from") || call.has("to")) {
    const auto question = read_question(call);
    if (!question) return tl::unexpected(question.error());
    window = question->query.window;
  }
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  const auto catalog = (*store)->catalog();
  const auto servers = find_servers(*catalog, call.words);
  if (!servers) return tl::unexpected(servers.error());
  if (format == "openmetrics") return export_openmetrics(**store, *servers, window);
  return export_rows(call,
                     asked             ? call.format
                     : format == "csv" ? Format::csv
                                       : Format::ndjson,
                     **store, *servers, window);
}

}  // namespace nines::tools
