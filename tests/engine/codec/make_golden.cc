// Writes the golden files of this format version: nines_make_golden tests/engine/golden
//
// Run it once, when a format version is new. A file of a released version is never written again.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "golden_values.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: nines_make_golden DIRECTORY\n", stderr);
    return 2;
  }
  for (const auto& [name, bytes] : nines::engine::testing::golden_files()) {
    const std::filesystem::path path = std::filesystem::path(argv[1]) / name;
    if (std::filesystem::exists(path)) {
      std::printf("%s exists, kept\n", path.c_str());
      continue;
    }
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) {
      std::fprintf(stderr, "cannot write %s\n", path.c_str());
      return 1;
    }
  }
  return 0;
}
