// `nines run` with two servers, of which a test lets one fail while something else is wrong, and an alert that writes
// what is told into a file.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/support/command_line.h"
#include "tools/support/test_web_server.h"

namespace nines::tools::testing {

class TwoServers : public ::testing::Test {
 protected:
  /// Returns when both servers have been found up. `environment` is the program's.
  void start(const std::vector<std::string>& environment = {}) {
    std::filesystem::create_directories(data_);
    const std::string script =
        dir_.write("tell.sh", "#!/bin/sh\necho \"$NINES_EVENT $NINES_SERVER\" >> " + log_ + "\n");
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    std::string yaml = "servers:\n";
    for (const auto& [name, port] : {std::pair("steady", steady_port_), std::pair("failing", failing_port_)}) {
      yaml += std::string("  - {name: ") + name + ", url: \"http://127.0.0.1:" + std::to_string(port) +
              "/\", interval: 300ms, timeout: 250ms, confirm: {failures: 2}}\n";
    }
    yaml += "store: {path: " + store_ + "}\nweb: {listen: \"127.0.0.1:" + std::to_string(page_) +
            "\"}\nalerts: [{exec: [\"" + script + "\"]}]\n";
    static_cast<void>(dir_.write("nines.yaml", yaml));
    launch(environment);
    ASSERT_TRUE(program_->says("steady is up since")) << program_->err_so_far();
    ASSERT_TRUE(program_->says("failing is up since")) << program_->err_so_far();
  }
  /// Runs the program of an earlier start() again.
  void launch(const std::vector<std::string>& environment) {
    program_.emplace(std::vector<std::string>{"run", "--config", dir_.path("nines.yaml")}, "", environment);
  }
  void fail_one() { failing_.reset(); }
  void mend_it() { failing_ = std::make_unique<TestWebServer>(failing_port_); }
  /// "down failing\nresolved failing\n"
  [[nodiscard]] std::string told() const { return read_file(log_); }

  TempDir dir_;
  const std::string data_ = dir_.path("data");  // on the disk that may have faults
  const std::string store_ = data_ + "/db";
  const std::string log_ = dir_.path("told");
  const int steady_port_ = free_port();
  const int failing_port_ = free_port();
  const int page_ = free_port();
  TestWebServer steady_{steady_port_};
  std::unique_ptr<TestWebServer> failing_ = std::make_unique<TestWebServer>(failing_port_);
  std::optional<Program> program_;
};

}  // namespace nines::tools::testing
