// The overview in a browser.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "show/text.h"
#include "tools/browser/chromium.h"
#include "tools/browser/sample_site.h"

namespace nines::tools::testing {
namespace {

using ::testing::AnyOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class OverviewPage : public ::testing::Test {
 protected:
  ~OverviewPage() override {
    EXPECT_THAT(tab_.complaints(), IsEmpty());
    // The browser draws its own fields from data.
    EXPECT_THAT(tab_.asked(), Each(AnyOf(StartsWith(site_.at("/")), StartsWith("data:"))))
        << "the page asks nobody else";
  }
  void open(const std::string& query = {}) { tab_.open(site_.at("/" + query)); }
  // Names of the rows that are shown.
  [[nodiscard]] Json shown() {
    return tab_.eval(
        "[...document.querySelectorAll('tr[data-s]')].filter(r=>r.checkVisibility())"
        ".map(r=>r.querySelector('th a').textContent)");
  }
  [[nodiscard]] static std::string row_of(const std::string& name) {
    return fmt::format("[...document.querySelectorAll('tr[data-s]')].find(r=>r.querySelector('th a').textContent==={})",
                       Json(name).dump());
  }

  SampleSite& site_ = sample_site();
  Tab tab_;
};

TEST_F(OverviewPage, SaysInItsTitleAndItsHeadingWhatIsWrong) {
  open();
  EXPECT_THAT(tab_.eval("document.title").get<std::string>(), HasSubstr("2 down: "));
  EXPECT_THAT(tab_.eval("document.querySelector('h1').textContent").get<std::string>(), HasSubstr("Invoices"));
  EXPECT_THAT(tab_.eval("document.querySelector('.problems').textContent").get<std::string>(),
              HasSubstr("HTTP 503, expected 200-299"));
  EXPECT_EQ(tab_.eval("document.querySelectorAll('tr[data-s]').length"), site_.servers());
}

TEST_F(OverviewPage, HostileNamesAreTextAndNothingElse) {
  open();
  EXPECT_EQ(tab_.eval("document.images.length"), 0);
  EXPECT_THAT(shown(), ::testing::Contains(Json(kHostileName)));
  tab_.eval(row_of(kHostileName) + ".querySelector('th a').click()");
  ASSERT_TRUE(tab_.becomes("location.pathname.startsWith('/server/')&&document.readyState==='complete'"));
  EXPECT_EQ(tab_.eval("document.querySelector('h1').textContent"), kHostileName);
  EXPECT_EQ(tab_.eval("document.images.length"), 0);
}

TEST_F(OverviewPage, TypingFiltersRowsAndTheAddressKeepsIt) {
  open();
  tab_.press("/");
  EXPECT_EQ(tab_.eval("document.activeElement.type"), "search");
  tab_.type("gateway");
  EXPECT_TRUE(tab_.becomes("new URL(location).searchParams.get('search')==='gateway'"));
  EXPECT_EQ(shown(), Json({"API gateway"}));
  tab_.open(tab_.eval("location.href"));
  EXPECT_EQ(shown(), Json({"API gateway"}));
  tab_.click("input[type=search]");
  tab_.type("zzz");
  EXPECT_EQ(shown(), Json::array());
  EXPECT_EQ(tab_.eval("document.querySelector('#none').checkVisibility()"), true);
  tab_.press("Escape");
  EXPECT_EQ(shown().size(), site_.servers());
}

TEST_F(OverviewPage, ChipsFilterByState) {
  open();
  tab_.click(".chip[data-state=down]");
  EXPECT_EQ(shown().size(), 2U);
  EXPECT_EQ(tab_.eval("document.querySelector('.chip[data-state=down]').getAttribute('aria-pressed')"), "true");
  tab_.click(".chip[data-state=paused]");
  EXPECT_EQ(shown().size(), 3U);
  EXPECT_EQ(tab_.eval("new URL(location).searchParams.get('state')"), "down,paused");
}

TEST_F(OverviewPage, ColumnsSortAndSayHow) {
  open();
  tab_.eval("[...document.querySelectorAll('thead a')].find(a=>a.textContent==='Server').click()");
  ASSERT_TRUE(tab_.becomes("location.search.includes('sort=name')&&document.readyState==='complete'"));
  EXPECT_EQ(tab_.eval("document.querySelector('th[aria-sort]').textContent.trim().startsWith('Server')"), true);
  const Json names = shown();
  ASSERT_EQ(names.size(), site_.servers());
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end(),
                             [](const Json& a, const Json& b) { return a.get<std::string>() < b.get<std::string>(); }));
}

TEST_F(OverviewPage, ACheckThatLandsIsShownAndTheReadersPlaceIsKept) {
  site_.check("Payroll", State::up);
  open();
  const std::string row = row_of("Payroll");
  ASSERT_EQ(tab_.eval(row + ".dataset.s"), "up");
  tab_.eval("window.kept=true;" + row + ".querySelector('a').focus();scrollTo(0,120)");
  const Json top = tab_.eval("scrollY");
  site_.check("Payroll", State::down);
  site_.check("Payroll", State::down);
  EXPECT_TRUE(tab_.becomes(row + ".dataset.s==='down'"));
  EXPECT_TRUE(tab_.becomes("document.querySelector('h1').textContent.includes('Payroll')"));
  EXPECT_EQ(tab_.eval("window.kept"), true) << "the page was loaded again";
  EXPECT_EQ(tab_.eval("document.activeElement.textContent"), "Payroll");
  EXPECT_EQ(tab_.eval(row + ".contains(document.activeElement)"), true);
  EXPECT_EQ(tab_.eval("scrollY"), top);
  site_.check("Payroll", State::up);
  EXPECT_TRUE(tab_.becomes(row + ".dataset.s==='up'"));
}

TEST_F(OverviewPage, TheKeyboardReachesTheRowsAndOpensOne) {
  open("?search=gateway");
  // Through the window links, the box, its button and the chips.
  for (int i = 0; i < 40 && tab_.eval("document.activeElement.textContent") != "API gateway"; ++i) tab_.press("Tab");
  ASSERT_EQ(tab_.eval("document.activeElement.textContent"), "API gateway");
  EXPECT_EQ(tab_.eval("getComputedStyle(document.activeElement).outlineStyle"), "solid") << "focus is seen";
  tab_.press("Enter");
  ASSERT_TRUE(tab_.becomes("location.pathname==='/server/API%20gateway'&&document.readyState==='complete'"));
}

TEST_F(OverviewPage, WithoutScriptsItIsReadAndSearched) {
  tab_.allow_scripts(false);
  open("?search=gateway");
  EXPECT_EQ(shown(), Json({"API gateway"}));
  EXPECT_EQ(tab_.eval(row_of("API gateway") + ".querySelector('svg.strip').getBoundingClientRect().width>50"), true);
  EXPECT_EQ(tab_.eval("document.querySelector('form.search button').checkVisibility()"), true);
}

TEST_F(OverviewPage, OnAPhoneEveryCardShowsItsStateAndNothingSticksOut) {
  tab_.resize(390, 844, true);
  open();
  EXPECT_LE(tab_.eval("document.documentElement.scrollWidth").get<int>(), 390);
  EXPECT_EQ(tab_.eval("[...document.querySelectorAll('tr[data-s] td.st, .problems li, .chip')].filter(e=>"
                      "e.checkVisibility()).filter(e=>{const b=e.getBoundingClientRect();"
                      "return b.left<0||b.right>innerWidth||e.scrollWidth>e.clientWidth+1}).map(e=>e.textContent)"),
            Json::array());
}

}  // namespace
}  // namespace nines::tools::testing
