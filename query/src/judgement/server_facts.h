// What has to be known of a server's whole history without reading it. The one place that asks the store for it.
#pragma once

#include <cstdint>
#include <optional>

#include <nines/query.h>
#include <nines/result.h>
#include <nines/store.h>

namespace nines::query {

/// The time of the server's first result ever, as far as the store knows, be it from a summary; no value without any.
/// `cost` grows by what finding it took. Errors: those of Store::days.
[[nodiscard]] Result<std::optional<std::int64_t>> first_result_ms(const Store& store, const Server& server,
                                                                  ScanCost& cost);

}  // namespace nines::query
