// What a description of an alert target must be like before a message depends on it.
#include <nines/alert.h>
#include <nines/check_spec.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alerts/channels.h"
#include "alerts/delivery.h"
#include "alerts/message.h"
#include "alerts/template.h"
#include "base/text.h"

namespace nines {
namespace {

constexpr std::chrono::milliseconds kMostTimeout = std::chrono::minutes{10};
constexpr std::chrono::milliseconds kLeastReminder{1'000};
constexpr std::chrono::milliseconds kMostAfter = std::chrono::days{31};
// Each is filled once for every event; thousands of them would take seconds.
constexpr std::size_t kMostComparisons = 100;

tl::unexpected<Error> bad(const AlertTarget& target, const std::string& what) {
  return fail(ErrorCode::invalid_argument, "alert \"" + target.name + "\": " + what);
}

bool is_one(const SecretText& secret) {
  return (secret.text.empty() ? 0 : 1) + (secret.environment.empty() ? 0 : 1) + (secret.file.empty() ? 0 : 1) == 1;
}

/// A message and what is particular about it, for a sentence.
struct Sample {
  AlertMessage message;
  std::string what;
};

/// The states that a server can be in when such a message comes; unknown too when it was taken out of the file.
std::vector<State> states_of(AlertMessage::Kind kind, AlertTopic topic) {
  const bool over = kind == AlertMessage::Kind::resolved;
  if (topic == AlertTopic::down && !over) return {State::down};
  if (topic == AlertTopic::degraded && !over) return {State::degraded};
  std::vector<State> states{State::up, State::degraded, State::down, State::unknown};
  if (topic == AlertTopic::down) std::erase(states, State::down);
  if (topic == AlertTopic::degraded) std::erase(states, State::degraded);
  return states;
}

/// One message of each event, topic and state that the target can hear.
std::vector<AlertMessage> events_for(const AlertTarget& target) {
  std::vector<AlertMessage::Kind> kinds{AlertMessage::Kind::begin};
  if (target.remind_every > std::chrono::milliseconds{0}) kinds.push_back(AlertMessage::Kind::reminder);
  if (target.send_resolved) kinds.push_back(AlertMessage::Kind::resolved);
  std::vector<AlertMessage> list;
  for (const AlertTopic topic : target.topics) {
    for (const AlertMessage::Kind kind : kinds) {
      for (const State state : states_of(kind, topic)) {
        AlertMessage message;
        message.kind = kind;
        message.topic = topic;
        message.state = state;
        message.reminder = kind == AlertMessage::Kind::reminder ? 1 : 0;
        list.push_back(message);
      }
    }
  }
  return list;
}

/// The message with every fact, whose texts hold what needs care in every syntax.
AlertMessage with_facts(AlertMessage message) {
  message.id = 1;
  message.server = ServerId{1};
  message.name = "a \"quoted\" \\ name & <more>";
  message.url = "https://example.org/a?b=c";
  message.group = "group";
  message.since = from_ms(1'750'000'000'000);
  message.time = message.since + std::chrono::seconds{15};
  message.error = ErrorClass::http_status;
  message.code = 503;
  message.detail = "two\nlines";
  return message;
}

/// The messages that can come to the target: each with every fact, without any, and without each. Not empty.
std::vector<Sample> samples_for(const AlertTarget& target) {
  std::vector<Sample> list;
  for (const AlertMessage& event : events_for(target)) {
    const std::string what = ", with the event " + std::string(event_of(event)) + ", topic " +
                             std::string(to_string(event.topic)) + " and state " + std::string(to_string(event.state));
    const AlertMessage full = with_facts(event);
    AlertMessage bare = event;
    bare.name = "a";
    list.push_back({full, "with every fact" + what});
    list.push_back({bare, "without facts" + what});
    const auto without = [&](const char* field, auto take_away) {
      Sample sample{full, std::string("without ") + field + what};
      take_away(sample.message);
      list.push_back(std::move(sample));
    };
    without("a url", [](AlertMessage& m) { m.url.clear(); });
    without("a group", [](AlertMessage& m) { m.group.clear(); });
    without("an error", [](AlertMessage& m) { m.error = ErrorClass::none; });
    without("a code", [](AlertMessage& m) { m.code = 0; });
    without("a detail", [](AlertMessage& m) { m.detail.clear(); });
  }
  return list;
}

/// Fills the body with one message's fields and reads what claims to be JSON.
Result<void> try_body(const AlertTarget& target, const std::vector<prober::AlertField>& fields,
                      const std::string& what) {
  const prober::Escape escape = prober::escape_of(target.content_type);
  const auto body = prober::fill_template(target.body_template, fields, escape);
  if (!body) return bad(target, "body-template: " + body.error().message);
  const bool is_json = escape == prober::Escape::json && !target.body_template.empty();
  if (!is_json) return {};
  if (prober::is_json_lines(target.content_type)) {
    const auto lines = prober::split(*body, '\n');
    const auto accepted = [](std::string_view line) { return line.empty() || nlohmann::json::accept(line); };
    if (std::all_of(lines.begin(), lines.end(), accepted)) return {};
  } else if (nlohmann::json::accept(*body)) {
    return {};
  }
  return bad(target, "body-template: is not JSON when a message comes " + what +
                         " (outside of quotes a field is a whole value with its quotes, or null)");
}

/// A field and a text that a template compares it with.
using Comparison = std::pair<std::string, std::string>;

std::set<Comparison> comparisons_in(std::string_view text) {
  std::set<Comparison> found;
  for (std::size_t open = text.find("{{"); open != std::string_view::npos; open = text.find("{{", open + 2)) {
    const std::string_view tag = prober::trim(text.substr(open + 2, text.find("}}", open) - open - 2));
    const std::size_t equals = tag.find('=');
    if ((!tag.starts_with('#') && !tag.starts_with('^')) || equals == std::string_view::npos) continue;
    found.emplace(prober::trim(tag.substr(1, equals - 1)), prober::trim(tag.substr(equals + 1)));
  }
  return found;
}

/// Parts that depend on an error, a group or another fact count for the text that they name, not for the samples'.
Result<void> try_comparisons(const AlertTarget& target) {
  const std::set<Comparison> comparisons = comparisons_in(target.body_template);
  if (comparisons.size() > kMostComparisons) {
    return bad(target, "body-template: compares with more than " + std::to_string(kMostComparisons) + " texts");
  }
  for (const AlertMessage& event : events_for(target)) {
    const auto fields = prober::template_fields(with_facts(event));
    for (const auto& [name, text] : comparisons) {
      if (name == "event" || name == "topic" || name == "state" || name == "reminder") continue;  // those all come
      auto changed = fields;
      for (prober::AlertField& field : changed) {
        if (field.name != name) continue;
        const bool is_number = !field.json.starts_with('"');
        if (!is_number) field = prober::text_field(name, text);
        if (is_number && nlohmann::json::accept(text)) field.text = field.json = text;
      }
      const auto fine = try_body(target, changed,
                                 "with the " + name + " `" + text + "` and the event " + std::string(event_of(event)));
      if (!fine) return fine;
    }
  }
  return {};
}

Result<void> try_templates(const AlertTarget& target) {
  for (const Sample& sample : samples_for(target)) {
    const auto fields = prober::template_fields(sample.message);
    if (const auto fine = try_body(target, fields, sample.what); !fine) return fine;
    for (const auto& [name, value] : target.headers) {
      const auto filled = prober::fill_template(value.text, fields, prober::Escape::header);
      if (!filled) return bad(target, "header " + name + ": " + filled.error().message);
    }
  }
  return try_comparisons(target);
}

/// Settings from elsewhere are not there yet, perhaps: they have a value that fits.
AlertTarget with_all_settings(const prober::ChannelRow& channel, AlertTarget target) {
  for (auto& [name, value] : target.settings) {
    if (!value.text.empty()) continue;
    value = {};
    value.text = "x";
    for (const AlertSetting& setting : channel.facts.settings) {
      if (setting.name != name) continue;
      if (setting.number) value.text = "1";
      if (name == "url") value.text = channel.request.url.empty() ? "smtp://host.example" : "https://host.example/x?y";
      if (name == "from" || name == "to") value.text = "a@host.example";
      if (name == "starttls") value.text = setting.usual;
    }
  }
  return target;
}

Result<void> try_channel(const AlertTarget& given) {
  const prober::ChannelRow* const channel = prober::find_channel(given.channel);
  if (channel == nullptr) return bad(given, "there is no channel `" + given.channel + "`");
  if (const auto fine = prober::check_settings(*channel, given); !fine) return bad(given, fine.error().message);
  const std::string place = given.channel + ": ";
  for (const auto& [name, value] : given.settings) {
    if (!is_one(value)) return bad(given, place + name + ": needs one of text, variable and file");
  }
  const AlertTarget target = with_all_settings(*channel, given);
  const auto settings = prober::setting_fields(*channel, target);
  if (!settings) return bad(given, place + settings.error().message);
  if (channel->request.url.empty()) {
    if (const auto fine = prober::check_email(*settings); !fine) return bad(given, place + fine.error().message);
    return {};
  }
  const prober::Escape escape = prober::escape_of(channel->request.content_type);
  for (const Sample& sample : samples_for(target)) {
    const auto spec = prober::channel_spec(*channel, *settings, sample.message);
    if (!spec) return bad(given, place + spec.error().message);
    if (escape == prober::Escape::json && !nlohmann::json::accept(spec->body)) {
      return bad(given, place + "its message is not JSON when it comes " + sample.what);
    }
    if (const auto valid = validate(*spec, std::chrono::milliseconds{0}); !valid) {
      return bad(given, place + valid.error().message);
    }
  }
  return {};
}

bool is_program(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && access(path.c_str(), X_OK) == 0;
}

}  // namespace

Result<void> validate(const AlertTarget& target) {
  if (target.name.empty()) return fail(ErrorCode::invalid_argument, "alert: needs a name");
  const int ways = (target.exec.empty() ? 0 : 1) + (target.webhook ? 1 : 0) + (target.channel.empty() ? 0 : 1);
  if (ways != 1) return bad(target, "needs either exec or webhook, or one channel");
  if (!target.exec.empty() && target.exec.front().empty()) return bad(target, "exec: the command is empty");
  if (target.webhook && !is_one(*target.webhook)) return bad(target, "webhook: needs one of text, variable and file");
  for (const auto& [name, value] : target.headers) {
    if (!is_one(value)) return bad(target, "header " + name + ": needs one of text, variable and file");
    // What fields are escaped for follows from it, so it is said in one place.
    if (prober::to_lower(name) == "content-type") {
      return bad(target, "header " + name + ": is what the key content-type is for");
    }
  }
  if (!target.exec.empty() && (!target.headers.empty() || !target.body_template.empty())) {
    return bad(target, "headers and body-template go with a webhook; a program gets the message as JSON");
  }
  if (target.timeout <= std::chrono::milliseconds{0} || target.timeout > kMostTimeout) {
    return bad(target, "timeout: must be above 0 and at most 10 minutes");
  }
  if (target.remind_every != std::chrono::milliseconds{0} && target.remind_every < kLeastReminder) {
    return bad(target, "remind-every: must be 0 or at least 1 second");
  }
  if (target.topics.empty()) return bad(target, "on: needs one of down, degraded, certificate and budget");
  if (std::set(target.topics.begin(), target.topics.end()).size() != target.topics.size()) {
    return bad(target, "on: names something twice");
  }
  if (target.after < std::chrono::milliseconds{0} || target.after > kMostAfter) {
    return bad(target, "after: must be from 0 to 31 days");
  }
  if (!target.channel.empty() && (!target.headers.empty() || !target.body_template.empty())) {
    return bad(target, "headers and body-template go with a webhook; a channel has its own");
  }
  if (!target.channel.empty()) return try_channel(target);
  if (!target.settings.empty()) return bad(target, "settings go with a channel");
  if (const auto tried = try_templates(target); !tried) return tried;
  // A URL that comes from elsewhere is not there yet, perhaps.
  if (target.webhook && target.webhook->text.find("{{") != std::string::npos) {
    return bad(target, "webhook: fields are filled in headers and in body-template, not in the URL");
  }
  if (target.webhook && !target.webhook->text.empty()) {
    AlertTarget plain = target;  // headers from elsewhere are not there either
    std::erase_if(plain.headers, [](const auto& header) { return header.second.text.empty(); });
    const auto spec = prober::webhook_spec(plain, samples_for(plain).front().message);
    if (!spec) return bad(target, spec.error().message);
    if (const auto valid = validate(*spec, std::chrono::milliseconds{0}); !valid) {
      return bad(target, valid.error().message);
    }
  }
  return {};
}

Result<void> check_program(const AlertTarget& target) {
  if (target.exec.empty()) return {};
  const std::string& program = target.exec.front();
  const auto missing = [&](const std::string& where) {
    return fail(ErrorCode::not_found, "alert \"" + target.name + "\": exec: there is no program " + program + where);
  };
  if (program.find('/') != std::string::npos) {
    if (is_program(program)) return {};
    return missing(access(program.c_str(), F_OK) == 0 ? " that may be executed" : "");
  }
  const char* const path = std::getenv("PATH");
  // What posix_spawnp() takes when there is none.
  for (const std::string_view folder : prober::split(path == nullptr ? "/bin:/usr/bin" : path, ':')) {
    if (is_program((folder.empty() ? "." : std::string(folder)) + "/" + program)) return {};
  }
  return missing(" in PATH");
}

}  // namespace nines
