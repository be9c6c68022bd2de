// Ports for servers that a test starts itself.
#pragma once

#include <cstdint>

namespace nines::test {

/// A TCP port of 127.0.0.1 on which nothing listens right now, and which no other call gets, in this process or in
/// another that asks here, until this process ends. It lies below the ports that the kernel gives to connections, so
/// none of those takes it before the server does. Aborts when there is none. Thread-safe.
[[nodiscard]] std::uint16_t free_port();

}  // namespace nines::test
