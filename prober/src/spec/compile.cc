// From a CheckSpec to a CompiledCheck.
#include <algorithm>

#include "base/host_name.h"
#include "base/text.h"
#include "spec/check_kind.h"
#include "spec/compile_parts.h"
#include "spec/compiled_check.h"
#include "spec/dns_names.h"
#include "spec/secrets.h"

namespace nines::prober {

void append(CurlList& list, const std::string& line) {
  // On failure libcurl leaves the list as it was.
  if (curl_slist* grown = curl_slist_append(list.get(), line.c_str()); grown != nullptr) {
    static_cast<void>(list.release());
    list.reset(grown);
  }
}

namespace {

bool has_header(const CheckSpec& spec, std::string_view name) {
  return std::any_of(spec.headers.begin(), spec.headers.end(),
                     [name](const auto& header) { return equal_ignoring_case(header.first, name); });
}

// A name outside of ASCII as the DNS and browsers write it.
std::string host_header(const std::string& value) {
  const std::size_t colon = value.rfind(':');
  const std::size_t end = colon == std::string::npos || value.ends_with(']') ? value.size() : colon;
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::all_of(value.begin(), value.end(), is_ascii)) return value;
  const auto host = ascii_host(std::string_view(value).substr(0, end));
  return host ? *host + value.substr(end) : value;
}

void build_headers(CompiledCheck& check) {
  const CheckSpec& spec = check.spec;
  const auto both = [&check](const std::string& line) {
    append(check.headers, line);
    append(check.headers_elsewhere, line);
  };
  if (traits(check.target.kind).has(feature::kUpgrade)) {
    both("Connection: Upgrade");  // the key differs from run to run and is added there
    both("Upgrade: websocket");
    both("Sec-WebSocket-Version: 13");
  } else if (!spec.keep_alive && !has_header(spec, "Connection")) {
    both("Connection: close");  // so that the server need not wait for a next request; HTTP/2 leaves it out
  }
  if (!spec.body.empty()) both("Expect:");  // no waiting for 100 Continue
  if (!has_header(spec, "Accept-Encoding")) {
    both(spec.compressed ? "Accept-Encoding: gzip, deflate, br" : "Accept-Encoding: identity");
  }
  for (const auto& [name, value] : spec.headers) {
    if (equal_ignoring_case(name, "Cookie")) {  // libcurl joins them with those that the check is given on its way
      check.cookies += (check.cookies.empty() ? "" : "; ") + value;
      continue;
    }
    std::string line = name;
    const std::string sent = equal_ignoring_case(name, "Host") ? host_header(value) : value;
    line += sent.empty() ? ";" : ": " + sent;  // libcurl's form for an empty value
    append(check.headers, line);
    // Host names the own origin, so that elsewhere it would be a lie.
    if (!is_secret_header(name) && !equal_ignoring_case(name, "Host")) append(check.headers_elsewhere, line);
  }
  if (!spec.bearer_token.empty()) append(check.headers, "Authorization: Bearer " + spec.bearer_token);
}

Parsed<void> compile_conditions(CompiledCheck& check) {
  const CheckSpec& spec = check.spec;
  check.status = spec.status;
  if (check.status.empty()) check.status.push_back(StatusRange{});
  for (const auto& condition : spec.header_conditions) {
    HeaderTest test{condition, nullptr};
    if (condition.op == HeaderCondition::Op::matches) {
      auto expression = compile_expression("expect.headers", condition.value, spec.header_limit_bytes);
      if (!expression) return tl::unexpected(expression.error());
      test.expression = *std::move(expression);
    }
    check.header_tests.push_back(std::move(test));
  }
  for (const auto& text : spec.body_matches) {
    auto expression = compile_expression("expect.body-matches", text, spec.body_limit_bytes);
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

Parsed<void> compile_certificates(CompiledCheck& check) {
  for (const auto& digest : check.spec.public_key_sha256) {
    auto key = parse_key_digest(digest);
    if (!key) return tl::unexpected(key.error());
    check.public_keys.push_back(*std::move(key));
  }
  return {};
}

Parsed<void> prepare_dialog(CompiledCheck& check) {
  auto acts = compile_dialog(check.spec.dialog, check.spec.body_limit_bytes);
  if (!acts) return tl::unexpected(acts.error());
  check.dialog = *std::move(acts);
  return {};
}

Parsed<void> find_proxy(CompiledCheck& check) {
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

Parsed<void> compile_question(CompiledCheck& check) {
  if (!traits(check.target.kind).has(feature::kQuestion)) return {};
  auto question = parse_question(check.target, check.spec);
  if (!question) return tl::unexpected(question.error());
  check.dns_name = std::move(question->name);
  check.dns_type = question->type;
  check.dns_server = std::move(question->server);
  check.dns_rcode = check.spec.dns_rcode.empty() ? 0 : dns_rcode_number(check.spec.dns_rcode).value_or(0);
  for (const auto& text : check.spec.dns_answers) {
    auto answer = parse_answer(check.dns_type, text);
    if (!answer) return tl::unexpected(answer.error());
    check.dns_answers.push_back(*std::move(answer));
  }
  for (const auto& text : check.spec.dns_networks) {
    const auto network = parse_dns_network(check.dns_type, text);
    if (!network) return tl::unexpected(network.error());
    check.dns_networks.push_back(*network);
  }
  return {};
}

}  // namespace
}  // namespace nines::prober

namespace nines {

Result<std::shared_ptr<const CompiledCheck>> compile(const CheckSpec& spec) {
  if (const auto problems = check_spec_problems(spec, std::chrono::milliseconds(0)); !problems.empty()) {
    return prober::as_error(problems);
  }
  auto check = std::make_shared<CompiledCheck>();
  check->spec = spec;
  check->target = *prober::parse_target(spec.url);
  if (prober::traits(check->target.kind).engine == prober::CheckEngine::none) {
    return fail(ErrorCode::invalid_argument, "url: a push server reports by itself and cannot be checked");
  }
  for (const auto& entry : spec.resolve) check->fixed.push_back(*prober::parse_fixed_address(entry));
  check->method = prober::usual_method(spec.method);
  for (auto step : {prober::find_proxy, prober::compile_conditions, prober::compile_certificates,
                    prober::prepare_dialog, prober::compile_question}) {
    if (auto done = step(*check); !done) return prober::as_error({done.error()});
  }
  prober::build_headers(*check);
  check->secrets = prober::secrets_of(*check);
  return check;
}

}  // namespace nines
