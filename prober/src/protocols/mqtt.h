// The first two packets of MQTT 3.1.1 (OASIS standard, sections 3.1 and 3.2).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nines::prober {

/// A CONNECT with a clean session; without a user it is anonymous. Texts are at most 65535 bytes.
[[nodiscard]] std::string mqtt_connect(const std::string& username, const std::string& password);

struct MqttAnswer {
  bool done = false;      ///< enough bytes came to judge
  std::uint8_t code = 0;  ///< the broker's return code, 0 is accepted
  std::string error;      ///< empty when accepted
};
/// Judges what a broker sent so far.
[[nodiscard]] MqttAnswer parse_mqtt_connack(std::string_view bytes);

}  // namespace nines::prober
