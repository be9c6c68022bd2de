#include "report/print.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

extern char** environ;

namespace nines::tools {
namespace {

namespace fs = std::filesystem;

std::string find_browser() {
  const char* const path = std::getenv("PATH");
  std::string folders = path == nullptr ? "/usr/bin:/bin" : path;
  while (!folders.empty()) {
    const std::size_t colon = folders.find(':');
    const std::string folder = folders.substr(0, colon);
    folders = colon == std::string::npos ? "" : folders.substr(colon + 1);
    for (const char* name : {"chromium", "chromium-browser", "google-chrome"}) {
      const std::string found = folder + "/" + name;
      if (!folder.empty() && access(found.c_str(), X_OK) == 0) return found;
    }
  }
  return {};
}

// A folder of this process alone, gone with the object: the page, and what the browser keeps beside it.
class Workplace {
 public:
  Workplace() {
    std::error_code error;
    std::string pattern = (fs::temp_directory_path(error) / "nines-report-XXXXXX").string();
    if (!error && mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~Workplace() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

// Runs a program to its end, its output thrown away; its exit code, or -1.
int run(const std::vector<std::string>& arguments) {
  std::vector<char*> words;
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  if (posix_spawn_file_actions_init(&actions) != 0) return -1;
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = -1;
  const int spawned = posix_spawn(&child, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (spawned != 0) return -1;
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

Result<void> print_pdf(const std::string& html, const std::string& path) {
  const std::string browser = find_browser();
  if (browser.empty()) {
    return fail(
        ErrorCode::not_found,
        "a PDF takes Chromium (chromium, chromium-browser or google-chrome in PATH); --html can be printed too");
  }
  const Workplace place;
  if (place.path().empty()) return fail(ErrorCode::io, "there is no folder for temporary files");
  const std::string page = place.path() + "/report.html";
  const std::string made = place.path() + "/report.pdf";
  std::ofstream out(page, std::ios::binary);
  out << html;
  out.close();
  if (!out) return fail(ErrorCode::io, fmt::format("{} cannot be written", page));
  std::vector<std::string> arguments{browser,
                                     "--headless",
                                     "--disable-gpu",
                                     "--no-first-run",
                                     "--disable-extensions",
                                     "--user-data-dir=" + place.path() + "/profile",
                                     "--no-pdf-header-footer",
                                     "--print-to-pdf-no-header",
                                     "--print-to-pdf=" + made,
                                     "file://" + page};
  // Chromium refuses to sandbox for root. The page holds no script.
  if (geteuid() == 0) arguments.insert(arguments.begin() + 1, "--no-sandbox");
  std::error_code error;
  if (run(arguments) != 0 || !fs::exists(made, error)) {
    return fail(ErrorCode::unavailable, fmt::format("{} made no PDF; --html can be printed too", browser));
  }
  fs::copy_file(made, path, fs::copy_options::overwrite_existing, error);
  if (error) return fail(ErrorCode::io, fmt::format("{} cannot be written: {}", path, error.message()));
  return {};
}

}  // namespace nines::tools
