#include "checks/websocket.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>

namespace nines::prober {
namespace {

constexpr const char* kProtocolGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kSha1Bytes = 20;

template <std::size_t N>
std::string base64(const std::array<unsigned char, N>& bytes) {
  std::array<unsigned char, (N + 2) / 3 * 4 + 1> text{};
  const int length = EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(N));
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(length)};
}

}  // namespace

std::string websocket_key() {
  std::array<unsigned char, kKeyBytes> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  return base64(bytes);
}

std::string websocket_accept(const std::string& key) {
  const std::string text = key + kProtocolGuid;
  std::array<unsigned char, kSha1Bytes> digest{};
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha1(), nullptr);
  return base64(digest);
}

}  // namespace nines::prober
