// The rule of preconditions finds what it is there to find: each test plants one mistake in a small tree.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "house/rules.h"

namespace nines::house {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Tree tree_of(const std::string& header, const std::string& source) {
  return {{"engine/src/base/part.h", header}, {"engine/src/base/part.cc", source}};
}

TEST(PreconditionRules, AssertionInTheBodyIsSeen) {
  EXPECT_THAT(check_preconditions(tree_of("/// Requires: n > 0.\nint half(int n);\n",
                                          "int half(int n) {\n  assert(n > 0);\n  return n / 2;\n}\n")),
              IsEmpty());
  EXPECT_THAT(
      check_preconditions(tree_of("/// Requires:\n/// n > 0.\ninline int half(int n) { assert(n > 0); }\n", "")),
      IsEmpty());
}

TEST(PreconditionRules, BodyWithoutOneIsFound) {
  EXPECT_THAT(check_preconditions(tree_of("// A part.\n/// Requires: n > 0.\n[[nodiscard]] int half(int n);\n",
                                          "int half(int n) {\n  return n / 2;\n}\n")),
              ElementsAre(Finding{"engine/src/base/part.h", 2, "half does not assert what its header requires"}));
}

TEST(PreconditionRules, AnAssertionOfAnotherClassDoesNotCount) {
  const std::string header =
      "class Part {\n public:\n  class Inner {\n    int x;\n  };\n  /// Requires: n > 0.\n  void take(int n) "
      "const;\n};\n";
  EXPECT_THAT(check_preconditions(tree_of(header,
                                          "void Other::take(int n) { assert(n > 0); }\n"
                                          "void Part::take(int n) const {\n  other.take(n);\n}\n")),
              ElementsAre(Finding{"engine/src/base/part.h", 6, "take does not assert what its header requires"}));
  EXPECT_THAT(check_preconditions(tree_of(header, "void Part::take(int n) const {\n  assert(n > 0);\n}\n")), IsEmpty());
}

TEST(PreconditionRules, ACallIsNoBody) {
  EXPECT_THAT(check_preconditions(tree_of("/// Requires: n > 0.\nint half(int n);\n",
                                          "int main() {\n  if (half(2)) {\n    assert(true);\n  }\n}\n")),
              ElementsAre(Finding{"engine/src/base/part.h", 1, "no body of half is found"}));
}

TEST(PreconditionRules, AnalysedLocksAndImplementationsOfAnInterfaceCount) {
  EXPECT_THAT(check_preconditions(tree_of("/// Requires: the lock.\nvoid go() NINES_REQUIRES(mutex);\n", "")),
              IsEmpty());
  EXPECT_THAT(check_preconditions(tree_of("class Seam {\n  /// Requires: n > 0.\n  virtual void go(int n) = 0;\n};\n",
                                          "class One final : public Seam {\n"
                                          "  void go(int n) override { assert(n > 0); }\n};\n")),
              IsEmpty());
}

}  // namespace
}  // namespace nines::house
