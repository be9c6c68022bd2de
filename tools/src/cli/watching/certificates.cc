#include "cli/watching/certificates.h"

#include <fmt/format.h>

#include <chrono>
#include <string>

#include "cli/command/session.h"
#include "cli/watching/commands.h"
#include "show/text.h"

namespace nines::tools {

std::map<ServerId, TimeMs> certificate_expiries(const Call& call, const Catalog& catalog) {
  // Longer than a process takes that is alive; one that is stopped must not hold up whoever asks how things are.
  constexpr std::chrono::milliseconds kTimeout{300};
  std::map<ServerId, TimeMs> expiries;
  const Json told = ask_owner(call, "certificates", kTimeout);
  for (const auto& [name, time_ms] : told.items()) {
    const Server* const server = catalog.find(std::string_view(name));
    if (server != nullptr && time_ms.is_number_integer()) expiries[server->id] = from_ms(time_ms.get<std::int64_t>());
  }
  return expiries;
}

std::int64_t days_left(TimeMs expiry, TimeMs now) {
  return std::chrono::floor<std::chrono::days>(expiry - now).count();
}

Colour certificate_colour(std::int64_t days) noexcept {
  constexpr std::int64_t kSoon = 7;
  constexpr std::int64_t kComing = 21;  // a week before the 14 days that configurations usually ask for
  return days < kSoon ? Colour::red : days < kComing ? Colour::yellow : Colour::none;
}

Outcome certificates(const Call& call) {
  return answer_as_owner(call, [](const Owner& owner) {
    Json json = Json::object();
    if (!owner.certificates) return json;
    for (const auto& [name, expiry] : owner.certificates()) json[name] = to_ms(expiry);
    return json;
  });
}

}  // namespace nines::tools
