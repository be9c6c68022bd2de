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

Outcome read_input(Input& input, std::istream& stream, Importer& importer) {
  if (auto read = importer.read(stream); !read) {
    return failed(fmt::format("{}: {}", printable(input.name), printable(read.error().message)));
  }
  if (input.buffer.failed()) return failed(fmt::format("`{}` cannot be read to its end", printable(input.name)));
  return kExitDone;
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

int exit_code(const ImportCounts& counts) {
  if (counts.bad_lines == 0) return kExitDone;
  return counts.results > 0 ? kExitPartly : kExitFailed;
}

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
  const bool dry = call.has("dry-run");
  const bool known_only = call.has("no-create");
  std::optional<WritableStore> store;
  if (dry && known_only) {
    auto opened = open_for_reading(call);
    if (!opened) return tl::unexpected(opened.error());
    options->only = (*opened)->catalog();
  }
  if (!dry) {
    auto opened = open_for_writing(call, writing_options(!known_only), descriptors_of(*inputs));
    if (!opened) return tl::unexpected(opened.error());
    store.emplace(std::move(*opened));
    options->catalog_mutex = store->catalog_mutex();
    if (known_only) options->only = (*store)->catalog();
  }
  const bool twice = call.has("strict") && !dry;
  for (auto& input : *inputs) {
    if (!twice || !input->is_standard_input) continue;
    auto spooled = spool(std::move(input), call);
    if (!spooled) return tl::unexpected(spooled.error());
    input = std::move(*spooled);
  }

  ImportCounts total;
  Remarks remarks;
  PeerImport peers(call, *options);
  const auto pass = [&](Store* target) -> Outcome {
    total = {};
    peers.begin(target, [&call] { return interruption(call) != 0; });
    for (const auto& input : *inputs) {
      Progress progress(fmt::format("import {}", printable(input->name)), "results", input->bytes, call.terminal,
                        !call.quiet);
      // Unpacked, where it is packed.
      const auto form = CompressedBuffer::form_of(input->buffer.ahead(kHeadBytes));
      std::optional<CompressedBuffer> unpacked;
      if (form != CompressedBuffer::Form::none) unpacked.emplace(input->buffer, form);
      std::istream stream(unpacked ? static_cast<std::streambuf*>(&*unpacked) : &input->buffer);
      const std::string_view head = unpacked ? unpacked->ahead(kHeadBytes) : input->buffer.ahead(kHeadBytes);
      // Looked at by the process that reads it: what one takes out of a pipe another does not find.
      const auto kind = kind_of(*input, head, call);
      if (!kind) return tl::unexpected(kind.error());
      if (PeerImport::takes(*kind)) {
        if (unpacked && *kind == FileKind::sqlite) {
          return failed(fmt::format("{}: it is a packed database; unpack it first", printable(input->name)));
        }
        auto read = peers.read(*kind, input->name, input->file.get(), stream, progress);
        if (!read) return read;
        if (interruption(call) != 0) break;
        continue;
      }
      ImportOptions each = *options;
      each.ndjson = *kind == FileKind::ndjson;
      if (each.delimiter == '\0') each.delimiter = delimiter_of(head.substr(0, head.find('\n')));
      each.progress = &progress;
      each.interrupted = [&call] { return interruption(call) != 0; };
      each.bad_line = [&](std::uint64_t line, const std::string& why) {
        if (++total.bad_lines <= kNamedLines) say(fmt::format("{}:{}: {}", printable(input->name), line, why));
      };
      Importer importer(target, each);
      if (auto read = read_input(*input, stream, importer); !read) return read;
      if (unpacked && unpacked->failed()) {
        return failed(fmt::format("{}: what is packed in it is damaged or cut off", printable(input->name)));
      }
      if (auto done = importer.finish(); !done) return failed(printable(done.error().message));
      total.results += importer.counts().results;
      total.expired += importer.counts().expired;
      total.new_servers += importer.counts().new_servers;
      if (target != nullptr || dry) remarks.add(importer);
      if (interruption(call) != 0) break;
    }
    if (auto done = peers.finish(); !done) return done;
    total.results += peers.counts().results;
    total.new_servers += peers.counts().new_servers;
    if (total.bad_lines > kNamedLines)
      say(fmt::format("... and {} more", counted(total.bad_lines - kNamedLines, "bad line")));
    return kExitDone;
  };

  std::optional<InterruptGuard> guard;
  if (call.owner == nullptr) guard.emplace();
  // As shells report an end by a signal.
  const auto interrupted_code = [&call] { return 128 + interruption(call); };
  if (twice) {
    if (auto checked = pass(nullptr); !checked) return checked;
    if (interruption(call) != 0) {
      return tl::unexpected(Failure{interrupted_code(), "interrupted; nothing was imported"});
    }
    if (total.bad_lines > 0) {
      return failed(fmt::format("{}; nothing was imported (--strict)", counted(total.bad_lines, "bad line")));
    }
    for (const auto& input : *inputs) {
      input->stream.clear();
      input->stream.seekg(0);
    }
  }
  if (auto stored = pass(store ? &**store : nullptr); !stored) return stored;
  const bool interrupted = interruption(call) != 0;
  if (!call.quiet || interrupted) {
    std::string sentence = fmt::format("{}{} {}", interrupted ? "interrupted: " : "", counted(total.results, "result"),
                                       store ? "imported" : "would be imported");
    if (total.new_servers > 0) sentence += fmt::format(", {} added", counted(total.new_servers, "server"));
    if (total.bad_lines > 0) sentence += fmt::format(", {} left out", counted(total.bad_lines, "bad line"));
    if (peers.counts().unchanged > 0)
      sentence += fmt::format(", {} were there already", with_commas(peers.counts().unchanged));
    if (peers.counts().stretches > 0) {
      sentence += fmt::format(", {} known without results", counted(peers.counts().stretches, "stretch", "es"));
    }
    if (interrupted) sentence += "; the same import again takes the rest and changes nothing of these";
    say(sentence);
    if (total.expired > 0)
      say(fmt::format("left out: {} older than retention keeps", counted(total.expired, "result")));
    remarks.say_all();
    peers.say_what_was_left_out();
  }
  const int code = interrupted ? interrupted_code() : exit_code(total);
  return store ? store->close(code) : Outcome(code);
}

}  // namespace nines::tools
