#include "alerts/delivery.h"

#include <nines/check_runner.h>

#include <string>
#include <utility>

#include "alerts/message.h"
#include "alerts/template.h"

namespace nines::prober {

Result<CheckSpec> webhook_spec(const AlertTarget& target, const AlertMessage& message) {
  CheckSpec spec;
  Result<std::string> url = read_secret(*target.webhook);
  if (!url) return tl::unexpected(url.error());
  spec.url = *std::move(url);
  const std::optional<CheckKind> kind = check_kind(spec.url);
  if (kind != CheckKind::http && kind != CheckKind::https) {
    return fail(ErrorCode::invalid_argument, "webhook: needs an http or https URL");
  }
  Result<std::string> body = target.body_template.empty()
                                 ? to_json(message)
                                 : fill_template(target.body_template, message, escape_of(target.content_type));
  if (!body) return fail(body.error().code, "body-template: " + body.error().message);
  spec.body = *std::move(body);
  spec.method = "POST";
  spec.follow_redirects = false;
  spec.headers.emplace_back("Content-Type", target.content_type);
  spec.headers.emplace_back("Idempotency-Key", idempotency_key(message));
  for (const auto& [name, value] : target.headers) {
    Result<std::string> text =
        value.text.empty() ? read_secret(value) : fill_template(value.text, message, Escape::header);
    if (!text) return fail(text.error().code, "header " + name + ": " + text.error().message);
    spec.headers.emplace_back(name, *std::move(text));
  }
  spec.timeouts.total = target.timeout;
  return spec;
}

namespace {

bool is_refused_for_good(int status) noexcept {
  constexpr int kRequestTimeout = 408;
  constexpr int kTooManyRequests = 429;
  return status >= 400 && status <= 499 && status != kRequestTimeout && status != kTooManyRequests;
}

Result<void> deliver_webhook(const AlertTarget& target, const AlertMessage& message) {
  const Result<CheckSpec> spec = webhook_spec(target, message);
  if (!spec) return tl::unexpected(spec.error());
  auto check = compile(*spec);
  if (!check) return tl::unexpected(check.error());
  const CheckOutcome outcome = check_once(*std::move(check));
  // The status says that it was taken; what becomes of the answer's body is the receiver's own affair.
  if (outcome.code >= 200 && outcome.code <= 299) return {};
  // The detail may show the URL's path, which is a secret with some receivers.
  std::string why(to_string(outcome.error));
  if (outcome.code != 0) why += ", status " + std::to_string(outcome.code);
  const bool for_good = outcome.error == ErrorClass::http_status && is_refused_for_good(outcome.code);
  return fail(for_good ? ErrorCode::invalid_argument : ErrorCode::unavailable, std::move(why));
}

}  // namespace

Result<void> deliver(const AlertTarget& target, const AlertMessage& message) {
  return target.webhook ? deliver_webhook(target, message) : deliver_exec(target, message);
}

}  // namespace nines::prober
