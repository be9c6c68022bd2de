// Services made of servers: how parts combine, and the service's own incidents and budget.
#include <nines/composed.h>

#include "query/support/history_builder.h"

namespace nines::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::Optional;

class Composed : public History {
 protected:
  ServerId add(const std::string& name, std::string_view letters) {
    Server server = server_;
    server.name = name;
    server.id = store_.add(server);
    std::swap(server, server_);
    checks(start_, letters);
    std::swap(server, server_);
    return server.id;
  }
  [[nodiscard]] static Component leaf(ServerId server, double weight = 1) {
    return {Component::Kind::server, server, {}, 1, weight};
  }
  [[nodiscard]] static Component node(Component::Kind kind, std::vector<Component> parts, double needed = 1) {
    return {kind, {}, std::move(parts), needed, 1};
  }
  [[nodiscard]] ComposedAnswer ask(const Component& service, TimeMs from, TimeMs to,
                                   std::optional<double> objective = {}) const {
    auto answer = composed_uptime(store_, service, query(from, to), {.objective = objective});
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return *answer;
  }
  [[nodiscard]] std::string line(const Component& service, int length) const {
    std::string text;
    for (const Span& span : ask(service, start_, start_ + minutes{length}).spans) {
      text += "?ugdmp"[static_cast<std::size_t>(span.state)] + std::to_string(span.length_ms() / kMinute) + " ";
    }
    return text;
  }

  TimeMs start_ = at("2026-07-14T10:00:00Z");
};

using Kind = Component::Kind;

TEST_F(Composed, PartsInSeriesAndInParallel) {
  const ServerId a = add("a", "uuddduuuuu");
  const ServerId b = add("b", "uuuudduugg");
  now_ = start_ + minutes{10};
  EXPECT_EQ(line(node(Kind::all_of, {leaf(a), leaf(b)}), 10), "u2 d4 u2 g2 ");
  EXPECT_EQ(line(node(Kind::any_of, {leaf(a), leaf(b)}), 10), "u4 d1 u5 ");
}

TEST_F(Composed, EnoughWeightHasToBeUp) {
  const ServerId a = add("a", "uuddduuuuu");
  const ServerId b = add("b", "uuuudduuuu");
  const ServerId c = add("c",
                         "uuuuuuudd"
                         "u");
  now_ = start_ + minutes{10};
  EXPECT_EQ(line(node(Kind::at_least, {leaf(a), leaf(b), leaf(c)}, 2), 10), "u4 d1 u5 ");
  EXPECT_EQ(line(node(Kind::at_least, {leaf(a, 3), leaf(b), leaf(c)}, 3), 10), "u2 d3 u5 ") << "a alone is enough";
}

TEST_F(Composed, TreesCombineFromTheLeavesUp) {
  const ServerId a = add("a", "uudduuuuuu");
  const ServerId b = add("b", "uuudduuuuu");
  const ServerId web = add("web",
                           "uuuuuuudd"
                           "u");
  now_ = start_ + minutes{10};
  const Component service = node(Kind::all_of, {leaf(web), node(Kind::any_of, {leaf(a), leaf(b)})});
  EXPECT_EQ(line(service, 10), "u3 d1 u3 d2 u1 ");
  const ComposedAnswer answer = ask(service, start_, now_, 0.8);
  ASSERT_EQ(answer.incidents.size(), 2U);
  EXPECT_THAT(answer.incidents[0].servers, ElementsAre(a, b));
  EXPECT_EQ(answer.incidents[0].duration_ms, kMinute);
  EXPECT_THAT(answer.incidents[1].servers, ElementsAre(web));
  EXPECT_THAT(answer.uptime_ratio, Optional(DoubleEq(0.7)));
  EXPECT_THAT(answer.mttr_ms, Optional(DoubleEq(1.5 * kMinute)));
  EXPECT_THAT(answer.mtbf_ms, Optional(DoubleEq(3.5 * kMinute)));
  EXPECT_EQ(answer.longest_outage_ms, 2 * kMinute);
  EXPECT_EQ(answer.budget->budget_ms, 2 * kMinute);
  EXPECT_EQ(answer.budget->remaining_ms, -kMinute);
  EXPECT_EQ(answer.budget->met, false);
}

TEST_F(Composed, IncidentsAreWholeWhateverTheWindow) {
  const ServerId a = add("a", "u" + std::string(300, 'd') + "uuu");
  const Component service = node(Kind::all_of, {leaf(a)});
  const ComposedAnswer answer = ask(service, start_ + hours{2}, start_ + hours{3});
  ASSERT_EQ(answer.incidents.size(), 1U);
  EXPECT_EQ(answer.incidents[0].from, start_ + minutes{1});
  EXPECT_EQ(answer.incidents[0].to, start_ + minutes{301});
  EXPECT_EQ(answer.incidents[0].duration_ms, 300 * kMinute);
  EXPECT_EQ(answer.incidents[0].window_ms, kHour);
  EXPECT_EQ(answer.mttr_ms, std::nullopt) << "it ends later";
  EXPECT_EQ(answer.mtbf_ms, std::nullopt) << "it began earlier";
}

TEST_F(Composed, StateHasItsTrueStartWhateverTheWindow) {
  const ServerId a = add("a", std::string(3000, 'u'));
  const ServerId b = add("b", "uuudd" + std::string(2995, 'u'));
  const Component both = node(Kind::all_of, {leaf(a), leaf(b)});
  now_ = start_ + minutes{3000};
  EXPECT_EQ(ask(both, now_ - hours{1}, now_).current, (Streak{State::up, start_ + minutes{5}}));
  EXPECT_EQ(ask(both, start_ + minutes{4}, start_ + minutes{5}).current, (Streak{State::down, start_ + minutes{3}}));
  EXPECT_EQ(ask(node(Kind::any_of, {leaf(a), leaf(b)}), now_ - hours{1}, now_).current, (Streak{State::up, start_}));
  EXPECT_EQ(ask(both, now_, now_).current, std::nullopt);
  const auto clipped = composed_uptime(store_, both, query(now_ - hours{1}, now_), {.objective = {}, .since = false});
  EXPECT_EQ(clipped->current, (Streak{State::up, now_ - hours{1}}));
}

