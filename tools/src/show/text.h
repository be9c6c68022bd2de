// Text that came from outside, made safe and measured for where it goes: a terminal, a page, a column.
// Pure functions; any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace nines::tools {

/// `text` for a terminal: control characters (C0, C1, DEL), bidirectional overrides and bytes that are not UTF-8 appear
/// as visible escapes (`\n`, `\x1b`, `\u202e`), so that a server's name or an error cannot steer the terminal.
[[nodiscard]] std::string printable(std::string_view text);

/// `text` for HTML and XML content and attribute values: & < > " ' become entities; control characters that XML
/// forbids, and bytes that are not UTF-8, become U+FFFD.
[[nodiscard]] std::string html_escape(std::string_view text);

/// `text` as one segment of a URL's path or query: all but RFC 3986's unreserved characters are percent-encoded.
[[nodiscard]] std::string url_encode(std::string_view text);

/// Bytes that are not UTF-8 replaced by U+FFFD, all else kept. What JSON needs.
[[nodiscard]] std::string valid_utf8(std::string_view text);

/// Terminal columns that `text` takes: 0 for combining marks, 2 for East Asian wide characters and emoji (Unicode 15,
/// the ranges of UAX #11 that matter), 1 else. `text` holds no escapes.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// `text` cut to at most `width` columns, with "…" (`...` is not used: it costs three columns) where it was cut.
[[nodiscard]] std::string fit(std::string_view text, std::size_t width);

/// Without blanks and tabs at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// A URL for people who look at a page: without user, password and query, which may hold secrets.
[[nodiscard]] std::string public_url(const std::string& url);

/// The word of `words` that `word` was probably meant to be: the nearest by Damerau's edit distance, at most a third
/// of the longer one's length away. Empty when none is near.
[[nodiscard]] std::string_view closest(std::string_view word, std::span<const std::string_view> words);

/// `1,234,567`.
[[nodiscard]] std::string with_commas(unsigned long long value);
/// "1 check", "1,234 checks".
[[nodiscard]] std::string counted(unsigned long long count, std::string_view thing, std::string_view plural = "s");
/// `1.5 MiB`, in powers of 1024.
[[nodiscard]] std::string human_bytes(unsigned long long bytes);

}  // namespace nines::tools
