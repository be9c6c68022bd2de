#include "checks/dns_message.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace nines::prober {
namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kMaxNameBytes = 255;
// A name has at most 127 labels; more jumps than that is a loop.
constexpr int kMaxJumps = 127;

// A cursor that remembers having run out instead of reading past the end.
class Cursor {
 public:
  Cursor(std::string_view bytes, std::size_t at) : bytes_(bytes), at_(at) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] std::size_t at() const noexcept { return at_; }

  std::uint8_t u8() noexcept {
    if (at_ >= bytes_.size()) {
      ok_ = false;
      return 0;
    }
    return static_cast<std::uint8_t>(bytes_[at_++]);
  }
  std::uint16_t u16() noexcept {
    const unsigned high = u8();
    return static_cast<std::uint16_t>((high << 8) | u8());
  }
  std::uint32_t u32() noexcept {
    const std::uint32_t high = u16();
    return (high << 16) | u16();
  }
  std::string_view take(std::size_t count) noexcept {
    if (count > bytes_.size() - at_) {
      ok_ = false;
      return {};
    }
    const auto part = bytes_.substr(at_, count);
    at_ += count;
    return part;
  }

  // A name, with its compression pointers followed (section 4.1.4).
  std::string name() {
    std::string text;
    Cursor reader = *this;
    bool jumped = false;
    for (int jumps = 0; jumps <= kMaxJumps && reader.ok_;) {
      const std::uint8_t length = reader.u8();
      if ((length & 0xc0U) == 0xc0U) {
        const std::size_t target = ((length & 0x3fU) << 8) | reader.u8();
        if (!jumped) at_ = reader.at_;
        jumped = true;
        ++jumps;
        if (target >= bytes_.size()) break;
        reader.at_ = target;
        continue;
      }
      if ((length & 0xc0U) != 0) break;
      if (length == 0) {
        if (!jumped) at_ = reader.at_;
        ok_ = ok_ && reader.ok_;
        return text.empty() ? "." : text;
      }
      if (!text.empty()) text += '.';
      text += reader.take(length);
      if (text.size() > kMaxNameBytes) break;
    }
    ok_ = false;
    return {};
  }

 private:
  std::string_view bytes_;
  std::size_t at_;
  bool ok_ = true;
};

std::string number(std::uint64_t value) {
  return std::to_string(value) + " ";
}

std::string ip_text(int family, std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const std::size_t wanted = family == AF_INET ? 4 : 16;
  if (bytes.size() != wanted || ::inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr) return {};
  return text.data();
}

// Character strings, each with its length in front, joined: that is how TXT is meant (RFC 7208, section 3.3).
std::string joined_strings(std::string_view data) {
  std::string text;
  while (!data.empty()) {
    const auto length = static_cast<std::uint8_t>(data.front());
    data.remove_prefix(1);
    text += data.substr(0, length);
    data.remove_prefix(std::min<std::size_t>(length, data.size()));
  }
  return text;
}

std::string caa_text(std::string_view data) {
  if (data.size() < 2) return {};
  const auto flags = static_cast<std::uint8_t>(data[0]);
  const auto tag_length = static_cast<std::uint8_t>(data[1]);
  data.remove_prefix(2);
  if (tag_length > data.size()) return {};
  return number(flags) + std::string(data.substr(0, tag_length)) + " \"" + std::string(data.substr(tag_length)) + "\"";
}

std::string soa_text(Cursor& cursor) {
  const std::string primary = cursor.name();
  std::string text = primary + " " + cursor.name();
  for (int i = 0; i < 5; ++i) text += " " + std::to_string(cursor.u32());
  return text;
}

// The record data at `cursor`, `length` bytes; empty for a type that is not shown.
std::string record_text(int type, Cursor cursor, std::string_view data) {
  std::string text;
  switch (type) {
    case 1:
      return ip_text(AF_INET, data);
    case 28:
      return ip_text(AF_INET6, data);
    case 16:
      return joined_strings(data);
    case 257:
      return caa_text(data);
    case 2:
    case 5:
    case 12:
      text = cursor.name();
      break;
    case 6:
      text = soa_text(cursor);
      break;
    case 15:
      text = number(cursor.u16());
      text += cursor.name();
      break;
    case 33:
      for (int i = 0; i < 3; ++i) text += number(cursor.u16());
      text += cursor.name();
      break;
    default:
      break;
  }
  return cursor.ok() ? text : std::string();
}

}  // namespace

std::optional<DnsMessage> parse_dns_message(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return std::nullopt;
  Cursor cursor(bytes, 2);
  const std::uint16_t flags = cursor.u16();
  const std::uint16_t questions = cursor.u16();
  const std::uint16_t answers = cursor.u16();
  if ((flags & 0x8000U) == 0) return std::nullopt;  // a question, not an answer
  static_cast<void>(cursor.u32());                  // the counts of the sections that are not read
  DnsMessage message;
  message.rcode = flags & 0xf;
  for (int i = 0; i < questions && cursor.ok(); ++i) {
    static_cast<void>(cursor.name());
    static_cast<void>(cursor.u32());
  }
  for (int i = 0; i < answers && cursor.ok(); ++i) {
    static_cast<void>(cursor.name());
    DnsRecord record;
    record.type = cursor.u16();
    static_cast<void>(cursor.u16());
    static_cast<void>(cursor.u32());
    const std::uint16_t length = cursor.u16();
    const Cursor data_at = cursor;
    const auto data = cursor.take(length);
    if (!cursor.ok()) break;
    record.text = record_text(record.type, data_at, data);
    if (!record.text.empty()) message.answers.push_back(std::move(record));
  }
  if (!cursor.ok()) return std::nullopt;
  return message;
}

}  // namespace nines::prober
