// The tree as it is keeps the rules of rules.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>

#include "house/rules.h"

namespace nines::house {
namespace {

using ::testing::IsEmpty;

const Tree& tree() {
  static const Tree tree = read_tree(NINES_SOURCE_DIR);
  return tree;
}

TEST(House, TreeIsRead) {
  EXPECT_TRUE(tree().contains("engine/include/nines/store.h"));
  EXPECT_TRUE(tree().contains("dev"));
}

TEST(House, IncludesFollowTheArrows) {
  EXPECT_THAT(check_includes(tree()), IsEmpty());
}

TEST(House, LinksFollowTheArrows) {
  EXPECT_THAT(check_links(tree()), IsEmpty());
}

TEST(House, PublicHeadersAreShortAndShowNoLibrary) {
  EXPECT_THAT(check_public_headers(tree()), IsEmpty());
}

TEST(House, DevInstallsWhatTheBuildLooksFor) {
  EXPECT_THAT(check_packages(tree()), IsEmpty());
}

TEST(House, LocksAreSeenByTheAnalysis) {
  EXPECT_THAT(check_mutexes(tree()), IsEmpty());
}

TEST(House, NoFileNamesAFolderOfOneMachine) {
  EXPECT_THAT(check_machine_paths(tree()), IsEmpty());
}

TEST(House, FoldersFollowTheirArrows) {
  EXPECT_THAT(check_folders(tree()), IsEmpty());
}

TEST(House, FoldersHaveNoCircle) {
  EXPECT_THAT(check_folder_table(), IsEmpty());
}

TEST(House, PreconditionsAreAsserted) {
  EXPECT_THAT(check_preconditions(tree()), IsEmpty());
}

TEST(House, NobodyGoesByTheProcessesLocale) {
  EXPECT_THAT(check_locale(tree()), IsEmpty());
}

TEST(House, FunctionsFitOnAScreen) {
  EXPECT_THAT(check_function_lengths(tree()), IsEmpty());
}

TEST(House, SuitesAreNamedAfterWhatTheyTest) {
  EXPECT_THAT(check_suite_names(tree()), IsEmpty());
}

TEST(House, CitedDocumentsAreInTheTree) {
  EXPECT_THAT(check_citations(tree()), IsEmpty());
}

// A promise whose test was renamed would stand there unproven.
TEST(House, SecurityNamesTestsThatExist) {
  std::set<std::string> tests;
  const std::regex test(R"(\nTEST(?:_F|_P)?\((\w+), (\w+)\))");
  for (const auto& [path, text] : tree()) {
    if (!path.starts_with("tests/") || !path.ends_with(".cc")) continue;
    for (std::sregex_iterator found(text.begin(), text.end(), test), end; found != end; ++found) {
      tests.insert((*found)[1].str() + "." + (*found)[2].str());
    }
  }
  const std::string& security = tree().at("SECURITY.md");
  const std::regex named(R"(`([A-Z]\w+\.[A-Z]\w+)`)");
  int names = 0;
  for (std::sregex_iterator found(security.begin(), security.end(), named), end; found != end; ++found, ++names) {
    EXPECT_TRUE(tests.contains((*found)[1].str())) << (*found)[1].str() << " is no test";
  }
  EXPECT_GT(names, 40);
}

}  // namespace
}  // namespace nines::house
