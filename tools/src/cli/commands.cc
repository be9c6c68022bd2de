// The table of commands: what each is called, takes and does.
#include "cli/commands.h"

#include <array>

namespace nines::tools {
namespace {

constexpr unsigned kAnswer = kStoreOptions | kFormatOptions | kWindowOptions | kRuleOptions;
constexpr unsigned kList = kStoreOptions | kFormatOptions;

constexpr std::array kCommands{
    Command{"run", "", 0, 0, "check the servers of a configuration, store the results, serve the page",
            "  nines run --config nines.yaml", kStoreOptions, run_options, run},
    Command{"check", "URL", 1, 1, "check a URL once, now",
            "  nines check https://example.org --status 200-299 --latency-below 800ms --timing", kFormatOptions,
            check_options, check},
    Command{"status", "[NAME...]", 0, kManyWords, "how the servers are, each with a heartbeat strip",
            "  nines status --window 7d --sort worst", kAnswer, status_options, status},
    Command{"uptime", "NAME", 1, 1, "uptime, coverage, checks, incidents and latency of a server",
            "  nines uptime site --from 2026-07-01 --to 2026-08-01 --tz Europe/Paris --json", kAnswer, nullptr,
            uptime_command},
    Command{"incidents", "[NAME]", 0, 1, "confirmed outages, with their cause", "  nines incidents --window 30d",
            kAnswer, nullptr, incidents_command, "30d"},
    Command{"latency", "NAME", 1, 1, "percentiles of the response time, or a series of it",
            "  nines latency site --window 7d --phases\n  nines latency site --points 200 -o csv", kAnswer,
            latency_options, latency_command},
    Command{"bars", "[NAME]", 0, 1, "a window cut into buckets or calendar days",
            "  nines bars site --window 90d --by day --tz Europe/Paris", kAnswer, bars_options, bars_command},
    Command{"slo", "NAME", 1, 1, "error budget and burn rates against an objective",
            "  nines slo site --objective 99.9% --window 30d", kAnswer, slo_options, slo_command, "30d"},
    Command{"report", "[NAME...]", 0, kManyWords, "a period, server by server and group by group",
            "  nines report --window 2026-07 --tz Europe/Paris --html > july.html", kAnswer, report_options,
            report_command, "last-month"},
    Command{"top", "", 0, 0, "status again and again, worst first", "  nines top --every 5s", kAnswer, top_options,
            top},
    Command{"points", "NAME", 1, 1, "the results as they are stored, one by one",
            "  nines points site --from -1h\n  nines points site --window 7d -o csv",
            kStoreOptions | kFormatOptions | kWindowOptions, points_options, points},
    Command{"scan", "NAME", 1, 1, "runs of equal results, and with -v what reading them cost",
            "  nines scan site --window 30d -v", kStoreOptions | kFormatOptions | kWindowOptions, nullptr, scan},
    Command{"explain", "QUESTION [NAME]", 1, kManyWords,
            "what answering status, uptime, incidents, latency or bars reads",
            "  nines explain uptime site --window 90d", kAnswer, nullptr, explain},
    Command{"record", "NAME STATE", 2, 2, "store one result: up, degraded, down or unknown",
            "  nines record backup up --latency 12s\n  nines record site down --code 503 --error http_status",
            kStoreOptions, record_options, record},
    Command{"push", "NAME", 1, 1, "report a job's end to a running nines, by the server's token or name",
            "  ./backup.sh; nines push backup --exit-code $?", kNoOptions, push_options, push},
    Command{"import", "FILE...", 1, kManyWords, "take in results from CSV or NDJSON; - is standard input",
            "  nines import results.csv --interval 60s", kStoreOptions, import_options, import_files},
    Command{"export", "[NAME...]", 0, kManyWords, "write results as CSV, NDJSON or OpenMetrics",
            "  nines export site --window 2026-07 --format csv > site.csv", kStoreOptions | kWindowOptions,
            export_options, export_results, ""},
    Command{"demo", "", 0, 0, "make a store with a believable history, to try the commands on",
            "  nines demo --db demo.db\n  nines demo --db demo.db --servers 100 --days 90", kStoreOptions, demo_options,
            demo},
    Command{"server add", "NAME [URL]", 1, 2, "add a server whose results come by record, import or a library",
            "  nines server add backup --interval 24h --group jobs --tag team=ops", kStoreOptions, server_add_options,
            server_add},
    Command{"server list", "", 0, 0, "the servers of the catalog", "  nines server list --json", kList,
            server_list_options, server_list},
    Command{"server show", "NAME", 1, 1, "a server with its rules, maintenance and corrections",
            "  nines server show site --json", kList, nullptr, server_show},
    Command{"server edit", "NAME", 1, 1, "change a server; its rules change from now on",
            "  nines server edit backup --interval 12h\n  nines server edit backup --pause", kStoreOptions,
            server_edit_options, server_edit},
    Command{"server remove", "NAME", 1, 1, "remove a server and all of its history", "  nines server remove backup -y",
            kStoreOptions, yes_option, server_remove},
    Command{"serve", "", 0, 0, "the page and the API over a store that another process may be writing",
            "  nines serve --listen 127.0.0.1:8081", kStoreOptions, serve_options, serve},
    Command{"badge", "NAME", 1, 1, "a badge with a server's uptime, as SVG",
            "  nines badge site --window 30d > site.svg", kStoreOptions | kWindowOptions | kRuleOptions, badge_options,
            badge, "30d"},
    Command{"config check", "FILE", 1, 1, "read a configuration and report every mistake with its place",
            "  nines config check nines.yaml", kNoOptions, nullptr, config_check},
    Command{"info", "", 0, 0, "what the store holds and takes", "  nines info --json", kList, nullptr, info},
    Command{"verify", "", 0, 0, "read and check everything in the store", "  nines verify", kList, nullptr, verify},
    Command{"compact", "", 0, 0, "rewrite the store without what was deleted", "  nines compact", kStoreOptions,
            nullptr, compact},
    Command{"prune", "", 0, 0, "drop the days that retention does not keep", "  nines prune --keep 400d", kStoreOptions,
            prune_options, prune},
    Command{"backup", "DIRECTORY", 1, 1, "copy the store to a new directory", "  nines backup /backup/nines-2026-07-14",
            kStoreOptions, nullptr, backup},
    Command{"restore", "DIRECTORY", 1, 1, "check a copy and make it the store",
            "  nines restore /backup/nines-2026-07-14", kStoreOptions, nullptr, restore},
};

}  // namespace

std::span<const Command> all_commands() {
  return kCommands;
}

}  // namespace nines::tools
