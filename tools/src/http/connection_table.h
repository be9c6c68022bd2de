// The connections that a server has open, within its bounds: who is let in, and who has to make room.
//
// Threads: the server's loop only; size() and streams() from any.
#pragma once

#include <atomic>
#include <cstddef>
#include <set>
#include <string>
#include <unordered_map>

#include "http/connection.h"

namespace nines::tools {

class ConnectionTable {
 public:
  /// `limits` must outlive it.
  explicit ConnectionTable(const HttpLimits& limits) noexcept : limits_(limits) {}

  /// A new connection, for which the one that can best be missed makes room; nothing when all others are being
  /// answered.
  [[nodiscard]] ConnectionPtr admit(Connection::Socket socket, std::shared_ptr<Channel::TlsContext> tls,
                                    std::string client, std::string local);
  /// Closes the connection that can best be missed, among those from `client` unless that is empty: who has been idle
  /// longest, else who has been at sending a request longest, else the slowest reader, else the oldest event stream.
  void make_room(const std::string& client);
  /// Closes its socket and forgets it. A second call does nothing.
  void close(const ConnectionPtr& connection);
  void clear() { connections_.clear(); }

  /// The connection's body is about to be sent. While that is too much in all, the slowest other readers are closed.
  void begin_sending(const ConnectionPtr& connection);
  /// It is sent; its memory is given back.
  void end_sending(Connection& connection);
  /// The connection waits for events from now on.
  void begin_stream(Connection& connection);

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// How many wait for events.
  [[nodiscard]] std::size_t streams() const noexcept { return streams_; }
  [[nodiscard]] auto begin() const { return connections_.begin(); }
  [[nodiscard]] auto end() const { return connections_.end(); }
  /// Requires: `connection` is open.
  [[nodiscard]] ConnectionPtr shared(const Connection& connection) const;

 private:
  struct ByAddress {
    using is_transparent = void;
    bool operator()(const ConnectionPtr& a, const ConnectionPtr& b) const { return a.get() < b.get(); }
    bool operator()(const ConnectionPtr& a, const Connection* b) const { return a.get() < b; }
    bool operator()(const Connection* a, const ConnectionPtr& b) const { return a < b.get(); }
  };

  void forget_address(const std::string& client, bool one_less);
  bool close_slowest_reader(const ConnectionPtr& but);

  const HttpLimits& limits_;
  std::set<ConnectionPtr, ByAddress> connections_;
  std::unordered_map<std::string, std::size_t> per_address_;
  std::size_t unsent_ = 0;
  std::atomic<std::size_t> size_{0};
  std::atomic<std::size_t> streams_{0};
};

}  // namespace nines::tools
