// Replays the committed corpus of a fuzz target as a test: inputs that once reached every branch of a decoder.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>

namespace nines::fuzz {

/// Hands every input of `target` to `body`. There must be one.
inline void replay(const char* target, const std::function<void(std::string_view)>& body) {
  int inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(NINES_FUZZ_CORPUS) / target)) {
    SCOPED_TRACE(entry.path());
    std::ifstream file(entry.path(), std::ios::binary);
    body(std::string(std::istreambuf_iterator<char>(file), {}));
    ++inputs;
  }
  EXPECT_GT(inputs, 0);
}

}  // namespace nines::fuzz
