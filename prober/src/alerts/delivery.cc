#include "alerts/delivery.h"

#include <nines/check_runner.h>

#include <algorithm>
#include <cassert>
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
  Result<std::string> body =
      target.body_template.empty()
          ? to_json(message)
          : fill_template(target.body_template, template_fields(message), escape_of(target.content_type));
  if (!body) return fail(body.error().code, "body-template: " + body.error().message);
  spec.body = *std::move(body);
  spec.method = "POST";
  spec.follow_redirects = false;
  spec.headers.emplace_back("Content-Type", target.content_type);
  spec.headers.emplace_back("Idempotency-Key", idempotency_key(message));
  for (const auto& [name, value] : target.headers) {
    Result<std::string> text =
        value.text.empty() ? read_secret(value) : fill_template(value.text, template_fields(message), Escape::header);
    if (!text) return fail(text.error().code, "header " + name + ": " + text.error().message);
    spec.headers.emplace_back(name, *std::move(text));
  }
  spec.timeouts.total = target.timeout;
  return spec;
}

Result<CheckSpec> channel_spec(const ChannelRow& channel, const std::vector<AlertField>& settings,
                               const AlertMessage& message) {
  const ChannelRequest& request = channel.request;
  std::vector<AlertField> fields = template_fields(message);
  fields.insert(fields.end(), settings.begin(), settings.end());
  const auto fill = [&fields](std::string_view text, Escape escape) { return fill_template(text, fields, escape); };

  CheckSpec spec;
  std::string_view path = request.url;
  constexpr std::string_view kBase = "{{$url}}";
  if (path.starts_with(kBase)) {
    path.remove_prefix(kBase.size());
    const auto base = std::find_if(settings.begin(), settings.end(), [](const auto& f) { return f.name == "$url"; });
    assert(base != settings.end());
    spec.url = base->text;
    if (path.starts_with('/') && spec.url.ends_with('/')) spec.url.pop_back();
  }
  const Result<std::string> rest = fill(path, Escape::form);
  if (!rest) return fail(rest.error().code, "url: " + rest.error().message);
  spec.url += *rest;
  const std::optional<CheckKind> kind = check_kind(spec.url);
  if (kind != CheckKind::http && kind != CheckKind::https) {
    return fail(ErrorCode::invalid_argument, "url: needs an http or https URL");
  }
  Result<std::string> body = fill(request.body, escape_of(request.content_type));
  if (!body) return fail(body.error().code, "body: " + body.error().message);
  spec.body = *std::move(body);
  spec.method = request.method;
  spec.follow_redirects = false;
  spec.headers.emplace_back("Content-Type", request.content_type);
  for (const auto& [name, value] : request.headers) {
    Result<std::string> text = fill(value, Escape::header);
    if (!text) return fail(text.error().code, "header " + std::string(name) + ": " + text.error().message);
    if (!text->empty()) spec.headers.emplace_back(name, *std::move(text));
  }
  return spec;
}

namespace {

bool is_refused_for_good(int status) noexcept {
  constexpr int kRequestTimeout = 408;
  constexpr int kTooManyRequests = 429;
  return status >= 400 && status <= 499 && status != kRequestTimeout && status != kTooManyRequests;
}

Result<void> make_request(const Result<CheckSpec>& spec) {
  if (!spec) return tl::unexpected(spec.error());
  auto check = compile(*spec);
  if (!check) return tl::unexpected(check.error());
  const CheckOutcome outcome = check_once(*std::move(check));
  // The status says whether it was taken; what becomes of the answer's body is the receiver's own affair.
  if (outcome.code >= 200 && outcome.code <= 299) return {};
  // The detail may show the URL's path, which is a secret with some receivers.
  std::string why(to_string(outcome.error));
  if (outcome.code != 0) why += ", status " + std::to_string(outcome.code);
  return fail(is_refused_for_good(outcome.code) ? ErrorCode::invalid_argument : ErrorCode::unavailable, std::move(why));
}

Result<Receipt> receipt(const Result<void>& taken) {
  if (!taken) return tl::unexpected(taken.error());
  return Receipt{};
}

Result<Receipt> deliver_channel(const AlertTarget& target, const AlertMessage& message) {
  const ChannelRow* const channel = find_channel(target.channel);
  assert(channel != nullptr);
  const auto settings = setting_fields(*channel, target);
  if (!settings) return tl::unexpected(settings.error());
  if (channel->request.url.empty()) return deliver_email(target, *settings, message);
  Result<CheckSpec> spec = channel_spec(*channel, *settings, message);
  if (spec) spec->timeouts.total = target.timeout;
  return receipt(make_request(spec));
}

}  // namespace

Result<Receipt> deliver(const AlertTarget& target, const AlertMessage& message) {
  if (!target.channel.empty()) return deliver_channel(target, message);
  return receipt(target.webhook ? make_request(webhook_spec(target, message)) : deliver_exec(target, message));
}

}  // namespace nines::prober

namespace nines {

Result<void> deliver_alert(const AlertTarget& target, const AlertMessage& message) {
  assert(validate(target));
  const auto taken = prober::deliver(target, message);
  if (!taken) return tl::unexpected(taken.error());
  return taken->refused.empty() ? Result<void>{} : fail(ErrorCode::invalid_argument, taken->refused);
}

}  // namespace nines
