#include "base/host_name.h"

#include <idn2.h>

#include <algorithm>

#include "base/text.h"

namespace nines {

std::optional<std::string> ascii_host(std::string_view name) {
  const bool ascii = std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii) return prober::to_lower(name);
  const std::string text(name);
  if (text.find('\0') != std::string::npos) return std::nullopt;
  char* converted = nullptr;
  if (idn2_to_ascii_8z(text.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK) return std::nullopt;
  std::string host = prober::to_lower(converted);
  idn2_free(converted);
  return host;
}

}  // namespace nines
