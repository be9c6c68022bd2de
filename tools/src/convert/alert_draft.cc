#include "convert/alert_draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace nines::tools {
namespace {

struct SettingName {
  std::string_view ours;
  std::string_view theirs;
};

struct Provider {
  std::string_view theirs;
  std::string_view ours;
  std::array<SettingName, 6> settings;  // of two for one of ours that which is set counts
};

constexpr std::array kGatusProviders{
    Provider{"discord", "discord", {{{"url", "webhook-url"}}}},
    Provider{"googlechat", "google-chat", {{{"url", "webhook-url"}}}},
    Provider{"gotify", "gotify", {{{"url", "server-url"}, {"token", "token"}, {"priority", "priority"}}}},
    Provider{"matrix", "matrix", {{{"url", "server-url"}, {"token", "access-token"}, {"room", "internal-room-id"}}}},
    Provider{"mattermost", "mattermost", {{{"url", "webhook-url"}}}},
    Provider{"ntfy", "ntfy", {{{"url", "url"}, {"topic", "topic"}, {"priority", "priority"}, {"token", "token"}}}},
    Provider{"opsgenie", "opsgenie", {{{"api-key", "api-key"}, {"priority", "priority"}}}},
    Provider{"pagerduty", "pagerduty", {{{"routing-key", "integration-key"}}}},
    Provider{
        "pushover",
        "pushover",
        {{{"token", "application-token"}, {"user", "user-token"}, {"user", "user-key"}, {"priority", "priority"}}}},
    Provider{"slack", "slack", {{{"url", "webhook-url"}}}},
    Provider{"teams", "teams", {{{"url", "webhook-url"}}}},
    Provider{"teams-workflows", "teams", {{{"url", "webhook-url"}}}},
    Provider{
        "telegram", "telegram", {{{"token", "token"}, {"chat", "id"}, {"url", "api-url"}, {"thread", "topic-id"}}}},
};

constexpr std::array kKumaProviders{
    Provider{"discord", "discord", {{{"url", "discordWebhookUrl"}}}},
    Provider{"GoogleChat", "google-chat", {{{"url", "googleChatWebhookURL"}}}},
    Provider{"gotify",
             "gotify",
             {{{"url", "gotifyserverurl"}, {"token", "gotifyapplicationToken"}, {"priority", "gotifyPriority"}}}},
    Provider{"matrix", "matrix", {{{"url", "homeserverUrl"}, {"token", "accessToken"}, {"room", "internalRoomId"}}}},
    Provider{"mattermost", "mattermost", {{{"url", "mattermostWebhookUrl"}}}},
    Provider{"ntfy",
             "ntfy",
             {{{"url", "ntfyserverurl"},
               {"topic", "ntfytopic"},
               {"priority", "ntfyPriority"},
               {"token", "ntfyaccesstoken"}}}},
    Provider{"Opsgenie", "opsgenie", {{{"api-key", "opsgenieApiKey"}}}},
    Provider{"PagerDuty", "pagerduty", {{{"routing-key", "pagerdutyIntegrationKey"}}}},
    Provider{"pushover",
             "pushover",
             {{{"token", "pushoverapptoken"}, {"user", "pushoveruserkey"}, {"priority", "pushoverpriority"}}}},
    Provider{"slack", "slack", {{{"url", "slackwebhookURL"}}}},
    Provider{"teams", "teams", {{{"url", "webhookUrl"}}}},
    Provider{"telegram",
             "telegram",
             {{{"token", "telegramBotToken"}, {"chat", "telegramChatID"}, {"thread", "telegramMessageThreadID"}}}},
};

std::string mapping(std::string_view channel, const std::vector<std::pair<std::string_view, std::string>>& settings) {
  std::string text;
  for (const auto& [name, value] : settings) {
    if (!value.empty()) text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", name, value);
  }
  return fmt::format("{}: {{{}}}", channel, text);
}

template <class Table>
std::optional<std::string> by_table(const Table& table, std::string_view provider, const ProviderValue& value) {
  auto found = std::find_if(table.begin(), table.end(), [&](const Provider& p) { return p.theirs == provider; });
  // Several of one kind are told apart by what stands behind its name: ntfy-critical.
  if (found == table.end()) {
    const std::string_view kind = provider.substr(0, provider.find('-'));
    found = std::find_if(table.begin(), table.end(), [&](const Provider& p) { return p.theirs == kind; });
  }
  if (found == table.end()) return std::nullopt;
  std::vector<std::pair<std::string_view, std::string>> settings;
  for (const SettingName& name : found->settings) {
    if (name.ours.empty()) continue;
    const bool has = std::any_of(settings.begin(), settings.end(),
                                 [&](const auto& s) { return s.first == name.ours && !s.second.empty(); });
    if (!has) settings.emplace_back(name.ours, value(name.theirs));
  }
  return mapping(found->ours, settings);
}

/// What stands in a scalar between its quotes.
std::string inside(const std::string& scalar) {
  return scalar.size() >= 2 && scalar.front() == '"' ? scalar.substr(1, scalar.size() - 2) : scalar;
}

std::string email(const std::string& host, const std::string& port, bool tls, const ProviderValue& value,
                  const std::array<std::string_view, 4>& names) {
  const std::string url =
      fmt::format("\"{}://{}{}{}\"", tls ? "smtps" : "smtp", inside(host), port.empty() ? "" : ":", inside(port));
  return mapping("email", {{"url", url},
                           {"from", value(names[0])},
                           {"to", value(names[1])},
                           {"user", value(names[2])},
                           {"password", value(names[3])},
                           {"starttls", tls ? "" : "offered"}});
}

}  // namespace

std::optional<std::string> gatus_channel(std::string_view provider, const ProviderValue& value) {
  if (provider != "email") return by_table(kGatusProviders, provider, value);
  const std::string port = value("port");
  return email(value("host"), port, inside(port) == "465", value, {"from", "to", "username", "password"});
}

std::optional<std::string> kuma_channel(std::string_view type, const ProviderValue& value) {
  if (type == "webhook") {
    const std::string url = value("webhookURL");
    if (url.empty()) return std::nullopt;
    return "webhook: " + url;
  }
  if (type != "smtp") return by_table(kKumaProviders, type, value);
  return email(value("smtpHost"), value("smtpPort"), value("smtpSecure") == "true", value,
               {"smtpFrom", "smtpTo", "smtpUsername", "smtpPassword"});
}

}  // namespace nines::tools
