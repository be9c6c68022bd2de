#include "vocabulary/check_input.h"

namespace nines::engine {
namespace {

bool is_stored_state(State state) {
  return state == State::unknown || state == State::up || state == State::degraded || state == State::down;
}

}  // namespace

std::string describe_input(const CheckResult& result) {
  return "the result of server " + std::to_string(static_cast<std::uint32_t>(result.server)) + " at " +
         std::to_string(to_ms(result.time)) + " ms";
}

Result<void> check_input(const CheckResult& result, TimeMs newest) {
  if (result.time < from_ms(0)) {
    return fail(ErrorCode::out_of_range, describe_input(result) + " lies before 1970; check its clock or its unit");
  }
  if (result.time >= kTimeLimit || result.time > newest) {
    return fail(ErrorCode::out_of_range,
                describe_input(result) + " lies too far in the future; check its clock or its unit");
  }
  if (result.detail.size() > kMaxDetailBytes) {
    return fail(ErrorCode::out_of_range, describe_input(result) + " has a detail of " +
                                             std::to_string(result.detail.size()) + " bytes; at most " +
                                             std::to_string(kMaxDetailBytes) + " are kept");
  }
  if (result.latency_us && *result.latency_us > kMaxLatencyUs) {
    return fail(ErrorCode::out_of_range, describe_input(result) + " has a latency above 71 minutes");
  }
  if (result.location > kMaxLocation) {
    return fail(ErrorCode::out_of_range, describe_input(result) + " has a location above 1023");
  }
  if (!is_stored_state(result.state)) {
    return fail(ErrorCode::invalid_argument, describe_input(result) + " has the state " +
                                                 std::string(to_string(result.state)) +
                                                 ", which belongs into the catalog");
  }
  return {};
}

Error no_such_server(ServerId id) {
  return {ErrorCode::not_found, "there is no server " + std::to_string(static_cast<std::uint32_t>(id))};
}

}  // namespace nines::engine
