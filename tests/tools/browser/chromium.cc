#include "tools/browser/chromium.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using Clock = std::chrono::steady_clock;

// A machine that is busy with a build answers late; this is for a browser that hangs.
constexpr std::chrono::seconds kPatience{60};

// A descriptor beyond those that the browser is given.
int out_of_the_way(int fd) {
  constexpr int kFree = 10;
  const int moved = fcntl(fd, F_DUPFD_CLOEXEC, kFree);
  close(fd);
  return moved;
}

std::string from_base64(const std::string& text) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) break;
    bits = bits << 6U | static_cast<unsigned>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xffU);
  }
  return out;
}

}  // namespace

class Browser {
 public:
  static Browser& shared() {
    static Browser browser;
    return browser;
  }
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  /// The answer to one command; events that come before it go to the tabs. Throws when the browser is gone or says no.
  Json call(const std::string& method, const Json& parameters, const std::string& session) {
    const int id = ++calls_;
    Json command = {{"id", id}, {"method", method}, {"params", parameters}};
    if (!session.empty()) command["sessionId"] = session;
    std::string bytes = command.dump();
    bytes += '\0';
    for (std::size_t sent = 0; sent < bytes.size();) {
      const ssize_t count = write(to_, bytes.data() + sent, bytes.size() - sent);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) throw std::runtime_error("Chromium takes no commands");
      sent += static_cast<std::size_t>(count);
    }
    const auto end = Clock::now() + kPatience;
    while (true) {
      const Json message = read(end);
      if (message.value("id", 0) != id) {
        tell(message);
        continue;
      }
      if (message.contains("error")) throw std::runtime_error(method + ": " + message["error"].dump());
      return message["result"];
    }
  }
  /// Takes what has come within `patience`.
  void listen(std::chrono::milliseconds patience) {
    const auto end = Clock::now() + patience;
    while (buffer_.find('\0') != std::string::npos || readable(end)) tell(read(Clock::now() + kPatience));
  }
  std::map<std::string, std::function<void(const Json&)>> listeners;  // by session

 private:
  Browser() {
    std::array<int, 2> commands{};
    std::array<int, 2> answers{};
    if (pipe(commands.data()) != 0 || pipe(answers.data()) != 0) throw std::runtime_error("no pipe");
    const int child_in = out_of_the_way(commands[0]);
    to_ = out_of_the_way(commands[1]);
    from_ = out_of_the_way(answers[0]);
    const int child_out = out_of_the_way(answers[1]);
    const std::string profile = "--user-data-dir=" + dir_.path("profile");
    const std::vector<const char*> arguments{
        NINES_CHROMIUM, "--headless=new", "--remote-debugging-pipe",
        // The tests may run as root, where the sandbox cannot be had.
        "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
        "--hide-scrollbars", "--force-color-profile=srgb", "--lang=en-GB",
        // Whatever a page or the browser itself asks elsewhere is not found.
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", profile.c_str(), nullptr};
    signal(SIGPIPE, SIG_IGN);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(child_in, 3);
      dup2(child_out, 4);
      const int quiet = open("/dev/null", O_RDWR);
      dup2(quiet, STDOUT_FILENO);
      dup2(quiet, STDERR_FILENO);
      setenv("TZ", "Europe/Paris", 1);
      execv(NINES_CHROMIUM, const_cast<char* const*>(arguments.data()));
      _exit(127);
    }
    close(child_in);
    close(child_out);
  }
  ~Browser() {
    try {
      call("Browser.close", Json::object(), {});
    } catch (const std::exception&) {
      kill(pid_, SIGKILL);
    }
    const auto end = Clock::now() + std::chrono::seconds{5};
    while (waitpid(pid_, nullptr, WNOHANG) == 0) {
      if (Clock::now() > end) kill(pid_, SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    close(to_);
    close(from_);
  }

  [[nodiscard]] bool readable(Clock::time_point end) const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd wanted{.fd = from_, .events = POLLIN, .revents = 0};
    return poll(&wanted, 1, static_cast<int>(std::max<std::int64_t>(left, 0))) > 0;
  }
  Json read(Clock::time_point end) {
    std::size_t length = 0;
    while ((length = buffer_.find('\0')) == std::string::npos) {
      if (!readable(end)) throw std::runtime_error("Chromium does not answer");
      std::array<char, 65'536> block{};
      const ssize_t count = ::read(from_, block.data(), block.size());
      if (count <= 0) throw std::runtime_error("Chromium is gone; is " NINES_CHROMIUM " the browser itself?");
      buffer_.append(block.data(), static_cast<std::size_t>(count));
    }
    Json message = Json::parse(std::string_view(buffer_).substr(0, length));
    buffer_.erase(0, length + 1);
    return message;
  }
  void tell(const Json& message) const {
    const auto found = listeners.find(message.value("sessionId", std::string()));
    if (found != listeners.end()) found->second(message);
  }

  TempDir dir_;
  pid_t pid_ = -1;
  int to_ = -1;
  int from_ = -1;
  int calls_ = 0;
  std::string buffer_;
};