TEST_F(Composed, MaintenanceTakesNoPart) {
  const ServerId a = add("a", "uuuuuu");
  const ServerId b = add("b", "uudduu");
  Server server = *store_.catalog()->find(b);
  Maintenance planned;
  planned.once = {start_ + minutes{2}, start_ + minutes{4}};
  server.maintenance = {planned};
  ASSERT_TRUE(store_.update_server(server).has_value());
  now_ = start_ + minutes{6};
  EXPECT_EQ(line(node(Kind::all_of, {leaf(a), leaf(b)}), 6), "u6 ");
  EXPECT_EQ(line(node(Kind::all_of, {leaf(b)}), 6), "u2 m2 u2 ");
}

TEST_F(Composed, UnknownPartsMayMakeItUpOrNot) {
  const ServerId a = add("a", "uuuu......");  // known for 5 min 40 s
  const ServerId b = add("b", "uuuuuuuudd");
  now_ = start_ + minutes{10};
  const TimePerState both = ask(node(Kind::all_of, {leaf(a), leaf(b)}), start_, now_).time;
  EXPECT_EQ(both[State::unknown], 8 * kMinute - 340 * kSecond);
  EXPECT_EQ(both[State::down], 2 * kMinute) << "one is down, whatever the other is";
  const TimePerState either = ask(node(Kind::any_of, {leaf(a), leaf(b)}), start_, now_).time;
  EXPECT_EQ(either[State::unknown], 2 * kMinute);
  EXPECT_EQ(either[State::up], 8 * kMinute);
}

TEST_F(Composed, MalformedTreesAreRefused) {
  const ServerId a = add("a", "u");
  const auto refused = [&](const Component& service) {
    return composed_uptime(store_, service, query(start_, start_ + minutes{1})).error().code;
  };
  EXPECT_EQ(refused(node(Kind::all_of, {})), ErrorCode::invalid_argument);
  EXPECT_EQ(refused(node(Kind::at_least, {leaf(a)}, 0)), ErrorCode::invalid_argument);
  EXPECT_EQ(refused(node(Kind::at_least, {leaf(a, -1)}, 1)), ErrorCode::invalid_argument);
  Component deep = leaf(a);
  for (std::size_t i = 0; i < kMaxComponentDepth; ++i) deep = node(Kind::all_of, {deep});
  EXPECT_EQ(refused(deep), ErrorCode::invalid_argument);
  EXPECT_EQ(refused(node(Kind::all_of, std::vector<Component>(kMaxComponents, leaf(a)))), ErrorCode::invalid_argument);
  EXPECT_EQ(refused(node(Kind::all_of, {leaf(ServerId{999})})), ErrorCode::not_found);
  EXPECT_EQ(composed_uptime(store_, leaf(a), query(start_, start_), {.objective = 1.5}).error().code,
            ErrorCode::invalid_argument);
}

TEST_F(Composed, TreeIsReadFromItsText) {
  const ServerId a = add("a", "u");
  const ServerId b = add("b c", "u");
  const auto catalog = store_.catalog();
  const auto tree = parse_component(" all(site, any(a * 2, \"b c\"), 1.5 of (b c * 0.5, a)) ", *catalog);
  ASSERT_TRUE(tree.has_value()) << tree.error().message;
  EXPECT_EQ(tree->kind, Kind::all_of);
  ASSERT_EQ(tree->parts.size(), 3U);
  EXPECT_EQ(tree->parts[0].server, server_.id);
  EXPECT_EQ(tree->parts[1].kind, Kind::any_of);
  EXPECT_EQ(tree->parts[1].parts[0].server, a);
  EXPECT_EQ(tree->parts[1].parts[0].weight, 2);
  EXPECT_EQ(tree->parts[1].parts[1].server, b);
  EXPECT_EQ(tree->parts[2].kind, Kind::at_least);
  EXPECT_EQ(tree->parts[2].needed, 1.5);
  EXPECT_EQ(tree->parts[2].parts[0].server, b);
  EXPECT_EQ(tree->parts[2].parts[0].weight, 0.5);
  EXPECT_EQ(parse_component("site", *catalog)->kind, Kind::server);
}

TEST_F(Composed, TextThatIsNoTreeSaysWhere) {
  const auto catalog = store_.catalog();
  std::string deep = "site";
  for (std::size_t i = 0; i < kMaxComponentDepth; ++i) deep = "all(" + deep + ")";
  std::string wide = "all(site";
  for (std::size_t i = 0; i < kMaxComponents; ++i) wide += ",site";
  for (const std::string& text :
       {std::string(), std::string("all("), std::string("all()"), std::string("all(site"), std::string("all(site,)"),
        std::string("some(site)"), std::string("0 of (site)"), std::string("-1 of (site)"),
        std::string("nan of (site)"), std::string("site * 0"), std::string("site *"), std::string("site * x"),
        std::string("site) "), std::string("\"site"), deep, wide + ")"}) {
    const auto tree = parse_component(text, *catalog);
    ASSERT_FALSE(tree.has_value()) << text;
    EXPECT_EQ(tree.error().code, ErrorCode::invalid_argument) << text;
    EXPECT_EQ(tree.error().message.find("column "), 0U) << tree.error().message;
  }
  EXPECT_EQ(parse_component("all(site, nobody)", *catalog).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace nines::test
