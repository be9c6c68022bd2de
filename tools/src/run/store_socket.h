// The socket of a process that holds a store: other commands hand it what they would have written themselves.
//
// A thread takes connections, and each command runs on a thread of its own. tools/SOCKET.md has the protocol.
#pragma once

#include <nines/result.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "run/socket_frame.h"
#include "show/output.h"
#include "show/terminal.h"

namespace nines::tools {

/// A command line that another process has handed over.
struct HandedCommand {
  std::vector<std::string> arguments;
  Terminal terminal;                ///< of the process that handed it over
  std::vector<Descriptor> inputs;   ///< files that it has opened, and its standard input
  std::function<bool()> cancelled;  ///< whether it has been interrupted, or is gone, or this process stops
};

class StoreSocket {
 public:
  /// Runs a command and returns its exit code; what it writes with write_out and say goes to the other process. Called
  /// from several threads at once.
  using Run = std::function<int(HandedCommand&)>;

  /// Listens in `directory`, a store that this process holds the lock of. Errors: io.
  [[nodiscard]] static Result<std::unique_ptr<StoreSocket>> listen(const std::string& directory, Run run);
  /// Takes no more, cancels what runs and waits for its end.
  ~StoreSocket();
  StoreSocket(const StoreSocket&) = delete;
  StoreSocket& operator=(const StoreSocket&) = delete;

 private:
  struct Connection {
    Descriptor socket;
    std::thread thread;
    std::atomic<bool> done{false};
  };

  StoreSocket(std::string directory, Descriptor socket, Descriptor wake, Run run);
  void accept_all();
  void join_finished(bool all);
  void serve(Connection& connection);
  [[nodiscard]] Result<HandedCommand> receive_command(int socket) const;

  const std::string directory_;
  const Descriptor socket_;
  const Descriptor wake_;  // an eventfd that is readable once stopping
  const Run run_;
  std::atomic<bool> stopping_{false};
  engine::Mutex mutex_;
  std::condition_variable finished_;   // a connection is done
  std::list<Connection> connections_;  // of the accepting thread
  std::size_t running_ NINES_GUARDED_BY(mutex_) = 0;
  std::thread acceptor_;
};

}  // namespace nines::tools
