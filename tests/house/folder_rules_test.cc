// The rules inside a room find what they are there to find: each is shown a small tree with one planted mistake.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "house/rules.h"

namespace nines::house {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Tree with(const std::string& path, const std::string& text) {
  Tree tree = {
      {"engine/src/base/bytes.h", ""},
      {"engine/src/codec/chunk.h", "#include \"base/bytes.h\"\n"},
      {"engine/src/store/store.cc", "#include \"codec/chunk.h\"\n#include <nines/store.h>\n"},
      {"engine/FORMAT.md", "what FORMAT.md says\n"},
  };
  tree[path] = text;
  return tree;
}

TEST(FolderRules, GoodTreeHasNoFindings) {
  const Tree tree = with("tools/src/show/text.h", "// FORMAT.md has it.\n");
  EXPECT_THAT(check_folders(tree), IsEmpty());
  EXPECT_THAT(check_citations(tree), IsEmpty());
}

TEST(FolderRules, ArrowUpwardsIsFound) {
  EXPECT_THAT(check_folders(with("engine/src/base/crc.h", "#pragma once\n#include \"codec/chunk.h\"\n")),
              ElementsAre(Finding{"engine/src/base/crc.h", 2, "engine/base may not use engine/codec"}));
}

TEST(FolderRules, FileBesideTheFoldersIsFound) {
  EXPECT_THAT(check_folders(with("engine/src/loose.h", "")),
              ElementsAre(Finding{"engine/src/loose.h", 0,
                                  "engine/ is not in the table of folders in tests/house/folder_rules.cc"}));
}

TEST(FolderRules, CrowdedFolderIsFound) {
  Tree tree = with("engine/src/base/bytes.h", "");
  for (int i = 0; i < kMaxFolderFiles; ++i) tree["engine/src/base/file" + std::to_string(i) + ".h"] = "";
  EXPECT_THAT(check_folders(tree), ElementsAre(Finding{"engine/base", 0,
                                                       "a folder of " + std::to_string(kMaxFolderFiles + 1) +
                                                           " files: find the two ideas in it"}));
}

TEST(FolderRules, CitedDocumentThatIsAbsentIsFound) {
  EXPECT_THAT(check_citations(with("engine/src/base/x.h", "// see\n// engine/ROADMAP.md\n")),
              ElementsAre(Finding{"engine/src/base/x.h", 2, "cites ROADMAP.md, which is not in the tree"}));
  EXPECT_THAT(check_citations(with("engine/src/base/x.h", "// as SEMANTICS has it\n")),
              ElementsAre(Finding{"engine/src/base/x.h", 1, "cites SEMANTICS.md, which is not in the tree"}));
}

TEST(FolderRules, NamedFileThatIsAbsentIsFound) {
  EXPECT_THAT(check_citations(with("engine/src/base/x.h", "int x;  // as (engine/src/codec/chunk.h)\n")), IsEmpty());
  EXPECT_THAT(
      check_citations(with("engine/src/base/x.h", "// as in engine/src/codec/lump.h:\n")),
      ElementsAre(Finding{"engine/src/base/x.h", 1, "names engine/src/codec/lump.h, which is not in the tree"}));
  EXPECT_THAT(check_citations(with("README.md", "`engine/src/codec/` and `engine/src/codec/chunk.h`\n")), IsEmpty());
  EXPECT_THAT(check_citations(with("README.md", "a\n`engine/src/codec/` and `engine/src/lumps/`\n")),
              ElementsAre(Finding{"README.md", 2, "names engine/src/lumps/, which is not in the tree"}));
}

}  // namespace
}  // namespace nines::house
