#include "exchange/line_reader.h"

namespace nines::tools {

bool LineReader::next(std::string& line) {
  line.clear();
  too_long_ = false;
  std::streambuf& buffer = *in_.rdbuf();
  constexpr int kEnd = std::char_traits<char>::eof();
  int c = buffer.sbumpc();
  if (c == kEnd) return false;
  for (; c != kEnd; c = buffer.sbumpc()) {
    ++bytes_;
    if (c == '\n') break;
    if (line.size() < kMaxLineBytes) {
      line += static_cast<char>(c);
    } else {
      too_long_ = true;
    }
  }
  ++number_;
  if (number_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
  return true;
}

}  // namespace nines::tools
