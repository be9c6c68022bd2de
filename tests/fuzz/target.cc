// libFuzzer's entry to one body; the build names the header and the body.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include NINES_FUZZ_HEADER

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  nines::fuzz::NINES_FUZZ_BODY(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
