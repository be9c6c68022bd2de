// The journal's records as JSON (prober/ALERTS.md). Pure functions.
#pragma once

#include <nines/alert.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nines::prober {

struct AlertRecord {
  enum class Op : std::uint8_t {
    next,       ///< ids below `id` were used
    message,    ///< `message` is for `told`, and not yet received by `owed`
    settled,    ///< `target` is not owed message `id` any more
    forgotten,  ///< the incident of `server` ended without a word
  };
  Op op = Op::next;
  std::uint64_t id = 0;
  std::string target;
  ServerId server{};
  AlertMessage message;
  std::vector<std::string> told;
  std::vector<std::string> owed;
};

[[nodiscard]] std::string next_record(std::uint64_t id);
[[nodiscard]] std::string message_record(const AlertMessage& message, const std::vector<std::string>& told,
                                         const std::vector<std::string>& owed);
[[nodiscard]] std::string settled_record(const std::string& target, std::uint64_t id);
[[nodiscard]] std::string forgotten_record(ServerId server);

/// Nothing when it is not one of the above. Takes any bytes.
[[nodiscard]] std::optional<AlertRecord> parse_record(const std::string& text);

}  // namespace nines::prober
