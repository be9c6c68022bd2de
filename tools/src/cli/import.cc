// nines import FILE...: check results from CSV or NDJSON.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/session.h"
#include "exchange/importer.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

// Bad lines that are named one by one; the rest is counted.
constexpr std::uint64_t kNamedLines = 20;

// An open input: a file, or standard input for "-". Spooled standard input is a file without a name.
struct Input {
  std::string name;
  std::ifstream file;
  std::istream* stream = nullptr;
  std::uint64_t bytes = 0;
  bool ndjson = false;
};

bool looks_like_ndjson(const std::string& name) {
  return name.ends_with(".ndjson") || name.ends_with(".jsonl") || name.ends_with(".json");
}

Expected<std::unique_ptr<Input>> open_input(const std::string& name, const std::optional<std::string>& format) {
  auto input = std::make_unique<Input>();
  input->name = name == "-" ? "standard input" : name;
  input->ndjson = format ? *format == "ndjson" : looks_like_ndjson(name);
  if (name == "-") {
    input->stream = &std::cin;
    return input;
  }
  std::error_code error;
  if (std::filesystem::is_directory(name, error)) return failed(fmt::format("`{}` is a directory", printable(name)));
  input->file.open(name, std::ios::binary);
  if (!input->file) return failed(fmt::format("`{}` cannot be read: {}", printable(name), std::strerror(errno)));
  const auto size = std::filesystem::file_size(name, error);
  input->bytes = error ? 0 : size;
  input->stream = &input->file;
  return input;
}

// Standard input can be read once; --strict reads twice. A temporary file holds it, which nobody else can read or has
// made before, and which has no name any more by the time it is filled.
Expected<std::unique_ptr<Input>> spool(std::unique_ptr<Input> input) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  std::string path = (folder / "nines-import-XXXXXX").string();
  const int descriptor = error ? -1 : mkostemp(path.data(), O_CLOEXEC);
  if (descriptor < 0) {
    return failed(fmt::format("no temporary file can be made in `{}`: {}", printable(folder.string()),
                              error ? error.message() : std::strerror(errno)));
  }
  std::ofstream out(path, std::ios::binary);
  input->file.open(path, std::ios::binary);
  std::filesystem::remove(path, error);
  close(descriptor);
  if (input->stream->peek() != std::char_traits<char>::eof()) out << input->stream->rdbuf();
  if (!out.flush() || !input->file) {
    return failed(fmt::format("standard input could not be kept in `{}`; name the file instead of -, or set TMPDIR",
                              printable(folder.string())));
  }
  input->stream = &input->file;
  return input;
}

volatile sig_atomic_t interrupting_signal = 0;

/// While it lives, Ctrl-C and SIGTERM end the reading instead of the process, so that what was read is stored and said.
class InterruptGuard {
 public:
  InterruptGuard() {
    interrupting_signal = 0;
    struct sigaction action {};
    action.sa_handler = [](int number) { interrupting_signal = number; };  // no SA_RESTART: a read from a pipe ends
    sigaction(SIGINT, &action, &before_int_);
    sigaction(SIGTERM, &action, &before_term_);
  }
  ~InterruptGuard() {
    sigaction(SIGINT, &before_int_, nullptr);
    sigaction(SIGTERM, &before_term_, nullptr);
  }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  struct sigaction before_int_ {};
  struct sigaction before_term_ {};
};

Outcome read_input(Input& input, Importer& importer) {
  if (auto read = importer.read(*input.stream); !read) {
    return failed(fmt::format("{}: {}", printable(input.name), printable(read.error().message)));
  }
  if (input.stream->bad()) return failed(fmt::format("`{}` cannot be read to its end", printable(input.name)));
  return kExitDone;
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", with_commas(count), noun, count == 1 ? "" : "s");
}

Expected<ImportOptions> read_options(const Call& call) {
  ImportOptions options;
  if (const auto format = call.text("format"); format && *format != "csv" && *format != "ndjson") {
    return usage(fmt::format("--format {}: it takes csv or ndjson", printable(*format)));
  }
  if (const auto interval = call.text("interval")) {
    const auto span = parse_duration(*interval);
    if (!span) return usage(fmt::format("--interval: {}", printable(span.error().message)));
    if (*span <= std::chrono::milliseconds{0} || *span > std::chrono::days{31}) {
      return usage("--interval: it must be more than 0 and at most 31d");
    }
    options.interval_ms = static_cast<std::uint32_t>(span->count());
  }
  return options;
}

}  // namespace

