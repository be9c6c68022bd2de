// Catalog entries: every field comes back, unknown fields are skipped, bounds are named.
#include <gtest/gtest.h>
#include <functional>

#include "base/bytes.h"
#include "codec/catalog_codec.h"
#include "vocabulary/validate_server.h"

namespace nines::engine {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

Server small_server() {
  Server server;
  server.id = ServerId{3};
  server.name = "site";
  return server;
}

Server full_server() {
  Server server = small_server();
  server.url = "https://example.org/é";
  server.group = "core";
  server.tags = {{"team", "web"}, {"empty", ""}};
  server.created_at = from_ms(1'782'864'000'000);
  Rules later;
  later.effective_from = from_ms(1'782'864'000'001);
  later.interval = milliseconds{30'000};
  later.timeout = milliseconds{0};
  later.confirm_failures = 3;
  later.confirm_successes = 2;
  later.quorum = 65'535;
  later.stale_after = days{1};
  later.merge_within = minutes{5};
  server.rules.push_back(later);
  Maintenance once;
  once.once = {from_ms(5), from_ms(6)};
  once.note = "first";
  Maintenance weekly;
  weekly.repeat = Maintenance::Repeat::weekly;
  weekly.weekdays = 0x41;
  weekly.start = minutes{23 * 60 + 59};
  weekly.length = days{7};
  weekly.timezone = "Europe/Paris";
  weekly.effective = {from_ms(10), kTimeLimit};
  Maintenance monthly = weekly;
  monthly.repeat = Maintenance::Repeat::monthly;
  monthly.day_of_month = 31;
  server.maintenance = {once, weekly, monthly};
  server.corrections = {{{from_ms(1), from_ms(2)}, State::up, "was our own network"}};
  server.paused = {{from_ms(1), from_ms(2)}, {from_ms(2), kTimeLimit}};
  server.retention = {days{400}, days{-1}};
  server.objective = 0.999;
  server.level = {"30d", "mon-fri 08:00-18:00", "Europe/Paris", milliseconds{300}, 0.95};
  server.annotations = {{Annotation::Kind::acknowledged, from_ms(5), from_ms(7), "ann", ""},
                        {Annotation::Kind::note, from_ms(5), from_ms(7), "", "the provider's router"}};
  server.check = R"({"method":"GET"})";
  return server;
}

TEST(Catalog, EntriesComeBack) {
  for (const Server& server : {small_server(), full_server()}) {
    ASSERT_TRUE(validate_server(server)) << validate_server(server).error().message;
    const auto back = decode_server(server.id, encode_server(server));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, server);
  }
}

TEST(Catalog, NotesOfTheStoreStandBesideTheServer) {
  const Server server = full_server();
  for (const EntryNotes& notes : {EntryNotes{}, EntryNotes{true, 0}, EntryNotes{false, 4'294'967'295}}) {
    const std::string bytes = encode_server(server, notes);
    EXPECT_EQ(*decode_server(server.id, bytes), server);
    EXPECT_EQ(notes_of(bytes).removed, notes.removed);
    EXPECT_EQ(notes_of(bytes).longest_interval_ms, notes.longest_interval_ms);
  }
  std::string bytes = encode_server(server);
  put_varint(bytes, 17);
  put_text(bytes, "\x80\x80\x80\x80\x20");  // 2^32
  EXPECT_EQ(decode_server(server.id, bytes).error().code, ErrorCode::corruption);
}

TEST(Catalog, UnknownFieldsAreSkipped) {
  const Server server = full_server();
  std::string bytes = encode_server(server);
  for (const std::uint64_t tag : {200U, 255U, 100'000U}) {
    put_varint(bytes, tag);
    put_text(bytes, "of a later version");
  }
  const auto back = decode_server(server.id, bytes);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, server);
}

TEST(Catalog, NewerVersionIsRefusedAndNoneIsCorruption) {
  std::string bytes = encode_server(small_server());
  bytes[0] = static_cast<char>(kServerVersion + 1);
  EXPECT_EQ(decode_server(ServerId{3}, bytes).error().code, ErrorCode::newer_format);
  bytes[0] = 0;
  EXPECT_EQ(decode_server(ServerId{3}, bytes).error().code, ErrorCode::corruption);
  EXPECT_EQ(decode_server(ServerId{3}, "").error().code, ErrorCode::corruption);
}

TEST(Catalog, DamagedEntriesAreErrorsOrValidEntries) {
  const std::string bytes = encode_server(full_server());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    (void)decode_server(ServerId{3}, std::string_view(bytes).substr(0, i));
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ (1U << bit));
      const auto back = decode_server(ServerId{3}, damaged);
      EXPECT_TRUE(!back || validate_server(*back));
    }
  }
}

