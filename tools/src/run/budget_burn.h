// How fast a server uses up its error budget, as the prober asks it to tell alerts.
#pragma once

#include <nines/alert.h>
#include <nines/store.h>

#include <optional>

namespace nines::tools {

/// Over the 30 days before `now`, which the burn windows are made for; not firing without an objective. Nothing where
/// too little was measured lately to say that it burns or that it does not, and where the store cannot be asked.
[[nodiscard]] std::optional<BudgetBurn> burn_of(const Store& store, ServerId id, TimeMs now);

}  // namespace nines::tools
