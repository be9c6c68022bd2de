// The rules find what they are there to find: each is shown a small tree with one planted mistake.
#include "house/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nines::house {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A tree of four rooms in which everything is as it should be.
Tree good_tree() {
  return {
      {"engine/include/nines/store.h", "#include <string>\n#include <tl/expected.hpp>\n"},
      {"engine/src/chunk.h", "#include <nines/store.h>\n"},
      {"engine/src/chunk.cc", "#include \"chunk.h\"\n#include <rocksdb/db.h>\n"},
      {"prober/include/nines/prober.h", "#include <nines/store.h>\n"},
      {"prober/src/http/fetch.cc", "#include <curl/curl.h>\n#include <nines/prober.h>\n"},
      {"query/include/nines/uptime.h", "#include <nines/store.h>\n"},
      {"query/src/zone.h", ""},
      {"query/src/uptime.cc", "#include <nines/uptime.h>\n#include \"zone.h\"\n#include <date/tz.h>\n"},
      {"tools/src/main.cc", "#include <nines/prober.h>\n#include <nines/uptime.h>\n#include <fmt/core.h>\n"},
      {"tests/support/model.h", ""},
      {"tests/engine/chunk_test.cc", "#include \"chunk.h\"\n#include \"support/model.h\"\n#include <gtest/gtest.h>\n"},
      {"tests/fuzz/chunk_fuzz.cc", "#include \"engine/src/chunk.h\"\n"},
      {"engine/CMakeLists.txt", "find_package(RocksDB REQUIRED)\nnines_room(engine PRIVATE RocksDB::rocksdb)\n"},
      {"query/CMakeLists.txt", "# not nines::prober\nnines_room(query PUBLIC nines::engine PRIVATE date::date-tz)\n"},
      {"tools/CMakeLists.txt", "target_link_libraries(nines PRIVATE nines::prober nines::query fmt::fmt)\n"},
      {"dev", "build_packages=(\n  g++ librocksdb-dev\n)\ntest_packages=(openssl)\n"},
  };
}

/// good_tree() with one more file, or another text in one.
Tree with(const std::string& path, const std::string& text) {
  Tree tree = good_tree();
  tree[path] = text;
  return tree;
}

TEST(HouseRules, GoodTreeHasNoFindings) {
  const Tree tree = good_tree();
  EXPECT_THAT(check_includes(tree), IsEmpty());
  EXPECT_THAT(check_links(tree), IsEmpty());
  EXPECT_THAT(check_public_headers(tree), IsEmpty());
  EXPECT_THAT(check_packages(tree), IsEmpty());
  EXPECT_THAT(check_mutexes(tree), IsEmpty());
  EXPECT_THAT(check_machine_paths(tree), IsEmpty());
}

TEST(HouseRules, EngineMayNotIncludeARoomAboveIt) {
  EXPECT_THAT(check_includes(with("engine/src/up.cc", "// up\n#include <nines/uptime.h>\n")),
              ElementsAre(Finding{"engine/src/up.cc", 2, "engine may not use query"}));
}

TEST(HouseRules, ProberAndQueryDoNotKnowEachOther) {
  EXPECT_THAT(check_includes(with("query/src/x.cc", "#include <nines/prober.h>\n")),
              ElementsAre(Finding{"query/src/x.cc", 1, "query may not use prober"}));
  EXPECT_THAT(check_includes(with("prober/src/x.cc", "  #  include \"nines/uptime.h\"  // why\n")),
              ElementsAre(Finding{"prober/src/x.cc", 1, "prober may not use query"}));
}

TEST(HouseRules, NobodyIncludesAnotherRoomsSources) {
  for (const std::string spelling : {"../../engine/src/chunk.h", "engine/src/chunk.h", "chunk.h"}) {
    const std::string text = "#include \"" + spelling + "\"\n";
    const std::string what = "engine/src/chunk.h is private to engine";
    EXPECT_THAT(check_includes(with("tools/src/x.cc", text)), ElementsAre(Finding{"tools/src/x.cc", 1, what}));
    EXPECT_THAT(check_includes(with("tests/query/x_test.cc", text)),
                ElementsAre(Finding{"tests/query/x_test.cc", 1, what}));
  }
}

TEST(HouseRules, TheBricksOfTheEngineAreForAllRooms) {
  Tree tree = with("prober/src/x.cc", "#include \"base/crc32c.h\"\n");
  tree["engine/src/base/crc32c.h"] = "";
  EXPECT_THAT(check_includes(tree), IsEmpty());
  tree["engine/src/base/file_lock.h"] = "";
  tree["prober/src/x.cc"] = "#include \"base/file_lock.h\"\n";
  EXPECT_THAT(check_includes(tree),
              ElementsAre(Finding{"prober/src/x.cc", 1, "engine/src/base/file_lock.h is private to engine"}));
}

TEST(HouseRules, RoomsDoNotIncludeTests) {
  EXPECT_THAT(check_includes(with("engine/src/x.cc", "#include \"../../tests/support/model.h\"\n")),
              ElementsAre(Finding{"engine/src/x.cc", 1, "a room includes tests/support/model.h"}));
}

