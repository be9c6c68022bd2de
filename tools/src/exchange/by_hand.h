// What people change of a server's time by hand: pauses, maintenance, corrections. By commands, by POST and on the
// page.
//
// Pure functions of the entry; whoever writes it back keeps others from changing it meanwhile. Any thread.
#pragma once

#include <nines/server.h>
#include <nines/types.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace nines::tools {

/// How the note of a maintenance begins that was added by hand. No configuration has it, and none ends it.
inline constexpr std::string_view kByHand = "by hand";
/// "by hand", or "by hand: NOTE".
[[nodiscard]] std::string by_hand(std::string_view note);

[[nodiscard]] bool is_paused(const Server& server, TimeMs time) noexcept;
/// No checks count from `now` on. False where it is paused already.
[[nodiscard]] bool pause(Server& server, TimeMs now);
/// They count again. False where it is not paused.
[[nodiscard]] bool resume(Server& server, TimeMs now);

/// Ends one entry; one that has not begun goes. Requires: there is an entry `index`.
void end_maintenance(Server& server, std::size_t index, TimeMs now);
/// Ends the single maintenance that is under way, all of it. False where none is: what recurs is ended by its number.
[[nodiscard]] bool end_maintenance_under_way(Server& server, TimeMs now);

/// The stretch counts as the correction says, whatever others said of it.
void correct(Server& server, const Correction& correction);
/// The stretch counts as it was measured.
void uncorrect(Server& server, Window window);

}  // namespace nines::tools
