// Questions and answers of the C API in its structs: what figures, bars and dashboards have in common.
#pragma once

#include <nines/c/query.h>

#include <memory>

#include <nines/bars.h>
#include <nines/check_result.h>
#include <nines/incident.h>
#include <nines/query.h>
#include <nines/result.h>
#include <nines/uptime.h>

#include "c/call.h"
#include "c/handles.h"

namespace nines::c {

/// nines_query ended with its `confirm_successes`.
template <>
inline constexpr std::size_t kFirstSize<nines_query> = 40;

/// A question of the host's, and the store that it is to be asked of.
struct Question {
  Query query;
  std::shared_ptr<Store> store;  ///< the host's, or one that the question can be cancelled in
};
/// `store` and `given` are judged, too: null, or of a size that has never been.
[[nodiscard]] Result<Question> read_question(const nines_store* store, const nines_query* given);

[[nodiscard]] nines_figures shown(const Figures& figures, const ScanCost& cost) noexcept;
[[nodiscard]] nines_bar shown(const Bar& bar) noexcept;
/// Its text is the result's own, and its phases, if it has any, are put into `phases`.
[[nodiscard]] nines_result shown(const CheckResult& result, nines_phases& phases) noexcept;
/// Its text is the incident's own.
[[nodiscard]] nines_incident shown(const Incident& incident) noexcept;

/// Item `index` of `list`; out_of_range when there is none.
template <class List>
[[nodiscard]] auto item(const List& list, std::size_t index) -> Result<decltype(list.data())> {
  if (index < list.size()) return list.data() + index;
  return fail(ErrorCode::out_of_range,
              "index " + std::to_string(index) + " of a list of " + std::to_string(list.size()));
}

}  // namespace nines::c
