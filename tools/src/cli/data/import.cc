// nines import FILE...: check results from CSV or NDJSON, and what other tools keep.
#include <fcntl.h>
#include <fmt/format.h>
#include <nines/calendar.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <istream>
#include <memory>

#include "cli/command/interrupt.h"
#include "cli/command/session.h"
#include "cli/data/commands.h"
#include "cli/data/import_peer.h"
#include "exchange/compressed_buffer.h"
#include "exchange/descriptor_buffer.h"
#include "exchange/importer.h"
#include "peers/recognise.h"
#include "run/socket_frame.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

// Bad lines that are named one by one; the rest is counted.
constexpr std::uint64_t kNamedLines = 20;
// Of an input's beginning, to tell what it is: more than the headers of all that is known.
constexpr std::size_t kHeadBytes = 512;

/// The signal that is to end the import, 0 for none. In the process that holds the store the command's own process is
/// asked.
int interruption(const Call& call) {
  if (call.owner == nullptr) return interrupting_signal();
  return call.owner->cancelled() ? SIGINT : 0;
}

// An open input: a file, or standard input for "-". Spooled standard input is a file without a name.
struct Input {
  Input(Descriptor opened, const Call& call)
      : file(std::move(opened)), buffer(file.get(), [&call] { return interruption(call) != 0; }), stream(&buffer) {}

  Descriptor file;
  DescriptorBuffer buffer;
  std::istream stream;
  std::string name;
  std::uint64_t bytes = 0;  // 0 when they are not known
  bool is_standard_input = false;
};
using Inputs = std::vector<std::unique_ptr<Input>>;

/// What the input is, by its content; --format says it where that is not wanted.
Expected<FileKind> kind_of(const Input& input, std::string_view head, const Call& call) {
  if (const auto format = call.text("format")) {
    return *format == "ndjson" ? FileKind::ndjson : FileKind::csv;
  }
  const FileKind kind = recognise(head);
  const auto refuse = [&](std::string_view what) { return failed(fmt::format("{}: {}", printable(input.name), what)); };
  switch (kind) {
    case FileKind::kuma_backup:
    case FileKind::yaml:
      return refuse("it is a configuration, which has no history");
    case FileKind::block:
      return refuse("it is an archive; of a Prometheus block import what `promtool tsdb dump` prints");
    case FileKind::binary:
      return refuse(
          "it is nothing that can be imported: a store of Uptime Kuma or Gatus, samples of Prometheus, CSV, TSV, "
          "NDJSON");
    default:
      return kind;
  }
}

