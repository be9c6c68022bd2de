#include "http/connection_table.h"

#include <cassert>
#include <utility>

namespace nines::tools {

using Phase = Connection::Phase;

ConnectionPtr ConnectionTable::admit(Connection::Socket socket, std::shared_ptr<Channel::TlsContext> tls,
                                     std::string client, std::string local) {
  if (!client.empty() && per_address_[client] >= limits_.connections_per_address) make_room(client);
  if (connections_.size() >= limits_.connections) make_room({});
  if (connections_.size() >= limits_.connections ||
      (!client.empty() && per_address_[client] >= limits_.connections_per_address)) {
    if (!client.empty()) forget_address(client, false);
    return nullptr;  // the socket closes
  }
  auto connection = std::make_shared<Connection>(std::move(socket), std::move(tls));
  connection->client = std::move(client);
  connection->local = std::move(local);
  if (!connection->client.empty()) ++per_address_[connection->client];
  connections_.insert(connection);
  size_ = connections_.size();
  return connection;
}

void ConnectionTable::make_room(const std::string& client) {
  ConnectionPtr least;
  for (const ConnectionPtr& each : connections_) {
    if (each->phase == Phase::answering || (!client.empty() && each->client != client)) continue;
    if (!least || std::pair(each->phase, each->since) < std::pair(least->phase, least->since)) least = each;
  }
  if (least) close(least);
}

void ConnectionTable::forget_address(const std::string& client, bool one_less) {
  const auto found = per_address_.find(client);
  if (found == per_address_.end()) return;
  if (one_less) --found->second;
  if (found->second == 0) per_address_.erase(found);
}

void ConnectionTable::close(const ConnectionPtr& connection) {
  if (!connection->open) return;
  connection->open = false;
  if (connection->phase == Phase::streaming) --streams_;
  unsent_ -= std::exchange(connection->unsent, 0);
  boost::system::error_code ignored;
  connection->channel.socket().close(ignored);
  if (!connection->client.empty()) forget_address(connection->client, true);
  connections_.erase(connection);
  size_ = connections_.size();
}

void ConnectionTable::begin_sending(const ConnectionPtr& connection) {
  connection->unsent = connection->body.size();
  unsent_ += connection->unsent;
  while (unsent_ > limits_.unsent_bytes && close_slowest_reader(connection)) {
  }
}

void ConnectionTable::end_sending(Connection& connection) {
  unsent_ -= std::exchange(connection.unsent, 0);
  std::string().swap(connection.body);
}

bool ConnectionTable::close_slowest_reader(const ConnectionPtr& but) {
  ConnectionPtr slowest;
  for (const ConnectionPtr& each : connections_) {
    if (each == but || each->unsent == 0) continue;
    if (!slowest || each->since < slowest->since) slowest = each;
  }
  if (slowest) close(slowest);
  return slowest != nullptr;
}

void ConnectionTable::begin_stream(Connection& connection) {
  connection.enter(Phase::streaming, limits_.heartbeat);
  ++streams_;
}

ConnectionPtr ConnectionTable::shared(const Connection& connection) const {
  assert(connection.open);
  return *connections_.find(&connection);
}

}  // namespace nines::tools
