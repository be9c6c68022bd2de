// The description of the interface for programs is held against tools/API.md and against what is really answered.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tools/support/small_site.h"

namespace nines::tools::testing {
namespace {

using std::chrono::minutes;

// What of JSON Schema the description uses. A word that this does not know fails, so that nothing is passed over.
class Schema {
 public:
  explicit Schema(const Json& document) : document_(document) {}

  void check(const Json& schema, const Json& value, const std::string& where) {
    static const std::set<std::string> kWords{"$ref",
                                              "anyOf",
                                              "type",
                                              "enum",
                                              "format",
                                              "items",
                                              "minimum",
                                              "maximum",
                                              "properties",
                                              "required",
                                              "additionalProperties"};
    for (const auto& [word, ignored] : schema.items()) EXPECT_TRUE(kWords.contains(word)) << where << ": " << word;
    if (schema.contains("$ref")) return check(resolve(schema["$ref"]), value, where);
    if (schema.contains("anyOf")) {
      // Each choice is null or a thing of its own.
      for (const Json& choice : schema["anyOf"]) {
        if ((choice.value("type", Json()) == "null") == value.is_null()) return check(choice, value, where);
      }
      ADD_FAILURE() << where << " is none of its choices: " << value.dump();
      return;
    }
    expect_type(schema["type"], value, where);
    if (value.is_null()) return;
    if (schema.contains("enum")) {
      EXPECT_NE(std::find(schema["enum"].begin(), schema["enum"].end(), value), schema["enum"].end()) << where << value;
    }
    if (schema.contains("minimum")) {
      EXPECT_GE(value.get<double>(), schema["minimum"].get<double>()) << where;
    }
    if (schema.contains("maximum")) {
      EXPECT_LE(value.get<double>(), schema["maximum"].get<double>()) << where;
    }
    if (schema.contains("format")) {
      static const std::regex kTime("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z");
      EXPECT_EQ(schema["format"], "date-time");
      EXPECT_TRUE(std::regex_match(value.get<std::string>(), kTime)) << where << value;
    }
    if (value.is_array()) {
      for (const Json& each : value) check(schema["items"], each, where + "[]");
    }
    if (value.is_object()) check_members(schema, value, where);
  }

  [[nodiscard]] const Json& resolve(const std::string& reference) const {
    return document_.at(Json::json_pointer(reference.substr(1)));
  }
  // The members that were seen with a value, "Figures.latency_us" and so on.
  std::set<std::string> seen;

 private:
  void check_members(const Json& schema, const Json& value, const std::string& where) {
    const Json properties = schema.value("properties", Json::object());
    for (const Json& name : schema.value("required", Json::array()))
      EXPECT_TRUE(value.contains(name.get<std::string>())) << where << " lacks " << name;
    for (const auto& [name, member] : value.items()) {
      const std::string path = where + "." + name;
      if (!member.is_null()) seen.insert(name);
      if (properties.contains(name)) {
        check(properties[name], member, path);
      } else if (schema["additionalProperties"].is_object()) {
        check(schema["additionalProperties"], member, path);
      } else {
        ADD_FAILURE() << path << " is not described";
      }
    }
  }
  static void expect_type(const Json& types, const Json& value, const std::string& where) {
    const auto is = [&](const std::string& type) {
      if (type == "null") return value.is_null();
      if (type == "boolean") return value.is_boolean();
      if (type == "string") return value.is_string();
      if (type == "integer") return value.is_number_integer();
      if (type == "number") return value.is_number();
      return type == "array" ? value.is_array() : type == "object" && value.is_object();
    };
    bool any = types.is_string() && is(types);
    for (std::size_t i = 0; types.is_array() && i < types.size(); ++i) any |= is(types[i]);
    EXPECT_TRUE(any) << where << " is " << value.dump() << ", not " << types.dump();
  }

