// A store of the C API in a directory of the test's own.
#pragma once

#include <gtest/gtest.h>
#include <nines/nines.h>

#include <filesystem>
#include <string>

namespace nines::tests {

/// 2026-01-01 12:00 UTC.
inline constexpr std::int64_t kNoonMs = 1'767'268'800'000;
inline constexpr std::int64_t kMinuteMs = 60'000;

class CStore : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    ASSERT_EQ(nines_open(path("store").c_str(), nullptr, &store_, &error_), NINES_OK) << error_.message;
    nines_server server = NINES_INIT(nines_server);
    server.name = "site";
    server.url = "https://example.org";
    server.created_at_ms = kNoonMs;
    ASSERT_EQ(nines_add_server(store_, &server, &id_, &error_), NINES_OK) << error_.message;
  }
  void TearDown() override {
    EXPECT_EQ(nines_close(store_, &error_), NINES_OK) << error_.message;
    std::filesystem::remove_all(folder_);
  }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }

  /// An up result `minute` minutes after noon.
  [[nodiscard]] nines_result result_at(std::int64_t minute) const {
    nines_result result = NINES_INIT(nines_result);
    result.server = id_;
    result.time_ms = kNoonMs + minute * kMinuteMs;
    result.state = NINES_UP;
    return result;
  }
  [[nodiscard]] static nines_query hour() {
    nines_query query = NINES_INIT(nines_query);
    query.from_ms = kNoonMs;
    query.to_ms = kNoonMs + 60 * kMinuteMs;
    query.now_ms = query.to_ms;
    return query;
  }

  nines_store* store_ = nullptr;
  std::uint32_t id_ = 0;
  nines_error error_{};

 private:
  std::string folder_ = ::testing::TempDir() + "nines-c-" +
                        ::testing::UnitTest::GetInstance()->current_test_info()->test_suite_name() + "-" +
                        ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

}  // namespace nines::tests