/// The descriptor of `name`, or a failure that says why there is none.
Expected<Descriptor> open_file(const std::string& name) {
  if (name == "-") return Descriptor(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
  Descriptor file(open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return failed(fmt::format("`{}` cannot be read: {}", printable(name), std::strerror(errno)));
  return file;
}

/// Takes `file`, which stands for `name`.
Expected<std::unique_ptr<Input>> make_input(const std::string& name, Descriptor file, const Call& call) {
  struct stat about {};
  if (!file || fstat(file.get(), &about) != 0) return failed(fmt::format("`{}` cannot be read", printable(name)));
  if (S_ISDIR(about.st_mode)) return failed(fmt::format("`{}` is a directory", printable(name)));
  auto input = std::make_unique<Input>(std::move(file), call);
  input->is_standard_input = name == "-";
  input->name = input->is_standard_input ? "standard input" : name;
  if (S_ISREG(about.st_mode)) input->bytes = static_cast<std::uint64_t>(about.st_size);
  return input;
}

// Standard input can be read once; --strict reads twice. A temporary file holds it, which nobody else can read or has
// made before, and which has no name any more by the time it is filled.
Expected<std::unique_ptr<Input>> spool(std::unique_ptr<Input> input, const Call& call) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  std::string path = (folder / "nines-import-XXXXXX").string();
  Descriptor file(error ? -1 : mkostemp(path.data(), O_CLOEXEC));
  if (!file) {
    return failed(fmt::format("no temporary file can be made in `{}`: {}", printable(folder.string()),
                              error ? error.message() : std::strerror(errno)));
  }
  std::ofstream out(path, std::ios::binary);
  std::filesystem::remove(path, error);
  if (input->stream.peek() != std::char_traits<char>::eof()) out << &input->buffer;
  if (!out.flush() || input->buffer.failed()) {
    return failed(fmt::format("standard input could not be kept in `{}`; name the file instead of -, or set TMPDIR",
                              printable(folder.string())));
  }
  auto spooled = std::make_unique<Input>(std::move(file), call);
  spooled->name = input->name;
  return spooled;
}

/// Of what the command line names; in the process that holds the store, of what it was given for these names.
Expected<Inputs> open_inputs(const Call& call) {
  if (call.words.size() > kMaxFrameDescriptors) {
    return usage(fmt::format("at most {} files at a time", kMaxFrameDescriptors));
  }
  if (call.owner != nullptr && call.owner->inputs.size() != call.words.size()) {
    return usage("the files that were given are not those that are named");
  }
  Inputs inputs;
  for (std::size_t i = 0; i < call.words.size(); ++i) {
    auto file =
        call.owner == nullptr ? open_file(call.words[i]) : Descriptor(fcntl(call.owner->inputs[i], F_DUPFD_CLOEXEC, 0));
    if (!file) return tl::unexpected(file.error());
    auto input = make_input(call.words[i], std::move(*file), call);
    if (!input) return tl::unexpected(input.error());
    inputs.push_back(std::move(*input));
  }
  return inputs;
}

std::vector<int> descriptors_of(const Inputs& inputs) {
  std::vector<int> descriptors;
  for (const auto& input : inputs) descriptors.push_back(input->file.get());
  return descriptors;
}

/// What an import took for something that it need not be, or that will surprise: said once, at the end.
struct Remarks {
  std::array<std::uint64_t, 4> epochs{};
  std::uint64_t zoneless = 0;
  ImportCounts sparse;

  void add(const Importer& importer) {
    for (std::size_t i = 0; i < epochs.size(); ++i) epochs.at(i) += importer.dialect().epochs().at(i);
    zoneless += importer.dialect().zoneless();
    const ImportCounts& counts = importer.counts();
    if (sparse.sparse_servers == 0) sparse.sparse_name = counts.sparse_name;
    sparse.sparse_servers += counts.sparse_servers;
    sparse.sparse_distance = std::max(sparse.sparse_distance, counts.sparse_distance);
  }

  void say_all() const {
    constexpr std::array<std::string_view, 4> kUnits{"seconds", "milliseconds", "microseconds", "nanoseconds"};
    for (std::size_t i = 0; i < epochs.size(); ++i) {
      if (epochs.at(i) > 0) say(fmt::format("{} read as {} since 1970", counted(epochs.at(i), "time"), kUnits.at(i)));
    }
    if (zoneless > 0) {
      say(fmt::format("{} without a zone read as UTC; --tz says otherwise", counted(zoneless, "time")));
    }
    if (sparse.sparse_servers > 0) {
      const auto interval = std::chrono::ceil<std::chrono::seconds>(sparse.sparse_distance);
      say(
          fmt::format("most results of {} lie further apart than one holds for, so the time between is unknown; "
                      "--interval {} says how often it was checked",
                      sparse.sparse_servers == 1 ? fmt::format("`{}`", printable(sparse.sparse_name))
                                                 : counted(sparse.sparse_servers, "server"),
                      format_duration(interval)));
    }
  }
};

Expected<ImportOptions> read_options(const Call& call) {
  ImportOptions options;
  if (const auto format = call.text("format"); format && *format != "csv" && *format != "ndjson" && *format != "tsv") {
    return usage(fmt::format("--format {}: it takes csv, tsv or ndjson", printable(*format)));
  }
  if (const auto interval = call.text("interval")) {
    const auto span = parse_duration(*interval);
    if (!span) return usage(fmt::format("--interval: {}", printable(span.error().message)));
    if (*span <= std::chrono::milliseconds{0} || *span > std::chrono::days{31}) {
      return usage("--interval: it must be more than 0 and at most 31d");
    }
    options.interval_ms = static_cast<std::uint32_t>(span->count());
  }
  if (const auto map = call.text("map")) {
    auto columns = parse_column_map(*map);
    if (!columns) return usage(fmt::format("--map: {}", columns.error().message));
    options.dialect.columns = std::move(*columns);
  }
  if (const auto zone = call.text("tz")) {
    const auto found = Zone::find(*zone);
    if (!found) return usage(fmt::format("--tz: {}", printable(found.error().message)));
    options.dialect.zone = *found;
  }
  options.dialect.decimal_comma = call.has("decimal-comma");
  options.delimiter = call.text("format") == "tsv" ? '\t' : '\0';
  if (const auto delimiter = call.text("delimiter")) {
    const bool named_tab = *delimiter == "tab" || *delimiter == "\\t";
    if (!named_tab && (delimiter->size() != 1 || *delimiter == "\"" || *delimiter == "\n")) {
      return usage("--delimiter: it takes one character, or tab");
    }
    options.delimiter = named_tab ? '\t' : delimiter->front();
  }
  return options;
}

/// The store that the results go to, none with --dry-run; and of which servers they may be, where no new ones are made.
Expected<std::optional<WritableStore>> open_target(const Call& call, const Inputs& inputs, ImportOptions& options) {
  const bool known_only = call.has("no-create");
  std::optional<WritableStore> store;
  if (call.has("dry-run")) {
    if (!known_only) return store;
    auto opened = open_for_reading(call);
    if (!opened) return tl::unexpected(opened.error());
    options.only = (*opened)->catalog();
    return store;
  }
  auto opened = open_for_writing(call, writing_options(!known_only), descriptors_of(inputs));
  if (!opened) return tl::unexpected(opened.error());
  store.emplace(std::move(*opened));
  options.catalog_mutex = store->catalog_mutex();
  if (known_only) options.only = (*store)->catalog();
  return store;
}

/// What an input holds, unpacked where it is packed.
class Content {
 public:
  explicit Content(Input& input) : input_(input) {
    const auto form = CompressedBuffer::form_of(input.buffer.ahead(kHeadBytes));
    if (form != CompressedBuffer::Form::none) unpacked_.emplace(input.buffer, form);
    stream_.rdbuf(unpacked_ ? static_cast<std::streambuf*>(&*unpacked_) : &input.buffer);
    head_ = unpacked_ ? unpacked_->ahead(kHeadBytes) : input.buffer.ahead(kHeadBytes);
  }

  [[nodiscard]] bool is_packed() const noexcept { return unpacked_.has_value(); }
  /// Its beginning, which is read again. Valid until the first is read.
  [[nodiscard]] std::string_view head() const noexcept { return head_; }
  [[nodiscard]] std::istream& stream() noexcept { return stream_; }
  /// Once it has been read: why there may be more than came.
  [[nodiscard]] Outcome end() const {
    if (input_.buffer.failed()) return failed(fmt::format("`{}` cannot be read to its end", printable(input_.name)));
    if (unpacked_ && unpacked_->failed()) {
      return failed(fmt::format("{}: what is packed in it is damaged or cut off", printable(input_.name)));
    }
    return kExitDone;
  }

 private:
  Input& input_;
  std::optional<CompressedBuffer> unpacked_;
  std::string_view head_;
  std::istream stream_{nullptr};
};

/// The import of some inputs: one pass over them, or with --strict one that only looks and one that stores.
class Import {
 public:
  Import(const Call& call, const ImportOptions& options, const Inputs& inputs)
      : call_(call), options_(options), inputs_(inputs), peers_(call, options) {}

  /// Over all inputs; `target` null checks them. Forgets the pass before it.
  [[nodiscard]] Outcome pass(Store* target);
  /// Refuses what --strict does not take, and goes back to the beginnings.
  [[nodiscard]] Outcome check();
  void say_what_was_done(bool is_stored) const;

  /// The signal that ended the newest pass, 0 for none.
  [[nodiscard]] int signal() const noexcept { return signal_; }
  [[nodiscard]] int exit_code() const noexcept;

 private:
  [[nodiscard]] Outcome read(Input& input, Store* target);
  [[nodiscard]] Outcome read_peer(Input& input, Content& content, FileKind kind, Progress& progress);
  [[nodiscard]] Outcome read_lines(Input& input, Content& content, FileKind kind, Progress& progress, Store* target);

  const Call& call_;
  const ImportOptions& options_;
  const Inputs& inputs_;
  const std::function<bool()> interrupted_ = [this] { return interruption(call_) != 0; };
  PeerImport peers_;
  ImportCounts total_;
  Remarks remarks_;
  int signal_ = 0;
};

Outcome Import::pass(Store* target) {
  total_ = {};
  peers_.begin(target, interrupted_);
  for (const auto& input : inputs_) {
    if (auto done = read(*input, target); !done) return done;
    if (interrupted_()) break;
  }
  if (auto done = peers_.finish(); !done) return done;
  total_.results += peers_.counts().results;
  total_.new_servers += peers_.counts().new_servers;
  if (total_.bad_lines > kNamedLines)
    say(fmt::format("... and {} more", counted(total_.bad_lines - kNamedLines, "bad line")));
  signal_ = interruption(call_);
  return kExitDone;
}

Outcome Import::read(Input& input, Store* target) {
  Progress progress(fmt::format("import {}", printable(input.name)), "results", input.bytes, call_.terminal,
                    !call_.quiet);
  Content content(input);
  // Looked at by the process that reads it: what one takes out of a pipe another does not find.
  const auto kind = kind_of(input, content.head(), call_);
  if (!kind) return tl::unexpected(kind.error());
  return PeerImport::takes(*kind) ? read_peer(input, content, *kind, progress)
                                  : read_lines(input, content, *kind, progress, target);
}

Outcome Import::read_peer(Input& input, Content& content, FileKind kind, Progress& progress) {
  if (content.is_packed() && kind == FileKind::sqlite) {
    return failed(fmt::format("{}: it is a packed database; unpack it first", printable(input.name)));
  }
  return peers_.read(kind, input.name, input.file.get(), content.stream(), progress);
}

Outcome Import::read_lines(Input& input, Content& content, FileKind kind, Progress& progress, Store* target) {
  ImportOptions each = options_;
  each.ndjson = kind == FileKind::ndjson;
  if (each.delimiter == '\0') each.delimiter = delimiter_of(content.head().substr(0, content.head().find('\n')));
  each.progress = &progress;
  each.interrupted = interrupted_;
  each.bad_line = [&](std::uint64_t line, const std::string& why) {
    if (++total_.bad_lines <= kNamedLines) say(fmt::format("{}:{}: {}", printable(input.name), line, why));
  };
  Importer importer(target, each);
  if (auto done = importer.read(content.stream()); !done) {
    return failed(fmt::format("{}: {}", printable(input.name), printable(done.error().message)));
  }
  if (auto ended = content.end(); !ended) return ended;
  if (auto done = importer.finish(); !done) return failed(printable(done.error().message));
  total_.results += importer.counts().results;
  total_.expired += importer.counts().expired;
  total_.new_servers += importer.counts().new_servers;
  if (target != nullptr || call_.has("dry-run")) remarks_.add(importer);
  return kExitDone;
}

Outcome Import::check() {
  if (auto checked = pass(nullptr); !checked) return checked;
  if (signal_ != 0) return tl::unexpected(Failure{exit_code(), "interrupted; nothing was imported"});
  if (total_.bad_lines > 0) {
    return failed(fmt::format("{}; nothing was imported (--strict)", counted(total_.bad_lines, "bad line")));
  }
  for (const auto& input : inputs_) {
    input->stream.clear();
    input->stream.seekg(0);
  }
  return kExitDone;
}

void Import::say_what_was_done(bool is_stored) const {
  std::string sentence = fmt::format("{}{} {}", signal_ != 0 ? "interrupted: " : "", counted(total_.results, "result"),
                                     is_stored ? "imported" : "would be imported");
  if (total_.new_servers > 0) sentence += fmt::format(", {} added", counted(total_.new_servers, "server"));
  if (total_.bad_lines > 0) sentence += fmt::format(", {} left out", counted(total_.bad_lines, "bad line"));
  const PeerCounts& peers = peers_.counts();
  if (peers.unchanged > 0) sentence += fmt::format(", {} were there already", with_commas(peers.unchanged));
  if (peers.stretches > 0) {
    sentence += fmt::format(", {} known without results", counted(peers.stretches, "stretch", "es"));
  }
  if (signal_ != 0) sentence += "; the same import again takes the rest and changes nothing of these";
  say(sentence);
  if (total_.expired > 0)
    say(fmt::format("left out: {} older than retention keeps", counted(total_.expired, "result")));
  remarks_.say_all();
  peers_.say_what_was_left_out();
}

int Import::exit_code() const noexcept {
  if (signal_ != 0) return 128 + signal_;  // as shells report an end by a signal
  if (total_.bad_lines == 0) return kExitDone;
  return total_.results > 0 ? kExitPartly : kExitFailed;
}

}  // namespace

