#include "exchange/csv.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace nines::tools {

bool CsvReader::read_line(Line& line) {
  if (!again_.empty()) {
    line = std::move(again_.front());
    again_.pop_front();
    return true;
  }
  if (!lines_.next(line.text)) return false;
  line.number = lines_.number();
  line.too_long = lines_.too_long();
  return true;
}

CsvReader::Next CsvReader::next() {
  Line first;
  do {
    if (!read_line(first)) return Next::end;
  } while (first.text.empty() || first.text == "\r");
  line_ = first.number;
  if (first.too_long) {
    error_ = "the line is too long";
    return Next::bad;
  }
  std::string record = std::move(first.text);
  std::deque<Line> followers;
  while (true) {
    const Parsed parsed = parse(record);
    if (parsed == Parsed::record) return Next::record;
    Line follower;
    if (parsed == Parsed::bad || record.size() > kMaxLineBytes || !read_line(follower)) {
      if (parsed == Parsed::open_quote) error_ = "a quote is not closed";
      again_.insert(again_.begin(), std::make_move_iterator(followers.begin()),
                    std::make_move_iterator(followers.end()));
      return Next::bad;
    }
    record += '\n';
    record += follower.text;
    followers.push_back(std::move(follower));
  }
}

CsvReader::Parsed CsvReader::parse(std::string_view text) {
  fields_.clear();
  std::size_t at = 0;
  while (true) {
    std::string& field = fields_.emplace_back();
    if (at < text.size() && text[at] == '"') {
      ++at;
      while (true) {
        if (at == text.size()) return Parsed::open_quote;
        if (text[at] == '"') {
          if (at + 1 < text.size() && text[at + 1] == '"')
            ++at;
          else
            break;
        }
        field += text[at++];
      }
      ++at;
      if (at + 1 == text.size() && text[at] == '\r') ++at;
      if (at < text.size() && text[at] != delimiter_) {
        error_ = "text after a closing quote";
        return Parsed::bad;
      }
    } else {
      const std::size_t end = std::min(text.find(delimiter_, at), text.size());
      field = text.substr(at, end - at);
      at = end;
      if (at == text.size() && field.ends_with('\r')) field.pop_back();
    }
    if (at == text.size()) return Parsed::record;
    ++at;
  }
}

}  // namespace nines::tools