TEST(HouseRules, LibrariesStayInTheirRooms) {
  EXPECT_THAT(check_includes(with("query/src/x.cc", "#include <rocksdb/db.h>\n")),
              ElementsAre(Finding{"query/src/x.cc", 1, "query may not use rocksdb/db.h"}));
  EXPECT_THAT(check_includes(with("engine/src/x.cc", "#include \"fmt/core.h\"\n")),
              ElementsAre(Finding{"engine/src/x.cc", 1, "engine may not use fmt/core.h"}));
  EXPECT_THAT(check_includes(with("tools/src/x.cc", "#include <ares.h>\n")),
              ElementsAre(Finding{"tools/src/x.cc", 1, "tools may not use ares.h"}));
  EXPECT_THAT(check_includes(with("tests/tools/x_test.cc", "#include <curl/curl.h>\n")), IsEmpty());
}

TEST(HouseRules, PublicHeaderThatDoesNotExistIsFound) {
  EXPECT_THAT(check_includes(with("tools/src/x.cc", "#include <nines/gone.h>\n")),
              ElementsAre(Finding{"tools/src/x.cc", 1, "no room has the public header nines/gone.h"}));
}

TEST(HouseRules, LinkArrowsAreThoseOfTheRooms) {
  EXPECT_THAT(check_links(with("query/CMakeLists.txt", "nines_room(query\n  PUBLIC nines::engine nines::prober)\n")),
              ElementsAre(Finding{"query/CMakeLists.txt", 2, "query may not link nines::prober"}));
  EXPECT_THAT(check_links(with("engine/CMakeLists.txt", "target_link_libraries(nines_engine PRIVATE nines_query)\n")),
              ElementsAre(Finding{"engine/CMakeLists.txt", 1, "engine may not link nines_query"}));
  EXPECT_THAT(check_links(with("engine/CMakeLists.txt", "nines_room(engine PRIVATE CURL::libcurl)\n")),
              ElementsAre(Finding{"engine/CMakeLists.txt", 1, "engine may not link CURL::"}));
}

TEST(HouseRules, PublicHeadersShowNoLibrary) {
  EXPECT_THAT(check_public_headers(with("engine/include/nines/x.h", "#include <rocksdb/slice.h>\n")),
              ElementsAre(Finding{"engine/include/nines/x.h", 1, "a public header shows rocksdb/slice.h"}));
}

TEST(HouseRules, PublicHeadersAreShort) {
  const auto lines = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "//\n";
    return text;
  };
  EXPECT_THAT(check_public_headers(with("engine/include/nines/x.h", lines(249))), IsEmpty());
  EXPECT_THAT(check_public_headers(with("engine/include/nines/x.h", lines(250))),
              ElementsAre(Finding{"engine/include/nines/x.h", 0, "a public header of 250 lines"}));
}

TEST(HouseRules, PackagesThatCMakeLooksForAreInstalledByDev) {
  const Findings absent = check_packages(with("tools/CMakeLists.txt", "find_package(fmt REQUIRED)\n"));
  ASSERT_EQ(absent.size(), 1U);
  EXPECT_THAT(absent[0].what, HasSubstr("libfmt-dev, which ./dev does not install"));

  const Findings module =
      check_packages(with("prober/CMakeLists.txt", "pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)\n"));
  ASSERT_EQ(module.size(), 1U);
  EXPECT_THAT(module[0].what, HasSubstr("libre2-dev, which ./dev does not install"));

  const Findings unknown = check_packages(with("tools/CMakeLists.txt", "find_package(Qt6)\n"));
  ASSERT_EQ(unknown.size(), 1U);
  EXPECT_THAT(unknown[0].what, HasSubstr("Qt6 is not in the table"));
}

TEST(HouseRules, PackagesAreInstalledByDevOnly) {
  const std::string command = std::string("apt-get") + " -y install nginx\n";
  EXPECT_THAT(check_packages(with(".ci/run", command)),
              ElementsAre(Finding{".ci/run", 1, "packages are installed by ./dev only"}));
}

TEST(HouseRules, MutexesThatTheAnalysisDoesNotSeeAreFound) {
  EXPECT_THAT(check_mutexes(with("query/src/x.h", "  std::mutex mutex_;\n")),
              ElementsAre(Finding{"query/src/x.h", 1, "std::mutex is not seen by the thread-safety analysis"}));
  EXPECT_THAT(check_mutexes(with("query/src/x.h", "\n  mutable std::shared_mutex mutex_;\n")),
              ElementsAre(Finding{"query/src/x.h", 2, "std::shared_mutex is not seen by the thread-safety analysis"}));
  EXPECT_THAT(check_mutexes(with("prober/src/x.cc", "  const std::lock_guard lock(mutex_);\n")),
              ElementsAre(Finding{"prober/src/x.cc", 1, "std::lock_guard is not seen by the thread-safety analysis"}));
  EXPECT_THAT(check_mutexes(with("engine/src/base/mutex.h", "  std::mutex mutex_;\n")), IsEmpty());
  EXPECT_THAT(check_mutexes(with("tests/engine/x.cc", "  std::mutex mutex;\n")), IsEmpty());
}

TEST(HouseRules, MachinePathsAreFound) {
  const std::string home = std::string("/ho") + "me/ada/data.csv";
  EXPECT_THAT(check_machine_paths(with("tools/src/x.cc", "open(\"" + home + "\")\n")),
              ElementsAre(Finding{"tools/src/x.cc", 1, "names a folder of one machine"}));
  EXPECT_THAT(check_machine_paths(with("tools/src/x.cc", "get(\"https://example.org" + home + "\")\n")), IsEmpty());
}

}  // namespace
}  // namespace nines::house
