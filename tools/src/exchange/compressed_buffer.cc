#include "exchange/compressed_buffer.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cassert>

namespace nines::tools {
namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window, and gzip's header instead of zlib's
constexpr int kZstdWindowLog = 23;

}  // namespace

struct CompressedBuffer::State {
  std::array<char, kBytes> input{};
  std::size_t at = 0;
  std::size_t end = 0;
  bool inside = false;  // of a member or frame
  z_stream gzip{};
  ZSTD_DStream* zstd = nullptr;
};

CompressedBuffer::Form CompressedBuffer::form_of(std::string_view head) noexcept {
  if (head.starts_with("\x1f\x8b")) return Form::gzip;
  if (head.starts_with("\x28\xb5\x2f\xfd")) return Form::zstd;
  return Form::none;
}

CompressedBuffer::CompressedBuffer(std::streambuf& packed, Form form)
    : packed_(packed), form_(form), state_(std::make_unique<State>()) {
  assert(form != Form::none);
  if (form == Form::gzip) {
    failed_ = inflateInit2(&state_->gzip, kGzipWindow) != Z_OK;
  } else {
    state_->zstd = ZSTD_createDStream();
    failed_ = state_->zstd == nullptr ||
              ZSTD_isError(ZSTD_DCtx_setParameter(state_->zstd, ZSTD_d_windowLogMax, kZstdWindowLog)) != 0;
  }
}

CompressedBuffer::~CompressedBuffer() {
  if (form_ == Form::gzip) inflateEnd(&state_->gzip);
  ZSTD_freeDStream(state_->zstd);
}

bool CompressedBuffer::more_input() {
  if (state_->at < state_->end) return true;
  // What is there already, and no more: a pipe's writer may pause.
  const int_type first = packed_.sgetc();
  if (traits_type::eq_int_type(first, traits_type::eof())) return false;
  const auto there = std::max<std::streamsize>(packed_.in_avail(), 1);
  const auto got =
      packed_.sgetn(state_->input.data(), std::min(there, static_cast<std::streamsize>(state_->input.size())));
  state_->at = 0;
  state_->end = static_cast<std::size_t>(got);
  return got > 0;
}

std::size_t CompressedBuffer::unpack_gzip(char* at, std::size_t room) {
  z_stream& gzip = state_->gzip;
  gzip.next_in = reinterpret_cast<Bytef*>(state_->input.data() + state_->at);
  gzip.avail_in = static_cast<uInt>(state_->end - state_->at);
  gzip.next_out = reinterpret_cast<Bytef*>(at);
  gzip.avail_out = static_cast<uInt>(room);
  state_->inside = true;
  const int code = inflate(&gzip, Z_NO_FLUSH);
  state_->at = state_->end - gzip.avail_in;
  if (code == Z_STREAM_END) {
    state_->inside = false;
    inflateReset(&gzip);
  } else if (code != Z_OK && code != Z_BUF_ERROR) {
    failed_ = true;
  }
  return room - gzip.avail_out;
}

std::size_t CompressedBuffer::unpack_zstd(char* at, std::size_t room) {
  ZSTD_inBuffer in{state_->input.data(), state_->end, state_->at};
  ZSTD_outBuffer out{at, room, 0};
  const std::size_t left = ZSTD_decompressStream(state_->zstd, &out, &in);
  state_->at = in.pos;
  state_->inside = left != 0;
  if (ZSTD_isError(left) != 0) failed_ = true;
  return out.pos;
}

std::size_t CompressedBuffer::unpack(char* at, std::size_t room) {
  while (!failed_) {
    if (!more_input()) {
      failed_ = state_->inside;
      return 0;
    }
    const std::size_t got = form_ == Form::gzip ? unpack_gzip(at, room) : unpack_zstd(at, room);
    if (got > 0) return got;
  }
  return 0;
}

CompressedBuffer::int_type CompressedBuffer::underflow() {
  const std::size_t got = unpack(bytes_.data(), bytes_.size());
  if (got == 0) return traits_type::eof();
  setg(bytes_.data(), bytes_.data(), bytes_.data() + got);
  return traits_type::to_int_type(bytes_.front());
}

std::string_view CompressedBuffer::ahead(std::size_t bytes) {
  assert(bytes <= kBytes);
  std::size_t there = 0;
  while (there < bytes && std::find(bytes_.begin(), bytes_.begin() + there, '\n') == bytes_.begin() + there) {
    const std::size_t got = unpack(bytes_.data() + there, bytes_.size() - there);
    if (got == 0) break;
    there += got;
  }
  setg(bytes_.data(), bytes_.data(), bytes_.data() + there);
  return {bytes_.data(), std::min(bytes, there)};
}

}  // namespace nines::tools
