// The part of `nines import` that takes what other monitoring tools keep.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <optional>
#include <string>

#include "cli/command/command.h"
#include "exchange/importer.h"
#include "peers/history_writer.h"
#include "peers/prometheus_history.h"
#include "peers/recognise.h"

namespace nines::tools {

/// What is counted as `left out` is said in a line each, and at the end of the import only.
class PeerImport {
 public:
  /// Both must outlive it.
  PeerImport(const Call& call, const ImportOptions& options) : call_(call), options_(options) {}

  [[nodiscard]] static bool takes(FileKind kind) noexcept;

  /// Begins a pass over all inputs; `store` null checks them. Forgets the pass before it.
  void begin(Store* store, std::function<bool()> interrupted);
  [[nodiscard]] Outcome read(FileKind kind, const std::string& name, int descriptor, std::istream& in,
                             Progress& progress);
  /// Ends the pass. Samples of several files belong together, so that is when they are stored.
  [[nodiscard]] Outcome finish();

  [[nodiscard]] const PeerCounts& counts() const noexcept { return counts_; }
  void say_what_was_left_out() const;

 private:
  const Call& call_;
  const ImportOptions& options_;
  std::optional<HistoryWriter> writer_;
  std::optional<PrometheusHistory> prometheus_;
  PeerCounts counts_;
};

}  // namespace nines::tools
