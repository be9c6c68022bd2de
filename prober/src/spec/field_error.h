// Results of reading one field of a check.
#pragma once

#include <tl/expected.hpp>

#include <string>
#include <utility>
#include <vector>

#include <nines/check_spec.h>
#include <nines/result.h>

namespace nines::prober {

template <class T>
using Parsed = tl::expected<T, FieldError>;

[[nodiscard]] inline tl::unexpected<FieldError> wrong(std::string field, std::string why) {
  return tl::unexpected(FieldError{std::move(field), std::move(why)});
}

/// All of `errors` as one. Requires: there is one at least.
[[nodiscard]] tl::unexpected<Error> as_error(const std::vector<FieldError>& errors);

}  // namespace nines::prober
