// The machine of tests/torture/faulty_machine.c for a program under test: what happens to its disk is switched here.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tools/support/command_line.h"

namespace nines::tools::testing {

class FaultyMachine {
 public:
  /// The fields of its page, in their order.
  enum class Field : std::uint8_t {
    fault,
    fault_share,
    fault_kinds,
    write_ms,
    stalled,
    clock_ms,
    no_threads,
    no_network,
    seed
  };
  static constexpr std::int64_t kWrites = 1;
  static constexpr std::int64_t kSyncs = 2;
  static constexpr std::int64_t kAlways = 1000;  // of fault_share

  /// The disk is `folder`, which is made.
  explicit FaultyMachine(const std::string& folder) : folder_(folder) {
    std::filesystem::create_directory(folder);
    std::filesystem::create_directory(dir_.path("graves"));
    static_cast<void>(dir_.write("page", std::string(9 * sizeof(std::int64_t), '\0')));
  }

  [[nodiscard]] std::vector<std::string> environment() const {
    return {std::string("LD_PRELOAD=") + NINES_FAULTY_MACHINE, "FAULTY_MACHINE=" + dir_.path("page"),
            "FAULTY_FOLDER=" + folder_, "FAULTY_NOTES=" + dir_.path("notes"), "FAULTY_GRAVES=" + dir_.path("graves")};
  }

  void set(Field field, std::int64_t value) const {
    std::fstream page(dir_.path("page"), std::ios::binary | std::ios::in | std::ios::out);
    page.seekp(static_cast<std::streamoff>(field) * static_cast<std::streamoff>(sizeof value));
    page.write(reinterpret_cast<const char*>(&value), sizeof value);
  }
  /// From now on each write and sync fails with `error`, or none with 0.
  void fail_writes(int error) const {
    set(Field::fault_kinds, kWrites + kSyncs);
    set(Field::fault_share, kAlways);
    set(Field::fault, error);
  }

 private:
  TempDir dir_;
  std::string folder_;
};

}  // namespace nines::tools::testing
