#include "checks/charset.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/text.h"

namespace nines::prober {
namespace {

// Where HTML's own rules look for a <meta> with the charset.
constexpr std::size_t kMetaBytes = 1024;
constexpr std::size_t kMaxNameBytes = 40;

// What browsers take these names for (WHATWG Encoding, section 4.2): their larger relatives.
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kRelatives{{{"iso-8859-1", "windows-1252"},
                                                                                    {"latin1", "windows-1252"},
                                                                                    {"us-ascii", "windows-1252"},
                                                                                    {"ascii", "windows-1252"},
                                                                                    {"shift_jis", "cp932"},
                                                                                    {"x-sjis", "cp932"},
                                                                                    {"gb2312", "gb18030"},
                                                                                    {"gbk", "gb18030"},
                                                                                    {"euc-kr", "cp949"},
                                                                                    {"ks_c_5601-1987", "cp949"}}};

// The value behind "charset=", with or without quotes.
std::string named_in(std::string_view text) {
  const std::string lower = to_lower(text);
  const auto at = lower.find("charset=");
  if (at == std::string::npos) return {};
  std::string_view rest = std::string_view(lower).substr(at + 8);
  if (rest.starts_with('"') || rest.starts_with('\'')) rest.remove_prefix(1);
  return std::string(rest.substr(0, rest.find_first_of("\"'; \t\r\n>/")));
}

// Only what a charset's name is made of reaches iconv, whose names have options behind slashes.
bool is_name(std::string_view charset) noexcept {
  return !charset.empty() && charset.size() <= kMaxNameBytes &&
         std::all_of(charset.begin(), charset.end(), [](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == ':';
         });
}

}  // namespace

std::string charset_of(std::string_view content_type, std::string_view body) {
  if (auto named = named_in(content_type); !named.empty()) return named;
  if (body.starts_with("\xef\xbb\xbf")) return "utf-8";
  if (body.starts_with("\xff\xfe")) return "utf-16le";
  if (body.starts_with("\xfe\xff")) return "utf-16be";
  const bool html = content_type.empty() || to_lower(content_type).find("html") != std::string::npos;
  if (!html) return {};
  const std::string head = to_lower(body.substr(0, kMetaBytes));
  const auto meta = head.find("<meta");
  return meta == std::string::npos ? std::string() : named_in(std::string_view(head).substr(meta));
}

std::string to_utf8(std::string body, std::string_view charset) {
  if (!is_name(charset) || charset == "utf-8" || charset == "utf8") return body;
  const auto* const relative = std::find_if(kRelatives.begin(), kRelatives.end(),
                                            [charset](const auto& entry) { return entry.first == charset; });
  const std::string name(relative != kRelatives.end() ? relative->second : charset);
  const iconv_t converter = ::iconv_open("UTF-8", name.c_str());
  if (converter == reinterpret_cast<iconv_t>(-1)) return body;
  std::string text;
  std::array<char, 16384> step;
  char* in = body.data();
  std::size_t left = body.size();
  while (left > 0) {
    char* to = step.data();
    std::size_t room = step.size();
    const std::size_t result = ::iconv(converter, &in, &left, &to, &room);
    const int error = errno;
    text.append(step.data(), step.size() - room);
    if (result != static_cast<std::size_t>(-1) || error == E2BIG) continue;
    text += '?';  // no character, or the first bytes of one at the end
    ++in;
    --left;
  }
  ::iconv_close(converter);
  return text;
}

}  // namespace nines::prober
