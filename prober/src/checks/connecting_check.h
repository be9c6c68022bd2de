// A check over a TCP connection of its own: looks the host up and connects, one address after the other. What is said
// then is the affair of the class that derives from it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/unique_fd.h"
#include "checks/error_mapping.h"
#include "checks/running_check.h"

namespace nines::prober {

// One read; a peer that sends more is read again when the loop comes round.
inline constexpr std::size_t kReadBytes = 16 << 10;

class ConnectingCheck : public RunningCheck, public FdWatcher {
 public:
  using RunningCheck::RunningCheck;
  void on_fd(int fd, std::uint32_t events) final;

 protected:
  /// The connection is there; `connected_at` is set.
  virtual void connected() = 0;
  /// The socket is ready for what it is watched for, or has failed.
  virtual void ready(std::uint32_t events) = 0;
  /// How far the conversation has come when its time is over.
  [[nodiscard]] virtual TransferProgress progress() const = 0;

  void begin() override;
  Failure overdue() override;
  void release() override { close_socket(); }

  /// False when the check has failed with that.
  bool watch(std::uint32_t events);
  /// Sets the one timer of the phase that the check is in.
  void bound_phase(Clock::time_point end, std::function<void()> over);
  void end_phase() noexcept { loop().cancel(phase_timer_); }
  /// Sends what can be sent of `unsent` now, and takes it out. False when the check has failed with that.
  bool send_from(std::string& unsent);
  /// Reads once into `buffer`: what has come, empty when the peer has ended its side. Nothing when nothing has come
  /// yet, or the check has failed with that.
  std::optional<std::string_view> read_some(std::span<char> buffer);

  Clock::time_point connected_at{};

 private:
  void connect_next();
  void on_connect_result(int error);
  void close_socket() noexcept;

  bool is_connected_ = false;
  std::vector<Address> addresses_;
  std::size_t next_ = 0;  // the address to try
  UniqueFd fd_;
  TimerId phase_timer_{};
  Clock::time_point connect_started_{};
};

}  // namespace nines::prober
