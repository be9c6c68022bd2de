// Services made of servers: the page of one, and their lines on the overview. Thread-safe.
#pragma once

#include <nines/store.h>

#include <optional>
#include <span>
#include <string>

#include "http/message.h"
#include "page/frame.h"
#include "page/live_question.h"
#include "page/markup.h"

namespace nines::tools {

/// A service of the configuration.
struct Service {
  std::string name;
  std::string of;  ///< as parse_component() reads it
  std::optional<double> objective;
};

/// The answer to /service?of=EXPRESSION and, for each of `services`, to /service/{name}; nothing for other paths.
[[nodiscard]] std::optional<WebResponse> service_answer(const Store& store, std::span<const Service> services,
                                                        const WebRequest& request, const Frame& frame);

/// A line a service: its state and its uptime in the question's window. Empty without services. A service that cannot
/// be worked out says why.
[[nodiscard]] Html service_lines(const Store& store, std::span<const Service> services, const LiveQuestion& question,
                                 const Frame& frame);

}  // namespace nines::tools
