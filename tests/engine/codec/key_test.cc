// Keys: the order of the bytes is the order of server, time and location.
#include "codec/key.h"

#include <gtest/gtest.h>
#include <algorithm>
#include <random>
#include <tuple>
#include <vector>

#include "base/bytes.h"

namespace nines::engine {
namespace {

TEST(Key, BytesAreBigEndian) {
  const Key recent = recent_key(ServerId{0x01020304}, from_ms(0x0506'0708'090a), LocationId{0x0b0c});
  EXPECT_EQ(printable_key(recent.view()),
            "01020304"
            "000005060708090a"
            "0b0c");
  EXPECT_EQ(printable_key(chunk_key(ServerId{1}, from_ms(2)).view()),
            "00000001"
            "0000000000000002");
  EXPECT_EQ(printable_key(day_key(ServerId{1}, day_at(20'635)).view()),
            "00000001"
            "0000509b");
  EXPECT_EQ(printable_key(server_key(ServerId{258}).view()), "00000102");
}

TEST(Key, PartsComeBack) {
  const auto recent = parse_recent_key(recent_key(ServerId{9}, from_ms(1'782'864'000'123), LocationId{65'535}).view());
  ASSERT_TRUE(recent);
  EXPECT_EQ(recent->server, ServerId{9});
  EXPECT_EQ(to_ms(recent->time), 1'782'864'000'123);
  EXPECT_EQ(recent->location, LocationId{65'535});
  const auto chunk = parse_chunk_key(chunk_key(ServerId{0xffff'ffff}, from_ms(0)).view());
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->server, ServerId{0xffff'ffff});
  EXPECT_EQ(to_ms(chunk->first), 0);
  const auto day = parse_day_key(day_key(ServerId{9}, day_at(20'635)).view());
  ASSERT_TRUE(day);
  EXPECT_EQ(day->day, day_at(20'635));
  EXPECT_EQ(parse_server_key(server_key(ServerId{9}).view()), ServerId{9});
}

TEST(Key, OrderOfBytesIsOrderOfNumbers) {
  std::mt19937_64 random(1);
  using Parts = std::tuple<std::uint32_t, std::int64_t, std::uint16_t>;
  std::vector<Parts> parts;
  parts.reserve(300);
  for (int i = 0; i < 300; ++i) {
    parts.emplace_back(static_cast<std::uint32_t>(random() >> (32 + random() % 32)),
                       static_cast<std::int64_t>(random() >> (17 + random() % 40)),
                       static_cast<std::uint16_t>(random()));
  }
  const auto key_of = [](const Parts& p) {
    return recent_key(ServerId{std::get<0>(p)}, from_ms(std::get<1>(p)), LocationId{std::get<2>(p)});
  };
  std::sort(parts.begin(), parts.end());
  for (std::size_t i = 1; i < parts.size(); ++i) EXPECT_LE(key_of(parts[i - 1]).view(), key_of(parts[i]).view());
}

TEST(Key, EndOfServerFollowsAllItsKeysAndPrecedesTheNextOnes) {
  const TimeMs last = kTimeLimit - std::chrono::milliseconds{1};
  for (const std::uint32_t number : {1U, 255U, 256U, 0xffff'fffeU, 0xffff'ffffU}) {
    const ServerId server{number};
    EXPECT_LE(server_key(server).view(), chunk_key(server, from_ms(0)).view());
    EXPECT_LT(recent_key(server, last, LocationId{0xffff}).view(), prefix_end(server).view());
    EXPECT_LT(day_key(server, day_of(last)).view(), prefix_end(server).view());
  }
  EXPECT_LE(prefix_end(ServerId{41}).view(), server_key(ServerId{42}).view());
}

TEST(Key, OtherLengthsAndTimesAreNoKeys) {
  const std::string recent(recent_key(ServerId{9}, from_ms(5), LocationId{1}).view());
  EXPECT_FALSE(parse_recent_key(recent.substr(1)));
  EXPECT_FALSE(parse_recent_key(recent + "x"));
  EXPECT_FALSE(parse_chunk_key(recent));
  EXPECT_FALSE(parse_day_key(recent));
  EXPECT_FALSE(parse_server_key(""));
  EXPECT_FALSE(parse_chunk_key(chunk_key(ServerId{9}, kTimeLimit).view()));
  EXPECT_FALSE(parse_chunk_key(std::string(12, '\xff')));
}

TEST(Bytes, VarintsComeBackAtEveryLength) {
  for (unsigned bits = 0; bits <= 64; ++bits) {
    const std::uint64_t value = bits == 0 ? 0 : ~std::uint64_t{0} >> (64 - bits);
    std::string bytes;
    put_varint(bytes, value);
    EXPECT_EQ(bytes.size(), varint_size(value));
    Reader in(bytes);
    EXPECT_EQ(in.varint(), value);
    EXPECT_TRUE(in.finished());
    const auto negative = static_cast<std::int64_t>(~value);
    EXPECT_EQ(unzigzag(zigzag(negative)), negative);
  }
}

TEST(Bytes, MalformedVarintLatchesTheError) {
  for (const std::string_view bytes : {"", "\x80", "\xff\xff", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
                                       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"}) {
    Reader in(bytes);
    EXPECT_EQ(in.varint(), 0U);
    EXPECT_FALSE(in.ok());
    EXPECT_EQ(in.left(), 0U);
    EXPECT_EQ(in.u8(), 0U);
    EXPECT_FALSE(in.finished());
  }
}

TEST(Bytes, ReaderNeverPassesTheEnd) {
  Reader in("abc");
  EXPECT_EQ(in.bytes(2), "ab");
  EXPECT_EQ(in.bytes(2), "");
  EXPECT_FALSE(in.ok());
  Reader huge(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10));
  EXPECT_EQ(huge.text(), "");
  EXPECT_FALSE(huge.ok());
}

}  // namespace
}  // namespace nines::engine
