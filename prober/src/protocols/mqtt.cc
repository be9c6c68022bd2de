#include "protocols/mqtt.h"

#include <array>

namespace nines::prober {
namespace {

constexpr char kConnect = 0x10;
constexpr char kConnack = 0x20;
constexpr std::size_t kConnackBytes = 4;
constexpr char kProtocolLevel = 4;  // 3.1.1
constexpr unsigned kCleanSession = 0x02;
constexpr unsigned kHasUsername = 0x80;
constexpr unsigned kHasPassword = 0x40;
constexpr unsigned kKeepAliveSeconds = 60;

void append_u16(std::string& out, std::size_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value & 0xff);
}

void append_text(std::string& out, const std::string& text) {
  append_u16(out, text.size());
  out += text;
}

// Section 2.2.3: seven bits a byte, the lowest first.
void append_length(std::string& out, std::size_t length) {
  do {
    const auto low = static_cast<unsigned char>(length & 0x7f);
    length >>= 7;
    out += static_cast<char>(length > 0 ? low | 0x80 : low);
  } while (length > 0);
}

}  // namespace

std::string mqtt_connect(const std::string& username, const std::string& password) {
  unsigned flags = kCleanSession;
  if (!username.empty()) flags |= kHasUsername;
  if (!password.empty()) flags |= kHasPassword;
  std::string body;
  append_text(body, "MQTT");
  body += kProtocolLevel;
  body += static_cast<char>(flags);
  append_u16(body, kKeepAliveSeconds);
  append_text(body, "");  // the broker makes a client identifier up
  if (!username.empty()) append_text(body, username);
  if (!password.empty()) append_text(body, password);
  std::string packet(1, kConnect);
  append_length(packet, body.size());
  return packet + body;
}

MqttAnswer parse_mqtt_connack(std::string_view bytes) {
  static constexpr std::array<const char*, 6> kRefusals{"",
                                                        "the broker refuses this version of MQTT",
                                                        "the broker refuses the client identifier",
                                                        "the broker is unavailable",
                                                        "the broker refuses the user name or password",
                                                        "the broker does not authorise this client"};
  MqttAnswer answer;
  if (!bytes.empty() && bytes[0] != kConnack) {
    answer.done = true;
    answer.error = "the answer is not MQTT";
    return answer;
  }
  if (bytes.size() < kConnackBytes) return answer;
  answer.done = true;
  answer.code = static_cast<std::uint8_t>(bytes[3]);
  if (bytes[1] != 2) {
    answer.code = 0;
    answer.error = "the answer is not MQTT";
  } else if (answer.code != 0) {
    answer.error = answer.code < kRefusals.size() ? kRefusals[answer.code] : "the broker refuses the connection";
  }
  return answer;
}

}  // namespace nines::prober
