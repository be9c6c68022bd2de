// Reading on behind what is damaged, and beside it.
#pragma once

#include <vector>

#include <nines/cursor.h>

namespace nines::query {

/// Damage of one server's history, or its removal while it is read: no reason to fail a question about many.
[[nodiscard]] inline bool is_of_one_server(const Error& error) noexcept {
  return error.code == ErrorCode::corruption || error.code == ErrorCode::not_found;
}

/// The cursor's next item that can be read, null at the end. The times that it passed over are added to `holes`.
/// Errors: the cursor's, but for damage that it can pass over.
template <class AnyCursor>
[[nodiscard]] auto next_readable(AnyCursor& cursor, std::vector<Hole>& holes) -> decltype(cursor.next()) {
  for (;;) {
    const std::size_t known = cursor.holes().size();
    auto item = cursor.next();
    const auto met = cursor.holes();
    if (item || item.error().code != ErrorCode::corruption || met.size() == known) return item;
    holes.insert(holes.end(), met.begin() + static_cast<std::ptrdiff_t>(known), met.end());
  }
}

}  // namespace nines::query
