#include "exchange/descriptor_buffer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace nines::tools {

DescriptorBuffer::int_type DescriptorBuffer::underflow() {
  constexpr int kLookMs = 200;
  while (!failed_) {
    if (stop_ && stop_()) break;
    pollfd entry{.fd = descriptor_, .events = POLLIN, .revents = 0};
    if (poll(&entry, 1, kLookMs) <= 0) continue;  // nothing yet, or a signal
    const ssize_t got = read(descriptor_, bytes_.data(), bytes_.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    failed_ = got < 0;
    if (got <= 0) break;
    setg(bytes_.data(), bytes_.data(), bytes_.data() + got);
    return traits_type::to_int_type(bytes_.front());
  }
  return traits_type::eof();
}

DescriptorBuffer::pos_type DescriptorBuffer::seekpos(pos_type position, std::ios_base::openmode which) {
  if (position != pos_type(0) || (which & std::ios_base::in) == 0 || lseek(descriptor_, 0, SEEK_SET) != 0) {
    return pos_type(off_type(-1));
  }
  setg(bytes_.data(), bytes_.data(), bytes_.data());
  return position;
}

}  // namespace nines::tools
