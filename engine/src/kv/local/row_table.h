// The rows of `recent` as the log has left them: results that are not sealed yet, of all servers, in about ten bytes
// each.
//
// Built by one thread; read by any afterwards.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <nines/check_result.h>

#include "kv/kv.h"
#include "kv/local/log_record.h"

namespace nines::engine {

class RowTable {
 public:
  using Entries = std::vector<std::pair<std::string, std::string>>;

  void put(const PackedResult& result);
  /// A change of `recent`, which may be a put whose value is no row.
  void apply(ServerId server, const Batch::Change& change);

  /// The first server from `server` on that has rows; nothing behind the last.
  [[nodiscard]] std::optional<ServerId> next_server(ServerId server) const;
  /// Its results, ascending by key. Without what does not decode.
  void read(ServerId server, std::vector<CheckResult>& results) const;
  /// Its keys and values, ascending.
  [[nodiscard]] Entries entries(ServerId server) const;
  /// Those that do not decode, of all servers.
  [[nodiscard]] const std::map<std::string, std::string>& undecoded() const noexcept { return raw_; }
  /// About what they take in a log.
  [[nodiscard]] std::uint64_t bytes() const;
  /// Forgets the rows of `server` and gives up their memory.
  void forget(ServerId server);

 private:
  struct Rows {
    std::string bytes;
    std::int64_t last_ms = 0;     // of the row that was put last
    std::int64_t newest_ms = -1;  // at least that of each row
  };
  static constexpr std::size_t kPageServers = 256;
  using Page = std::array<Rows, kPageServers>;
  struct Hash {
    std::size_t operator()(const Judgement& judgement) const noexcept;
  };

  Rows& rows_of(ServerId server);
  [[nodiscard]] const Rows* find(ServerId server) const;
  void add(Rows& rows, const PackedResult& result);
  template <class Visit>
  void for_each(std::string_view bytes, ServerId server, Visit&& visit) const;
  void erase_range(ServerId server, std::string_view from, std::string_view to);

  std::vector<std::unique_ptr<Page>> pages_;  // by the server's number
  std::vector<Judgement> judgements_;
  std::unordered_map<Judgement, std::size_t, Hash> places_;  // in judgements_
  std::size_t last_place_ = 0;
  std::map<std::string, std::string> raw_;  // by key
};

/// A range over the rows of one server or of all.
class RowRange final : public Range {
 public:
  /// `of` is the view that this is a range of.
  RowRange(std::shared_ptr<const RowTable> table, const View& of) : table_(std::move(table)), view_(of) {}

  void seek(std::string_view from, std::string_view to, Reading reading);
  void seek_last(std::string_view from, std::string_view to);
  void end() noexcept { valid_ = false; }

  void next() override;
  [[nodiscard]] bool valid() const override { return valid_ && !view_.is_over(); }
  [[nodiscard]] std::string_view key() const override { return entries_[index_].first; }
  [[nodiscard]] std::string_view value() const override {
    return reading_.values ? std::string_view(entries_[index_].second) : std::string_view();
  }
  [[nodiscard]] Result<void> status() const override;

 private:
  void load(ServerId from);
  void look();

  const std::shared_ptr<const RowTable> table_;
  const View& view_;
  RowTable::Entries entries_;  // of one server
  std::size_t index_ = 0;
  ServerId server_{};  // of entries_
  std::string to_;
  Reading reading_;
  std::uint32_t left_ = 0;
  bool valid_ = false;
};

}  // namespace nines::engine
