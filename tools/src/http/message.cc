#include "http/message.h"

#include <brotli/encode.h>
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ascii_case.h"
#include "show/text.h"

namespace nines::tools {
namespace {

// A smaller body fits into the first packet anyway.
constexpr std::size_t kLeastCompressed = 1'000;
// Beyond this, a level is chosen for speed: the work of one request is to stay bounded.
constexpr std::size_t kLarge = 1U << 20U;
constexpr int kGzipLevel = 5;
constexpr int kGzipLevelLarge = 1;
constexpr int kBrotliQuality = 4;
constexpr int kBrotliQualityLarge = 1;

// Calls `visit` with each member of a comma-separated list.
template <class Visit>
void for_each_member(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (const std::string_view member = trimmed(list.substr(0, comma)); !member.empty()) visit(member);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

// Whether a weight parameter says "not at all": q=0, q=0.0, q=0.000.
bool is_refused(std::string_view parameters) {
  const std::size_t at = parameters.find("q=");
  if (at == std::string_view::npos) return false;
  const std::string_view text = trimmed(parameters.substr(at + 2));
  double weight = 0;
  std::from_chars(text.data(), text.data() + text.size(), weight);
  return weight <= 0;
}

bool accepts(std::string_view list, std::string_view coding) {
  bool found = false;
  for_each_member(list, [&](std::string_view member) {
    const std::size_t end = std::min(member.find(';'), member.size());
    if (engine::equal_ignoring_case(trimmed(member.substr(0, end)), coding)) found = !is_refused(member.substr(end));
  });
  return found;
}

std::string gzipped(const std::string& text) {
  constexpr int kGzipWindow = 15 + 16;  // zlib: 16 more asks for gzip's frame
  constexpr int kMemoryLevel = 8;       // zlib's default
  z_stream stream{};
  const int level = text.size() > kLarge ? kGzipLevelLarge : kGzipLevel;
  if (deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // zlib does not write to it
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(done ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

std::string brotlied(const std::string& text) {
  std::string out(BrotliEncoderMaxCompressedSize(text.size()), '\0');
  std::size_t size = out.size();
  const int quality = text.size() > kLarge ? kBrotliQualityLarge : kBrotliQuality;
  const bool done = BrotliEncoderCompress(quality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, text.size(),
                                          reinterpret_cast<const std::uint8_t*>(text.data()), &size,
                                          reinterpret_cast<std::uint8_t*>(out.data())) == BROTLI_TRUE;
  out.resize(done ? size : 0);
  return out;
}

}  // namespace

WebResponse json_response(const Json& json, int status) {
  WebResponse response;
  response.status = status;
  response.body = dump(json) + "\n";
  return response;
}
WebResponse html_response(std::string html, int status) {
  WebResponse response;
  response.status = status;
  response.type = "text/html; charset=utf-8";
  response.body = std::move(html);
  return response;
}
WebResponse text_response(std::string text, int status) {
  WebResponse response;
  response.status = status;
  response.type = "text/plain; charset=utf-8";
  response.body = std::move(text);
  return response;
}
WebResponse error_response(int status, std::string_view code, const std::string& message) {
  return json_response({{"error", {{"code", std::string(code)}, {"message", message}}}}, status);
}
WebResponse error_response(const Error& error) {
  return error_response(http_status(error.code), to_string(error.code), error.message);
}

int http_status(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::out_of_range:
      return 400;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::already_exists:
      return 409;
    case ErrorCode::locked:
    case ErrorCode::read_only:
    case ErrorCode::out_of_space:
    case ErrorCode::unavailable:
    case ErrorCode::closed:
      return 503;
    case ErrorCode::not_a_store:
    case ErrorCode::newer_format:
    case ErrorCode::corruption:
    case ErrorCode::io:
    case ErrorCode::fatal:
      break;
  }
  return 500;
}

void finish_response(const WebRequest& request, WebResponse& response) {
  if (response.status != 200 || request.method == "POST" || response.events) return;
  if (response.etag.empty()) {
    // FNV-1a, 64 bit (Fowler, Noll, Vo): a change detector, not a secret. Weak, because compression comes after it.
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char c : response.body) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    response.etag = fmt::format("W/\"{:016x}\"", hash);
  }
  if (!matches_etag(request.if_none_match, response.etag)) return;
  response.status = 304;
  response.body.clear();
  response.encoding.clear();
}

bool matches_etag(std::string_view list, std::string_view etag) {
  const auto opaque = [](std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; };
  bool found = false;
  for_each_member(list, [&](std::string_view member) { found |= member == "*" || opaque(member) == opaque(etag); });
  return found;
}

std::string_view chosen_coding(std::string_view accept_encoding) {
  for (const std::string_view coding : {"br", "gzip"}) {
    if (accepts(accept_encoding, coding)) return coding;
  }
  return {};
}

void compress(std::string_view accept_encoding, WebResponse& response) {
  if (!response.encoding.empty() || response.events || response.body.size() < kLeastCompressed) return;
  response.encoding = chosen_coding(accept_encoding);
  std::string small;
  if (response.encoding == "br") {
    small = brotlied(response.body);
  } else if (response.encoding == "gzip") {
    small = gzipped(response.body);
  }
  if (small.empty() || small.size() >= response.body.size()) {
    response.encoding.clear();
    return;
  }
  small.shrink_to_fit();
  response.body = std::move(small);
}

}  // namespace nines::tools
