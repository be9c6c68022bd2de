#include "cli/command/read_progress.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <system_error>
#include <utility>

namespace nines::tools {
namespace {

constexpr std::chrono::milliseconds kLook{100};  // between two

}  // namespace

std::optional<std::uint64_t> bytes_read() {
  std::ifstream counters("/proc/self/io");  // proc(5)
  for (std::string name; counters >> name;) {
    std::uint64_t count = 0;
    if (!(counters >> count)) break;
    if (name == "rchar:") return count;
  }
  return std::nullopt;
}

ReadProgress::ReadProgress(const Call& call, std::string label, std::uint64_t total) {
  const auto begin = bytes_read();
  if (call.quiet || !call.terminal.err_is_terminal || call.owner != nullptr || !begin) return;
  try {
    thread_ = std::thread([this, &call, label = std::move(label), total, begin = *begin] {
      Progress bar(label, "MiB", total, call.terminal, true);
      while (!over_.try_acquire_for(kLook)) {
        const std::uint64_t done = std::max(bytes_read().value_or(begin), begin) - begin;
        bar.update(done, done >> 20U);
      }
    });
  } catch (const std::system_error&) {  // no thread is to be had now
  }
}

ReadProgress::~ReadProgress() {
  if (!thread_.joinable()) return;
  over_.release();
  thread_.join();
}

}  // namespace nines::tools
