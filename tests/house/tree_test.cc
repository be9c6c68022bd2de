// The tree as it is keeps the rules of rules.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST(House, NoFileNamesAFolderOfOneMachine) {
  EXPECT_THAT(check_machine_paths(tree()), IsEmpty());
}

TEST(House, FoldersFollowTheirArrows) {
  EXPECT_THAT(check_folders(tree()), IsEmpty());
}

TEST(House, FoldersHaveNoCircle) {
  EXPECT_THAT(check_folder_table(), IsEmpty());
}

TEST(House, CitedDocumentsAreInTheTree) {
  EXPECT_THAT(check_citations(tree()), IsEmpty());
}

}  // namespace
}  // namespace nines::house