struct BadField {
  const char* field;
  std::function<void(Server&)> spoil;
};

TEST(Catalog, BoundsAreNamed) {
  const BadField cases[] = {
      {"name", [](Server& s) { s.name.clear(); }},
      {"name", [](Server& s) { s.name = std::string(ServerLimits::kMaxNameBytes + 1, 'x'); }},
      {"name", [](Server& s) { s.name = std::string("a\nb"); }},
      {"name", [](Server& s) { s.name = std::string("\xc3"); }},
      {"name", [](Server& s) { s.name = std::string("\xed\xa0\x80"); }},
      {"name", [](Server& s) { s.name = std::string("\xc0\x80"); }},
      {"url", [](Server& s) { s.url = std::string(ServerLimits::kMaxUrlBytes + 1, 'x'); }},
      {"group", [](Server& s) { s.group = std::string("\xff"); }},
      {"tags", [](Server& s) { s.tags.emplace("", "x"); }},
      {"tag 'k'", [](Server& s) { s.tags["k"] = std::string(ServerLimits::kMaxTagValueBytes + 1, 'x'); }},
      {"created_at", [](Server& s) { s.created_at = from_ms(-1); }},
      {"rules", [](Server& s) { s.rules.clear(); }},
      {"rules[0].interval", [](Server& s) { s.rules[0].interval = milliseconds{0}; }},
      {"rules[0].interval", [](Server& s) { s.rules[0].interval = days{31} + milliseconds{1}; }},
      {"rules[1].timeout", [](Server& s) { s.rules[1].timeout = milliseconds{-1}; }},
      {"rules[1].confirm_failures", [](Server& s) { s.rules[1].confirm_failures = 0; }},
      {"rules[1].confirm_successes", [](Server& s) { s.rules[1].confirm_successes = 0; }},
      {"rules[1].effective_from", [](Server& s) { s.rules[1].effective_from = s.rules[0].effective_from; }},
      {"maintenance[0].once", [](Server& s) { s.maintenance[0].once.to = s.maintenance[0].once.from; }},
      {"maintenance[1].weekdays", [](Server& s) { s.maintenance[1].weekdays = 0; }},
      {"maintenance[1].start", [](Server& s) { s.maintenance[1].start = hours{24}; }},
      {"maintenance[1].length", [](Server& s) { s.maintenance[1].length = minutes{0}; }},
      {"maintenance[1].timezone", [](Server& s) { s.maintenance[1].timezone.clear(); }},
      {"maintenance[2].day_of_month", [](Server& s) { s.maintenance[2].day_of_month = 32; }},
      {"maintenance[2].note",
       [](Server& s) { s.maintenance[2].note = std::string(ServerLimits::kMaxNoteBytes + 1, 'x'); }},
      {"corrections[0].window", [](Server& s) { s.corrections[0].window = {}; }},
      {"paused[1]", [](Server& s) { s.paused[1].from = from_ms(1); }},
      {"retention.checks", [](Server& s) { s.retention.checks = ServerLimits::kMaxRetention + days{1}; }},
      {"objective", [](Server& s) { s.objective = 1; }},
      {"objective", [](Server& s) { s.objective = 0; }},
      {"level.period", [](Server& s) { s.level.period = std::string(ServerLimits::kMaxPeriodBytes + 1, 'x'); }},
      {"level.hours", [](Server& s) { s.level.hours = std::string("\xff"); }},
      {"level.latency_target", [](Server& s) { s.level.latency_target = milliseconds{-1}; }},
      {"level.latency_objective", [](Server& s) { s.level.latency_objective = 1; }},
      {"annotations[0].author",
       [](Server& s) { s.annotations[0].author = std::string(ServerLimits::kMaxAuthorBytes + 1, 'x'); }},
      {"annotations[1].text", [](Server& s) { s.annotations[1].text = std::string("\xc3"); }},
      {"annotations[1].made_at", [](Server& s) { s.annotations[1].made_at = from_ms(6); }},
      {"check", [](Server& s) { s.check = std::string(ServerLimits::kMaxCheckBytes + 1, ' '); }},
  };
  for (const BadField& bad : cases) {
    Server server = full_server();
    bad.spoil(server);
    const auto valid = validate_server(server);
    ASSERT_FALSE(valid) << bad.field;
    EXPECT_EQ(valid.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(valid.error().message.find(bad.field), std::string::npos) << valid.error().message;
    EXPECT_EQ(decode_server(server.id, encode_server(server)).error().code, ErrorCode::corruption);
  }
}

TEST(Catalog, TextOfEveryUtf8LengthIsAccepted) {
  Server server = small_server();
  server.name = "aé€😀 \xf4\x8f\xbf\xbf";
  EXPECT_TRUE(validate_server(server));
}

}  // namespace
}  // namespace nines::engine
