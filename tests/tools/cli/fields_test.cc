// tools/FIELDS.md against what the commands print: every field in JSON and NDJSON with its type, every header of CSV.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/command/command.h"
#include "show/output.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::IsEmpty;

struct Section {
  std::vector<std::pair<std::string, std::string>> fields;  // name and type
  std::string csv;
  std::string ndjson;
};

class Document {
 public:
  Document() {
    static const std::regex kRow(R"(\| `([^`]+)` \| ([^|]+) \|.*)");
    std::istringstream lines(read_file(std::string(NINES_SOURCE_DIR) + "/tools/FIELDS.md"));
    Section* section = nullptr;
    for (std::string line; std::getline(lines, line);) {
      std::smatch row;
      if (line.starts_with("## ")) {
        const std::string name = line.substr(3);
        EXPECT_FALSE(sections.contains(name)) << name;
        section = &sections[name];
      } else if (section == nullptr) {
        continue;
      } else if (std::regex_match(line, row, kRow)) {
        section->fields.emplace_back(row[1], row[2]);
      } else if (line.starts_with("CSV: `")) {
        section->csv = line.substr(6, line.size() - 7);
      } else if (line.starts_with("NDJSON: ")) {
        section->ndjson = line.substr(8);
      }
    }
  }

  /// What is wrong with `value` as something of `type`; `where` names it.
  void check(const Json& value, std::string type, const std::string& where, std::vector<std::string>& wrong) {
    if (type.starts_with("maybe ")) type = type.substr(6);
    if (type.ends_with("?")) {
      if (value.is_null()) return;
      type.pop_back();
    }
    static const std::regex kTime(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)");
    const bool fits = type == "text"      ? value.is_string()
                      : type == "time"    ? value.is_string() && std::regex_match(value.get<std::string>(), kTime)
                      : type == "integer" ? value.is_number_integer()
                      : type == "number"  ? value.is_number()
                      : type == "flag"    ? value.is_boolean()
                      : type == "any"     ? true
                      : type[0] == '['    ? value.is_array()
                                          : value.is_object();
    if (!fits) return wrong.push_back(where + " is " + value.dump() + ", no " + type);
    if (type[0] == '[') {
      const std::string of = type.substr(1, type.size() - 2);
      for (const Json& each : value) check(each, of, where + "[]", wrong);
    } else if (type[0] == '{') {
      const std::string of = type.substr(1, type.size() - 2);
      for (const Json& each : value) check(each, of, where + ".*", wrong);
    } else if (value.is_object()) {
      check_object(value, type, where, wrong);
    }
  }

  void check_object(const Json& value, const std::string& name, const std::string& where,
                    std::vector<std::string>& wrong) {
    const auto found = sections.find(name);
    if (found == sections.end()) return wrong.push_back("there is no section " + name);
    used.insert(name);
    std::set<std::string> known;
    for (const auto& [field, type] : found->second.fields) {
      known.insert(field);
      if (value.contains(field)) {
        check(value[field], type, where + "." + field, wrong);
      } else if (!type.starts_with("maybe ")) {
        wrong.push_back(where + " has no " + field);
      }
    }
    for (const auto& [key, each] : value.items()) {
      if (!known.contains(key)) wrong.push_back(where + " has " + key + ", which " + name + " does not tell of");
    }
  }

  std::map<std::string, Section> sections;
  std::set<std::string> used;
};

class PrintedFields : public ::testing::Test {
 protected:
  struct Asked {
    std::string section;
    std::vector<std::string> arguments;
  };

