#include "exchange/change.h"

#include <fmt/format.h>
#include <nines/calendar.h>

#include <algorithm>
#include <array>
#include <utility>

#include "exchange/by_hand.h"
#include "show/text.h"

namespace nines::tools {
namespace {

using Fields = std::map<std::string, std::string>;
constexpr std::string_view kUsual = "note author";
// What was done stands before it in the same text.
constexpr std::size_t kMaxReasonBytes = ServerLimits::kMaxNoteBytes - 200;

struct Row {
  std::string_view path;
  Change::Kind kind;
  std::string_view fields;
};
constexpr std::array kRows{
    Row{"annotations", Change::Kind::remark, "kind text at author"},
    Row{"pause", Change::Kind::pause, kUsual},
    Row{"resume", Change::Kind::resume, kUsual},
    Row{"maintenance", Change::Kind::maintenance, "from to for tz note author"},
    Row{"maintenance/end", Change::Kind::end_maintenance, kUsual},
    Row{"corrections", Change::Kind::correction, "from to as tz note author"},
};

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message));
}

std::string field_of(const Fields& fields, const char* name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

bool is_word_of(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

Result<void> check_names(const Fields& fields, const Row& row) {
  for (const auto& [name, value] : fields) {
    if (is_word_of(row.fields, name)) continue;
    std::string known(row.fields);
    std::replace(known.begin(), known.end(), ' ', ',');
    return bad(fmt::format("there is no `{}`; there are {}", printable(fit(name, 40)), known));
  }
  return {};
}

Result<TimeMs> read_moment(const Fields& fields, const char* name, const TimeContext& context) {
  const std::string text = field_of(fields, name);
  auto time = parse_time(text, context);
  if (!time) return bad(fmt::format("`{}`: {}", name, printable(time.error().message)));
  return time;
}

Result<TimeContext> context_of(const Fields& fields, TimeMs now) {
  const std::string name = field_of(fields, "tz");
  auto zone = Zone::find(name.empty() ? "UTC" : name);
  if (!zone) return bad(fmt::format("`tz`: {}", printable(zone.error().message)));
  return TimeContext{now, *std::move(zone)};
}

Result<void> read_maintenance_window(const Fields& fields, TimeMs now, Change& change) {
  const auto context = context_of(fields, now);
  if (!context) return tl::unexpected(context.error());
  change.window.from = now;
  if (!field_of(fields, "from").empty()) {
    const auto from = read_moment(fields, "from", *context);
    if (!from) return tl::unexpected(from.error());
    change.window.from = *from;
  }
  const std::string span = field_of(fields, "for");
  if (span.empty() == field_of(fields, "to").empty()) return bad("a maintenance has either `to` or `for`");
  if (!span.empty()) {
    const auto length = parse_duration(span);
    if (!length) return bad(fmt::format("`for`: {}", printable(length.error().message)));
    change.window.to = change.window.from + *length;
  } else {
    const auto to = read_moment(fields, "to", *context);
    if (!to) return tl::unexpected(to.error());
    change.window.to = *to;
  }
  if (change.window.empty()) return bad("the end has to come after the beginning");
  if (change.window.to <= now) return bad("it is over already; what was so is a correction");
  return {};
}

Result<void> read_correction(const Fields& fields, TimeMs now, Change& change) {
  const auto context = context_of(fields, now);
  if (!context) return tl::unexpected(context.error());
  for (const auto& [name, bound] : {std::pair{"from", &change.window.from}, std::pair{"to", &change.window.to}}) {
    const auto time = read_moment(fields, name, *context);
    if (!time) return tl::unexpected(time.error());
    *bound = *time;
  }
  if (change.window.empty()) return bad("`to` has to come after `from`");
  const std::string as = field_of(fields, "as");
  const auto state = parse_state(as);
  change.as_measured = as == "measured";
  if (!change.as_measured && (!state || *state == State::paused)) {
    return bad("`as` takes up, degraded, down, maintenance, unknown or measured");
  }
  change.state = state.value_or(State::unknown);
  if (change.note.empty()) return bad("a correction needs its reason as `note`");
  return {};
}

Result<void> read_remark(const Fields& fields, TimeMs now, Remark& remark) {
  const std::string kind = field_of(fields, "kind");
  if (kind != "note" && kind != "acknowledged") return bad("`kind` is note or acknowledged");
  if (kind == "acknowledged") remark.annotation.kind = Annotation::Kind::acknowledged;
  remark.annotation.text = field_of(fields, "text");
  if (kind == "note" && remark.annotation.text.empty()) return bad("a note needs a `text`");
  if (field_of(fields, "at").empty()) return {};
  const auto at = read_moment(fields, "at", {now, {}});
  if (!at) return tl::unexpected(at.error());
  remark.at = *at;
  return {};
}

std::string stretch(const Window& window) {
  return fmt::format("{} to {}", format_time(window.from), format_time(window.to));
}

// Changes the entry; what was done, in words.
Result<std::string> apply(const Change& change, Server& server, TimeMs now) {
  switch (change.kind) {
    case Change::Kind::pause:
      if (!pause(server, now)) return fail(ErrorCode::already_exists, "it is paused already");
      return "paused";
    case Change::Kind::resume:
      if (!resume(server, now)) return fail(ErrorCode::already_exists, "it is not paused");
      return "resumed";
    case Change::Kind::maintenance: {
      Maintenance entry;
      entry.once = change.window;
      entry.note = by_hand(change.note);
      server.maintenance.push_back(std::move(entry));
      return "maintenance " + stretch(change.window);
    }
    case Change::Kind::end_maintenance:
      if (!end_maintenance_under_way(server, now)) {
        return fail(ErrorCode::not_found, "no single maintenance is under way");
      }
      return "maintenance ended";
    case Change::Kind::correction:
      if (change.as_measured) {
        uncorrect(server, change.window);
        return stretch(change.window) + " as measured";
      }
      correct(server, {change.window, change.state, change.note});
      return fmt::format("{} is {}", stretch(change.window), to_string(change.state));
    case Change::Kind::remark:
      break;
  }
  return std::string();
}

}  // namespace

std::optional<Change::Kind> parse_change(std::string_view path) {
  const auto* const row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& each) { return each.path == path; });
  return row == kRows.end() ? std::nullopt : std::optional(row->kind);
}

