// What holds for every page: who cannot see, hear or point well can use it, and how it looks is kept as pictures.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tools/browser/chromium.h"
#include "tools/browser/sample_site.h"

namespace nines::tools::testing {
namespace {

using ::testing::IsEmpty;

struct Kept {
  const char* name;
  const char* path;
};
constexpr std::array kPages{Kept{"overview", "/"},
                            Kept{"overview-30d", "/?window=30d&sort=worst"},
                            Kept{"server", "/server/Checkout"},
                            Kept{"server-down", "/server/Invoices?window=7d"},
                            Kept{"status", "/status"},
                            Kept{"embed", "/status/embed"},
                            Kept{"login", "/login"},
                            Kept{"not-found", "/server/none"}};

TEST(EveryPage, IsWithoutAFaultThatAxeKnowsInBothSchemes) {
  std::ifstream file(NINES_AXE);
  const std::string axe{std::istreambuf_iterator<char>(file), {}};
  if (axe.empty()) GTEST_SKIP() << NINES_AXE << " is missing; './dev deps' fetches it";
  Tab tab;
  for (const char* const scheme : {"light", "dark"}) {
    tab.prefer(scheme);
    for (const Kept& page : kPages) {
      tab.open(sample_site().at(page.path));
      tab.eval(axe + ";0");
      EXPECT_EQ(tab.eval("axe.run(document,{runOnly:['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa',"
                         "'best-practice']}).then(r=>r.violations.map(v=>v.id+': '+v.nodes.slice(0,3)"
                         ".map(n=>n.html.slice(0,160)+' '+n.failureSummary).join(' | ')))"),
                Json::array())
          << page.path << " " << scheme;
    }
  }
}

TEST(EveryPage, IsAsWideAsItsWindowAndIsKeptAsAPicture) {
  const std::filesystem::path folder(NINES_SCREENSHOTS);
  std::filesystem::create_directories(folder);
  Tab tab;
  sample_site().keep_fresh();
  for (const int width : {1440, 768, 390}) {
    tab.resize(width, 900, width < 500);
    for (const char* const scheme : {"light", "dark"}) {
      tab.prefer(scheme);
      for (const Kept& page : kPages) {
        tab.open(sample_site().at(page.path));
        EXPECT_LE(tab.eval("document.documentElement.scrollWidth").get<int>(), width) << page.path;
        const std::string picture = folder / fmt::format("{}-{}-{}.png", page.name, width, scheme);
        tab.shoot(picture);
        EXPECT_GT(std::filesystem::file_size(picture), 1'000U);
      }
    }
  }
}

TEST(EveryPage, KeepsItsShapesWhereColoursAreForced) {
  Tab tab;
  tab.open(sample_site().at("/"));
  EXPECT_EQ(tab.eval("[...document.querySelectorAll('td.st .i')].every(i=>i.getBoundingClientRect().width>8&&"
                     "i.parentNode.textContent.trim().length>1)"),
            true);
  EXPECT_THAT(tab.complaints(), IsEmpty());
}

}  // namespace
}  // namespace nines::tools::testing
