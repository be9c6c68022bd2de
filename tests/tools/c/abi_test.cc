// What a host was compiled against stays: names, sizes and places of fields, and the library's own name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nines/nines.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

namespace nines::tests {
namespace {

using Names = std::set<std::string>;

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string output_of(const std::string& command) {
  std::string text;
  FILE* const pipe = ::popen(command.c_str(), "r");
  EXPECT_NE(pipe, nullptr) << command;
  if (pipe == nullptr) return text;
  std::array<char, 4096> piece{};
  for (std::size_t got = 0; (got = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;)
    text.append(piece.data(), got);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return text;
}

// What the first group of `pattern` matches in `text`.
Names found(const std::string& text, const char* pattern) {
  const std::regex expression(pattern);
  Names names;
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it)
    names.insert((*it)[1].str());
  return names;
}

Names declared() {
  Names names;
  for (const auto& entry : std::filesystem::directory_iterator(NINES_SOURCE_DIR "/tools/include/nines/c")) {
    names.merge(found(read(entry.path().string()), R"(NINES_API [^;(]*?\b(nines_\w+)\()"));
  }
  return names;
}

Names listed() {
  return found(read(NINES_SOURCE_DIR "/tools/src/c/nines.map"), R"(\n    (nines_\w+);)");
}

TEST(CAbi, SharedLibraryShowsWhatIsListedAndNothingElse) {
  const Names shown = found(output_of("nm -D --defined-only " NINES_C_LIBRARY), R"( [A-Z] (\S+?)(?:@\S*)?\n)");
  Names expected = listed();
  EXPECT_GT(expected.size(), 50U);
  expected.insert("NINES_0");  // the version that the list is of
  EXPECT_EQ(shown, expected);
}

TEST(CAbi, EveryListedNameIsDeclared) {
  EXPECT_EQ(declared(), listed());
}

TEST(CAbi, SonameIsThatOfTheMajorVersion) {
  EXPECT_THAT(output_of("readelf -d " NINES_C_LIBRARY), ::testing::HasSubstr("Library soname: [libnines.so.0]"));
}

// The macros are what a host compares, and no build sets them.
TEST(CAbi, VersionsOfTheHeaderTheLibraryAndTheProjectAreOne) {
  const std::string macros = std::to_string(NINES_VERSION_MAJOR) + "." + std::to_string(NINES_VERSION_MINOR) + "." +
                             std::to_string(NINES_VERSION_PATCH);
  EXPECT_EQ(macros, NINES_PROJECT_VERSION);
  EXPECT_EQ(nines_version_text(), macros);
  EXPECT_EQ(nines_version(), NINES_VERSION);
}

// As they are on every 64-bit system of Debian. A field that is added goes to the end of its struct, and changes its
// line here; nothing else may.
TEST(CAbi, StructsAreOfTheirSizes) {
  EXPECT_EQ(sizeof(nines_error), 512U);
  EXPECT_EQ(sizeof(nines_options), 88U);
  EXPECT_EQ(sizeof(nines_server), 104U);
  EXPECT_EQ(sizeof(nines_stats), 80U);
  EXPECT_EQ(sizeof(nines_phases), 20U);
  EXPECT_EQ(sizeof(nines_result), 48U);
  EXPECT_EQ(sizeof(nines_batch), 88U);
  EXPECT_EQ(sizeof(nines_run), 40U);
  EXPECT_EQ(sizeof(nines_detail), 16U);
  EXPECT_EQ(sizeof(nines_segment), 80U);
  EXPECT_EQ(sizeof(nines_arrays), 64U);
  EXPECT_EQ(sizeof(nines_query), 48U);
  EXPECT_EQ(sizeof(nines_figures), 280U);
  EXPECT_EQ(sizeof(nines_incident), 80U);
  EXPECT_EQ(sizeof(nines_bar), 104U);
  EXPECT_EQ(sizeof(nines_dashboard_options), 40U);
  EXPECT_EQ(sizeof(nines_change), 32U);
  EXPECT_EQ(sizeof(nines_prober_options), 64U);
  EXPECT_EQ(sizeof(nines_prober_stats), 56U);
  EXPECT_EQ(sizeof(nines_backup_options), 32U);
  EXPECT_EQ(sizeof(nines_cost), 40U);
  EXPECT_EQ(sizeof(nines_bar_columns), 80U);
  EXPECT_EQ(sizeof(nines_feed_options), 24U);
  EXPECT_EQ(sizeof(nines_feed_batch), 16U);
  EXPECT_EQ(sizeof(nines_dropped), 32U);
}

TEST(CAbi, LastFieldsStandWhereTheyStood) {
  EXPECT_EQ(offsetof(nines_options, log), 80U);
  EXPECT_EQ(offsetof(nines_server, tag_values), 96U);
  EXPECT_EQ(offsetof(nines_stats, changes), 72U);
  EXPECT_EQ(offsetof(nines_result, detail), 40U);
  EXPECT_EQ(offsetof(nines_batch, detail), 80U);
  EXPECT_EQ(offsetof(nines_run, has_latency), 37U);
  EXPECT_EQ(offsetof(nines_segment, detail_count), 72U);
  EXPECT_EQ(offsetof(nines_arrays, location), 56U);
  EXPECT_EQ(offsetof(nines_query, confirm_successes), 34U);
  EXPECT_EQ(offsetof(nines_figures, bytes_read), 272U);
  EXPECT_EQ(offsetof(nines_incident, detail), 72U);
  EXPECT_EQ(offsetof(nines_bar, latency_mean_us), 96U);
  EXPECT_EQ(offsetof(nines_dashboard_options, limit), 32U);
  EXPECT_EQ(offsetof(nines_change, since_ms), 24U);
  EXPECT_EQ(offsetof(nines_prober_options, log), 56U);
  EXPECT_EQ(offsetof(nines_prober_stats, dropped), 48U);
  EXPECT_EQ(offsetof(nines_query, cancelled), 40U);
  EXPECT_EQ(offsetof(nines_backup_options, progress), 24U);
  EXPECT_EQ(offsetof(nines_cost, bytes), 32U);
  EXPECT_EQ(offsetof(nines_bar_columns, latency_max_us), 72U);
  EXPECT_EQ(offsetof(nines_feed_options, look_ms), 16U);
  EXPECT_EQ(offsetof(nines_feed_batch, results), 8U);
  EXPECT_EQ(offsetof(nines_dropped, results), 24U);
}

}  // namespace
}  // namespace nines::tests