Tab::Tab() : browser_(Browser::shared()) {
  context_ = browser_.call("Target.createBrowserContext", Json::object(), {})["browserContextId"];
  target_ =
      browser_.call("Target.createTarget", {{"url", "about:blank"}, {"browserContextId", context_}}, {})["targetId"];
  session_ = browser_.call("Target.attachToTarget", {{"targetId", target_}, {"flatten", true}}, {})["sessionId"];
  browser_.listeners[session_] = [this](const Json& event) { hear(event); };
  for (const char* const domain : {"Page", "Runtime", "Log", "Network"}) call(std::string(domain) + ".enable");
  // A page that is looked at: only such a one refreshes itself.
  call("Emulation.setFocusEmulationEnabled", {{"enabled", true}});
  resize(1440, 900);
}

Tab::~Tab() {
  browser_.listeners.erase(session_);
  try {
    browser_.call("Target.disposeBrowserContext", {{"browserContextId", context_}}, {});
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
}

Json Tab::call(const std::string& method, Json parameters) {
  return browser_.call(method, parameters, session_);
}

void Tab::hear(const Json& event) {
  const std::string method = event.value("method", std::string());
  const Json& of = event["params"];
  if (method == "Page.loadEventFired") {
    ++loads_;
  } else if (method == "Runtime.exceptionThrown") {
    complaints_.push_back(of["exceptionDetails"].dump());
  } else if (method == "Runtime.consoleAPICalled" && of["type"] != "log" && of["type"] != "debug") {
    complaints_.push_back(of["args"].dump());
  } else if (method == "Log.entryAdded" && of["entry"]["level"] != "verbose") {
    complaints_.push_back(of["entry"]["text"].get<std::string>() + " " + of["entry"].value("url", std::string()));
  } else if (method == "Network.requestWillBeSent") {
    asked_.push_back(of["request"]["url"]);
  } else if (method == "Page.javascriptDialogOpening") {
    complaints_.push_back("a dialog: " + of["message"].get<std::string>());
  }
}

void Tab::resize(int width, int height, bool phone) {
  call("Emulation.setDeviceMetricsOverride",
       {{"width", width}, {"height", height}, {"deviceScaleFactor", 1}, {"mobile", phone}});
  call("Emulation.setTouchEmulationEnabled", {{"enabled", phone}});
}

void Tab::prefer(const std::string& scheme) {
  call("Emulation.setEmulatedMedia", {{"features", {{{"name", "prefers-color-scheme"}, {"value", scheme}}}}});
}

void Tab::allow_scripts(bool allowed) {
  call("Emulation.setScriptExecutionDisabled", {{"value", !allowed}});
}

void Tab::open(const std::string& address) {
  const int before = loads_;
  const Json answer = call("Page.navigate", {{"url", address}});
  ASSERT_FALSE(answer.contains("errorText")) << address << ": " << answer.dump();
  if (!answer.contains("loaderId")) return;  // another place of the same page
  const auto end = Clock::now() + kPatience;
  while (loads_ == before && Clock::now() < end) browser_.listen(std::chrono::milliseconds{20});
  ASSERT_GT(loads_, before) << address << " does not load";
}

/// What Chromium answers; null where the page went away meanwhile, as it may when `expression` clicks on a link.
Json Tab::evaluate(const std::string& expression, bool waits) {
  try {
    return call("Runtime.evaluate", {{"expression", expression}, {"returnByValue", true}, {"awaitPromise", waits}});
  } catch (const std::runtime_error& error) {
    if (std::string_view(error.what()).find("navigated or closed") == std::string_view::npos) throw;
    return {};
  }
}

Json Tab::eval(const std::string& expression) {
  const Json answer = evaluate(expression, true);
  if (answer.is_null()) return {};
  if (answer.contains("exceptionDetails")) {
    ADD_FAILURE() << expression << ": " << answer["exceptionDetails"].dump();
    return {};
  }
  return answer["result"].value("value", Json());
}

bool Tab::becomes(const std::string& expression, std::chrono::seconds patience) {
  const auto end = Clock::now() + patience;
  do {
    // Between two pages there is nothing to ask.
    const Json answer = evaluate(expression, false);
    if (!answer.is_null() && answer["result"].value("value", Json()) == true) return true;
    browser_.listen(std::chrono::milliseconds{50});
  } while (Clock::now() < end);
  return false;
}

void Tab::press(const std::string& key) {
  // What makes Chromium do what the key does: its Windows code, and the text that it types.
  struct Key {
    int code;
    const char* text;
  };
  static const std::map<std::string, Key> kKeys{
      {"Tab", {9, ""}},         {"Enter", {13, "\r"}},  {"Escape", {27, ""}}, {" ", {32, " "}},
      {"/", {191, "/"}},        {"+", {187, "+"}},      {"-", {189, "-"}},    {"ArrowLeft", {37, ""}},
      {"ArrowRight", {39, ""}}, {"ArrowDown", {40, ""}}};
  const Key& found = kKeys.at(key);
  Json event = {
      {"type", *found.text != '\0' ? "keyDown" : "rawKeyDown"}, {"key", key}, {"windowsVirtualKeyCode", found.code}};
  if (*found.text != '\0') event["text"] = found.text;
  call("Input.dispatchKeyEvent", event);
  call("Input.dispatchKeyEvent", {{"type", "keyUp"}, {"key", key}, {"windowsVirtualKeyCode", found.code}});
}

void Tab::type(const std::string& text) {
  call("Input.insertText", {{"text", text}});
}

void Tab::mouse(const char* type, double x, double y, bool held) {
  call("Input.dispatchMouseEvent",
       {{"type", type}, {"x", x}, {"y", y}, {"button", "left"}, {"buttons", held ? 1 : 0}, {"clickCount", 1}});
}

void Tab::drag(const std::string& selector, double from, double to) {
  const Json box = eval(
      "(e=>{e.scrollIntoView({block:'center'});const b=e.getBoundingClientRect();"
      "return[b.left,b.width,b.top+b.height/2]})(document.querySelector(" +
      Json(selector).dump() + "))");
  ASSERT_TRUE(box.is_array()) << selector << " is not there";
  const double left = box[0];
  const double width = box[1];
  const double y = box[2];
  mouse("mouseMoved", left + width * from, y, false);
  mouse("mousePressed", left + width * from, y, true);
  if (from != to) mouse("mouseMoved", left + width * to, y, true);
  mouse("mouseReleased", left + width * to, y, false);
}

void Tab::click(const std::string& selector) {
  drag(selector, 0.5, 0.5);
}

void Tab::shoot(const std::string& file) {
  // What is not in sight is not laid out, and would be blank.
  eval("document.querySelectorAll('details').forEach(e=>{e.style.contentVisibility='visible'})");
  const Json size = call("Page.getLayoutMetrics")["cssContentSize"];
  constexpr double kTallest = 3'000;
  const Json clip = {{"x", 0},
                     {"y", 0},
                     {"width", size["width"]},
                     {"height", std::min(size["height"].get<double>(), kTallest)},
                     {"scale", 1}};
  const Json shot =
      call("Page.captureScreenshot", {{"format", "png"}, {"captureBeyondViewport", true}, {"clip", clip}});
  std::ofstream(file, std::ios::binary) << from_base64(shot["data"].get<std::string>());
}

}  // namespace nines::tools::testing
