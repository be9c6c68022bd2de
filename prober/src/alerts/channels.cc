#include "alerts/channels.h"

#include <algorithm>
#include <array>
#include <string>

#include "alerts/template.h"

namespace nines::prober {
namespace {

constexpr AlertSetting kWebhookUrl{"url", true, false, "", "of the incoming webhook"};

// Embeds: a title of 256 characters and a description of 4,096. Nobody is mentioned by what a server has said.
constexpr std::array kDiscordSettings{kWebhookUrl};
constexpr std::string_view kDiscordBody =
    R"({"embeds":[{"title":"{{title|256}}","description":"{{text|4000}}",)"
    R"("color":{{#event=resolved}}3066993{{/event}}{{^event=resolved}}15158332{{/event}},"timestamp":"{{time}}"}],)"
    R"("allowed_mentions":{"parse":[]}})";

// The events of the on-call services: one incident is one key, from its beginning to its end.
constexpr std::array kPagerdutySettings{
    AlertSetting{"routing-key", true, false, "", "of the service's integration, 32 characters"},
    AlertSetting{"severity", false, false, "critical", "critical, error, warning or info"},
    AlertSetting{"url", false, false, "https://events.pagerduty.com", "https://events.eu.pagerduty.com in the EU"},
};
constexpr std::string_view kPagerdutyBody =
    R"({"routing_key":{{$routing-key}},"dedup_key":"{{incident|255}}",)"
    R"("event_action":"{{#event=resolved}}resolve{{/event}}{{^event=resolved}}trigger{{/event}}",)"
    R"("payload":{"summary":"{{title|1024}}","source":"{{server|1024}}","severity":{{$severity}},)"
    R"("timestamp":"{{since}}",{{#group}}"group":"{{group|255}}",{{/group}}"class":"{{topic}}",)"
    R"("custom_details":{"error":{{error}},"code":{{code}},"detail":{{detail|4000}},"url":{{url|2000}}}}})";

constexpr std::array kOpsgenieSettings{
    AlertSetting{"api-key", true, false, "", "of an API integration"},
    AlertSetting{"priority", false, false, "P2", "P1 to P5"},
    AlertSetting{"url", false, false, "https://api.opsgenie.com", "https://api.eu.opsgenie.com in the EU"},
};
constexpr std::array kOpsgenieHeaders{ChannelHeader{"Authorization", "GenieKey {{$api-key}}"}};
constexpr std::string_view kOpsgenieUrl =
    "{{$url}}/v2/alerts{{#event=resolved}}/{{incident|512}}/close?identifierType=alias{{/event}}";
constexpr std::string_view kOpsgenieBody =
    R"({{#event=resolved}}{"source":"nines","note":"{{title|200}}"}{{/event}})"
    R"({{^event=resolved}}{"message":"{{title|130}}","alias":"{{incident|512}}","description":"{{text|15000}}",)"
    R"("entity":"{{server|512}}","source":"nines","priority":{{$priority}},"tags":["{{topic}}"]}{{/event}})";

constexpr std::array kTelegramSettings{
    AlertSetting{"token", true, false, "", "of the bot"},
    AlertSetting{"chat", true, false, "", "number of the chat, or @name of a channel"},
    AlertSetting{"thread", false, true, "", "number of a topic in a group"},
    AlertSetting{"url", false, false, "https://api.telegram.org", "of the bot API"},
};
constexpr std::string_view kTelegramBody =
    R"({"chat_id":{{$chat}},{{#$thread}}"message_thread_id":{{$thread}},{{/$thread}})"
    R"("text":"{{title|300}}\n{{text|3700}}","link_preview_options":{"is_disabled":true}})";

// Texts of blocks are plain ones, in which nothing is markup: 150 characters in a header, 3,000 in a section.
constexpr std::array kSlackSettings{kWebhookUrl};
constexpr std::string_view kSlackBody =
    R"({"text":"{{title|300|entities}}","blocks":[{"type":"header","text":{"type":"plain_text","text":"{{title|150}}"}},)"
    R"({"type":"section","text":{"type":"plain_text","text":"{{text|3000}}"}}]})";

// A message is at most 4,096 bytes; a character is three of them or fewer a unit.
constexpr std::array kNtfySettings{
    AlertSetting{"topic", true, false, "", "that phones subscribe to"},
    AlertSetting{"priority", false, true, "4", "1 to 5, of what begins; an end has 3"},
    AlertSetting{"token", false, false, "", "for topics that need one"},
    AlertSetting{"url", false, false, "https://ntfy.sh", "of the server"},
};
constexpr std::array kNtfyHeaders{ChannelHeader{"Authorization", "{{#$token}}Bearer {{$token}}{{/$token}}"}};
constexpr std::string_view kNtfyBody =
    R"({"topic":{{$topic}},"title":"{{title|250}}","message":"{{text|1300}}",)"
    R"({{#event=resolved}}"priority":3,"tags":["white_check_mark"]{{/event}})"
    R"({{^event=resolved}}"priority":{{$priority}},"tags":["rotating_light"]{{/event}})"
    R"({{#url}},"click":"{{url}}"{{/url}}})";

constexpr std::array kGotifySettings{
    AlertSetting{"url", true, false, "", "of the server"},
    AlertSetting{"token", true, false, "", "of the application"},
    AlertSetting{"priority", false, true, "8", "0 to 10, of what begins; an end has 4"},
};
constexpr std::array kGotifyHeaders{ChannelHeader{"X-Gotify-Key", "{{$token}}"}};
constexpr std::string_view kGotifyBody =
    R"({"title":"{{title|250}}","message":"{{text|4000}}",)"
    R"("priority":{{#event=resolved}}4{{/event}}{{^event=resolved}}{{$priority}}{{/event}}})";

// A title of 250 characters, a message of 1,024, a URL of 512. Priority 2 must say how often and how long it repeats.
constexpr std::array kPushoverSettings{
    AlertSetting{"token", true, false, "", "of the application, 30 characters"},
    AlertSetting{"user", true, false, "", "key of the user or the group, 30 characters"},
    AlertSetting{"priority", false, true, "1", "-2 to 2, of what begins; an end has 0"},
    AlertSetting{"url", false, false, "https://api.pushover.net", "of the API"},
};
constexpr std::string_view kPushoverBody =
    "token={{$token}}&user={{$user}}&title={{title|250}}&message={{text|1024}}"
    "{{#event=resolved}}&priority=0{{/event}}"
    "{{^event=resolved}}&priority={{$priority}}{{#$priority=2}}&retry=60&expire=3600{{/$priority}}{{/event}}"
    "{{#url}}&url={{url|512}}{{/url}}";

// A card of at most 28 KB; of its texts only those of a TextRun are without markup.
constexpr std::array kTeamsSettings{
    AlertSetting{"url", true, false, "", "of the workflow that posts what it receives"}};
constexpr std::string_view kTeamsBody =
    R"({"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":{)"
    R"("$schema":"http://adaptivecards.io/schemas/adaptive-card.json","type":"AdaptiveCard","version":"1.4","body":[)"
    R"({"type":"RichTextBlock","inlines":[{"type":"TextRun","weight":"bolder","size":"large",)"
    R"("color":"{{#event=resolved}}good{{/event}}{{^event=resolved}}attention{{/event}}","text":"{{title|300}}"}]},)"
    R"({"type":"RichTextBlock","inlines":[{"type":"TextRun","text":"{{text|4000}}"}]}]}}]})";

constexpr std::array kMatrixSettings{
    AlertSetting{"url", true, false, "", "of the home server"},
    AlertSetting{"token", true, false, "", "access token of the user that writes"},
    AlertSetting{"room", true, false, "", "its number, like !abc:example.org"},
};
constexpr std::array kMatrixHeaders{ChannelHeader{"Authorization", "Bearer {{$token}}"}};
constexpr std::string_view kMatrixUrl =
    "{{$url}}/_matrix/client/v3/rooms/{{$room}}/send/m.room.message/{{incident}}-{{id}}";
constexpr std::string_view kMatrixBody = R"({"msgtype":"m.text","body":"{{title|300}}\n{{text|4000}}"})";

// An attachment's text mentions nobody.
constexpr std::array kMattermostSettings{kWebhookUrl};
constexpr std::string_view kMattermostBody =
    R"({"attachments":[{"fallback":"{{title|300}}","title":"{{title|300}}","text":"{{text|4000}}",)"
    R"("color":"{{#event=resolved}}#2eb886{{/event}}{{^event=resolved}}#d63232{{/event}}"}]})";

// A card's paragraphs are HTML; messages of one incident go into one thread.
constexpr std::array kGoogleChatSettings{
    AlertSetting{"url", true, false, "", "of the space's webhook, with its key and token"}};
constexpr std::string_view kGoogleChatBody =
    R"({"thread":{"threadKey":"{{incident}}"},"fallbackText":"{{title|300}}","cardsV2":[{"cardId":"alert","card":{)"
    R"("header":{"title":"{{title|200}}"},"sections":[{"widgets":[{"textParagraph":{"text":"{{text|3000|entities}}"}}]}]}}]})";

constexpr std::array kEmailSettings{
    AlertSetting{"url", true, false, "", "smtp://HOST:587, or smtps://HOST for TLS from the first byte"},
    AlertSetting{"from", true, false, "", "an address"},
    AlertSetting{"to", true, false, "", "addresses, with commas between them"},
    AlertSetting{"user", false, false, "", "to log in with"},
    AlertSetting{"password", false, false, "", "likewise"},
    AlertSetting{"starttls", false, false, "required", "required, offered (where the server has it) or off"},
    AlertSetting{"ca-file", false, false, "", "authorities that the server's certificate is checked against"},
};

constexpr std::string_view kJson = "application/json";

// By name.
constexpr std::array<ChannelRow, 13> kChannels{{
    {{"discord", "a webhook of a channel", kDiscordSettings}, {"POST", "{{$url}}", kJson, {}, kDiscordBody}},
    {{"email", "a mail, plain and HTML, by SMTP", kEmailSettings}, {}},
    {{"google-chat", "a webhook of a space", kGoogleChatSettings},
     {"POST", "{{$url}}&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD", kJson, {}, kGoogleChatBody}},
    {{"gotify", "an application of a Gotify", kGotifySettings},
     {"POST", "{{$url}}/message", kJson, kGotifyHeaders, kGotifyBody}},
    {{"matrix", "a room of a Matrix home server", kMatrixSettings},
     {"PUT", kMatrixUrl, kJson, kMatrixHeaders, kMatrixBody}},
    {{"mattermost", "an incoming webhook", kMattermostSettings}, {"POST", "{{$url}}", kJson, {}, kMattermostBody}},
    {{"ntfy", "a topic of an ntfy", kNtfySettings}, {"POST", "{{$url}}", kJson, kNtfyHeaders, kNtfyBody}},
    {{"opsgenie", "an alert, closed by its end", kOpsgenieSettings},
     {"POST", kOpsgenieUrl, kJson, kOpsgenieHeaders, kOpsgenieBody}},
    {{"pagerduty", "an event, resolved by its end", kPagerdutySettings},
     {"POST", "{{$url}}/v2/enqueue", kJson, {}, kPagerdutyBody}},
    {{"pushover", "a user or a group", kPushoverSettings},
     {"POST", "{{$url}}/1/messages.json", "application/x-www-form-urlencoded", {}, kPushoverBody}},
    {{"slack", "an incoming webhook", kSlackSettings}, {"POST", "{{$url}}", kJson, {}, kSlackBody}},
    {{"teams", "a workflow of Microsoft Teams", kTeamsSettings}, {"POST", "{{$url}}", kJson, {}, kTeamsBody}},
    {{"telegram", "a chat, by a bot", kTelegramSettings},
     {"POST", "{{$url}}/bot{{$token}}/sendMessage", kJson, {}, kTelegramBody}},
}};

bool is_number(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  // Nine digits fit every number that a service takes, and a leading zero is no JSON.
  return !digits.empty() && digits.size() <= 9 && (digits.size() == 1 || digits[0] != '0') &&
         digits.find_first_not_of("0123456789") == std::string_view::npos;
}

const SecretText* setting_of(const AlertTarget& target, std::string_view name) {
  const auto found = std::find_if(target.settings.begin(), target.settings.end(),
                                  [name](const auto& setting) { return setting.first == name; });
  return found == target.settings.end() ? nullptr : &found->second;
}

}  // namespace

const ChannelRow* find_channel(std::string_view name) noexcept {
  const auto* const found = std::find_if(kChannels.begin(), kChannels.end(),
                                         [name](const ChannelRow& row) { return row.facts.name == name; });
  return found == kChannels.end() ? nullptr : found;
}

Result<std::vector<AlertField>> setting_fields(const ChannelRow& channel, const AlertTarget& target) {
  std::vector<AlertField> fields;
  for (const AlertSetting& setting : channel.facts.settings) {
    const SecretText* const given = setting_of(target, setting.name);
    Result<std::string> value = given == nullptr ? std::string(setting.usual) : read_secret(*given);
    if (!value) return fail(value.error().code, std::string(setting.name) + ": " + value.error().message);
    // As a file is while it is replaced: with nothing in its place the service would refuse the message for good.
    if (setting.needed && value->empty()) return fail(ErrorCode::not_found, std::string(setting.name) + ": is empty");
    AlertField field = text_field("$" + std::string(setting.name), *value);
    if (setting.number && !value->empty()) {
      if (!is_number(*value)) {
        return fail(ErrorCode::invalid_argument, std::string(setting.name) + ": must be a whole number");
      }
      field.json = *value;
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

Result<void> check_settings(const ChannelRow& channel, const AlertTarget& target) {
  const std::string place = std::string(channel.facts.name) + ": ";
  for (const AlertSetting& setting : channel.facts.settings) {
    if (setting.needed && setting_of(target, setting.name) == nullptr) {
      return fail(ErrorCode::invalid_argument,
                  place + "needs `" + std::string(setting.name) + "`, " + std::string(setting.help));
    }
  }
  for (const auto& [name, value] : target.settings) {
    const auto known = std::find_if(channel.facts.settings.begin(), channel.facts.settings.end(),
                                    [&name = name](const AlertSetting& setting) { return setting.name == name; });
    if (known == channel.facts.settings.end()) {
      return fail(ErrorCode::invalid_argument, place + "has no setting `" + name + "`");
    }
    if (std::count_if(target.settings.begin(), target.settings.end(),
                      [&name = name](const auto& other) { return other.first == name; }) > 1) {
      return fail(ErrorCode::invalid_argument, place + "`" + name + "` is given twice");
    }
  }
  return {};
}

}  // namespace nines::prober

namespace nines {

std::vector<AlertChannel> alert_channels() {
  std::vector<AlertChannel> channels;
  for (const prober::ChannelRow& row : prober::kChannels) channels.push_back(row.facts);
  return channels;
}

}  // namespace nines
