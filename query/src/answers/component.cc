// The text form of a composed service.
#include <nines/composed.h>

#include <charconv>
#include <cmath>
#include <string>
#include <utility>

namespace nines {
namespace {

// Reads `component [* weight]`, recursively to kMaxComponentDepth.
class ComponentParser {
 public:
  ComponentParser(std::string_view text, const Catalog& catalog) : text_(text), catalog_(catalog) {}

  Result<Component> whole() {
    auto component = part(0);
    if (!component) return component;
    skip_space();
    if (at_ != text_.size()) return complain("nothing may follow");
    return component;
  }

 private:
  tl::unexpected<Error> complain(std::string_view what) const {
    return fail(ErrorCode::invalid_argument,
                "column " + std::to_string(at_ + 1) + " of the service: " + std::string(what));
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }

  bool take(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // A name, quoted or up to what cannot be in one.
  Result<std::string> name(bool& quoted) {
    skip_space();
    std::string found;
    quoted = take('"');
    if (quoted) {
      for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
        if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
        found += text_[at_];
      }
      if (!take('"')) return complain("a quote is not closed");
      return found;
    }
    while (at_ < text_.size() && std::string_view("(),*\"").find(text_[at_]) == std::string_view::npos) {
      found += text_[at_++];
    }
    while (!found.empty() && (found.back() == ' ' || found.back() == '\t' || found.back() == '\n')) found.pop_back();
    if (found.empty()) return complain("a server, or all(...), any(...) or N of (...) is wanted");
    return found;
  }

  static std::optional<double> number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
    return value;
  }

  Result<Component> part(std::size_t depth) {
    if (depth >= kMaxComponentDepth) return complain("it is nested too deeply");
    if (++count_ > kMaxComponents) return complain("it has too many parts");
    const std::size_t begin = at_;
    bool quoted = false;
    auto word = name(quoted);
    if (!word) return tl::unexpected(word.error());
    Component component;
    if (!quoted && take('(')) {
      constexpr std::string_view kOf = " of";
      if (*word == "all") {
        component.kind = Component::Kind::all_of;
      } else if (*word == "any") {
        component.kind = Component::Kind::any_of;
      } else if (const auto needed = word->ends_with(kOf)
                                         ? number(std::string_view(*word).substr(0, word->size() - kOf.size()))
                                         : std::nullopt;
                 needed && *needed > 0) {
        component.kind = Component::Kind::at_least;
        component.needed = *needed;
      } else {
        at_ = begin;
        return complain("`all`, `any` or a number and `of` stand before a parenthesis");
      }
      do {
        auto inner = part(depth + 1);
        if (!inner) return inner;
        component.parts.push_back(std::move(*inner));
      } while (take(','));
      if (!take(')')) return complain("a `,` or `)` is wanted");
    } else {
      const Server* const server = catalog_.find(std::string_view(*word));
      if (server == nullptr) {
        return fail(ErrorCode::not_found, "there is no server \"" + *word + "\"");
      }
      component.server = server->id;
    }
    if (!take('*')) return component;
    auto weight = name(quoted);
    if (!weight) return tl::unexpected(weight.error());
    const auto value = number(*weight);
    if (!value || !(*value > 0)) return complain("a weight is a number above 0");
    component.weight = *value;
    return component;
  }

  std::string_view text_;
  const Catalog& catalog_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
};

}  // namespace

Result<Component> parse_component(std::string_view text, const Catalog& catalog) {
  return ComponentParser(text, catalog).whole();
}

}  // namespace nines
