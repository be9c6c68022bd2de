#include "exchange/by_hand.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>
#include <vector>

namespace nines::tools {

std::string by_hand(std::string_view note) {
  return note.empty() ? std::string(kByHand) : fmt::format("{}: {}", kByHand, note);
}

bool is_paused(const Server& server, TimeMs time) noexcept {
  return std::any_of(server.paused.begin(), server.paused.end(), [&](const Window& w) { return w.contains(time); });
}

bool pause(Server& server, TimeMs now) {
  if (is_paused(server, now)) return false;
  server.paused.push_back({now, kTimeLimit});
  return true;
}

bool resume(Server& server, TimeMs now) {
  if (server.paused.empty() || server.paused.back().to <= now) return false;
  server.paused.back().to = now;
  if (server.paused.back().empty()) server.paused.pop_back();
  return true;
}

void end_maintenance(Server& server, std::size_t index, TimeMs now) {
  assert(index < server.maintenance.size());
  Maintenance& entry = server.maintenance[index];
  Window& span = entry.repeat == Maintenance::Repeat::once ? entry.once : entry.effective;
  span.to = std::min(span.to, now);
  if (span.empty()) server.maintenance.erase(server.maintenance.begin() + static_cast<std::ptrdiff_t>(index));
}

bool end_maintenance_under_way(Server& server, TimeMs now) {
  bool ended = false;
  for (std::size_t index = server.maintenance.size(); index-- > 0;) {
    const Maintenance& entry = server.maintenance[index];
    if (entry.repeat != Maintenance::Repeat::once || !entry.once.contains(now)) continue;
    end_maintenance(server, index, now);
    ended = true;
  }
  return ended;
}

void correct(Server& server, const Correction& correction) {
  uncorrect(server, correction.window);
  const auto later = std::find_if(server.corrections.begin(), server.corrections.end(),
                                  [&](const Correction& each) { return each.window.from > correction.window.from; });
  server.corrections.insert(later, correction);
}

void uncorrect(Server& server, Window window) {
  std::vector<Correction> kept;
  for (const Correction& each : server.corrections) {
    for (const Window part : {Window{each.window.from, std::min(each.window.to, window.from)},
                              Window{std::max(each.window.from, window.to), each.window.to}}) {
      if (part.empty()) continue;
      kept.push_back(each);
      kept.back().window = part;
    }
  }
  server.corrections = std::move(kept);
}

}  // namespace nines::tools
