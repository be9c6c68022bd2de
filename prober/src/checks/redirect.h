// Where a redirect leads.
#pragma once

#include <string>

#include "checks/conditions.h"
#include "spec/target.h"

namespace nines::prober {

/// The place that a Location names, and the login that may stand in it.
struct RedirectTarget {
  Target target;
  std::string username;
  std::string password;
};

/// Resolves `location`, the header's bytes, against the URL that it came from. Blanks and bytes outside of ASCII are
/// encoded and names converted, as browsers do. Fails when it leads to something else than http and https, or nowhere.
[[nodiscard]] tl::expected<RedirectTarget, Failure> resolve_redirect(const Target& from, const std::string& location);

}  // namespace nines::prober
