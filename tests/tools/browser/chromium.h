// A real Chromium without a window, driven over its debugging pipe (the DevTools protocol), so that a page is judged by
// what a browser makes of it.
//
// One process serves all tests of a program; each Tab has a profile of its own, without cookies or cache of others. One
// thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "show/output.h"

namespace nines::tools::testing {

class Browser;

class Tab {
 public:
  Tab();
  ~Tab();
  Tab(const Tab&) = delete;
  Tab& operator=(const Tab&) = delete;

  /// A window of this size in CSS pixels, as every later page sees it; `phone` with a finger instead of a mouse.
  void resize(int width, int height, bool phone = false);
  /// "light" or "dark": what the reader prefers.
  void prefer(const std::string& scheme);
  /// Whether later pages run their scripts.
  void allow_scripts(bool allowed);
  /// Opens an address and waits until it is loaded.
  void open(const std::string& address);
  /// The value of a JavaScript expression, of a promise what it becomes. What it throws fails the test.
  Json eval(const std::string& expression);
  /// Polls an expression until it is true, at most `patience`; whether it became so.
  bool becomes(const std::string& expression, std::chrono::seconds patience = std::chrono::seconds{20});
  /// Presses and releases a key by its DOM name: "Tab", "Enter", "ArrowRight", "/", "+".
  void press(const std::string& key);
  /// Types text where the caret is.
  void type(const std::string& text);
  /// Clicks into the middle of the first element that the selector finds, which is scrolled to.
  void click(const std::string& selector);
  /// Presses the mouse at one share of an element's width, moves it to another and lets go.
  void drag(const std::string& selector, double from, double to);
  /// Writes the whole page as a PNG file.
  void shoot(const std::string& file);

  /// What the browser complained of since the tab was made: errors on the console, exceptions, answers that failed.
  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }
  /// The addresses that were asked since the tab was made.
  [[nodiscard]] const std::vector<std::string>& asked() const { return asked_; }

 private:
  Json call(const std::string& method, Json parameters = Json::object());
  Json evaluate(const std::string& expression, bool waits);
  void hear(const Json& event);
  void mouse(const char* type, double x, double y, bool held);

  Browser& browser_;
  std::string context_;
  std::string target_;
  std::string session_;
  int loads_ = 0;
  std::vector<std::string> complaints_;
  std::vector<std::string> asked_;
};

}  // namespace nines::tools::testing