void import_options(OptionList& options) {
  namespace po = boost::program_options;
  auto add = options.add_options();
  add("format", po::value<std::string>()->value_name("csv|tsv|ndjson"), "default: by the file's content");
  add("interval", po::value<std::string>()->value_name("SPAN"), "interval of the checks, where the data has none");
  add("delimiter", po::value<std::string>()->value_name("CHAR"), "between fields; default: what the header has");
  add("map", po::value<std::string>()->value_name("FIELD=COLUMN,..."),
      "names of columns that are others; the rest is left out");
  add("decimal-comma", "81,5 is 81.5");
  add("tz", po::value<std::string>()->value_name("ZONE"), "zone of times that have none, default UTC");
  add("strict", "nothing is kept when a line is bad");
  add("no-create", "refuse results of servers that are not in the catalog");
  add("dry-run", "check the lines and store nothing");
}

Outcome import_files(const Call& call) {
  auto options = read_options(call);
  if (!options) return tl::unexpected(options.error());
  auto inputs = open_inputs(call);
  if (!inputs) return tl::unexpected(inputs.error());
  auto store = open_target(call, *inputs, *options);
  if (!store) return tl::unexpected(store.error());
  const bool is_strict = call.has("strict") && *store;
  for (auto& input : *inputs) {
    if (!is_strict || !input->is_standard_input) continue;
    auto spooled = spool(std::move(input), call);
    if (!spooled) return tl::unexpected(spooled.error());
    input = std::move(*spooled);
  }
  std::optional<InterruptGuard> guard;
  if (call.owner == nullptr) guard.emplace();
  Import import(call, *options, *inputs);
  if (is_strict) {
    if (auto checked = import.check(); !checked) return checked;
  }
  if (auto stored = import.pass(*store ? &***store : nullptr); !stored) return stored;
  if (!call.quiet || import.signal() != 0) import.say_what_was_done(store->has_value());
  const int code = import.exit_code();
  return *store ? (*store)->close(code) : Outcome(code);
}

}  // namespace nines::tools