Result<Change> read_change(Change::Kind kind, const Fields& fields, TimeMs now) {
  const auto* const row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& each) { return each.kind == kind; });
  if (auto known = check_names(fields, *row); !known) return tl::unexpected(known.error());
  Change change;
  change.kind = kind;
  change.note = field_of(fields, "note");
  if (change.note.size() > kMaxReasonBytes) return bad(fmt::format("`note` is longer than {} bytes", kMaxReasonBytes));
  change.remark.annotation.author = field_of(fields, "author");
  Result<void> read;
  if (kind == Change::Kind::remark) read = read_remark(fields, now, change.remark);
  if (kind == Change::Kind::maintenance) read = read_maintenance_window(fields, now, change);
  if (kind == Change::Kind::correction) read = read_correction(fields, now, change);
  if (!read) return tl::unexpected(read.error());
  return change;
}

Result<void> make_change(Store& store, const std::string& server, const Change& change, const std::string& user,
                         TimeMs now) {
  std::string author = change.remark.annotation.author;
  if (author.empty() || user.empty()) {
    author += user;
  } else if (author != user) {
    author = fmt::format("{} by {}", author, user);
  }
  if (change.kind == Change::Kind::remark) {
    Remark remark = change.remark;
    remark.annotation.author = std::move(author);
    const auto kept = keep_remark(store, server, remark, now);
    if (!kept) return tl::unexpected(kept.error());
    return {};
  }
  const auto catalog = store.catalog();
  const Server* const entry = catalog->find(std::string_view(server));
  if (entry == nullptr) return fail(ErrorCode::not_found, fmt::format("there is no server `{}`", printable(server)));
  Server edited = *entry;
  auto done = apply(change, edited, now);
  if (!done) return tl::unexpected(done.error());
  if (!change.note.empty()) *done += ": " + change.note;
  annotate(edited, {Annotation::Kind::change, now, now, std::move(author), *std::move(done)});
  return store.update_server(edited);
}

}  // namespace nines::tools
