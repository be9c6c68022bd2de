#include "alerts/record.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace nines::prober {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Takes fields out of an object and remembers whether all of them were there and of their type.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}

  std::string text(const char* key) {
    const Json* const value = find(key);
    if (value == nullptr || !value->is_string()) return refuse<std::string>();
    return value->get<std::string>();
  }
  std::uint64_t number(const char* key, std::uint64_t most) {
    const Json* const value = find(key);
    if (value == nullptr || !value->is_number_unsigned() || value->get<std::uint64_t>() > most) {
      return refuse<std::uint64_t>();
    }
    return value->get<std::uint64_t>();
  }
  TimeMs time(const char* key) {
    return from_ms(static_cast<std::int64_t>(number(key, static_cast<std::uint64_t>(to_ms(kTimeLimit)))));
  }
  std::vector<std::string> texts(const char* key) {
    std::vector<std::string> list;
    const Json* const value = find(key);
    if (value == nullptr || !value->is_array()) return refuse<std::vector<std::string>>();
    for (const Json& item : *value) {
      if (!item.is_string()) return refuse<std::vector<std::string>>();
      list.push_back(item.get<std::string>());
    }
    return list;
  }
  [[nodiscard]] bool has(const char* key) const { return find(key) != nullptr; }
  [[nodiscard]] bool good() const noexcept { return good_; }

 private:
  const Json* find(const char* key) const {
    const auto found = json_.find(key);
    return found == json_.end() ? nullptr : &*found;
  }
  template <class T>
  T refuse() {
    good_ = false;
    return T{};
  }

  const Json& json_;
  bool good_ = true;
};

constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max() - 1;

/// Sets kind and topic from the event's name, and from the topic's where the event has none. False for unknown names.
bool read_event(Reader& reader, AlertMessage& message) {
  const std::string event = reader.text("event");
  const bool resolved = event == "resolved";
  if (resolved || event == "reminder") {
    message.kind = resolved ? AlertMessage::Kind::resolved : AlertMessage::Kind::reminder;
    // Version 1 knew of outages only.
    const auto topic = parse_alert_topic(reader.has("topic") ? reader.text("topic") : "down");
    message.topic = topic.value_or(AlertTopic::down);
    return topic.has_value();
  }
  const auto topic = parse_alert_topic(event);
  message.topic = topic.value_or(AlertTopic::down);
  return topic.has_value();
}

/// Version 1 had no such field: up when it was over, else down.
std::optional<State> read_state(Reader& reader, AlertMessage::Kind kind) {
  if (!reader.has("state")) return kind == AlertMessage::Kind::resolved ? State::up : State::down;
  return parse_state(reader.text("state"));
}

std::optional<AlertMessage> read_message(Reader& reader) {
  AlertMessage message;
  message.id = reader.number("id", kAny);
  const bool known_event = read_event(reader, message);
  const auto state = read_state(reader, message.kind);
  message.server = ServerId{static_cast<std::uint32_t>(reader.number("server", 0xffff'ffffU))};
  message.name = reader.text("name");
  message.url = reader.text("url");
  message.group = reader.text("group");
  message.since = reader.time("since_ms");
  message.time = reader.time("time_ms");
  const auto error = parse_error_class(reader.text("error"));
  message.code = static_cast<std::uint16_t>(reader.number("code", 0xffffU));
  message.detail = reader.text("detail");
  message.reminder = static_cast<std::uint32_t>(reader.number("reminder", 0xffff'ffffU));
  if (!reader.good() || !known_event || !state || !error) return std::nullopt;
  message.state = *state;
  message.error = *error;
  return message;
}

JobMemory read_job(Reader& reader) {
  JobMemory memory;
  memory.since = reader.time("since_ms");
  memory.heard = reader.number("heard", 1) == 1;
  memory.listened = std::chrono::milliseconds{
      static_cast<std::int64_t>(reader.number("listened_ms", static_cast<std::uint64_t>(to_ms(kTimeLimit))))};
  if (reader.has("started_ms")) memory.started = reader.time("started_ms");
  return memory;
}

}  // namespace

std::string next_record(std::uint64_t id) {
  return dump(Json{{"op", "next"}, {"id", id}});
}

std::string message_record(const AlertMessage& message, const std::vector<std::string>& told,
                           const std::vector<std::string>& owed) {
  return dump(Json{{"op", "message"},
                   {"id", message.id},
                   {"event", event_of(message)},
                   {"topic", to_string(message.topic)},
                   {"server", static_cast<std::uint32_t>(message.server)},
                   {"name", message.name},
                   {"url", message.url},
                   {"group", message.group},
                   {"state", to_string(message.state)},
                   {"since_ms", to_ms(message.since)},
                   {"time_ms", to_ms(message.time)},
                   {"error", to_string(message.error)},
                   {"code", message.code},
                   {"detail", message.detail},
                   {"reminder", message.reminder},
                   {"told", told},
                   {"owed", owed}});
}

std::string settled_record(const std::string& target, std::uint64_t id) {
  return dump(Json{{"op", "settled"}, {"id", id}, {"target", target}});
}

std::string tried_record(const std::string& target, std::uint64_t id, std::uint32_t attempts) {
  return dump(Json{{"op", "tried"}, {"id", id}, {"target", target}, {"attempts", attempts}});
}

std::string job_record(ServerId server, const std::optional<JobMemory>& memory) {
  Json json{{"op", "job"}, {"server", static_cast<std::uint32_t>(server)}};
  if (memory) {
    json["since_ms"] = to_ms(memory->since);
    json["heard"] = memory->heard ? 1U : 0U;
    json["listened_ms"] = memory->listened.count();
    if (memory->started) json["started_ms"] = to_ms(*memory->started);
  }
  return dump(json);
}

std::optional<AlertRecord> parse_record(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  Reader reader(json);
  AlertRecord record;
  const std::string op = reader.text("op");
  if (op == "next") {
    record.op = AlertRecord::Op::next;
    record.id = reader.number("id", kAny);
  } else if (op == "message") {
    record.op = AlertRecord::Op::message;
    std::optional<AlertMessage> message = read_message(reader);
    if (!message) return std::nullopt;
    record.message = *std::move(message);
    record.id = record.message.id;
    record.told = reader.texts("told");
    record.owed = reader.texts("owed");
  } else if (op == "settled" || op == "tried") {
    const bool tried = op == "tried";
    record.op = tried ? AlertRecord::Op::tried : AlertRecord::Op::settled;
    record.id = reader.number("id", kAny);
    record.target = reader.text("target");
    if (tried) record.attempts = static_cast<std::uint32_t>(reader.number("attempts", 0xffff'ffffU));
  } else if (op == "job") {
    record.op = AlertRecord::Op::job;
    record.server = ServerId{static_cast<std::uint32_t>(reader.number("server", 0xffff'ffffU))};
    if (reader.has("since_ms")) record.job = read_job(reader);
  } else if (op == "forgotten") {
    record.op = AlertRecord::Op::forgotten;
    record.server = ServerId{static_cast<std::uint32_t>(reader.number("server", 0xffff'ffffU))};
  } else {
    return std::nullopt;
  }
  if (!reader.good()) return std::nullopt;
  return record;
}

}  // namespace nines::prober
