// The two values of a WebSocket opening handshake (RFC 6455, section 4).
#pragma once

#include <string>

namespace nines::prober {

/// The status by which a server agrees to the upgrade.
inline constexpr int kSwitchingProtocols = 101;

/// A fresh Sec-WebSocket-Key: 16 random bytes in base64.
[[nodiscard]] std::string websocket_key();
/// The Sec-WebSocket-Accept that a server must answer `key` with.
[[nodiscard]] std::string websocket_accept(const std::string& key);

}  // namespace nines::prober
