#include "protocols/dns_message.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "base/base64.h"
#include "base/text.h"
#include "spec/dns_names.h"
#include "spec/service_parameters.h"

namespace nines::prober {
namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr int kCname = 5;
// As text, every byte of a label escaped.
constexpr std::size_t kMaxNameBytes = 2 * 255;
// A name has at most 127 labels; more jumps than that is a loop.
constexpr int kMaxJumps = 127;

// As in a zone file (RFC 1035, section 5.1): a dot inside of a label is not one between labels.
void append_label(std::string& text, std::string_view label) {
  for (const char c : label) {
    if (c == '.' || c == '\\') text += '\\';
    text += c;
  }
}

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
      append_label(text, reader.take(length));
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

std::string ip_text(int family, std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const std::size_t wanted = family == AF_INET ? 4 : 16;
  if (bytes.size() != wanted || ::inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr) return {};
  return text.data();
}

// In quotes, with the escapes of a zone file.
std::string quoted(std::string_view bytes) {
  std::string text = "\"";
  for (const char c : bytes) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + "\"";
}

std::string hexadecimal(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xf];
  }
  return text;
}

// The pieces of a record's data, `end` being the place behind it. A name is read from the whole message, because of its
// pointers; everything else lies in front of `end`.
class RecordReader {
 public:
  RecordReader(Cursor cursor, std::size_t end) : cursor_(cursor), end_(end) {}

  [[nodiscard]] bool ok() const noexcept { return cursor_.ok() && cursor_.at() <= end_ && !malformed_; }
  [[nodiscard]] bool at_end() const noexcept { return cursor_.at() == end_; }

  std::string piece(char form) {
    switch (form) {
      case '1':
        return std::to_string(cursor_.u8());
      case '2':
        return std::to_string(cursor_.u16());
      case '4':
        return std::to_string(cursor_.u32());
      case 'n':
        return cursor_.name();
      case 'a':
        return address(AF_INET);
      case 'q':
        return address(AF_INET6);
      case 's':
        return quoted(string());
      case 't':
        return std::string(string());
      case 'v':
        return quoted(rest());
      case 'T':
        return joined();
      case 'h':
        return hexadecimal(rest());
      case 'p':
        return parameters();
      default:
        return base64(rest());
    }
  }

 private:
  std::string address(int family) {
    std::string text = ip_text(family, rest());
    malformed_ = malformed_ || text.empty();
    return text;
  }
  std::string parameters() {
    auto text = service_parameters_text(rest());
    malformed_ = malformed_ || !text;
    return text.value_or("");
  }
  std::string_view rest() { return cursor_.take(ok() ? end_ - cursor_.at() : 0); }
  std::string_view string() { return cursor_.take(cursor_.u8()); }
  // Joined without anything between them: that is how TXT is meant (RFC 7208, section 3.3).
  std::string joined() {
    std::string text;
    while (ok() && !at_end()) text += string();
    return text;
  }

  Cursor cursor_;
  const std::size_t end_;
  bool malformed_ = false;
};

// The record data from `cursor` up to `end`; nothing when it is malformed.
std::optional<std::string> record_text(int type, Cursor cursor, std::size_t end) {
  RecordReader reader(cursor, end);
  std::string text;
  const std::string_view form = dns_form(type);
  for (std::size_t i = 0; i < form.size() && reader.ok(); ++i) {
    const std::string piece = reader.piece(form[i]);
    if (i > 0 && !piece.empty()) text += ' ';
    text += piece;
  }
  return reader.ok() && reader.at_end() ? std::optional(std::move(text)) : std::nullopt;
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
    message.question = to_lower(cursor.name());
    static_cast<void>(cursor.u32());
  }
  for (int i = 0; i < answers && cursor.ok(); ++i) {
    DnsRecord record;
    record.owner = to_lower(cursor.name());
    record.type = cursor.u16();
    static_cast<void>(cursor.u16());
    static_cast<void>(cursor.u32());
    const std::uint16_t length = cursor.u16();
    const Cursor data_at = cursor;
    static_cast<void>(cursor.take(length));
    if (!cursor.ok()) break;
    if (dns_form(record.type).empty()) continue;
    if (auto text = record_text(record.type, data_at, cursor.at())) {
      record.text = *std::move(text);
      message.answers.push_back(std::move(record));
    } else {
      message.malformed.insert(record.type);
    }
  }
  if (!cursor.ok()) return std::nullopt;
  return message;
}

std::vector<DnsRecord> records_of(const DnsMessage& message, int type) {
  std::multimap<std::string, std::string> aliases;
  for (const DnsRecord& record : message.answers) {
    if (record.type == kCname) aliases.emplace(record.owner, to_lower(record.text));
  }
  std::set<std::string> names{message.question};
  std::vector<std::string> unseen{message.question};
  while (!unseen.empty()) {
    const auto [begin, end] = aliases.equal_range(unseen.back());
    unseen.pop_back();
    for (auto alias = begin; alias != end; ++alias) {
      if (names.insert(alias->second).second) unseen.push_back(alias->second);
    }
  }
  std::vector<DnsRecord> records;
  std::copy_if(message.answers.begin(), message.answers.end(), std::back_inserter(records),
               [&](const DnsRecord& record) { return record.type == type && names.contains(record.owner); });
  return records;
}

}  // namespace nines::prober
