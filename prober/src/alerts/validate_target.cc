#include <nines/alert.h>
#include <nines/check_spec.h>

#include <string>

#include "alerts/delivery.h"
#include "alerts/message.h"

namespace nines {
namespace {

constexpr std::chrono::milliseconds kMostTimeout = std::chrono::minutes{10};
constexpr std::chrono::milliseconds kLeastReminder{1'000};

tl::unexpected<Error> bad(const AlertTarget& target, const std::string& what) {
  return fail(ErrorCode::invalid_argument, "alert \"" + target.name + "\": " + what);
}

bool is_one(const SecretText& secret) {
  return (secret.text.empty() ? 0 : 1) + (secret.environment.empty() ? 0 : 1) + (secret.file.empty() ? 0 : 1) == 1;
}

}  // namespace

Result<void> validate(const AlertTarget& target) {
  if (target.name.empty()) return fail(ErrorCode::invalid_argument, "alert: needs a name");
  if (target.exec.empty() == !target.webhook) return bad(target, "needs either exec or webhook");
  if (!target.exec.empty() && target.exec.front().empty()) return bad(target, "exec: the command is empty");
  if (target.webhook && !is_one(*target.webhook)) return bad(target, "webhook: needs one of text, variable and file");
  for (const auto& [name, value] : target.headers) {
    if (!is_one(value)) return bad(target, "header " + name + ": needs one of text, variable and file");
  }
  if (target.timeout <= std::chrono::milliseconds{0} || target.timeout > kMostTimeout) {
    return bad(target, "timeout: must be above 0 and at most 10 minutes");
  }
  if (target.remind_every != std::chrono::milliseconds{0} && target.remind_every < kLeastReminder) {
    return bad(target, "remind-every: must be 0 or at least 1 second");
  }
  if (const auto filled = prober::fill_template(target.body_template, AlertMessage{}); !filled) {
    return bad(target, filled.error().message);
  }
  // A URL that comes from elsewhere is not there yet, perhaps.
  if (target.webhook && !target.webhook->text.empty()) {
    const auto spec = prober::webhook_spec(target, AlertMessage{});
    if (!spec) return bad(target, spec.error().message);
    if (const auto valid = validate(*spec, std::chrono::milliseconds{0}); !valid) {
      return bad(target, valid.error().message);
    }
  }
  return {};
}

}  // namespace nines
