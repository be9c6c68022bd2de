// nines import FILE...: check results from CSV or NDJSON.
#include <fmt/format.h>
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

// Standard input can be read once; --strict reads twice. A temporary file without a name holds it.
Expected<std::unique_ptr<Input>> spool(std::unique_ptr<Input> input) {
  const std::string path = (std::filesystem::temp_directory_path() / fmt::format("nines-import-{}", getpid())).string();
  {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    if (input->stream->peek() != std::char_traits<char>::eof()) out << input->stream->rdbuf();
    if (!out.flush()) return failed(fmt::format("`{}` cannot be written", path));
  }
  input->file.open(path, std::ios::binary);
  std::filesystem::remove(path);
  input->stream = &input->file;
  return input;
}

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
      each.bad_line = [&](std::uint64_t line, const std::string& why) {
        if (++total.bad_lines <= kNamedLines) say(fmt::format("{}:{}: {}", printable(input->name), line, why));
      };
      Importer importer(target, each);
      if (auto read = read_input(*input, importer); !read) return read;
      if (auto done = importer.finish(); !done) return failed(printable(done.error().message));
      total.results += importer.counts().results;
      total.new_servers += importer.counts().new_servers;
    }
    if (total.bad_lines > kNamedLines)
      say(fmt::format("... and {} more", counted(total.bad_lines - kNamedLines, "bad line")));
    return kExitDone;
  };

  if (twice) {
    if (auto checked = pass(nullptr); !checked) return checked;
    if (total.bad_lines > 0) {
      return failed(fmt::format("{}; nothing was imported (--strict)", counted(total.bad_lines, "bad line")));
    }
    for (const auto& input : inputs) {
      input->file.clear();
      input->file.seekg(0);
    }
  }
  if (auto stored = pass(store.get()); !stored) return stored;
  if (!call.quiet) {
    std::string sentence =
        fmt::format("{} {}", counted(total.results, "result"), store ? "imported" : "would be imported");
    if (total.new_servers > 0) sentence += fmt::format(", {} added", counted(total.new_servers, "server"));
    if (total.bad_lines > 0) sentence += fmt::format(", {} left out", counted(total.bad_lines, "bad line"));
    say(sentence);
  }
  const int code = total.bad_lines > 0 ? kExitFailed : kExitDone;
  return store ? close_store(*store, code) : Outcome(code);
}

}  // namespace nines::tools
