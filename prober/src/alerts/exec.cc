// Delivery by a command: spawned with the facts, waited for, killed with its group when it is over its time.
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "alerts/delivery.h"
#include "alerts/message.h"
#include "base/ascii_case.h"
#include "base/unique_fd.h"

namespace nines::prober {
namespace {

using Clock = std::chrono::steady_clock;

/// How long a command that is over its time may take to end itself after SIGTERM.
constexpr std::chrono::milliseconds kLastWords{1'000};
constexpr std::chrono::milliseconds kLookEvery{5};

std::string system_error(const std::string& what, int error) {
  return what + ": " + std::strerror(error);
}

/// The process's environment without NINES_*, and the facts.
std::vector<std::string> make_environment(const AlertMessage& message) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with("NINES_")) variables.emplace_back(*variable);
  }
  for (const AlertField& field : alert_fields(message)) {
    std::string variable = "NINES_";
    for (const char c : field.name) variable += engine::to_upper(c);
    // An environment cannot hold a NUL.
    variables.push_back(variable + "=" + field.text.substr(0, field.text.find('\0')));
  }
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

/// A file in memory that holds `text`, to be read from its start: unlike a pipe it needs nobody to feed it.
Result<UniqueFd> file_with(const std::string& text) {
  UniqueFd file(memfd_create("nines-alert", MFD_CLOEXEC));
  const char* const problem = "cannot make the command's input";
  if (!file) return fail(ErrorCode::io, system_error(problem, errno));
  if (write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      lseek(file.get(), 0, SEEK_SET) != 0) {
    return fail(ErrorCode::io, system_error(problem, errno));
  }
  return file;
}

/// What a child is to be like: its descriptors, its process group, its signals.
class SpawnSettings {
 public:
  explicit SpawnSettings(int input) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  [[nodiscard]] const posix_spawn_file_actions_t* actions() const noexcept { return &actions_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const noexcept { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

/// Waits until the child has ended, without reaping it: until then nobody else can get its number. False at `deadline`.
bool wait_for_end(pid_t child, Clock::time_point deadline) {
  for (;;) {
    siginfo_t info{};
    const int outcome = waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT);
    if (outcome != 0 && errno != EINTR) return true;  // the host reaps all children itself
    if (outcome == 0 && info.si_pid == child) return true;
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kLookEvery);
  }
}

Result<void> judge_status(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (WIFSIGNALED(status)) {
    return fail(ErrorCode::unavailable, "the command died of signal " + std::to_string(WTERMSIG(status)));
  }
  return fail(ErrorCode::unavailable, "the command's exit code was " + std::to_string(WEXITSTATUS(status)));
}

}  // namespace

Result<void> deliver_exec(const AlertTarget& target, const AlertMessage& message) {
  const Result<UniqueFd> input = file_with(to_json(message) + "\n");
  if (!input) return tl::unexpected(input.error());
  std::vector<std::string> environment = make_environment(message);
  std::vector<std::string> arguments = target.exec;
  const SpawnSettings settings(input->get());
  pid_t child = 0;
  const int error = posix_spawnp(&child, arguments.front().c_str(), settings.actions(), settings.attributes(),
                                 pointers(arguments).data(), pointers(environment).data());
  if (error != 0) return fail(ErrorCode::unavailable, system_error("the command cannot be started", error));

  const bool in_time = wait_for_end(child, Clock::now() + target.timeout);
  if (!in_time) {
    kill(-child, SIGTERM);
    static_cast<void>(wait_for_end(child, Clock::now() + kLastWords));
    kill(-child, SIGKILL);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) return fail(ErrorCode::unavailable, "the command was killed after its timeout");
  return judge_status(status);
}

}  // namespace nines::prober
