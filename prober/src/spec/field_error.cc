#include "spec/field_error.h"

#include <cassert>

namespace nines {

std::string to_string(const FieldError& error) {
  return error.field.empty() ? error.why : error.field + ": " + error.why;
}

namespace prober {

tl::unexpected<Error> as_error(const std::vector<FieldError>& errors) {
  assert(!errors.empty());
  std::string message;
  for (const auto& error : errors) message += (message.empty() ? "" : "; ") + to_string(error);
  return fail(ErrorCode::invalid_argument, std::move(message));
}

}  // namespace prober
}  // namespace nines
