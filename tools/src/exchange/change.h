// What a person changes of one server by hand through the page or by POST, and says about its outages. What was changed
// stands in the server's entry afterwards, with who did it and when.
#pragma once

#include <nines/result.h>
#include <nines/server.h>
#include <nines/store.h>
#include <nines/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "exchange/annotation.h"

namespace nines::tools {

struct Change {
  enum class Kind : std::uint8_t { remark, pause, resume, maintenance, end_maintenance, correction };
  Kind kind = Kind::remark;
  Remark remark;                 ///< with `annotation.author` as the client names itself
  Window window;                 ///< of a maintenance or a correction
  State state = State::unknown;  ///< of a correction
  bool as_measured = false;      ///< a correction that takes others away
  std::string note;              ///< why
};

/// "annotations", "pause", "resume", "maintenance", "maintenance/end", "corrections": the end of a path.
[[nodiscard]] std::optional<Change::Kind> parse_change(std::string_view path);

/// From a form's fields or an object's members:
/// - annotations: kind (note, acknowledged), text, at, author
/// - pause, resume, maintenance/end: note, author
/// - maintenance: from (now), to or for, tz (UTC), note, author
/// - corrections: from, to, as (up, degraded, down, maintenance, unknown, measured), tz, note (required), author
/// `invalid_argument` for what is missing, not understood or not known.
[[nodiscard]] Result<Change> read_change(Change::Kind kind, const std::map<std::string, std::string>& fields,
                                         TimeMs now);

/// Makes the change and keeps with the server that `user` made it; where that is empty, who the client says it is. The
/// entry is read, changed and written: the caller keeps others from changing it meanwhile. Errors: not_found (the
/// server, such an outage, a maintenance to end), already_exists (it is paused, or not), and those of incidents() and
/// Store::update_server.
[[nodiscard]] Result<void> make_change(Store& store, const std::string& server, const Change& change,
                                       const std::string& user, TimeMs now);

}  // namespace nines::tools
