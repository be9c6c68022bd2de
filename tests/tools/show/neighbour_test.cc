// What is offered to a slip of the finger, and text that is broken where a line ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "show/broken.h"
#include "show/neighbour.h"

namespace nines::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;

TEST(Neighbour, OfTheWordsThatAMessageListsIsNamed) {
  EXPECT_EQ(with_neighbour("--state dwn: it takes up, degraded, down or unknown"),
            "--state dwn: it takes up, degraded, down or unknown; did you mean `down`?");
  EXPECT_THAT(with_neighbour("--maintenance `exlude`: it takes exclude, as-up or as-measured"),
              EndsWith("; did you mean `exclude`?"));
  EXPECT_THAT(with_neighbour("state `upp` is not one of up, degraded, down, unknown"), EndsWith("did you mean `up`?"));
  EXPECT_THAT(with_neighbour("--by: \"dya\" is not one of hour, day, week and month"), EndsWith("did you mean `day`?"));
  EXPECT_THAT(with_neighbour("there is no completion for `bsh`; it is bash, zsh or fish"),
              EndsWith("did you mean `bash`?"));
  EXPECT_THAT(with_neighbour("url: its scheme `htps` is not one that can be checked: http, https, tcp and push"),
              EndsWith("did you mean `https`?"));
}

TEST(Neighbour, OfZonesErrorClassesAndWindowsIsNamed) {
  EXPECT_THAT(with_neighbour("unknown time zone \"Europe/Pari\"; use an IANA name such as Europe/Berlin or UTC"),
              EndsWith("; did you mean `Europe/Paris`?"));
  EXPECT_THAT(with_neighbour("--tz: unknown time zone \"UCT2\"; use an IANA name"), EndsWith("; did you mean `UCT`?"));
  EXPECT_THAT(with_neighbour("error `htp_status` is not an error class"), EndsWith("; did you mean `http_status`?"));
  EXPECT_THAT(with_neighbour("the window \"lst-month\" is not understood; use a length such as 24h"),
              EndsWith("; did you mean `last-month`?"));
}

TEST(Neighbour, IsNotNamedWhereNoneIsNearOrKnown) {
  for (const char* const message :
       {"--state wonderful: it takes up, degraded or down", "--every: it takes a span of at least 100ms",
        "there is no server `a`; did you mean `b`?", "explain uptme: it takes status, uptime; did you mean `uptime`?",
        "--listen x: it takes an address and port like 127.0.0.1:8080", "", ": it takes ", "it takes up or down",
        "unknown time zone \"Moon/Crater\"; use an IANA name", "two\nlines: it takes up or down"}) {
    EXPECT_EQ(with_neighbour(message), message);
  }
}

TEST(Broken, EndsWhereALineDoesAndNeverWithinACharacter) {
  EXPECT_THAT(broken("abcdefg", 3), ElementsAre("abc", "def", "g"));
  EXPECT_THAT(broken("abc", 3), ElementsAre("abc"));
  EXPECT_THAT(broken("", 3), ElementsAre(""));
  EXPECT_THAT(broken("日本語", 5), ElementsAre("日本", "語"));
  EXPECT_THAT(broken("日本", 1), ElementsAre("日", "本")) << "wider than the line";
  EXPECT_THAT(broken("ab\xcc\x81", 2), ElementsAre("ab\xcc\x81")) << "a mark stays with its letter";
}

}  // namespace
}  // namespace nines::tools
