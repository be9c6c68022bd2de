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
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <nines/check_result.h>

#include "kv/kv.h"
#include "kv/local/log_record.h"
#include "kv/local/row_memory.h"

namespace nines::engine {

/// Before which time all rows of `server` are in [from, to), and no others; nothing where there is no such time.
[[nodiscard]] std::optional<std::int64_t> erased_before(ServerId server, std::string_view from, std::string_view to);

/// A result as it waits to be put with the others of its server, or the erasure of all before a time.
struct StagedRow {
  static constexpr std::uint32_t kErase = 0xffff'ffff;

  std::int64_t time_ms = 0;  // of an erasure, the first that is not erased
  ServerId server{};
  std::uint32_t judgement = 0;  // its place in the table, or kErase
  std::uint32_t latency_us = 0;
  std::uint32_t more = 0;  // where its phases and its detail lie in RowTable's bytes for them, and 1; 0 without any
};

class RowTable {
 public:
  using Entries = std::vector<std::pair<std::string, std::string>>;

  void put(const PackedResult& result);
  /// A change of `recent`, which may be a put whose value is no row.
  void apply(ServerId server, const Batch::Change& change);

  // --- The same of many at once, which costs a fraction: stage them, and put each server's together. ---
  /// What stands for `result` in append(). Nothing when the table has no place for it: then put() has. What was staged
  /// is of no use any more after drop_staged().
  [[nodiscard]] std::optional<StagedRow> stage(const PackedResult& result) {
    const auto place = place_of(result.judgement);
    if (!place) return std::nullopt;
    StagedRow row{result.time_ms, result.server, *place, result.latency_us, 0};
    if ((result.judgement.flags & (Judgement::kPhases | Judgement::kDetail)) != 0 && !stage_more(result, row)) {
      return std::nullopt;
    }
    return row;
  }
  /// How many times as many rows there will be of a server as it has been given, which memory is taken for.
  void expect(double growth) noexcept { growth_ = growth; }
  /// Applies `rows`, all of `server`, in their order. Returns the newest time of those that live, -1 when none does.
  std::int64_t append(ServerId server, std::span<const StagedRow* const> rows);
  void drop_staged() { staged_more_.clear(); }
  /// Whether append() may be used: not with keys in the table whose values are no rows.
  [[nodiscard]] bool all_decode() const noexcept { return raw_.empty(); }

  /// The first server from `server` on that has rows; nothing behind the last.
  [[nodiscard]] std::optional<ServerId> next_server(ServerId server) const;
  /// Its results, ascending by key. Without what does not decode.
  void read(ServerId server, std::vector<CheckResult>& results) const;
  /// Its keys and values, ascending.
  [[nodiscard]] Entries entries(ServerId server) const;
  /// Puts those of its server into `batch`.
  void put_into(Batch& batch) const;
  /// How many rows a server has, of which some may have the same key.
  [[nodiscard]] std::size_t rows(ServerId server) const;
  /// About what they take in a log.
  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] std::uint64_t bytes(ServerId server) const;
  /// Forgets the rows of `server` and gives up their memory. Other servers may be read and forgotten meanwhile.
  void forget(ServerId server);

 private:
  struct Rows {
    RowMemory::Bytes bytes;
    std::int64_t last_ms = 0;     // of the row that was put last
    std::int64_t newest_ms = -1;  // at least that of each row
    std::uint32_t count = 0;
  };
  static constexpr std::size_t kPageServers = 256;
  using Page = std::array<Rows, kPageServers>;
  struct Hash {
    std::size_t operator()(const Judgement& judgement) const noexcept;
  };

  Rows& rows_of(ServerId server);
  [[nodiscard]] const Rows* find(ServerId server) const;
  /// The place of `judgement`; nothing when it has none and there is no room for one.
  [[nodiscard]] std::optional<std::uint32_t> place_of(const Judgement& judgement) {
    if (last_place_ < judgements_.size() && judgements_[last_place_] == judgement) return last_place_;
    return find_place(judgement);
  }
  [[nodiscard]] std::optional<std::uint32_t> find_place(const Judgement& judgement);
  [[nodiscard]] bool stage_more(const PackedResult& result, StagedRow& row);
  /// Puts `result` behind `rows`, whose bytes are those of `out`.
  void add(Rows& rows, std::string& out, const PackedResult& result);
  /// Leaves those rows of `rows` for which `stays(const PackedResult&)` holds.
  template <class Stays>
  void filter(Rows& rows, ServerId server, Stays stays);
  template <class Visit>
  void for_each(std::string_view bytes, ServerId server, Visit&& visit) const;
  void erase_range(ServerId server, std::string_view from, std::string_view to);
  void erase_before(Rows& rows, ServerId server, std::int64_t end_ms);

  RowMemory memory_;
  double growth_ = 1;
  std::vector<std::unique_ptr<Page>> pages_;  // by the server's number
  std::vector<Judgement> judgements_;
  std::unordered_map<Judgement, std::uint32_t, Hash> places_;  // in judgements_
  std::uint32_t last_place_ = 0;
  std::string staged_more_;  // phases and details of staged rows, each as 4 bytes of size and what a row ends with
  std::vector<const StagedRow*> living_;  // of append(), kept for their memory
  std::string written_;
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
