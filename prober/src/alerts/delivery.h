// One attempt to deliver one message: a command that is run, a request that is made, or a mail that is sent. Blocks up
// to the target's timeout (and a second more for a command that has to be killed). Any thread, several at once. Errors
// never hold a secret.
#pragma once

#include <string>
#include <vector>

#include <nines/alert.h>
#include <nines/check_spec.h>

#include "alerts/channels.h"
#include "alerts/message.h"

namespace nines::prober {

/// What a target that has taken a message says of it.
struct Receipt {
  std::string refused;  ///< who of several receivers will never take it, and that the others have it; empty: nobody
};

/// The error says why it failed: exit code, signal, timeout, class of the network error, status. `invalid_argument`:
/// the target will never take it (a status of 400-499 but 408 and 429, a malformed address or header). Any other:
/// it may be tried again.
[[nodiscard]] Result<Receipt> deliver(const AlertTarget& target, const AlertMessage& message);

/// The command in a process group of its own, with the facts in its environment and the JSON on standard input. The
/// calling thread should have SIGCHLD's default disposition in its process, as almost every process has. In exec.cc.
[[nodiscard]] Result<void> deliver_exec(const AlertTarget& target, const AlertMessage& message);

/// The request that delivers `message`. Reads secrets.
[[nodiscard]] Result<CheckSpec> webhook_spec(const AlertTarget& target, const AlertMessage& message);

/// The request that tells a channel. `settings` are as setting_fields() gives them.
[[nodiscard]] Result<CheckSpec> channel_spec(const ChannelRow& channel, const std::vector<AlertField>& settings,
                                             const AlertMessage& message);

/// A mail by SMTP, as text and as HTML. The messages about one incident are one thread. In email.cc.
[[nodiscard]] Result<Receipt> deliver_email(const AlertTarget& target, const std::vector<AlertField>& settings,
                                            const AlertMessage& message);
/// What is wrong with the settings of a mail. In email.cc.
[[nodiscard]] Result<void> check_email(const std::vector<AlertField>& settings);

}  // namespace nines::prober
