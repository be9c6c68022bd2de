#include "http/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "show/text.h"

namespace nines::tools {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

tl::unexpected<Error> malformed() {
  return fail(ErrorCode::invalid_argument, "the path or its parameters are malformed");
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool form) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && form) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (text.size() - i < 3) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

Result<std::map<std::string, std::string>> parse_form(std::string_view text) {
  std::map<std::string, std::string> out;
  std::size_t count = 0;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    if (pair.empty()) continue;
    if (++count > kMostParameters)
      return fail(ErrorCode::invalid_argument, fmt::format("more than {} parameters", kMostParameters));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return malformed();
    const auto [at, added] = out.emplace(std::move(*name), std::move(*value));
    if (!added)
      return fail(ErrorCode::invalid_argument, fmt::format("`{}` is given twice", printable(fit(at->first, 40))));
  }
  return out;
}

Result<Target> parse_target(std::string_view target) {
  Target out;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    out.authority = target.substr(0, end);
    target.remove_prefix(end);
    if (out.authority.empty()) return malformed();
    if (!target.starts_with('/')) out.path = "/";
    break;
  }
  if (!target.starts_with('/') && out.path.empty()) return malformed();
  target = target.substr(0, target.find('#'));
  const std::size_t question = std::min(target.find('?'), target.size());
  if (auto path = percent_decode(target.substr(0, question), false); !path) {
    return malformed();
  } else if (!path->empty()) {
    out.path = std::move(*path);
  }
  auto query = parse_form(target.substr(std::min(question + 1, target.size())));
  if (!query) return tl::unexpected(query.error());
  out.query = std::move(*query);
  return out;
}

}  // namespace nines::tools
