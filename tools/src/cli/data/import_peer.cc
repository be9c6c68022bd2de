#include "cli/data/import_peer.h"

#include <fmt/format.h>

#include "cli/command/session.h"
#include "peers/gatus_history.h"
#include "peers/kuma_history.h"
#include "peers/sqlite_file.h"
#include "show/text.h"

namespace nines::tools {
namespace {

Result<void> read_database(int descriptor, HistoryWriter& writer) {
  const auto database = SqliteFile::open(descriptor);
  if (!database) return tl::unexpected(database.error());
  const auto kuma = is_kuma(*database);
  if (!kuma) return tl::unexpected(kuma.error());
  if (*kuma) return read_kuma_history(*database, writer);
  const auto gatus = is_gatus(*database);
  if (!gatus) return tl::unexpected(gatus.error());
  if (*gatus) return read_gatus_history(*database, writer);
  return fail(ErrorCode::invalid_argument,
              "it is a SQLite database, but neither of Uptime Kuma nor of Gatus; export its table as CSV");
}

}  // namespace

bool PeerImport::takes(FileKind kind) noexcept {
  return kind == FileKind::sqlite || kind == FileKind::samples || kind == FileKind::prometheus_answer;
}

void PeerImport::begin(Store* store, std::function<bool()> interrupted) {
  counts_ = {};
  prometheus_.reset();
  writer_.emplace(store, PeerOptions{.only = options_.only,
                                     .interval_ms = options_.interval_ms,
                                     .catalog_mutex = options_.catalog_mutex,
                                     .interrupted = std::move(interrupted),
                                     .zone = call_.text("tz").value_or("UTC")});
}

Outcome PeerImport::read(FileKind kind, const std::string& name, int descriptor, std::istream& in, Progress& progress) {
  writer_->show(&progress);
  Result<void> read;
  if (kind == FileKind::sqlite) {
    read = read_database(descriptor, *writer_);
  } else {
    if (!prometheus_) {
      auto created = PrometheusHistory::create(*writer_);
      if (!created) return failed(printable(created.error().message));
      prometheus_.emplace(std::move(*created));
    }
    read = kind == FileKind::samples ? prometheus_->read_text(in) : prometheus_->read_answer(in);
  }
  writer_->show(nullptr);
  if (!read) return failed(fmt::format("{}: {}", printable(name), printable(read.error().message)));
  return kExitDone;
}

Outcome PeerImport::finish() {
  if (prometheus_) {
    if (auto finished = prometheus_->finish(); !finished) return failed(printable(finished.error().message));
  }
  if (auto finished = writer_->finish(); !finished) return failed(printable(finished.error().message));
  counts_ = writer_->counts();
  return kExitDone;
}

void PeerImport::say_what_was_left_out() const {
  for (const std::string& remark : counts_.remarks) say(printable(remark));
  for (const auto& [what, count] : counts_.left_out) {
    say(fmt::format("left out: {} {}", with_commas(count), printable(what)));
  }
}

}  // namespace nines::tools
