// What `web: services` takes, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "config/config.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

tl::expected<Config, std::string> parsed(const std::string& services) {
  return parse_config("servers: [{name: a, url: \"https://example.org\"}]\nweb:\n  services:\n" + services, "x.yaml");
}

TEST(ServicesConfig, HasNamesExpressionsAndObjectives) {
  const auto config =
      parsed("    - {name: Shop, of: \"all(a, any(db1, db2))\", objective: 99.9%}\n    - {name: a b, of: a}\n");
  ASSERT_TRUE(config) << config.error();
  ASSERT_EQ(config->access.services.size(), 2U);
  EXPECT_EQ(config->access.services[0].name, "Shop");
  EXPECT_EQ(config->access.services[0].of, "all(a, any(db1, db2))");
  EXPECT_THAT(config->access.services[0].objective, Optional(0.999));
  EXPECT_FALSE(config->access.services[1].objective);
}

TEST(ServicesConfig, NamesWhatIsWrongWithItsLine) {
  const std::pair<const char*, const char*> mistakes[] = {
      {"    - {of: a}\n", "an entry of web.services needs a name"},
      {"    - {name: Shop}\n", "an entry of web.services needs `of`"},
      {"    - {name: Shop, of: all(a}\n", "column 6 of the service"},
      {"    - {name: Shop, of: some(a)}\n", "`all`, `any` or a number"},
      {"    - {name: Shop, of: a, objective: 2}\n", "must lie between 0 and 1"},
      {"    - {name: Shop, of: a, parts: b}\n", "parts"},
  };
  for (const auto& [text, why] : mistakes) {
    const auto config = parsed(text);
    ASSERT_FALSE(config) << text;
    EXPECT_THAT(config.error(), HasSubstr(why)) << text;
    EXPECT_THAT(config.error(), HasSubstr("x.yaml:4:")) << text;
  }
  const auto twice = parsed("    - {name: Shop, of: a}\n    - {name: Shop, of: a}\n");
  ASSERT_FALSE(twice);
  EXPECT_THAT(twice.error(), HasSubstr("web.services names `Shop` twice"));
}

}  // namespace
}  // namespace nines::tools::testing
