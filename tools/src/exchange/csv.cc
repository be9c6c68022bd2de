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
  std::string_view text;
  if (!lines_.next(text)) return false;
  line.text = text;
  line.number = lines_.number();
  line.too_long = lines_.too_long();
  return true;
}

CsvReader::Next CsvReader::next() {
  Line first;
  do {
    // Most lines have no quote: those are divided where they lie.
    if (std::string_view line; again_.empty()) {
      if (!lines_.next(line)) return Next::end;
      if (!lines_.too_long() && !line.empty() && line != "\r" && line.find('"') == std::string_view::npos) {
        line_ = lines_.number();
        split(line);
        return Next::record;
      }
      first = {std::string(line), lines_.number(), lines_.too_long()};
    } else {
      read_line(first);
    }
  } while (first.text.empty() || first.text == "\r");
  line_ = first.number;
  if (first.too_long) {
    error_ = "the line is too long";
    return Next::bad;
  }
  return read_quoted(std::move(first));
}

CsvReader::Next CsvReader::read_quoted(Line first) {
  std::string record = std::move(first.text);
  std::deque<Line> followers;
  while (true) {
    const Parsed parsed = parse(record);
    if (parsed == Parsed::record) {
      fields_.assign(unquoted_.begin(), unquoted_.end());
      return Next::record;
    }
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

void CsvReader::split(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  fields_.clear();
  while (true) {
    const std::size_t end = line.find(delimiter_);
    fields_.push_back(line.substr(0, end));
    if (end == std::string_view::npos) return;
    line.remove_prefix(end + 1);
  }
}

CsvReader::Parsed CsvReader::parse(std::string_view text) {
  unquoted_.clear();
  std::size_t at = 0;
  while (true) {
    std::string& field = unquoted_.emplace_back();
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