  void SetUp() override {
    ASSERT_EQ(nines({"demo", "--db", db(), "--servers", "2", "--days", "10", "-q"}).code, 0);
    for (const std::vector<std::string>& step : std::vector<std::vector<std::string>>{
             {"server", "add", "idle"},
             {"server", "edit", "payments", "--service-hours", "mon-sun 00:00-24:00", "--latency-target", "300ms",
              "--latency-objective", "95%", "--tag", "team=web", "--url", "https://example.org/"},
             {"server", "edit", "sensor", "--pause"},
             {"correct", "payments", "--from", "-30h", "--to", "-29h", "--as", "up", "--note", "probe was cut off"},
             {"incident", "ack", "payments", "--by", "ann", "--note", "seen"},
             {"maintenance", "add", "payments", "--every", "sunday", "--from", "02:00", "--for", "1h"},
             {"backup", dir_.path("copy")},
             {"backup", "--keep", "2", dir_.path("backups")},
             {"record", "payments", "up"}}) {
      std::vector<std::string> arguments = step;
      arguments.insert(arguments.end(), {"-q", "--db", db()});
      const Finished done = nines(arguments);
      ASSERT_EQ(done.code, 0) << step[0] << done.err;
    }
  }
  [[nodiscard]] std::string db() const { return dir_.path("db"); }
  [[nodiscard]] Finished run(std::vector<std::string> arguments, const std::string& format) const {
    arguments.insert(arguments.end(), {"-o", format});
    return nines(arguments, "", {"NINES_DB=" + db()});
  }
  [[nodiscard]] std::vector<Asked> asked() const {
    return {{"nines status", {"status"}},
            {"nines status", {"status", "--groups", "--window", "30d"}},
            {"nines uptime", {"uptime", "payments"}},
            {"nines uptime", {"uptime", "api", "--hours", "mon-fri 08:00-18:00"}},
            {"nines uptime", {"uptime", "idle"}},
            {"nines uptime --why", {"uptime", "payments", "--why", "--window", "2d"}},
            {"nines uptime --compare", {"uptime", "payments", "--compare", "previous"}},
            {"nines uptime --compare", {"uptime", "idle", "--compare", "previous"}},
            {"nines incidents", {"incidents"}},
            {"nines latency", {"latency", "payments", "--phases"}},
            {"nines latency", {"latency", "idle"}},
            {"nines latency --points", {"latency", "payments", "--points", "4", "--phases"}},
            {"nines latency --baseline", {"latency", "www", "--baseline"}},
            {"nines bars", {"bars", "--count", "4"}},
            {"nines bars NAME", {"bars", "payments", "--by", "day", "--window", "3d"}},
            {"nines slo", {"slo", "payments"}},
            {"nines service", {"service", "all(payments, any(search, checkout))", "--objective", "99.9%"}},
            {"nines report", {"report", "--window", "3d"}},
            {"nines points", {"points", "payments", "--window", "2h"}},
            {"nines tail", {"tail", "-n", "50"}},
            {"nines export", {"export", "payments", "--window", "2h"}},
            {"nines scan", {"scan", "payments", "--window", "3d"}},
            {"nines scan --runs", {"scan", "payments", "--runs"}},
            {"nines explain", {"explain", "status"}},
            {"nines explain", {"explain", "uptime", "payments", "--window", "30d"}},
            {"nines explain", {"explain", "report", "--estimate"}},
            {"nines check", {"check", "tcp://127.0.0.1:1"}},
            {"nines server list", {"server", "list"}},
            {"nines server show", {"server", "show", "payments"}},
            {"nines server show", {"server", "show", "sensor"}},
            {"nines maintenance list", {"maintenance", "list"}},
            {"nines config keys", {"config", "keys"}},
            {"nines info", {"info"}},
            {"nines info --servers", {"info", "--servers"}},
            {"nines verify", {"verify"}},
            {"nines verify BACKUP", {"verify", dir_.path("copy")}},
            {"nines verify BACKUP", {"verify", dir_.path("backups")}},
            {"nines diff", {"diff", db(), dir_.path("copy")}},
            {"nines compare", {"compare", "--with", kuma()}}};
  }
  /// A store of Uptime Kuma with a monitor that has the name of one of ours.
  [[nodiscard]] std::string kuma() const {
    const std::string path = dir_.path("kuma.db");
    sqlite3* database = nullptr;
    EXPECT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
    EXPECT_EQ(
        sqlite3_exec(database,
                     "CREATE TABLE monitor (id INTEGER, name TEXT, type TEXT);"
                     "CREATE TABLE heartbeat (id INTEGER, monitor_id INTEGER, status INTEGER, time TEXT, msg TEXT, "
                     "ping INTEGER, duration INTEGER);"
                     "INSERT INTO monitor VALUES (1, 'payments', 'http');"
                     "INSERT INTO heartbeat VALUES (1, 1, 1, strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 hour'), "
                     "'200 - OK', 80, 60)",
                     nullptr, nullptr, nullptr),
        SQLITE_OK)
        << sqlite3_errmsg(database);
    sqlite3_close(database);
    return path;
  }

