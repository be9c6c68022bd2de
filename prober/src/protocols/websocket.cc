#include "protocols/websocket.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "base/base64.h"

namespace nines::prober {
namespace {

constexpr const char* kProtocolGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kSha1Bytes = 20;

std::string_view text_of(std::span<const unsigned char> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::string websocket_key() {
  std::array<unsigned char, kKeyBytes> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  return base64(text_of(bytes));
}

std::string websocket_accept(const std::string& key) {
  const std::string text = key + kProtocolGuid;
  std::array<unsigned char, kSha1Bytes> digest{};
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha1(), nullptr);
  return base64(text_of(digest));
}

}  // namespace nines::prober
