// What `web: status` and `web: cors` take, and what they refuse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "config/config.h"

namespace nines::tools::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

tl::expected<Config, std::string> parsed(const std::string& web) {
  return parse_config("servers: [{name: a, url: \"https://example.org\"}]\nweb:\n" + web, "x.yaml");
}

TEST(StatusConfig, HasPagesWithGroupsNamesNotesAndWhoMayFrameThem) {
  const auto config = parsed(R"(  cors: [https://dash.example.org]
  status:
    - title: Example
      groups: [Shop, Mail]
      names: {shop-fe-01: Web shop}
      embed: https://example.org
      timezone: Europe/Paris
      notes: [{time: 2026-11-02T10:00:00Z, text: Moved.}]
    - {path: /status/mail, groups: Mail}
)");
  ASSERT_TRUE(config) << config.error();
  EXPECT_THAT(config->access.cors, ElementsAre("https://dash.example.org"));
  ASSERT_EQ(config->access.status_pages.size(), 2U);
  const StatusPage& page = config->access.status_pages[0];
  EXPECT_EQ(page.path, "/status");
  EXPECT_EQ(page.title, "Example");
  EXPECT_THAT(page.groups, ElementsAre("Shop", "Mail"));
  EXPECT_EQ(page.names.at("shop-fe-01"), "Web shop");
  EXPECT_THAT(page.embed, ElementsAre("https://example.org"));
  EXPECT_EQ(page.zone, "Europe/Paris");
  ASSERT_EQ(page.notes.size(), 1U);
  EXPECT_EQ(page.notes[0].time, from_ms(1'793'613'600'000));
  EXPECT_EQ(page.notes[0].text, "Moved.");
  EXPECT_EQ(config->access.status_pages[1].path, "/status/mail");
}

TEST(StatusConfig, NamesWhatIsWrongWithItsLine) {
  const std::pair<const char*, const char*> mistakes[] = {
      {"  status: {groups: [a]}\n", "web.status is a list"},
      {"  status: [{title: x}]\n", "nothing is public by itself"},
      {"  status: [{groups: a, path: /}]\n", "path is /status or below it"},
      {"  status: [{groups: a, path: /status/}]\n", "path is /status or below it"},
      {"  status: [{groups: a, path: /status/../x}]\n", "path is /status or below it"},
      {"  status: [{groups: a, path: /statusx}]\n", "path is /status or below it"},
      {"  status: [{groups: a}, {groups: b}]\n", "two pages of web.status have the path /status"},
      {"  status: [{groups: a, timezone: Mars}]\n", "there is no time zone `Mars`"},
      {"  status: [{groups: a, embed: [\"https://x.example; script-src *\"]}]\n", "embed takes origins"},
      {"  status: [{groups: a, embed: [\"*\"]}]\n", "embed takes origins"},
      {"  status: [{groups: a, notes: [{text: x}]}]\n", "a note needs `time`"},
      {"  status: [{groups: a, notes: [{time: 2026-11-02T10:00:00Z}]}]\n", "a note needs `text`"},
      {"  status: [{groups: a, grups: b}]\n", "groups"},
      {"  cors: [\"*\"]\n", "cors takes origins"},
      {"  cors: [https://dash.example.org/]\n", "cors takes origins"},
  };
  for (const auto& [text, why] : mistakes) {
    const auto config = parsed(text);
    ASSERT_FALSE(config) << text;
    EXPECT_THAT(config.error(), HasSubstr(why)) << text;
    EXPECT_THAT(config.error(), HasSubstr("x.yaml:3:")) << text;
  }
}

}  // namespace
}  // namespace nines::tools::testing
