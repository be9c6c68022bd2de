// What an SSH server says before any key is agreed on: its identification and its first packet (RFC 4253, sections 4.2,
// 6 and 7.1).
#pragma once

#include <string>
#include <string_view>

namespace nines::prober {

/// What a client says first. A server sends its packet once it has read it.
inline constexpr std::string_view kSshIdentification = "SSH-2.0-nines\r\n";

/// Its views point into what was parsed.
struct SshHello {
  bool done = false;                ///< enough bytes came to judge
  std::string_view identification;  ///< "SSH-2.0-OpenSSH_9.2p1 Debian-2", as soon as its line is complete
  std::string_view last_line;       ///< of those before the identification, which may say why there is none
  std::string error;                ///< empty when the server offers to agree on keys
  bool refused = false;             ///< the error is in the server's own words: it speaks SSH, but not with us
};
/// Judges what a server sent so far.
[[nodiscard]] SshHello parse_ssh_hello(std::string_view bytes);

}  // namespace nines::prober
