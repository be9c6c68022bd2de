// The rules of style find what they are there to find: each is shown a small tree with one planted mistake.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "house/rules.h"

namespace nines::house {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(StyleRules, FunctionThatGoesByTheLocaleIsFound) {
  const auto found = [](const std::string& line, const std::string& path = "engine/src/base/a.h") {
    return check_locale({{path, line + "\n"}});
  };
  EXPECT_THAT(
      found("c = std::tolower(c);"),
      ElementsAre(Finding{"engine/src/base/a.h", 1, "tolower() goes by the locale, which is the host's to set"}));
  EXPECT_EQ(found("isdigit(c)").size(), 1U);
  EXPECT_EQ(found("return !isspace(c);").size(), 1U);
  EXPECT_EQ(found("if (strcasecmp(a, b) == 0)").size(), 1U);
  EXPECT_EQ(found("x = std::strtod(text, nullptr);").size(), 1U);
  EXPECT_EQ(found("std::stod(text)").size(), 1U);
  EXPECT_EQ(found("setlocale(LC_ALL, \"\")").size(), 1U);
  EXPECT_THAT(found("setlocale(LC_CTYPE, \"\")", "tools/src/cli/main.cc"), IsEmpty());
  EXPECT_THAT(found("c = engine::to_lower(c);  // not tolower()"), IsEmpty());
  EXPECT_THAT(found("text.islower(c); my_isdigit(c)"), IsEmpty());
  EXPECT_THAT(found("std::tolower(c)", "tests/engine/a_test.cc"), IsEmpty());
}

TEST(StyleRules, FunctionThatIsTooLongIsFound) {
  const auto found = [](const std::string& head, std::size_t lines, const std::string& indent = "") {
    std::string text = "namespace nines {\n\n" + head + " {\n";
    for (std::size_t i = 0; i < lines; ++i) text += indent + "  if (a) {\n" + indent + "  }\n";
    return check_function_lengths({{"tools/src/show/a.cc", text + indent + "}\n\n}  // namespace nines\n"}});
  };
  EXPECT_THAT(found("int f(int a)", 35),
              ElementsAre(Finding{"tools/src/show/a.cc", 3, "a function of 72 lines: name the steps in it"}));
  EXPECT_THAT(found("int f(int a)", 34), IsEmpty());
  EXPECT_EQ(found("Thing& operator=(Thing&& a)", 35).size(), 1U);
  EXPECT_EQ(found("Thing::Thing(int a)\n    : a_(a),\n      b_(2)", 35).size(), 1U);
  EXPECT_EQ(found("class A {\n public:\n  int f(int a)", 35, "  ").size(), 1U);
  EXPECT_THAT(found("constexpr std::array kTable", 35), IsEmpty());
  EXPECT_THAT(found("struct A", 35), IsEmpty());
}

TEST(StyleRules, SuiteThatSaysThatItIsOneIsFound) {
  const auto found = [](const std::string& line, const std::string& path = "tests/engine/a_test.cc") {
    return check_suite_names({{path, line + "\n"}});
  };
  EXPECT_THAT(
      found("TEST(StoreTest, Opens) {"),
      ElementsAre(Finding{"tests/engine/a_test.cc", 1, "StoreTest says Test: a suite is named after what it tests"}));
  EXPECT_EQ(found("TEST_F(StoreTests, Opens) {").size(), 1U);
  EXPECT_EQ(found("TEST_P(StoreTest, Opens) {").size(), 1U);
  EXPECT_EQ(found("TYPED_TEST(StoreTest, Opens) {").size(), 1U);
  EXPECT_THAT(found("TEST(Store, TestOfSomethingIsATest) {"), IsEmpty());
  EXPECT_THAT(found("TEST_F(Testament, Opens) {"), IsEmpty());
  EXPECT_THAT(found("TEST(StoreTest, Opens) {", "bench/a.cc"), IsEmpty());
}

}  // namespace
}  // namespace nines::house
