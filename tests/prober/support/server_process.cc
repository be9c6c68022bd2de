#include "prober/support/server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace nines::prober_test {
namespace {

constexpr auto kStartTime = std::chrono::seconds(20);
constexpr auto kStopTime = std::chrono::seconds(3);

std::string find_program(const std::string& name) {
  if (name.front() == '/') return ::access(name.c_str(), X_OK) == 0 ? name : "";
  const char* path = std::getenv("PATH");
  std::istringstream directories(std::string(path != nullptr ? path : "") + ":/usr/sbin:/usr/bin");
  for (std::string directory; std::getline(directories, directory, ':');) {
    std::string file = directory;
    file.append("/").append(name);
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return "";
}

// The child: output into `log`, input from nothing, killed when the test dies, leader of its own group.
[[noreturn]] void become(const std::string& program, const std::vector<std::string>& command, const std::string& log) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int in = ::open("/dev/null", O_RDONLY);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(out, 2);
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::execv(program.c_str(), arguments.data());
  ::_exit(127);
}

bool accepts(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool connected = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return connected;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "nines-prober-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) ADD_FAILURE() << "no temporary directory can be made";
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryDirectory::write(const std::string& name, const std::string& text) const {
  std::ofstream(file(name)) << text;
  return file(name);
}

std::string run_command(const std::vector<std::string>& command) {
  const std::string program = find_program(command.front());
  if (program.empty()) return command.front() + " is not installed";
  const TemporaryDirectory directory;
  const pid_t pid = ::fork();
  if (pid == 0) become(program, command, directory.file("log"));
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return "";
  std::string text;
  for (const auto& word : command) text += word + " ";
  return text + "failed:\n" + read_file(directory.file("log"));
}

ServerProcess::ServerProcess(Options options) : options_(std::move(options)) {
  const std::string program = find_program(options_.command.front());
  if (program.empty()) {
    ADD_FAILURE() << options_.command.front() << " is not installed: it is in the package " << options_.package;
    return;
  }
  pid_ = ::fork();
  if (pid_ == 0) become(program, options_.command, directory_.file("log"));
  started_ = wait_until_ready();
  if (!started_) ADD_FAILURE() << options_.command.front() << " did not start:\n" << log();
}

bool ServerProcess::wait_until_ready() {
  const auto end = std::chrono::steady_clock::now() + kStartTime;
  while (std::chrono::steady_clock::now() < end) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return false;
    }
    if (options_.ready ? options_.ready() : accepts(options_.port)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

ServerProcess::~ServerProcess() {
  if (pid_ <= 0) return;
  // The whole group, because some servers have workers; it is ours alone, its number is the child's.
  ::kill(-pid_, SIGTERM);
  const auto end = std::chrono::steady_clock::now() + kStopTime;
  while (::waitpid(pid_, nullptr, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > end) {
      ::kill(-pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::string ServerProcess::log() const {
  return read_file(directory_.file("log"));
}

}  // namespace nines::prober_test