  /// Compares one command in all formats with its section.
  void compare(Document& document, const Asked& ask, std::vector<std::string>& wrong) const {
    const std::string name = ask.section;
    ASSERT_TRUE(document.sections.contains(name)) << name;
    const Section section = document.sections[name];
    std::string where = name;
    for (const std::string& argument : ask.arguments) where += argument.starts_with('/') ? "" : ' ' + argument;
    const Finished json = run(ask.arguments, "json");
    document.check(Json::parse(json.out, nullptr, false), name, where, wrong);
    std::istringstream lines(run(ask.arguments, "ndjson").out);
    for (std::string line; std::getline(lines, line);) {
      document.check(Json::parse(line, nullptr, false), section.ndjson.empty() ? name : section.ndjson,
                     where + " -o ndjson", wrong);
    }
    if (ask.arguments.back() == "--groups" || where.find("--groups") != std::string::npos) return;
    const Finished csv = run(ask.arguments, "csv");
    const std::string header = csv.code == 2 ? "" : csv.out.substr(0, csv.out.find('\n'));
    // Those that an option or an entry brings stand behind the others.
    if (header != section.csv && (section.csv.empty() || !header.starts_with(section.csv + ","))) {
      wrong.push_back(where + " has the header " + header);
    }
  }
  TempDir dir_;
};

TEST_F(PrintedFields, AreThoseOfTheDocument) {
  Document document;
  ASSERT_GT(document.sections.size(), 60U);
  std::vector<std::string> wrong;
  for (const Asked& ask : asked()) compare(document, ask, wrong);
  {
    // As a running nines tells them, and as a damaged store makes them.
    const std::string config = dir_.write("nines.yaml",
                                          "servers:\n  - {name: job, url: \"push:\", push: {}, interval: 1h}\nstore: "
                                          "{path: " +
                                              db() + "}\nweb: {listen: off}\n");
    Program owner({"run", "--config", config});
    ASSERT_TRUE(owner.says("checking"));
    compare(document, {"nines info", {"info"}}, wrong);
    owner.signal(SIGTERM);
    EXPECT_EQ(owner.wait().code, 0);
  }
  ASSERT_EQ(nines({"compact", "-q", "--db", db()}).code, 0);
  std::filesystem::path largest;
  for (const auto& entry : std::filesystem::directory_iterator(db())) {
    if (entry.path().extension() != ".sst") continue;
    if (largest.empty() || entry.file_size() > std::filesystem::file_size(largest)) largest = entry.path();
  }
  std::filesystem::path damaged = largest;
  std::fstream file(damaged, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(largest) / 2));
  file.put('\x55').put('\xaa');
  file.close();
  const Finished verified = run({"verify"}, "json");
  EXPECT_EQ(verified.code, 1);
  document.check(Json::parse(verified.out, nullptr, false), "nines verify", "verify of damage", wrong);
  document.check(Json::parse(run({"status", "--window", "30d", "--exact"}, "json").out, nullptr, false), "nines status",
                 "status of damage", wrong);
  const Finished repaired = run({"repair", dir_.path("saved")}, "json");
  EXPECT_EQ(repaired.code, 3);
  document.check(Json::parse(repaired.out, nullptr, false), "nines repair", "repair", wrong);
  EXPECT_EQ(run({"repair", dir_.path("saved 2")}, "csv").out.substr(0, document.sections["nines repair"].csv.size()),
            document.sections["nines repair"].csv);
  EXPECT_THAT(wrong, IsEmpty());
  // Nothing stands there that is not.
  for (const auto& [name, section] : document.sections) {
    const bool is_row = std::any_of(document.sections.begin(), document.sections.end(),
                                    [&](const auto& other) { return other.second.ndjson == name; });
    EXPECT_TRUE(document.used.contains(name) || is_row) << "nothing has the fields of " << name;
  }
}

TEST(Fields, OfEveryCommandThatPrintsDataAreInTheDocument) {
  Document document;
  for (const Command& command : all_commands()) {
    if ((command.sets & kFormatOptions) == 0) continue;
    EXPECT_TRUE(document.sections.contains("nines " + std::string(command.name))) << command.name;
  }
}

TEST(Fields, AreRefusedWhereThereAreNone) {
  for (const Command& command : all_commands()) {
    if ((command.sets & kFormatOptions) != 0) continue;
    std::vector<std::string> words;
    std::istringstream name{std::string(command.name)};
    for (std::string word; name >> word;) words.push_back(word);
    words.insert(words.end(), command.min_words, "x");
    words.insert(words.end(), {"-o", "json"});
    EXPECT_EQ(nines(words).code, 2) << command.name;
  }
}

}  // namespace
}  // namespace nines::tools::testing
