// The page of one server in a browser.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/browser/chromium.h"
#include "tools/browser/sample_site.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ServerPage : public ::testing::Test {
 protected:
  ~ServerPage() override { EXPECT_THAT(tab_.complaints(), IsEmpty()); }
  [[nodiscard]] double span_hours() {
    EXPECT_TRUE(tab_.becomes("!!document.querySelector('.chart')"));
    const Json ends = tab_.eval("(c=>[+c.from,+c.to])(document.querySelector('.chart').dataset)");
    return (ends[1].get<double>() - ends[0].get<double>()) / 3.6e6;
  }

  SampleSite& site_ = sample_site();
  Tab tab_;
};

TEST_F(ServerPage, SaysTheStateItsCauseAndSince) {
  tab_.open(site_.at("/server/Invoices"));
  EXPECT_THAT(tab_.eval("document.querySelector('#top').textContent").get<std::string>(),
              ::testing::AllOf(HasSubstr("down"), HasSubstr("HTTP 503, expected 200-299")));
  EXPECT_THAT(tab_.eval("document.title").get<std::string>(), HasSubstr("Invoices is down"));
  EXPECT_THAT(tab_.eval("document.querySelector('.timeline li').textContent").get<std::string>(),
              HasSubstr("Down since"));
}

TEST_F(ServerPage, DraggingZoomsDownToSingleChecks) {
  tab_.open(site_.at("/server/Checkout?window=7d"));
  EXPECT_NEAR(span_hours(), 168, 3.1);
  tab_.drag(".area", 0.4, 0.6);
  ASSERT_TRUE(tab_.becomes("location.search.includes('from=')&&document.readyState==='complete'"));
  EXPECT_NEAR(span_hours(), 168 * 0.2, 2);
  tab_.drag(".area", 0.4, 0.5);
  ASSERT_TRUE(
      tab_.becomes("document.readyState==='complete'&&"
                   "document.querySelector('.legend')?.textContent.includes('Each dot is a check')"));
  EXPECT_NEAR(span_hours(), 168 * 0.02, 1);
}

TEST_F(ServerPage, TheKeyboardZoomsAndMoves) {
  tab_.open(site_.at("/server/Checkout?window=24h"));
  tab_.eval("document.querySelector('.chart').focus();window.old=true");
  tab_.press("+");
  ASSERT_TRUE(tab_.becomes("!window.old&&document.readyState==='complete'"));
  EXPECT_NEAR(span_hours(), 12, 0.5);
  const double from = tab_.eval("+document.querySelector('.chart').dataset.from");
  tab_.eval("document.querySelector('.chart').focus();window.old=true");
  tab_.press("ArrowLeft");
  ASSERT_TRUE(tab_.becomes("!window.old&&document.readyState==='complete'"));
  EXPECT_LT(tab_.eval("+document.querySelector('.chart').dataset.from").get<double>(), from);
}

TEST_F(ServerPage, TimesAreTheReadersAndUtcIsTheTitle) {
  tab_.open(site_.at("/server/Checkout"));
  // The browser lives in Paris.
  EXPECT_EQ(tab_.eval("(t=>t.title===t.dateTime&&t.dateTime.endsWith('Z')&&t.textContent.includes("
                      "new Date(t.dateTime).toLocaleTimeString(undefined,{timeZone:'Europe/Paris'})))"
                      "(document.querySelector('.checks time'))"),
            true);
}

TEST_F(ServerPage, TimesAreOfTheZoneThatWasAskedFor) {
  tab_.open(site_.at("/server/Checkout?tz=Asia/Tokyo"));
  EXPECT_EQ(tab_.eval("(t=>t.title===t.dateTime&&t.textContent.includes("
                      "new Date(t.dateTime).toLocaleTimeString(undefined,{timeZone:'Asia/Tokyo'})))"
                      "(document.querySelector('.checks time'))"),
            true);
}

TEST_F(ServerPage, ANameOfTwoHundredLettersFitsEveryWidth) {
  const std::string longest(ServerLimits::kMaxNameBytes, 'w');
  for (const int width : {1440, 768, 390}) {
    tab_.resize(width, 900, width < 500);
    tab_.open(site_.at("/server/" + longest));
    EXPECT_LE(tab_.eval("document.documentElement.scrollWidth").get<int>(), width);
  }
}