void import_options(OptionList& options) {
  namespace po = boost::program_options;
  auto add = options.add_options();
  add("format", po::value<std::string>()->value_name("csv|ndjson"), "default: by the file's name, else csv");
  add("interval", po::value<std::string>()->value_name("SPAN"), "interval of the checks, where the data has none");
  add("strict", "nothing is kept when a line is bad");
  add("no-create", "refuse results of servers that are not in the catalog");
  add("dry-run", "check the lines and store nothing");
}

Outcome import_files(const Call& call) {
  auto options = read_options(call);
  if (!options) return tl::unexpected(options.error());
  std::vector<std::unique_ptr<Input>> inputs;
  const bool twice = call.has("strict") && !call.has("dry-run");
  for (const std::string& name : call.words) {
    auto input = open_input(name, call.text("format"));
    if (input && twice && name == "-") input = spool(std::move(*input));
    if (!input) return tl::unexpected(input.error());
    inputs.push_back(std::move(*input));
  }
  std::unique_ptr<Store> store;
  const bool known_only = call.has("no-create");
  if (!call.has("dry-run") || known_only) {
    auto opened = call.has("dry-run") ? open_for_reading(call) : open_for_writing(call, !known_only);
    if (!opened) return tl::unexpected(opened.error());
    store = std::move(*opened);
  }
  if (known_only) options->only = store->catalog();
  if (call.has("dry-run")) store.reset();

  ImportCounts total;
  const auto pass = [&](Store* target) -> Outcome {
    total = {};
    for (const auto& input : inputs) {
      Progress progress(fmt::format("import {}", printable(input->name)), "results", input->bytes,
                        call.terminal.err_is_terminal && !call.quiet);
      ImportOptions each = *options;
      each.ndjson = input->ndjson;
      each.progress = &progress;
      each.interrupted = [] { return interrupting_signal != 0; };
      each.bad_line = [&](std::uint64_t line, const std::string& why) {
        if (++total.bad_lines <= kNamedLines) say(fmt::format("{}:{}: {}", printable(input->name), line, why));
      };
      Importer importer(target, each);
      if (auto read = read_input(*input, importer); !read) return read;
      if (auto done = importer.finish(); !done) return failed(printable(done.error().message));
      total.results += importer.counts().results;
      total.new_servers += importer.counts().new_servers;
      if (interrupting_signal != 0) break;
    }
    if (total.bad_lines > kNamedLines)
      say(fmt::format("... and {} more", counted(total.bad_lines - kNamedLines, "bad line")));
    return kExitDone;
  };

  const InterruptGuard guard;
  // As shells report an end by a signal.
  const auto interrupted_code = [] { return 128 + static_cast<int>(interrupting_signal); };
  if (twice) {
    if (auto checked = pass(nullptr); !checked) return checked;
    if (interrupting_signal != 0) {
      return tl::unexpected(Failure{interrupted_code(), "interrupted; nothing was imported"});
    }
    if (total.bad_lines > 0) {
      return failed(fmt::format("{}; nothing was imported (--strict)", counted(total.bad_lines, "bad line")));
    }
    for (const auto& input : inputs) {
      input->file.clear();
      input->file.seekg(0);
    }
  }
  if (auto stored = pass(store.get()); !stored) return stored;
  const bool interrupted = interrupting_signal != 0;
  if (!call.quiet || interrupted) {
    std::string sentence = fmt::format("{}{} {}", interrupted ? "interrupted: " : "", counted(total.results, "result"),
                                       store ? "imported" : "would be imported");
    if (total.new_servers > 0) sentence += fmt::format(", {} added", counted(total.new_servers, "server"));
    if (total.bad_lines > 0) sentence += fmt::format(", {} left out", counted(total.bad_lines, "bad line"));
    if (interrupted) sentence += "; the same import again takes the rest and changes nothing of these";
    say(sentence);
  }
  const int code = interrupted ? interrupted_code() : total.bad_lines > 0 ? kExitFailed : kExitDone;
  return store ? close_store(*store, code) : Outcome(code);
}

}  // namespace nines::tools
