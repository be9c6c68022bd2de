// The journal's records as JSON (prober/ALERTS.md). Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nines/alert.h>

#include "base/job_memory.h"

namespace nines::prober {

struct AlertRecord {
  enum class Op : std::uint8_t {
    next,       ///< ids below `id` were used
    message,    ///< `message` is for `told`, and not yet received by `owed`
    settled,    ///< `target` is not owed message `id` any more
    tried,      ///< `target` has failed to take message `id` `attempts` times
    job,        ///< what is remembered of the job of `server`, or nothing any more; since version 3
    forgotten,  ///< the incidents of `server` ended without a word; written by version 1 only
  };
  Op op = Op::next;
  std::uint64_t id = 0;
  std::string target;
  std::uint32_t attempts = 0;
  ServerId server{};
  AlertMessage message;
  std::vector<std::string> told;
  std::vector<std::string> owed;
  std::optional<JobMemory> job;
};

[[nodiscard]] std::string next_record(std::uint64_t id);
[[nodiscard]] std::string message_record(const AlertMessage& message, const std::vector<std::string>& told,
                                         const std::vector<std::string>& owed);
[[nodiscard]] std::string settled_record(const std::string& target, std::uint64_t id);
[[nodiscard]] std::string tried_record(const std::string& target, std::uint64_t id, std::uint32_t attempts);

[[nodiscard]] std::string job_record(ServerId server, const std::optional<JobMemory>& memory);

/// Nothing when it is not one of the above. Takes any bytes.
[[nodiscard]] std::optional<AlertRecord> parse_record(const std::string& text);

}  // namespace nines::prober
