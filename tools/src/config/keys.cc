#include "config/keys.h"

#include <fmt/format.h>
#include <nines/alert.h>
#include <nines/calendar.h>
#include <nines/check_spec.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <deque>
#include <iterator>
#include <map>
#include <vector>

namespace nines::tools {
namespace {

using Takes = ConfigKey::Takes;

constexpr std::int64_t kSecond = 1'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kDay = 86'400 * kSecond;
constexpr std::int64_t kMonth = 31 * kDay;
constexpr std::int64_t kMostDays = 36'525;  // a century

constexpr std::array kTop{
    ConfigKey{"servers", Takes::other, 0, 0, "a list of servers", "", "what is checked, or reports in; must be there"},
    ConfigKey{"store", Takes::other, 0, 0, "a mapping", "", "where results are kept, and for how long"},
    ConfigKey{"backup", Takes::other, 0, 0, "a mapping", "none", "backups that are made by themselves"},
    ConfigKey{"web", Takes::other, 0, 0, "a mapping", "", "the page"},
    ConfigKey{"prober", Takes::other, 0, 0, "a mapping", "", "how checks are made"},
    ConfigKey{"alerts", Takes::other, 0, 0, "a list of alerts", "", "who is told"},
    ConfigKey{"x-*", Takes::other, 0, 0, "anything", "",
              "says nothing: a place for what is merged in elsewhere by `<<`"},
};

constexpr std::array kServer{
    ConfigKey{"name", Takes::text, 0, 0, "1 to 200 bytes without control characters", "", "unique; must be there"},
    ConfigKey{"group", Takes::text, 0, 0, "", "", "group of the dashboard"},
    ConfigKey{"tags", Takes::other, 0, 0, "a mapping of texts", "", "to filter by, like {team: web}"},
    ConfigKey{"interval", Takes::duration, 100, kMonth, "", "60s", "time between checks"},
    ConfigKey{"confirm", Takes::other, 0, 0, "a mapping", "", "what confirms an outage and its end"},
    ConfigKey{"stale-after", Takes::duration, 0, kMonth, "", "2.5 x interval + timeout", "how long a result holds"},
    ConfigKey{"merge-within", Takes::duration, 0, kMonth, "", "0s", "outages closer than this are one"},
    ConfigKey{"quorum", Takes::integer, 1, 65'535, "", "the majority", "locations that must be down"},
    ConfigKey{"objective", Takes::other, 0, 0, "a ratio like 99.9% or 0.999, or a mapping", "",
              "what is promised of it"},
    ConfigKey{"maintenance", Takes::other, 0, 0, "a list of mappings", "", "time that is planned not to count"},
    ConfigKey{"retention", Takes::other, 1, kMostDays, "days like 400d, or a mapping", "the store's",
              "how long its results are kept"},
    ConfigKey{"enabled", Takes::boolean, 0, 0, "", "true", "false: it is as if it were not there, but for its name"},
    ConfigKey{"push", Takes::other, 0, 0, "a mapping", "", "a job that reports in, instead of being checked"},
    ConfigKey{"alerts", Takes::texts, 0, 0, "names of alerts", "all", "which alerts hear of it"},
};

constexpr std::array kConfirm{
    ConfigKey{"failures", Takes::integer, 1, 1'000, "", "2, for push 1", "failures in a row that confirm an outage"},
    ConfigKey{"successes", Takes::integer, 1, 1'000, "", "1", "successes in a row that end one"},
};

constexpr std::array kObjective{
    ConfigKey{"uptime", Takes::other, 0, 0, "a ratio like 99.9% or 0.999", "", "service level objective"},
    ConfigKey{"period", Takes::other, 0, 0, "month, another calendar unit, or days as 30d", "month",
              "what its budget is for"},
    ConfigKey{"hours", Takes::other, 0, 0, "service hours like \"mon-fri 08:00-18:00\"", "always",
              "when it is promised"},
    ConfigKey{"timezone", Takes::text, 0, 0, "an IANA name", "UTC", "of period and hours"},
    ConfigKey{"latency", Takes::duration, 1, kMonth, "", "", "a response within it is good"},
    ConfigKey{"within", Takes::other, 0, 0, "a ratio like 95% or 0.95", "", "share of responses that are to be"},
};

constexpr std::array kRetention{
    ConfigKey{"checks", Takes::days, 1, kMostDays, "", "the store's", "of results"},
    ConfigKey{"summaries", Takes::days, 1, kMostDays, "", "the store's", "of day summaries"},
};

constexpr std::array kMaintenance{
    ConfigKey{"every", Takes::other, 0, 0, "day, weekdays, weekend, month, or days like sunday", "",
              "again and again; without it once"},
    ConfigKey{"from", Takes::other, 0, 0, "a time, with `every` a time of day like \"02:00\"", "", "its beginning"},
    ConfigKey{"to", Takes::other, 0, 0, "a time", "", "its end"},
    ConfigKey{"for", Takes::duration, kMinute, 7 * kDay, "", "1h", "or how long it lasts"},
    ConfigKey{"timezone", Takes::text, 0, 0, "an IANA name", "UTC", "of the times"},
    ConfigKey{"day", Takes::integer, 1, 31, "", "1", "of the month, with `every: month`"},
    ConfigKey{"note", Takes::text, 0, 0, "", "", "a line for a person"},
};

constexpr std::array kPush{
    ConfigKey{"token", Takes::text, 0, 0, "", "the server's name", "secret name to report under"},
    ConfigKey{"grace", Takes::duration, 1, kMonth, "", "a tenth of the interval", "how late a report may come"},
    ConfigKey{"cron", Takes::text, 0, 0, "five fields, or @daily and the like", "", "when reports are due"},
    ConfigKey{"on-calendar", Takes::text, 0, 0, "as in systemd.time(7)", "", "likewise"},
    ConfigKey{"timezone", Takes::text, 0, 0, "an IANA name", "UTC", "of cron and on-calendar"},
    ConfigKey{"latency-below", Takes::duration, 1, kMonth, "", "", "runs that take longer are degraded"},
    ConfigKey{"max-runtime", Takes::duration, 1, kMonth, "", "", "runs that take longer are down"},
};

constexpr std::array kStore{
    ConfigKey{"path", Takes::text, 0, 0, "a directory", "nines.db", "of the store"},
    ConfigKey{"retention", Takes::days, 1, kMostDays, "", "for ever", "how long results are kept"},
    ConfigKey{"summary-retention", Takes::days, 1, kMostDays, "", "for ever", "how long day summaries are kept"},
    ConfigKey{"max-size", Takes::bytes, 0, 0, "", "no cap", "the oldest days go when the store is larger"},
    ConfigKey{"memory", Takes::bytes, 0, 0, "", "128MiB", "for the newest results"},
};

constexpr std::array kBackup{
    ConfigKey{"to", Takes::text, 0, 0, "a directory outside of the store", "",
              "one backup beside the other; must be there"},
    ConfigKey{"every", Takes::duration, 60'000, 366 * kDay, "", "24h", "time between two"},
    ConfigKey{"keep", Takes::integer, 1, 10'000, "", "7", "how many stay, the newest ones"},
    ConfigKey{"server", Takes::text, 0, 0, "the name of a server with `push`", "",
              "is down, and told, when one fails or none is made in time"},
};

constexpr std::array kWeb{
    ConfigKey{"listen", Takes::other, 0, 0, "an address and port, unix:PATH, or off", "127.0.0.1:8080",
              "where the page is"},
    ConfigKey{"tls", Takes::other, 0, 0, "a mapping", "plain HTTP", "the page speaks HTTPS"},
    ConfigKey{"hosts", Takes::texts, 0, 0, "host names", "", "names that the page answers to, besides its own"},
    ConfigKey{"base", Takes::other, 0, 0, "a path like /status", "", "the page's path behind a proxy"},
    ConfigKey{"trusted-proxies", Takes::texts, 0, 0, "addresses, networks, or `unix`", "",
              "whose X-Forwarded headers hold"},
    ConfigKey{"timezone", Takes::text, 0, 0, "an IANA name", "the reader's, and UTC days",
              "of the pages' days and times, unless one asks for another by tz"},
    ConfigKey{"users", Takes::other, 0, 0, "a list of users", "", "who may log in"},
    ConfigKey{"anonymous", Takes::words, 0, 0, "none, view, push or admin", "by what else is set",
              "what may be done without logging in"},
    ConfigKey{"tokens", Takes::other, 0, 0, "a list of tokens", "", "what programs may do"},
    ConfigKey{"insecure", Takes::boolean, 0, 0, "", "false", "listen beyond this machine without users or tokens"},
    ConfigKey{"cors", Takes::texts, 0, 0, "origins", "", "whose pages may read the API"},
    ConfigKey{"status", Takes::other, 0, 0, "a list of pages", "", "status pages that everybody may see"},
    ConfigKey{"services", Takes::other, 0, 0, "a list of services", "", "what is made of servers, with a page each"},
};

constexpr std::array kWebUser{
    ConfigKey{"name", Takes::text, 0, 0, "without a colon", "", "must be there"},
    ConfigKey{"password", Takes::text, 0, 0, "a hash of Argon2id", "", "as `argon2 SALT -id -e` prints it"},
    ConfigKey{"role", Takes::words, 0, 0, "view, push or admin", "view", "what may be done"},
};

constexpr std::array kWebToken{
    ConfigKey{"name", Takes::text, 0, 0, "without a colon", "", "must be there"},
    ConfigKey{"sha256", Takes::text, 0, 0, "64 hexadecimal digits", "", "of the token"},
    ConfigKey{"role", Takes::words, 0, 0, "view, push or admin", "view", "what may be done"},
};

constexpr std::array kWebTls{
    ConfigKey{"certificate", Takes::text, 0, 0, "a PEM file", "",
              "the certificate, its intermediates behind it; must be there"},
    ConfigKey{"key", Takes::text, 0, 0, "a PEM file without a passphrase", "", "must be there"},
};

constexpr std::array kWebService{
    ConfigKey{"name", Takes::text, 0, 0, "without a colon", "", "must be there"},
    ConfigKey{"of", Takes::text, 0, 0, "servers, like all(web, any(db1, db2), 2 of (a, b, c))", "", "must be there"},
    ConfigKey{"objective", Takes::other, 0, 0, "a ratio like 99.9% or 0.999", "", "service level objective"},
};

constexpr std::array kProber{
    ConfigKey{"location", Takes::integer, 0, 65'535, "", "0", "number of the place that results are stored under"},
    ConfigKey{"user-agent", Takes::text, 0, 0, "", "nines/0.1", "of HTTP checks"},
    ConfigKey{"dns-servers", Takes::texts, 0, 0, "addresses", "the system's", "who is asked for names"},
    ConfigKey{
        "references", Takes::texts, 0, 0, "URLs of checks", "",
        "while none answers, failures are this machine's own trouble; one by its name notices a silent resolver too"},
    ConfigKey{"max-in-flight", Takes::integer, 1, 100'000, "", "2000", "checks at one moment"},
    ConfigKey{"max-in-flight-per-host", Takes::integer, 1, 100'000, "", "500", "of these to one host name"},
    ConfigKey{"start-rate", Takes::integer, 1, 100'000, "", "100", "first checks a second after the start"},
};

constexpr std::array kAlert{
    ConfigKey{"name", Takes::text, 0, 0, "", "the command, or the host", "unique and lasting"},
    ConfigKey{"exec", Takes::texts, 0, 0, "a program and its arguments", "", "told by a program"},
    ConfigKey{"webhook", Takes::other, 0, 0, "a URL, {environment: NAME} or {file: PATH}", "", "or by a request"},
    ConfigKey{"headers", Takes::other, 0, 0, "a mapping of texts or secrets", "", "of the webhook"},
    ConfigKey{"body-template", Takes::text, 0, 0, "", "the JSON object", "of the webhook, with {{field}}"},
    ConfigKey{"content-type", Takes::text, 0, 0, "", "application/json", "of the webhook"},
    ConfigKey{"on", Takes::texts, 0, 0, "down, degraded, certificate, budget", "down", "what it hears of"},
    ConfigKey{"groups", Takes::texts, 0, 0, "names of groups", "all", "of the servers that it hears of"},
    ConfigKey{"after", Takes::duration, 0, kMonth, "", "0s", "it hears only of what lasts so long"},
    ConfigKey{"quiet", Takes::other, 0, 0, "a list like that of maintenance", "",
              "when it hears of nothing; what lasts is told afterwards"},
    ConfigKey{"send-resolved", Takes::boolean, 0, 0, "", "true", "whether it hears of the end"},
    ConfigKey{"remind-every", Takes::duration, kSecond, kMonth, "", "never", "while it lasts"},
    ConfigKey{"timeout", Takes::duration, 1, 10 * kMinute, "", "10s", "of one delivery"},
};

constexpr std::array kSecret{
    ConfigKey{"environment", Takes::text, 0, 0, "a variable's name", "", "read at each delivery"},
    ConfigKey{"file", Takes::text, 0, 0, "a path", "", "likewise"},
};

constexpr std::array kSections{
    ConfigSection{"top", "", "The file itself.", kTop},
    ConfigSection{"server", "servers[]", "A server. The keys of its check stand beside these, below.", kServer},
    ConfigSection{"confirm", "servers[].confirm", "What confirms an outage.", kConfirm},
    ConfigSection{"objective", "servers[].objective", "What is promised of a server.", kObjective},
    ConfigSection{"retention", "servers[].retention", "How long a server's data is kept.", kRetention},
    ConfigSection{"maintenance", "servers[].maintenance[]", "Planned maintenance.", kMaintenance},
    ConfigSection{"push", "servers[].push", "A job that reports in.", kPush},
    ConfigSection{"store", "store", "The store.", kStore},
    ConfigSection{"backup", "backup", "Backups of the store, each a store of its own that shares what has not changed.",
                  kBackup},
    ConfigSection{"web", "web", "The page; SECURITY.md tells who may see it.", kWeb},
    ConfigSection{"web tls", "web.tls", "TLS 1.2 and 1.3. The files are read again by each reload.", kWebTls},
    ConfigSection{"web user", "web.users[]", "Somebody who may log in.", kWebUser},
    ConfigSection{"web token", "web.tokens[]", "A program's permission.", kWebToken},
    ConfigSection{"web service", "web.services[]", "A service made of servers, as `nines service` takes it.",
                  kWebService},
    ConfigSection{"prober", "prober", "How checks are made.", kProber},
    ConfigSection{"alert", "alerts[]", "Who is told; prober/ALERTS.md has the messages.", kAlert},
    ConfigSection{"secret", "alerts[].webhook, alerts[].headers.NAME", "A text that stays out of the file.", kSecret},
};

/// The sections, with those of the channels of alerts, whose keys are the prober's.
class Sections {
 public:
  Sections() {
    std::vector<ConfigKey>& alert = keys_.emplace_back(std::begin(kAlert), std::end(kAlert));
    for (const AlertChannel& channel : alert_channels()) {
      alert.push_back({channel.name, Takes::other, 0, 0, "a mapping, below", "", channel.help});
    }
    for (ConfigSection section : kSections) {
      if (section.name == "alert") section.keys = alert;
      all_.push_back(section);
    }
    for (const AlertChannel& channel : alert_channels()) add(channel);
  }

  [[nodiscard]] std::span<const ConfigSection> all() const noexcept { return all_; }

 private:
  void add(const AlertChannel& channel) {
    std::vector<ConfigKey>& keys = keys_.emplace_back();
    for (const AlertSetting& setting : channel.settings) {
      keys.push_back({setting.name, Takes::other, 0, 0,
                      setting.number ? "a whole number, or a secret" : "a text, {environment: NAME} or {file: PATH}",
                      setting.needed ? "must be there" : setting.usual, setting.help});
    }
    const std::string& name = names_.emplace_back(fmt::format("alert {}", channel.name));
    const std::string& place = names_.emplace_back(fmt::format("alerts[].{}", channel.name));
    all_.push_back({name, place, channel.help, keys});
  }

  std::deque<std::vector<ConfigKey>> keys_;
  std::deque<std::string> names_;
  std::vector<ConfigSection> all_;
};

const ConfigSection& section_of(std::string_view name) {
  const auto sections = config_sections();
  const auto found = std::find_if(sections.begin(), sections.end(),
                                  [name](const ConfigSection& section) { return section.name == name; });
  assert(found != sections.end());
  return *found;
}

/// A text within a cell of a table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string check_rows(std::string_view section) {
  std::string text = "| key | takes | without it | what it is |\n|---|---|---|---|\n";
  for (const CheckSpecKey& key : check_spec_keys()) {
    if (key.section != section) continue;
    const bool none = key.usual.empty() || key.usual == "null" || key.usual == "\"\"" || key.usual == "[]";
    text += fmt::format("| `{}` | {} | {} | {} |\n", key.name, cell(key.form), none ? "" : "`" + cell(key.usual) + "`",
                        cell(key.help));
  }
  return text;
}

}  // namespace

std::span<const ConfigSection> config_sections() {
  static const Sections sections;
  return sections.all();
}

const std::vector<std::string_view>& key_names(std::string_view section) {
  static const auto all = [] {
    std::map<std::string_view, std::vector<std::string_view>> names;
    for (const ConfigSection& each : config_sections()) {
      for (const ConfigKey& key : each.keys) names[each.name].push_back(key.name);
    }
    return names;
  }();
  const auto found = all.find(section);
  assert(found != all.end());
  return found->second;
}

const ConfigKey& config_key(std::string_view section, std::string_view key) {
  const auto keys = section_of(section).keys;
  const auto found = std::find_if(keys.begin(), keys.end(), [key](const ConfigKey& each) { return each.name == key; });
  assert(found != keys.end());
  return *found;
}

std::string takes_text(const ConfigKey& key) {
  const auto span = [](std::int64_t ms) { return ms == 0 ? "0s" : format_duration(std::chrono::milliseconds{ms}); };
  switch (key.takes) {
    case Takes::duration:
      return fmt::format("a duration from {} to {}", span(key.least), span(key.most));
    case Takes::days:
      return fmt::format("days from {}d to {}d", key.least, key.most);
    case Takes::integer:
      return fmt::format("a whole number from {} to {}", key.least, key.most);
    case Takes::bytes:
      return "a size like 64MiB";
    case Takes::boolean:
      return "true or false";
    case Takes::texts:
      return fmt::format("{}, or a single one", key.form.empty() ? "a list of texts" : key.form);
    case Takes::text:
      return std::string(key.form.empty() ? "a text" : key.form);
    case Takes::words:
    case Takes::other:
      break;
  }
  return std::string(key.form);
}

std::optional<std::chrono::milliseconds> read_duration(const YAML::Node& node, const ConfigKey& key,
                                                       Problems& problems) {
  return read_duration(node, key.name, std::chrono::milliseconds{key.least}, std::chrono::milliseconds{key.most},
                       problems);
}

std::optional<std::int64_t> read_integer(const YAML::Node& node, const ConfigKey& key, Problems& problems) {
  return read_integer(node, key.name, key.least, key.most, problems);
}

std::string config_reference() {
  std::string text =
      "# The configuration\n\n"
      "The file that `nines run --config FILE` reads, YAML, made from the tables that it is read by: `nines config "
      "reference` prints this page,\n`nines config keys` the same as a table. `nines config check FILE` names every "
      "mistake with its place. Durations are written like 90s, 5m,\n24h; `${NAME}` stands for a variable of the "
      "environment, `${NAME:-text}` for the text where it is not set, `$$` for a dollar. `<<: *anchor` merges a "
      "mapping "
      "into another.\nSIGHUP reads the file again.\n";
  for (const ConfigSection& section : config_sections()) {
    text += fmt::format("\n## {}\n\n{}\n\n| key | takes | without it | what it is |\n|---|---|---|---|\n",
                        section.place.empty() ? "Top" : fmt::format("`{}`", section.place), section.help);
    for (const ConfigKey& key : section.keys) {
      text +=
          fmt::format("| `{}` | {} | {} | {} |\n", key.name, cell(takes_text(key)), cell(key.usual), cell(key.help));
    }
    if (section.name != "server") continue;
    text += "\nThe check, by the scheme of its `url`:\n\n" + check_rows("");
    text += "\n`timeouts`:\n\n" + check_rows("timeouts");
    text += "\n`expect`:\n\n" + check_rows("expect");
  }
  return text;
}

}  // namespace nines::tools
