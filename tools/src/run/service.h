// What a service manager is told, by sd_notify(3). Without one nothing happens. One thread.
#pragma once

#include <chrono>
#include <string>

namespace nines::tools {

class ServiceManager {
 public:
  /// Reads the environment.
  ServiceManager();

  void ready(const std::string& status) const;
  void reloading() const;
  void stopping() const;
  /// That the process still does its work, as often as the manager's watchdog asks; call it several times a second.
  void alive();

 private:
  std::chrono::microseconds every_{0};  // 0: there is no watchdog
  std::chrono::steady_clock::time_point told_;
};

}  // namespace nines::tools