  const Json& document_;
};

// The parameters of each path in the table of tools/API.md.
std::map<std::string, std::set<std::string>> documented() {
  const std::string page = read_file(std::string(NINES_SOURCE_DIR) + "/tools/API.md");
  static const std::regex kRow("\\| `(/api/v1/[^`]*)` \\| ([^|]*) ?\\|");
  std::map<std::string, std::set<std::string>> paths;
  for (std::sregex_iterator it(page.begin(), page.end(), kRow), end; it != end; ++it) {
    std::istringstream words((*it)[2].str());
    paths[(*it)[1]] = {std::istream_iterator<std::string>(words), {}};
  }
  return paths;
}

// A server that has something of everything.
Server full_server(TimeMs start) {
  Server server;
  server.name = "full";
  server.url = "https://example.org/";
  server.group = "core";
  server.tags = {{"team", "web"}};
  server.objective = 0.9;
  server.level.latency_target = std::chrono::milliseconds{50};
  server.level.latency_objective = 0.9;
  server.annotations.push_back({.kind = Annotation::Kind::acknowledged,
                                .at = start + minutes{25},
                                .made_at = start + minutes{27},
                                .author = "ann",
                                .text = "the disk"});
  server.created_at = start;
  server.corrections.push_back({.window = {start, start + minutes{5}}, .state = State::up, .note = "ours"});
  server.paused.push_back({start + minutes{50}, start + minutes{55}});
  Maintenance once;
  once.once = {start + minutes{60}, start + minutes{70}};
  once.note = "disks";
  Maintenance weekly;
  weekly.repeat = Maintenance::Repeat::weekly;
  weekly.weekdays = 1;
  Maintenance monthly;
  monthly.repeat = Maintenance::Repeat::monthly;
  // From tomorrow on, so that they hide nothing of what is asked for on whatever day this runs.
  weekly.effective.from = monthly.effective.from = start + std::chrono::hours{24};
  for (const Maintenance& each : {once, weekly, monthly}) server.maintenance.push_back(each);
  return server;
}

class OpenApi : public ::testing::Test {
 protected:
  OpenApi() {
    const TimeMs start = SmallSite::ago(minutes{120});
    const ServerId id = site_.store().add_server(full_server(start)).value();
    for (int minute = 0; minute < 120; ++minute) {
      CheckResult result;
      result.server = id;
      result.time = start + minutes{minute};
      result.state = minute >= 20 && minute < 30 ? State::down : State::up;
      result.latency_us = 40'000 + 1'000 * (minute % 7);
      result.code = result.state == State::down ? 500 : 200;
      if (result.state == State::down) {
        result.error = ErrorClass::http_status;
        result.detail = "HTTP 500";
      }
      result.phases = Phases{};
      EXPECT_TRUE(site_.store().append(result, Durability::buffered));
    }
    (void)site_.add("never checked");
    document_ = site_.json("/api/v1/openapi.json");
  }
  SmallSite site_;
  Json document_;
};

TEST_F(OpenApi, NamesThePathsAndParametersOfTheDocument) {
  std::map<std::string, std::set<std::string>> described;
  for (const auto& [path, methods] : document_["paths"].items()) {
    if (!methods.contains("get")) continue;
    described[path];
    for (const Json& parameter : methods["get"].value("parameters", Json::array())) {
      const Json& found = document_.at(Json::json_pointer(parameter["$ref"].get<std::string>().substr(1)));
      if (found["in"] == "query") described[path].insert(found["name"]);
    }
  }
  auto wanted = documented();
  ASSERT_TRUE(wanted.erase("/api/v1/openapi.json") == 1);
  EXPECT_EQ(described, wanted);
}

TEST_F(OpenApi, DescribesWhatIsAnswered) {
  Schema schema(document_);
  const std::map<std::string, std::string> fullest{{"/api/v1/status", "bars"},
                                                   {"/api/v1/servers/{name}/latency", "points"},
                                                   {"/api/v1/servers", "limit"},
                                                   {"/api/v1/servers/{name}/incidents", "limit"},
                                                   {"/api/v1/servers/{name}/points", "limit"}};
  int asked = 0;
  for (const auto& [path, methods] : document_["paths"].items()) {
    if (!methods.contains("get") || path == "/api/v1/events") continue;
    const Json& answers = methods["get"]["responses"];
    const Json& good = answers["200"]["content"]["application/json"]["schema"];
    for (const std::string name : {"full", "never checked"}) {
      std::map<std::string, std::string> query;
      if (const auto found = fullest.find(path); found != fullest.end()) query[found->second] = "1";
      if (path.ends_with("/latency")) query["phases"] = "1";
      if (path.ends_with("/slo")) query["objective"] = "0.99";
      if (path.ends_with("/uptime")) query["hours"] = "mon-sun 00:00-24:00";
      if (path.ends_with("/latency")) query["target"] = "30ms";
      if (path.ends_with("/comparison")) query["window"] = "1h";
      if (path.ends_with("/service")) query["of"] = "any(full)";
      if (path.ends_with("/service")) query["objective"] = "0.99";
      const std::string real = std::regex_replace(path, std::regex("\\{name\\}"), name);
      schema.check(good, site_.json(real, query), path);
      ++asked;
    }
    if (path.ends_with("/service")) {
      EXPECT_EQ(site_.get(path).status, 400) << "of what";
    }
    const WebResponse bad = site_.get(std::regex_replace(path, std::regex("\\{name\\}"), "full"), {{"nonsense", "1"}});
    EXPECT_EQ(bad.status, 400) << path;
    schema.check(answers["default"]["content"]["application/json"]["schema"], Json::parse(bad.body), path);
  }
  EXPECT_EQ(asked, 26);
  // What could be null is seen with a value, or its type would never be tried.
  for (const char* const name : {"latency_us",
                                 "incidents",
                                 "causes",
                                 "mttr_ms",
                                 "current",
                                 "last",
                                 "bars",
                                 "series",
                                 "phases_us",
                                 "next_cursor",
                                 "burn",
                                 "days",
                                 "day",
                                 "note",
                                 "detail",
                                 "annotations",
                                 "acknowledged_at",
                                 "author",
                                 "places",
                                 "service_hours",
                                 "target",
                                 "apdex",
                                 "latency",
                                 "uptime_change",
                                 "over",
                                 "recent_median_us",
                                 "median_us",
                                 "budget"})
    EXPECT_TRUE(schema.seen.contains(name)) << name;
}

TEST_F(OpenApi, UsesEverySchemaAndParameterThatItHas) {
  const std::string text = document_.dump();
  for (const char* const kind : {"schemas", "parameters"}) {
    for (const auto& [name, ignored] : document_["components"][kind].items())
      EXPECT_NE(text.find(fmt::format("\"$ref\":\"#/components/{}/{}\"", kind, name)), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace nines::tools::testing