TEST_F(ServerPage, ACheckThatLandsIsShownWhileTheReaderStays) {
  tab_.open(site_.at("/server/Intranet"));
  tab_.eval("window.kept=true;document.querySelector('#rows a').focus();scrollTo(0,200)");
  const std::string count = "document.querySelector('#figures').textContent";
  const Json before = tab_.eval(count);
  // What grows above it moves what the reader looks at in the page, not on the screen.
  const std::string place = "Math.round(document.activeElement.getBoundingClientRect().top)";
  const Json top = tab_.eval(place);
  site_.check("Intranet", State::down);
  site_.check("Intranet", State::down);
  EXPECT_TRUE(tab_.becomes("document.querySelector('#top .pill').textContent==='down'"));
  EXPECT_THAT(tab_.eval("document.title").get<std::string>(), HasSubstr("Intranet is down"));
  EXPECT_THAT(tab_.eval("document.querySelector('link[rel=icon]').href").get<std::string>(), HasSubstr("icon-down"));
  EXPECT_NE(tab_.eval(count), before);
  EXPECT_EQ(tab_.eval("window.kept&&document.querySelector('#rows').contains(document.activeElement)"), true);
  EXPECT_NEAR(tab_.eval(place).get<int>(), top.get<int>(), 2);
  site_.check("Intranet", State::up);
  EXPECT_TRUE(tab_.becomes("document.querySelector('#top .pill').textContent==='up'"));
  // The chart that came with it still zooms.
  tab_.eval("document.activeElement.blur();document.querySelector('.chart').focus()");
  tab_.press("+");
  EXPECT_TRUE(tab_.becomes("location.search.includes('from=')"));
}

TEST_F(ServerPage, TellsWhatHasChangedWhatItWasDueToAndWhatIsUsual) {
  tab_.open(site_.at("/server/Checkout?window=7d"));
  const std::string details = tab_.eval("document.querySelector('.details').textContent");
  for (const char* const part : {"Beside the period before", "Outages begun", "Down time by cause", "Service hours",
                                 "mon-fri 08:00-18:00 in Europe/Paris", "Response times", "within 300 ms", "Apdex"}) {
    EXPECT_THAT(details, HasSubstr(part));
  }
  // On a phone they stand below each other, and none is wider than the screen.
  tab_.resize(390, 900, true);
  tab_.open(site_.at("/server/Checkout?window=7d"));
  EXPECT_EQ(
      tab_.eval("[...document.querySelectorAll('.details section')].every(s=>s.getBoundingClientRect().right<=390&&"
                "s.scrollWidth<=s.clientWidth)"),
      true);
}

TEST_F(ServerPage, MaintenanceIsPlannedInTheReadersZone) {
  // The browser lives in Paris.
  tab_.open(site_.at("/server/Checkout"));
  EXPECT_EQ(tab_.eval("document.querySelector('form[action$=maintenance] [data-zone]').textContent"), "Europe/Paris");
  tab_.eval(
      "(f=>{f.closest('details').open=true;f.from.value='2099-07-01T08:00';f.for.value='2h';f.note.value='new disks'})"
      "(document.querySelector('form[action$=maintenance]'));window.old=true");
  tab_.click("form[action$=maintenance] button");
  ASSERT_TRUE(tab_.becomes("!window.old&&document.readyState==='complete'"));
  EXPECT_EQ(tab_.eval("location.pathname"), "/server/Checkout");
  EXPECT_THAT(tab_.eval("document.querySelector('.changes').textContent").get<std::string>(),
              HasSubstr("maintenance 2099-07-01T06:00:00.000Z to 2099-07-01T08:00:00.000Z: new disks"));
}

TEST_F(ServerPage, WithoutScriptsTheChartAndTheChecksAreThere) {
  tab_.allow_scripts(false);
  tab_.open(site_.at("/server/Checkout?window=7d"));
  EXPECT_EQ(tab_.eval("document.querySelector('.area path.line').getTotalLength()>100"), true);
  EXPECT_EQ(tab_.eval("document.querySelectorAll('.checks tbody tr').length"), 25);
}

}  // namespace
}  // namespace nines::tools::testing
