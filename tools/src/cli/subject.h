// A store, one server of it and a question: what a command about one server begins with.
#pragma once

#include <nines/store.h>

#include <memory>
#include <string>
#include <string_view>

#include "cli/session.h"
#include "show/times.h"

namespace nines::tools {

struct Subject {
  std::unique_ptr<Store> store;
  std::shared_ptr<const Catalog> catalog;
  const Server* server = nullptr;  ///< of `catalog`
  Question question;
};

/// Opens the store for reading and finds the server called `name`. `usual_window` is the window when none is asked for.
[[nodiscard]] Expected<Subject> open_subject(const Call& call, const std::string& name, std::string_view usual_window);

}  // namespace nines::tools
