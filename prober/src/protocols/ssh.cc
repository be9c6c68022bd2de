#include "protocols/ssh.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace nines::prober {
namespace {

constexpr std::string_view kPrefix = "SSH-";
constexpr std::size_t kMaxIdentificationBytes = 255;  // with the end of its line
// What a packet takes at least and what every peer must be able to take, both without the four bytes of its length; its
// whole is a multiple of eight bytes as long as nothing is encrypted.
constexpr std::uint32_t kMinPacketBytes = 12;
constexpr std::uint32_t kMaxPacketBytes = 35'000;
constexpr std::uint32_t kBlockBytes = 8;
constexpr std::uint32_t kMinPadding = 4;
constexpr std::size_t kCookieBytes = 16;
constexpr int kAlgorithmLists = 8;  // none of which may be empty
constexpr int kLanguageLists = 2;
constexpr std::size_t kAfterTheLists = 5;  // whether a guess follows, and a number that is kept for later

// Numbers of messages, section 12.
constexpr std::uint8_t kDisconnect = 1;
constexpr std::uint8_t kIgnore = 2;
constexpr std::uint8_t kUnimplemented = 3;
constexpr std::uint8_t kDebug = 4;
constexpr std::uint8_t kKexInit = 20;

// Takes fields from the front of a packet; what is taken from beyond its end is nothing.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}

  std::optional<std::string_view> bytes(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    const auto taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::optional<std::uint8_t> byte() {
    const auto taken = bytes(1);
    if (!taken) return std::nullopt;
    return static_cast<std::uint8_t>(taken->front());
  }
  std::optional<std::uint32_t> number() {
    const auto taken = bytes(4);
    if (!taken) return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : *taken) value = value << 8 | static_cast<std::uint8_t>(c);
    return value;
  }
  std::optional<std::string_view> text() {
    const auto length = number();
    return length ? bytes(*length) : std::nullopt;
  }
  [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }

 private:
  std::string_view rest_;
};

bool is_key_exchange(Fields payload) {
  if (!payload.bytes(kCookieBytes)) return false;
  for (int i = 0; i < kAlgorithmLists; ++i) {
    const auto names = payload.text();
    if (!names || names->empty()) return false;
  }
  for (int i = 0; i < kLanguageLists; ++i) {
    if (!payload.text()) return false;
  }
  return payload.left() == kAfterTheLists;
}

// What is wrong with an identification; nothing when it is one of SSH 2. RFC 4253, section 5.1: 1.99 is a server that
// speaks both versions.
const char* fault_of(std::string_view line) {
  if (line.find('\0') != std::string_view::npos) return "the server's identification has a null byte";
  if (line.starts_with("SSH-2.0-") || line.starts_with("SSH-1.99-")) return nullptr;
  return "the server does not speak SSH 2";
}

// Takes the line of the identification, and those before it, from the front of `bytes`. False when it has not come.
bool take_identification(std::string_view& bytes, SshHello& hello) {
  for (;;) {
    const auto end = bytes.find('\n');
    const bool starts = bytes.starts_with(kPrefix);
    if (starts && std::min(end, bytes.size()) >= kMaxIdentificationBytes) {
      hello.error = "the server's identification is longer than 255 bytes";
      return false;
    }
    if (end == std::string_view::npos) {
      if (!starts && !bytes.empty()) hello.last_line = bytes;
      return false;
    }
    auto line = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    (starts ? hello.identification : hello.last_line) = line;
    if (!starts) continue;
    if (const char* const fault = fault_of(line)) hello.error = fault;
    return hello.error.empty();
  }
}

// Takes a packet from the front of `bytes`: its payload, empty when it is no packet. Nothing when it has not all come.
std::optional<std::string_view> take_payload(Fields& bytes) {
  const auto length = bytes.number();
  if (!length) return std::nullopt;
  if (*length < kMinPacketBytes || *length > kMaxPacketBytes || (*length + 4) % kBlockBytes != 0) return "";
  const auto packet = bytes.bytes(*length);
  if (!packet) return std::nullopt;
  const std::size_t padding = static_cast<std::uint8_t>(packet->front());
  if (padding < kMinPadding || padding + 1 >= packet->size()) return "";
  return packet->substr(1, packet->size() - 1 - padding);
}

// Up to the first packet that is not one of those that may be sent at any time.
void judge_packets(std::string_view bytes, SshHello& hello) {
  Fields fields(bytes);
  while (const auto payload = take_payload(fields)) {
    Fields content(*payload);
    const auto message = content.byte();
    if (message == kIgnore || message == kUnimplemented || message == kDebug) continue;
    hello.done = true;
    if (message == kDisconnect && content.number()) {
      hello.refused = true;
      hello.error = "the server disconnected: " + std::string(content.text().value_or(""));
    } else if (message != kKexInit || !is_key_exchange(content)) {
      hello.error = "the server's first packet is no key exchange";
    }
    return;
  }
}

}  // namespace

SshHello parse_ssh_hello(std::string_view bytes) {
  SshHello hello;
  if (take_identification(bytes, hello)) judge_packets(bytes, hello);
  hello.done = hello.done || !hello.error.empty();
  return hello;
}

}  // namespace nines::prober
