#include "tools/support/command_line.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace nines::tools::testing {
namespace {

constexpr std::chrono::seconds kPatience{60};

int exit_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// As the arguments of a program: null at the end, valid as long as `texts` is.
std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out(texts.size() + 1);
  std::transform(texts.begin(), texts.end(), out.begin(), [](std::string& text) { return text.data(); });
  return out;
}

}  // namespace

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "nines-test-XXXXXX").string();
  path_ = mkdtemp(pattern.data());
}
TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}
std::string TempDir::path(const std::string& name) const {
  return name.empty() ? path_.string() : (path_ / name).string();
}
std::string TempDir::write(const std::string& name, const std::string& content) const {
  std::ofstream(path(name), std::ios::binary) << content;
  return path(name);
}

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

Program::Program(const std::vector<std::string>& arguments, const std::string& input,
                 const std::vector<std::string>& environment) {
  const std::string in = dir_.write("in", input);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, in.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, dir_.path("out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, dir_.path("err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  std::vector<std::string> words = {NINES_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> settings = {"PATH=/usr/bin:/bin", "HOME=" + dir_.path()};
  settings.insert(settings.end(), environment.begin(), environment.end());
  std::vector<char*> argv = pointers(words);
  std::vector<char*> envp = pointers(settings);
  if (posix_spawn(&pid_, NINES_BINARY, &actions, nullptr, argv.data(), envp.data()) != 0) pid_ = -1;
  posix_spawn_file_actions_destroy(&actions);
}

Program::~Program() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Program::signal(int number) const {
  if (pid_ > 0) kill(pid_, number);
}

Finished Program::wait() {
  Finished finished;
  int status = 0;
  if (pid_ > 0 && eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; }, kPatience)) {
    finished.code = exit_code(status);
    pid_ = -1;
  }
  finished.out = read_file(dir_.path("out"));
  finished.err = read_file(dir_.path("err"));
  return finished;
}

std::string Program::err_so_far() const {
  return read_file(dir_.path("err"));
}

std::string Program::out_so_far() const {
  return read_file(dir_.path("out"));
}

bool Program::says(const std::string& text) const {
  return eventually([&] { return err_so_far().find(text) != std::string::npos; });
}

Finished nines(const std::vector<std::string>& arguments, const std::string& input,
               const std::vector<std::string>& environment) {
  return Program(arguments, input, environment).wait();
}

bool catches(pid_t process, int signal) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    constexpr std::string_view kCaught = "SigCgt:";
    if (!line.starts_with(kCaught)) continue;
    return (std::stoull(line.substr(kCaught.size()), nullptr, 16) >> static_cast<unsigned>(signal - 1) & 1U) != 0;
  }
  return false;
}

}  // namespace nines::tools::testing
