#include "convert/gatus_conditions.h"

#include <fmt/format.h>
#include <nines/calendar.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <set>
#include <string_view>

#include "show/output.h"
#include "show/text.h"

namespace nines::tools {
namespace {

struct Condition {
  std::string left;
  std::string op;
  std::string right;
};

std::optional<Condition> split_condition(const std::string& text) {
  for (const std::string_view op : {" == ", " != ", " <= ", " >= ", " < ", " > "}) {
    const auto at = text.find(op);
    if (at == std::string::npos) continue;
    return Condition{std::string(trimmed(std::string_view(text).substr(0, at))), std::string(trimmed(op)),
                     std::string(trimmed(std::string_view(text).substr(at + op.size())))};
  }
  return std::nullopt;
}

/// What stands in "name(…)"; nothing when `text` is not of that form.
std::optional<std::string> argument_of(std::string_view text, std::string_view name) {
  if (!text.starts_with(name) || text.size() <= name.size() + 1 || text[name.size()] != '(' || !text.ends_with(')')) {
    return std::nullopt;
  }
  return std::string(text.substr(name.size() + 1, text.size() - name.size() - 2));
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (true) {
    const auto comma = text.find(',');
    items.emplace_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

/// A pattern in which * is any text as a regular expression over the whole.
std::string pattern_expression(std::string_view pattern) {
  std::string expression = "(?s)^";
  for (const char c : pattern) {
    if (c == '*') {
      expression += ".*";
    } else {
      if (std::string_view(R"(\.+?()|[]{}^$)").find(c) != std::string_view::npos) expression += '\\';
      expression += c;
    }
  }
  return expression + "$";
}

/// The text of "*text*"; nothing when there are other stars.
std::optional<std::string> contained_text(std::string_view pattern) {
  if (pattern.size() < 3 || !pattern.starts_with('*') || !pattern.ends_with('*')) return std::nullopt;
  pattern.remove_prefix(1);
  pattern.remove_suffix(1);
  if (pattern.find('*') != std::string_view::npos) return std::nullopt;
  return std::string(pattern);
}

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The conditions of one endpoint, put together.
class Conditions {
 public:
  Conditions(DraftServer& server, bool dns, bool http) : server_(server), dns_(dns), http_(http) {}

  void add(const std::string& text) {
    const auto condition = split_condition(text);
    if (condition && take(*condition)) return;
    server_.note("no equal: the condition " + text);
    // Without it the check would ask for the contrary.
    if (dns_ && text.starts_with("len([BODY])")) server_.disabled = true;
  }

  void finish() {
    if (status_seen_ && http_) write_status();
    // What is not asked of a status there is asked of it here: 200-299.
    if (!status_seen_ && http_) server_.expect("status", fmt::format("[\"{}-{}\"]", kFirstCode, kLastCode));
    if (!contains_.empty()) server_.expect(dns_ ? "dns-contains" : "body-contains", yaml_list(contains_));
    if (!not_contains_.empty()) server_.expect("body-not-contains", yaml_list(not_contains_));
    if (!matches_.empty()) server_.expect("body-matches", yaml_list(matches_));
    if (!answers_.empty()) server_.expect("dns-answers", yaml_list(answers_));
    if (latency_ms_) server_.expect("latency-below", fmt::format("{}ms", *latency_ms_));
    if (certificate_days_) server_.expect("certificate-days", std::to_string(*certificate_days_));
    if (latency_ms_ || certificate_days_) server_.expect("strict", "true");
  }

 private:
  bool take(const Condition& condition) {
    if (condition.left == "[STATUS]") return take_status(condition);
    if (condition.left == "[RESPONSE_TIME]") return take_latency(condition);
    if (condition.left == "[CERTIFICATE_EXPIRATION]") return take_certificate(condition);
    if (condition.left == "[CONNECTED]") {
      if (condition.op != "==" || (condition.right != "true" && condition.right != "false")) return false;
      if (condition.right == "false") server_.set("upside-down", "true");
      return true;
    }
    if (condition.left == "[DNS_RCODE]") {
      if (condition.op != "==") return false;
      if (condition.right != "NOERROR") server_.expect("dns-rcode", yaml_text(condition.right));
      return true;
    }
    if (condition.left == "[BODY]") return take_body(condition);
    return take_json(condition);
  }

  bool take_status(const Condition& condition) {
    std::set<int> codes;
    if (const auto any = argument_of(condition.right, "any"); any) {
      for (const std::string& item : split_list(*any)) {
        const auto code = whole_number(item);
        if (!code) return false;
        codes.insert(*code);
      }
      if (condition.op != "==") return false;
    } else {
      const auto limit = whole_number(condition.right);
      if (!limit) return false;
      for (int code = kFirstCode; code <= kLastCode; ++code) {
        const bool good = condition.op == "=="   ? code == *limit
                          : condition.op == "!=" ? code != *limit
                          : condition.op == "<"  ? code < *limit
                          : condition.op == "<=" ? code <= *limit
                          : condition.op == ">"  ? code > *limit
                                                 : code >= *limit;
        if (good) codes.insert(code);
      }
    }
    if (!status_seen_) {
      status_ = std::move(codes);
    } else {
      std::erase_if(status_, [&](int code) { return !codes.contains(code); });
    }
    status_seen_ = true;
    return true;
  }

  void write_status() {
    std::vector<std::string> ranges;
    for (auto at = status_.begin(); at != status_.end();) {
      const int first = *at;
      int last = first;
      while (++at != status_.end() && *at == last + 1) ++last;
      ranges.push_back(first == last ? std::to_string(first) : fmt::format("\"{}-{}\"", first, last));
    }
    if (ranges.empty()) {
      server_.note("no equal: conditions on the status that no code fulfils");
    } else {
      server_.expect("status", yaml_list(ranges));
    }
  }

  bool take_latency(const Condition& condition) {
    const auto limit = whole_number(condition.right);
    if (!limit || (condition.op != "<" && condition.op != "<=")) return false;
    const int below = condition.op == "<" ? *limit : *limit + 1;
    latency_ms_ = std::min(latency_ms_.value_or(below), below);
    return below > 0;
  }

  bool take_certificate(const Condition& condition) {
    const auto left = parse_duration(condition.right);
    if (!left || (condition.op != ">" && condition.op != ">=")) return false;
    const auto days = static_cast<int>(std::chrono::ceil<std::chrono::days>(*left).count());
    certificate_days_ = std::max({certificate_days_.value_or(0), days, 1});
    return true;
  }

  bool take_body(const Condition& condition) {
    const auto pattern = argument_of(condition.right, "pat");
    if (dns_) {
      if (condition.op != "==") return false;
      if (!pattern) {
        if (argument_of(condition.right, "any")) return false;
        answers_.push_back(yaml_text(condition.right));
        return true;
      }
      std::string text = *pattern;
      text.erase(std::remove(text.begin(), text.end(), '*'), text.end());
      const bool one_piece = std::count(pattern->begin() + 1, pattern->end() - 1, '*') == 0;
      if (text.empty() || !one_piece) return text.empty();
      contains_.push_back(yaml_text(text));
      return true;
    }
    if (condition.op == "==" && !argument_of(condition.right, "any")) {
      const auto inside = pattern ? contained_text(*pattern) : std::nullopt;
      if (inside) {
        contains_.push_back(yaml_with_variables(*inside));
      } else {
        matches_.push_back(yaml_text(pattern_expression(pattern.value_or(condition.right))));
      }
      return true;
    }
    if (condition.op == "!=" && pattern) {
      const auto inside = contained_text(*pattern);
      if (inside) not_contains_.push_back(yaml_with_variables(*inside));
      return inside.has_value();
    }
    return false;
  }

  bool take_json(const Condition& condition) {
    std::string_view left = condition.left;
    std::string wrap;
    for (const std::string_view function : {"len", "has"}) {
      if (const auto inside = argument_of(left, function)) {
        wrap = function;
        left = std::string_view(condition.left).substr(4, inside->size());
      }
    }
    constexpr std::string_view kBody = "[BODY]";
    if (dns_ || !left.starts_with(kBody)) return false;
    const std::string path = "$" + std::string(left.substr(kBody.size()));
    if (wrap == "has") {
      if (condition.op != "==" || condition.right != "true") return false;
      server_.add_json(fmt::format("has({})", path));
      return true;
    }
    if (condition.right.empty() || condition.right.front() == '[' || argument_of(condition.right, "any")) return false;
    const std::string subject = wrap.empty() ? path : fmt::format("{}({})", wrap, path);
    if (const auto pattern = argument_of(condition.right, "pat")) {
      const auto inside = contained_text(*pattern);
      if (!inside || condition.op != "==" || !wrap.empty()) return false;
      server_.add_json(fmt::format("{} contains {}", subject, dump(Json(*inside))));
      return true;
    }
    server_.add_json(fmt::format("{} {} {}", subject, condition.op, condition.right));
    return true;
  }

  static constexpr int kFirstCode = 100;
  static constexpr int kLastCode = 999;

  DraftServer& server_;
  bool dns_;
  bool http_;
  bool status_seen_ = false;
  std::set<int> status_;
  std::optional<int> latency_ms_;
  std::optional<int> certificate_days_;
  std::vector<std::string> contains_;
  std::vector<std::string> not_contains_;
  std::vector<std::string> matches_;
  std::vector<std::string> answers_;
};

}  // namespace

void read_gatus_conditions(const std::vector<std::string>& conditions, GatusEndpoint endpoint, DraftServer& server) {
  Conditions all(server, endpoint.dns, endpoint.http);
  for (const std::string& condition : conditions) all.add(condition);
  all.finish();
}

}  // namespace nines::tools
