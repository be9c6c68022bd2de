#include "codec/catalog_codec.h"

#include <bit>
#include <cassert>
#include <limits>

#include "base/bytes.h"
#include "vocabulary/validate_server.h"

namespace nines::engine {
namespace {

// Tags are on disk: never renumber, never reuse. FORMAT.md, "Server", lists them.
enum class ServerTag : std::uint8_t {
  name = 1,
  url = 2,
  group = 3,
  label = 4,  // one of Server::tags
  created_at = 5,
  rules = 6,
  maintenance = 7,
  correction = 8,
  paused = 9,
  keep_checks = 10,
  keep_summaries = 11,
  objective = 12,
  check = 13,
  removed = 14,
  annotation = 15,
  level = 16,
  longest_interval = 17,
};
enum class RulesTag : std::uint8_t {
  effective_from = 1,
  interval = 2,
  timeout = 3,
  confirm_failures = 4,
  confirm_successes = 5,
  quorum = 6,
  stale_after = 7,
  merge_within = 8,
};
enum class MaintenanceTag : std::uint8_t {
  repeat = 1,
  once = 2,
  weekdays = 3,
  day_of_month = 4,
  start = 5,
  length = 6,
  timezone = 7,
  effective = 8,
  note = 9,
};
enum class CorrectionTag : std::uint8_t { window = 1, state = 2, note = 3 };
enum class AnnotationTag : std::uint8_t { kind = 1, at = 2, made_at = 3, author = 4, text = 5 };
enum class LevelTag : std::uint8_t {
  period = 1,
  hours = 2,
  timezone = 3,
  latency_target = 4,
  latency_objective = 5,
};

// --- Writing: tag, length, bytes ---

template <class Tag>
void put_field(std::string& out, Tag tag, std::string_view bytes) {
  put_varint(out, static_cast<std::uint64_t>(tag));
  put_text(out, bytes);
}
template <class Tag>
void put_number(std::string& out, Tag tag, std::int64_t number) {
  std::string bytes;
  put_signed(bytes, number);
  put_field(out, tag, bytes);
}
template <class Tag>
void put_window(std::string& out, Tag tag, Window window) {
  std::string bytes;
  put_signed(bytes, to_ms(window.from));
  put_signed(bytes, to_ms(window.to));
  put_field(out, tag, bytes);
}

std::string encode_rules(const Rules& rules) {
  std::string out;
  put_number(out, RulesTag::effective_from, to_ms(rules.effective_from));
  put_number(out, RulesTag::interval, rules.interval.count());
  put_number(out, RulesTag::timeout, rules.timeout.count());
  put_number(out, RulesTag::confirm_failures, rules.confirm_failures);
  put_number(out, RulesTag::confirm_successes, rules.confirm_successes);
  put_number(out, RulesTag::quorum, rules.quorum);
  put_number(out, RulesTag::stale_after, rules.stale_after.count());
  put_number(out, RulesTag::merge_within, rules.merge_within.count());
  return out;
}

std::string encode_maintenance(const Maintenance& maintenance) {
  std::string out;
  put_number(out, MaintenanceTag::repeat, static_cast<std::int64_t>(maintenance.repeat));
  put_window(out, MaintenanceTag::once, maintenance.once);
  put_number(out, MaintenanceTag::weekdays, maintenance.weekdays);
  put_number(out, MaintenanceTag::day_of_month, maintenance.day_of_month);
  put_number(out, MaintenanceTag::start, maintenance.start.count());
  put_number(out, MaintenanceTag::length, maintenance.length.count());
  put_field(out, MaintenanceTag::timezone, maintenance.timezone);
  put_window(out, MaintenanceTag::effective, maintenance.effective);
  put_field(out, MaintenanceTag::note, maintenance.note);
  return out;
}

std::string encode_correction(const Correction& correction) {
  std::string out;
  put_window(out, CorrectionTag::window, correction.window);
  put_number(out, CorrectionTag::state, static_cast<std::int64_t>(correction.state));
  put_field(out, CorrectionTag::note, correction.note);
  return out;
}

template <class Tag>
void put_ratio(std::string& out, Tag tag, double ratio) {
  std::string bytes(sizeof(double), '\0');
  store(bytes.data(), std::bit_cast<std::uint64_t>(ratio));
  put_field(out, tag, bytes);
}

std::string encode_annotation(const Annotation& annotation) {
  std::string out;
  put_number(out, AnnotationTag::kind, static_cast<std::int64_t>(annotation.kind));
  put_number(out, AnnotationTag::at, to_ms(annotation.at));
  put_number(out, AnnotationTag::made_at, to_ms(annotation.made_at));
  put_field(out, AnnotationTag::author, annotation.author);
  put_field(out, AnnotationTag::text, annotation.text);
  return out;
}

std::string encode_level(const ServiceLevel& level) {
  std::string out;
  put_field(out, LevelTag::period, level.period);
  put_field(out, LevelTag::hours, level.hours);
  put_field(out, LevelTag::timezone, level.timezone);
  put_number(out, LevelTag::latency_target, level.latency_target.count());
  if (level.latency_objective) put_ratio(out, LevelTag::latency_objective, *level.latency_objective);
  return out;
}

// --- Reading ---

/// Calls `read(tag, field)` for every field; each reader covers its field's bytes. False when anything is malformed;
/// a field's reader must be read to its end, or not at all when the tag is unknown.
template <class Tag, class Read>
bool for_each_field(std::string_view bytes, Read read) {
  Reader in(bytes);
  while (in.ok() && !in.finished()) {
    const std::uint64_t tag = in.varint();
    Reader field(in.text());
    if (!in.ok()) return false;
    if (tag > std::numeric_limits<std::uint8_t>::max()) continue;
    if (!read(static_cast<Tag>(tag), field)) return false;
  }
  return in.ok();
}

/// A number that must fit into T.
template <class T>
bool get_number(Reader& field, T& out) {
  const std::int64_t number = field.signed_varint();
  if (!field.finished() || !std::in_range<T>(number)) return false;
  out = static_cast<T>(number);
  return true;
}
template <class Rep, class Period>
bool get_number(Reader& field, std::chrono::duration<Rep, Period>& out) {
  Rep count = 0;
  if (!get_number(field, count)) return false;
  out = std::chrono::duration<Rep, Period>{count};
  return true;
}
bool get_time(Reader& field, TimeMs& out) {
  out = from_ms(field.signed_varint());
  return field.finished();
}
bool get_window(Reader& field, Window& out) {
  out.from = from_ms(field.signed_varint());
  out.to = from_ms(field.signed_varint());
  return field.finished();
}
bool get_text(Reader& field, std::string& out) {
  out = field.bytes(field.left());
  return true;
}
template <class Enum>
bool get_enum(Reader& field, Enum greatest, Enum& out) {
  std::uint8_t number = 0;
  if (!get_number(field, number) || number > static_cast<std::uint8_t>(greatest)) return false;
  out = static_cast<Enum>(number);
  return true;
}

bool decode_rules(Reader& in, Rules& out) {
  return for_each_field<RulesTag>(in.bytes(in.left()), [&](RulesTag tag, Reader& field) {
    switch (tag) {
      case RulesTag::effective_from:
        return get_time(field, out.effective_from);
      case RulesTag::interval:
        return get_number(field, out.interval);
      case RulesTag::timeout:
        return get_number(field, out.timeout);
      case RulesTag::confirm_failures:
        return get_number(field, out.confirm_failures);
      case RulesTag::confirm_successes:
        return get_number(field, out.confirm_successes);
      case RulesTag::quorum:
        return get_number(field, out.quorum);
      case RulesTag::stale_after:
        return get_number(field, out.stale_after);
      case RulesTag::merge_within:
        return get_number(field, out.merge_within);
    }
    return true;
  });
}

bool decode_maintenance(Reader& in, Maintenance& out) {
  return for_each_field<MaintenanceTag>(in.bytes(in.left()), [&](MaintenanceTag tag, Reader& field) {
    switch (tag) {
      case MaintenanceTag::repeat:
        return get_enum(field, Maintenance::Repeat::monthly, out.repeat);
      case MaintenanceTag::once:
        return get_window(field, out.once);
      case MaintenanceTag::weekdays:
        return get_number(field, out.weekdays);
      case MaintenanceTag::day_of_month:
        return get_number(field, out.day_of_month);
      case MaintenanceTag::start:
        return get_number(field, out.start);
      case MaintenanceTag::length:
        return get_number(field, out.length);
      case MaintenanceTag::timezone:
        return get_text(field, out.timezone);
      case MaintenanceTag::effective:
        return get_window(field, out.effective);
      case MaintenanceTag::note:
        return get_text(field, out.note);
    }
    return true;
  });
}

bool decode_correction(Reader& in, Correction& out) {
  return for_each_field<CorrectionTag>(in.bytes(in.left()), [&](CorrectionTag tag, Reader& field) {
    switch (tag) {
      case CorrectionTag::window:
        return get_window(field, out.window);
      case CorrectionTag::state:
        return get_enum(field, State::paused, out.state);
      case CorrectionTag::note:
        return get_text(field, out.note);
    }
    return true;
  });
}

bool get_ratio(Reader& field, std::optional<double>& out) {
  const std::string_view bytes = field.bytes(sizeof(double));
  if (!field.finished()) return false;
  out = std::bit_cast<double>(load<std::uint64_t>(bytes.data()));
  return true;
}

bool decode_annotation(Reader& in, Annotation& out) {
  return for_each_field<AnnotationTag>(in.bytes(in.left()), [&](AnnotationTag tag, Reader& field) {
    switch (tag) {
      case AnnotationTag::kind:
        return get_enum(field, Annotation::Kind::change, out.kind);
      case AnnotationTag::at:
        return get_time(field, out.at);
      case AnnotationTag::made_at:
        return get_time(field, out.made_at);
      case AnnotationTag::author:
        return get_text(field, out.author);
      case AnnotationTag::text:
        return get_text(field, out.text);
    }
    return true;
  });
}

bool decode_level(Reader& in, ServiceLevel& out) {
  return for_each_field<LevelTag>(in.bytes(in.left()), [&](LevelTag tag, Reader& field) {
    switch (tag) {
      case LevelTag::period:
        return get_text(field, out.period);
      case LevelTag::hours:
        return get_text(field, out.hours);
      case LevelTag::timezone:
        return get_text(field, out.timezone);
      case LevelTag::latency_target:
        return get_number(field, out.latency_target);
      case LevelTag::latency_objective:
        return get_ratio(field, out.latency_objective);
    }
    return true;
  });
}

bool decode_label(Reader& field, std::map<std::string, std::string>& out) {
  const std::string_view key = field.text();
  const std::string_view value = field.bytes(field.left());
  return field.ok() && out.emplace(key, value).second;
}

/// Whether notes_of() can read it.
bool decode_interval(Reader& field) {
  std::uint32_t interval_ms = 0;
  return get_number(field, interval_ms);
}

bool decode_field(ServerTag tag, Reader& field, Server& out) {
  switch (tag) {
    case ServerTag::name:
      return get_text(field, out.name);
    case ServerTag::url:
      return get_text(field, out.url);
    case ServerTag::group:
      return get_text(field, out.group);
    case ServerTag::label:
      return decode_label(field, out.tags);
    case ServerTag::created_at:
      return get_time(field, out.created_at);
    case ServerTag::rules:
      return decode_rules(field, out.rules.emplace_back());
    case ServerTag::maintenance:
      return decode_maintenance(field, out.maintenance.emplace_back());
    case ServerTag::correction:
      return decode_correction(field, out.corrections.emplace_back());
    case ServerTag::paused:
      return get_window(field, out.paused.emplace_back());
    case ServerTag::keep_checks:
      return get_number(field, out.retention.checks);
    case ServerTag::keep_summaries:
      return get_number(field, out.retention.summaries);
    case ServerTag::objective:
      return get_ratio(field, out.objective);
    case ServerTag::check:
      return get_text(field, out.check);
    case ServerTag::removed:
      return true;
    case ServerTag::annotation:
      return decode_annotation(field, out.annotations.emplace_back());
    case ServerTag::level:
      return decode_level(field, out.level);
    case ServerTag::longest_interval:
      return decode_interval(field);
  }
  return true;
}

}  // namespace

std::string encode_server(const Server& server, const EntryNotes& notes) {
  std::string out;
  put_u8(out, kServerVersion);
  put_field(out, ServerTag::name, server.name);
  put_field(out, ServerTag::url, server.url);
  put_field(out, ServerTag::group, server.group);
  for (const auto& [key, value] : server.tags) {
    std::string label;
    put_text(label, key);
    label += value;
    put_field(out, ServerTag::label, label);
  }
  put_number(out, ServerTag::created_at, to_ms(server.created_at));
  for (const Rules& rules : server.rules) put_field(out, ServerTag::rules, encode_rules(rules));
  for (const Maintenance& m : server.maintenance) put_field(out, ServerTag::maintenance, encode_maintenance(m));
  for (const Correction& c : server.corrections) put_field(out, ServerTag::correction, encode_correction(c));
  for (const Window window : server.paused) put_window(out, ServerTag::paused, window);
  put_number(out, ServerTag::keep_checks, server.retention.checks.count());
  put_number(out, ServerTag::keep_summaries, server.retention.summaries.count());
  if (server.objective) put_ratio(out, ServerTag::objective, *server.objective);
  put_field(out, ServerTag::check, server.check);
  for (const Annotation& a : server.annotations) put_field(out, ServerTag::annotation, encode_annotation(a));
  if (server.level != ServiceLevel{}) put_field(out, ServerTag::level, encode_level(server.level));
  if (notes.removed) put_field(out, ServerTag::removed, {});
  if (notes.longest_interval_ms) put_number(out, ServerTag::longest_interval, *notes.longest_interval_ms);
  return out;
}

Result<Server> decode_server(ServerId id, std::string_view bytes) {
  const std::string who = "catalog entry of server " + std::to_string(static_cast<std::uint32_t>(id));
  const std::uint8_t version = bytes.empty() ? 0 : static_cast<std::uint8_t>(bytes.front());
  if (version > kServerVersion) {
    return fail(ErrorCode::newer_format, who + " has format " + std::to_string(version) + ", this nines reads up to " +
                                             std::to_string(kServerVersion));
  }
  if (version == 0) return fail(ErrorCode::corruption, who + " has no format version");
  Server server;
  server.id = id;
  server.rules.clear();
  const bool decoded = for_each_field<ServerTag>(
      bytes.substr(1), [&](ServerTag tag, Reader& field) { return decode_field(tag, field, server); });
  if (!decoded) return fail(ErrorCode::corruption, who + " does not decode");
  if (auto valid = validate_server(server); !valid) {
    return fail(ErrorCode::corruption, who + ": " + valid.error().message);
  }
  return server;
}

EntryNotes notes_of(std::string_view entry) {
  EntryNotes notes;
  const bool decoded = for_each_field<ServerTag>(entry.substr(1), [&](ServerTag tag, Reader& field) {
    if (tag == ServerTag::removed) notes.removed = true;
    return tag != ServerTag::longest_interval || get_number(field, notes.longest_interval_ms.emplace());
  });
  assert(decoded);
  static_cast<void>(decoded);
  return notes;
}

std::string encode_next_server(ServerId next) {
  std::string bytes;
  put_u8(bytes, kServerVersion);
  put_varint(bytes, static_cast<std::uint32_t>(next));
  return bytes;
}

Result<ServerId> decode_next_server(std::string_view bytes) {
  Reader reader(bytes);
  const std::uint8_t version = reader.u8();
  if (reader.ok() && version > kServerVersion) {
    return fail(ErrorCode::newer_format, "the catalog was written by a newer nines; use that");
  }
  const std::uint64_t next = reader.varint();
  if (!reader.finished() || version != kServerVersion || next == 0 || next > UINT32_MAX) {
    return fail(ErrorCode::corruption, "the next server's number (key 00000000 of the catalog) does not decode");
  }
  return ServerId{static_cast<std::uint32_t>(next)};
}

}  // namespace nines::engine
