#include "exchange/descriptor_buffer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace nines::tools {

std::size_t DescriptorBuffer::fill(char* at, std::size_t bytes) {
  constexpr int kLookMs = 200;
  while (!failed_) {
    if (stop_ && stop_()) break;
    pollfd entry{.fd = descriptor_, .events = POLLIN, .revents = 0};
    if (poll(&entry, 1, kLookMs) <= 0) continue;  // nothing yet, or a signal
    const ssize_t got = read(descriptor_, at, bytes);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    failed_ = got < 0;
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  return 0;
}

DescriptorBuffer::int_type DescriptorBuffer::underflow() {
  const std::size_t got = fill(bytes_.data(), bytes_.size());
  if (got == 0) return traits_type::eof();
  setg(bytes_.data(), bytes_.data(), bytes_.data() + got);
  return traits_type::to_int_type(bytes_.front());
}

std::string_view DescriptorBuffer::ahead(std::size_t bytes) {
  if (gptr() == egptr()) setg(bytes_.data(), bytes_.data(), bytes_.data());
  const auto room = static_cast<std::size_t>(bytes_.data() + bytes_.size() - gptr());
  while (static_cast<std::size_t>(egptr() - gptr()) < std::min(bytes, room) &&
         std::find(gptr(), egptr(), '\n') == egptr()) {
    const std::size_t got = fill(egptr(), room - static_cast<std::size_t>(egptr() - gptr()));
    if (got == 0) break;
    setg(eback(), gptr(), egptr() + got);
  }
  return {gptr(), std::min(bytes, static_cast<std::size_t>(egptr() - gptr()))};
}

DescriptorBuffer::pos_type DescriptorBuffer::seekpos(pos_type position, std::ios_base::openmode which) {
  if (position != pos_type(0) || (which & std::ios_base::in) == 0 || lseek(descriptor_, 0, SEEK_SET) != 0) {
    return pos_type(off_type(-1));
  }
  setg(bytes_.data(), bytes_.data(), bytes_.data());
  return position;
}

}  // namespace nines::tools
