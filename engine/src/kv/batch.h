// Changes of one server that happen together or not at all: what a Kv is asked to write.
//
// A value without a tie to any Kv, so that one batch can be made before it is known where it goes, and be applied
// again elsewhere after a fault. Threads: none of its own.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <nines/types.h>

#include "base/bytes.h"

namespace nines::engine {

/// The spaces of keys; engine/FORMAT.md says what each holds. `servers` and `recent` hold facts, what a caller was told
/// is stored; the others can be made again from them.
enum class Space : std::uint8_t { servers = 0, recent = 1, checks = 2, days = 3 };
inline constexpr std::size_t kSpaceCount = 4;
/// The spaces' names on disk, in the order of the enumeration.
inline constexpr std::array<std::string_view, kSpaceCount> kSpaceNames = {"servers", "recent", "checks", "days"};

class Batch {
 public:
  enum class Kind : std::uint8_t { put, erase, erase_range };
  struct Change {
    Kind kind = Kind::put;
    Space space = Space::servers;
    std::string_view key;    ///< of a range: where it begins
    std::string_view value;  ///< of a put; of a range: the key where it ends, exclusive
  };
  /// Longer keys do not exist.
  static constexpr std::size_t kMaxKeyBytes = 255;

  explicit Batch(ServerId server) : server_(server) {}

  [[nodiscard]] ServerId server() const noexcept { return server_; }

  // Requires, of each key: it begins with the four bytes of server(). Changes apply in the order they were added; a
  // range covers what the same batch has put before it, too.
  void put(Space space, std::string_view key, std::string_view value) {
    only_erases_ = false;
    add(Kind::put, space, key, value);
  }
  void erase(Space space, std::string_view key) { add(Kind::erase, space, key, {}); }
  /// Erases the keys in [from, to). Requires: `to` is the server's or the first key after it.
  void erase_range(Space space, std::string_view from, std::string_view to) {
    assert(to.empty() || from <= to);
    add(Kind::erase_range, space, from, to);
  }
  /// Adds the changes of `later` behind these. Requires: a batch of the same server.
  void append(const Batch& later) {
    assert(later.server_ == server_);
    changes_.append(later.changes_);
    only_erases_ = only_erases_ && later.only_erases_;
  }
  /// Empties the batch and keeps its memory.
  void clear() {
    changes_.clear();
    only_erases_ = true;
  }

  [[nodiscard]] bool empty() const noexcept { return changes_.empty(); }
  /// About what the changes take in a log, keys and values included.
  [[nodiscard]] std::size_t bytes() const noexcept { return changes_.size(); }
  /// Whether applying it can only make room.
  [[nodiscard]] bool only_erases() const noexcept { return only_erases_; }

  /// Calls `visit(const Change&)` for each change, in order. The views last until the batch is changed.
  template <class Visit>
  void for_each(Visit&& visit) const {
    const char* next = changes_.data();
    const char* const end = next + changes_.size();
    while (next != end) {
      const auto key_bytes = load<std::uint8_t>(next + 2);
      const auto value_bytes = load<std::uint32_t>(next + 3);
      Change change;
      change.kind = static_cast<Kind>(*next);
      change.space = static_cast<Space>(next[1]);
      change.key = {next + kHeaderBytes, key_bytes};
      change.value = {next + kHeaderBytes + key_bytes, value_bytes};
      visit(change);
      next += kHeaderBytes + key_bytes + value_bytes;
    }
  }

 private:
  static constexpr std::size_t kHeaderBytes = 7;  // kind 1, space 1, length of the key 1, of the value 4

  [[nodiscard]] bool is_own(std::string_view key) const noexcept {
    const auto number = static_cast<std::uint32_t>(server_);
    if (key.size() < 4 || key.size() > kMaxKeyBytes) return false;
    for (unsigned i = 0; i < 4; ++i) {
      if (static_cast<std::uint8_t>(key[i]) != ((number >> (24 - 8 * i)) & 0xffU)) return false;
    }
    return true;
  }

  void add(Kind kind, Space space, std::string_view key, std::string_view value) {
    assert(is_own(key));
    std::array<char, kHeaderBytes> header{};
    header[0] = static_cast<char>(kind);
    header[1] = static_cast<char>(space);
    store(header.data() + 2, static_cast<std::uint8_t>(key.size()));
    store(header.data() + 3, static_cast<std::uint32_t>(value.size()));
    changes_.append(header.data(), header.size()).append(key).append(value);
  }

  ServerId server_;
  bool only_erases_ = true;
  std::string changes_;
};

}  // namespace nines::engine
