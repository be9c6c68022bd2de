#include "show/listen_address.h"

#include "show/number.h"

namespace nines::tools {

std::optional<ListenAddress> parse_listen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const auto port = parse_decimal(text.substr(colon + 1), 1, 65'535);
  if (!port || text.find('.', colon) != std::string_view::npos) return std::nullopt;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(": /[]") != std::string_view::npos) {
    return std::nullopt;
  }
  return ListenAddress{host.empty() ? "0.0.0.0" : std::string(host), static_cast<int>(*port)};
}

}  // namespace nines::tools
