// From a CheckSpec to a CompiledCheck.
#include <algorithm>

#include "base/text.h"
#include "spec/compile_parts.h"
#include "spec/compiled_check.h"
#include "spec/dns_names.h"

namespace nines::prober {

void append(CurlList& list, const std::string& line) {
  // On failure libcurl leaves the list as it was.
  if (curl_slist* grown = curl_slist_append(list.get(), line.c_str()); grown != nullptr) {
    static_cast<void>(list.release());
    list.reset(grown);
  }
}

namespace {

// Headers that say who is asking, or hold a session: kept from other origins, and their values out of details.
bool is_secret_header(std::string_view name) {
  const std::string lower = to_lower(name);
  for (const char* word : {"auth", "cookie", "token", "secret", "key", "password", "session", "credential"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

bool has_header(const CheckSpec& spec, std::string_view name) {
  return std::any_of(spec.headers.begin(), spec.headers.end(),
                     [name](const auto& header) { return equal_ignoring_case(header.first, name); });
}

void build_headers(CompiledCheck& check) {
  const CheckSpec& spec = check.spec;
  const auto both = [&check](const std::string& line) {
    append(check.headers, line);
    append(check.headers_elsewhere, line);
  };
  const bool websocket = check.target.kind == CheckKind::ws || check.target.kind == CheckKind::wss;
  if (websocket) {
    both("Connection: Upgrade");  // the key differs from run to run and is added there
    both("Upgrade: websocket");
    both("Sec-WebSocket-Version: 13");
  } else if (!spec.keep_alive && !has_header(spec, "Connection")) {
    both("Connection: close");  // so that the server need not wait for a next request; HTTP/2 leaves it out
  }
  if (!spec.body.empty()) both("Expect:");  // no waiting for 100 Continue
  for (const auto& [name, value] : spec.headers) {
    std::string line = name;
    line += value.empty() ? ";" : ": " + value;  // libcurl's form for an empty value
    append(check.headers, line);
    if (!is_secret_header(name)) append(check.headers_elsewhere, line);
  }
  if (!spec.bearer_token.empty()) append(check.headers, "Authorization: Bearer " + spec.bearer_token);
}

void collect_secrets(CompiledCheck& check) {
  const CheckSpec& spec = check.spec;
  const auto add = [&check](std::string_view secret) {
    if (!secret.empty()) check.secrets.emplace_back(secret);
  };
  add(spec.password);
  add(spec.bearer_token);
  for (const auto& [name, value] : spec.headers) {
    if (!is_secret_header(name)) continue;
    add(value);
    if (const auto blank = value.find(' '); blank != std::string::npos) add(std::string_view(value).substr(blank + 1));
  }
  add(check.target.query);
  if (check.proxy) {
    const auto& url = check.proxy->url;
    const auto begin = url.find("://") + 3;
    const auto end = url.rfind('@');
    if (end != std::string::npos && end > begin) {
      const std::string_view login = std::string_view(url).substr(begin, end - begin);
      add(login);
      if (const auto colon = login.find(':'); colon != std::string_view::npos) add(login.substr(colon + 1));
    }
  }
  // Longer ones first, so that a secret that begins another does not leave the other's tail.
  std::sort(check.secrets.begin(), check.secrets.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

Result<void> compile_conditions(CompiledCheck& check) {
  const CheckSpec& spec = check.spec;
  check.status = spec.status;
  if (check.status.empty()) check.status.push_back(StatusRange{});
  for (const auto& condition : spec.header_conditions) {
    HeaderTest test{condition, nullptr};
    if (condition.op == HeaderCondition::Op::matches) {
      auto expression = compile_expression("expect.headers", condition.value);
      if (!expression) return tl::unexpected(expression.error());
      test.expression = *std::move(expression);
    }
    check.header_tests.push_back(std::move(test));
  }
  for (const auto& text : spec.body_matches) {
    auto expression = compile_expression("expect.body-matches", text);
    if (!expression) return tl::unexpected(expression.error());
    check.body_expressions.push_back(*std::move(expression));
  }
  for (const auto& condition : spec.json) {
    auto test = JsonTest::create(condition);
    if (!test) return tl::unexpected(test.error());
    check.json_tests.push_back(*std::move(test));
  }
  check.needs_body = !spec.body_contains.empty() || !spec.body_not_contains.empty() || !spec.body_matches.empty() ||
                     !spec.json.empty();
  check.needs_headers = !spec.header_conditions.empty();
  return {};
}

Result<void> find_proxy(CompiledCheck& check) {
  if (!check.spec.proxy.empty()) {
    auto proxy = parse_proxy(check.spec.proxy);
    if (!proxy) return tl::unexpected(proxy.error());
    check.proxy = *std::move(proxy);
  } else if (check.spec.proxy_from_environment) {
    auto proxy = proxy_from_environment(check.target);
    if (!proxy) return tl::unexpected(proxy.error());
    check.proxy = *std::move(proxy);
  }
  return {};
}

Result<void> compile_question(CompiledCheck& check) {
  if (check.target.kind != CheckKind::dns) return {};
  auto question = parse_question(check.target, check.spec);
  if (!question) return tl::unexpected(question.error());
  check.dns_name = std::move(question->name);
  check.dns_type = question->type;
  check.dns_server = std::move(question->server);
  check.dns_rcode = check.spec.dns_rcode.empty() ? 0 : dns_rcode_number(check.spec.dns_rcode).value_or(0);
  return {};
}

}  // namespace
}  // namespace nines::prober

namespace nines {

Result<std::shared_ptr<const CompiledCheck>> compile(const CheckSpec& spec) {
  if (auto valid = validate(spec, std::chrono::milliseconds(0)); !valid) return tl::unexpected(valid.error());
  auto check = std::make_shared<CompiledCheck>();
  check->spec = spec;
  check->target = *prober::parse_target(spec.url);
  if (check->target.kind == CheckKind::push) {
    return fail(ErrorCode::invalid_argument, "url: a push server reports by itself and cannot be checked");
  }
  for (const auto& entry : spec.resolve) check->fixed.push_back(*prober::parse_fixed_address(entry));
  if (!spec.username.empty()) check->authorization = spec.username + ":" + spec.password;
  for (auto step : {prober::find_proxy, prober::compile_conditions, prober::compile_question}) {
    if (auto done = step(*check); !done) return tl::unexpected(done.error());
  }
  prober::build_headers(*check);
  prober::collect_secrets(*check);
  return check;
}

}  // namespace nines
