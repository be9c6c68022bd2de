// nines top: all servers on a screen that follows them, worst first, and each of them on one of its own.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/command/session.h"
#include "cli/watching/certificates.h"
#include "cli/watching/commands.h"
#include "cli/watching/pace.h"
#include "cli/watching/status_boards.h"
#include "cli/watching/status_story.h"
#include "cli/watching/status_table.h"
#include "show/ascii.h"
#include "show/screen.h"
#include "show/state_text.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

constexpr std::string_view kTopHelp =
    "Keys\n\n"
    "  up down j k     choose a server        enter      open it, and back\n"
    "  page up, down   a screen further       / text     those with it in name or URL\n"
    "  home end        first and last         esc        all of them again\n"
    "  s               sort: worst, name,     left right half a window in time\n"
    "                  slowest                n          now\n"
    "  ?               this help, and back    q          end\n\n"
    "  What is longer than the screen is moved by up, down and page, too.\n";

/// The full-screen view: what is looked at, and what a key changes of it.
class Top {
 public:
  Top(const Call& call, Store& store, DashboardOptions options, Screen& screen)
      : call_(call), store_(store), options_(std::move(options)), screen_(screen) {
    options_.sort = SortBy::worst_first;
  }

  /// Draws what there is to see now.
  Outcome draw() {
    auto question = read_question(call_);
    if (!question) return tl::unexpected(question.error());
    const auto length = question->query.window.to - question->query.window.from;
    question->query.window = {question->query.window.from - length * back_ / 2,
                              question->query.window.to - length * back_ / 2};
    if (auto fresh = store_.refresh(); !fresh) return failed(printable(fresh.error().message));
    const ScreenSize size = screen_.size();
    Terminal terminal = call_.terminal;
    terminal.width = size.columns;
    TextSink sink;
    Outcome drawn = kExitDone;
    {
      const OutputScope scope(sink);
      drawn = help_ ? draw_help() : opened_ ? draw_server(*question, terminal) : draw_list(*question, terminal, size);
    }
    if (!drawn) return drawn;
    if (help_ || !opened_) {
      screen_.draw(sink.text, help_ ? std::nullopt : std::optional<std::size_t>(2 + chosen_ - first_));
    } else {
      screen_.draw(scrolled(sink.text, size.rows));
      if (store_.catalog()->find(*opened_) == nullptr) opened_.reset();  // it was told so
    }
    return drawn;
  }

  /// False ends the view.
  bool take(const Key& key) {
    using Kind = Key::Kind;
    if (key.kind == Kind::end) return false;
    if (key.kind == Kind::none) return true;
    if (typing_) return take_typed(key), true;
    if (key.kind == Kind::text && key.text == "q") return false;
    if (key.kind == Kind::text && key.text == "?") return help_ = !help_, true;
    if (key.kind == Kind::enter) return open_or_close(), true;
    if (key.kind == Kind::escape) {
      if (!opened_ && !help_) options_.filter.search.clear();
      opened_.reset();
      help_ = false;
      return true;
    }
    if (opened_) {
      scroll_ = moved(key, scroll_, std::numeric_limits<std::size_t>::max());
    } else {
      chosen_ = moved(key, chosen_, matching_ == 0 ? 0 : matching_ - 1);
    }
    if (key.kind == Kind::left) ++back_;
    if (key.kind == Kind::right && back_ > 0) --back_;
    if (key.kind == Kind::text && key.text == "n") back_ = 0;
    if (key.kind == Kind::text && key.text == "s") {
      options_.sort = options_.sort == SortBy::worst_first ? SortBy::name
                      : options_.sort == SortBy::name      ? SortBy::slowest
                                                           : SortBy::worst_first;
    }
    if (key.kind == Kind::text && key.text == "/") {
      typing_ = true;
      options_.filter.search.clear();
    }
    return true;
  }

 private:
  void take_typed(const Key& key) {
    std::string& search = options_.filter.search;
    if (key.kind == Key::Kind::enter || key.kind == Key::Kind::escape) typing_ = false;
    if (key.kind == Key::Kind::escape) search.clear();
    if (key.kind == Key::Kind::text) search += key.text;
    if (key.kind == Key::Kind::backspace && !search.empty()) search.pop_back();
    chosen_ = 0;
  }

  void open_or_close() {
    if (opened_ || chosen_ < first_ || chosen_ - first_ >= names_.size()) {
      opened_.reset();
    } else {
      opened_ = names_[chosen_ - first_];
      scroll_ = 0;
    }
  }

  /// Where a key leads from `at`, up to `last`.
  [[nodiscard]] std::size_t moved(const Key& key, std::size_t at, std::size_t last) const {
    using Kind = Key::Kind;
    const bool is_text = key.kind == Kind::text;
    if (key.kind == Kind::up || (is_text && key.text == "k")) return at - (at > 0 ? 1 : 0);
    if (key.kind == Kind::down || (is_text && key.text == "j")) return std::min(at + 1, last);
    if (key.kind == Kind::page_up) return at - std::min(at, rows_);
    if (key.kind == Kind::page_down) return last - std::min(last, at) > rows_ ? at + rows_ : last;
    if (key.kind == Kind::home) return 0;
    return key.kind == Kind::end_of_list ? last : at;
  }

  /// The part of `text` that a screen shows which was scrolled, as far as there is something.
  std::string scrolled(const std::string& text, std::size_t rows) {
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    scroll_ = std::min(scroll_, lines > rows ? lines - rows : 0);
    std::size_t from = 0;
    for (std::size_t line = 0; line < scroll_; ++line) from = text.find('\n', from) + 1;
    return text.substr(from);
  }

  /// Asked for again every minute: they change by the day.
  const std::map<ServerId, TimeMs>& certificates() {
    constexpr std::chrono::minutes kFresh{1};
    const auto now = std::chrono::steady_clock::now();
    if (!certificates_asked_ || now - *certificates_asked_ >= kFresh) {
      certificates_ = certificate_expiries(call_, *store_.catalog());
      certificates_asked_ = now;
    }
    return certificates_;
  }

  Outcome draw_help() {
    write_out(kTopHelp);
    return kExitDone;
  }

  Outcome draw_server(const Question& question, const Terminal& terminal) {
    const auto catalog = store_.catalog();
    const Server* const server = catalog->find(*opened_);
    if (server == nullptr) {
      write_out("this server has been removed\n");
      return kExitDone;
    }
    const auto expiry = certificates().find(server->id);
    StoryOptions story{.rows = screen_.size().rows, .certificate = std::nullopt};
    if (expiry != certificates_.end()) story.certificate = expiry->second;
    if (auto shown = show_status_story(store_, *server, question, terminal, story); !shown) {
      return failed(printable(shown.error().message));
    }
    return kExitDone;
  }

  Outcome draw_list(const Question& question, const Terminal& terminal, ScreenSize size) {
    constexpr std::size_t kOthers = 3;  // the summary, the titles, the line of keys
    rows_ = size.rows > kOthers ? size.rows - kOthers : 1;
    if (chosen_ < first_) first_ = chosen_;
    if (chosen_ >= first_ + rows_) first_ = chosen_ + 1 - rows_;
    options_.offset = static_cast<std::uint32_t>(first_);
    options_.limit = static_cast<std::uint32_t>(rows_);
    const StatusLayout layout = choose_layout(terminal.width, name_width(*store_.catalog(), options_.filter),
                                              {.spans = false, .certificates = !certificates().empty()});
    auto boards = ask_for_boards(store_, question.query, options_, layout, asks_for_window(call_));
    if (!boards) return failed(printable(boards.error().message));
    boards->certificates = certificates_;
    boards->now = now();
    boards->cut_names = true;  // a line a server, which is chosen by
    matching_ = boards->board.matching;
    chosen_ = std::min<std::size_t>(chosen_, matching_ == 0 ? 0 : matching_ - 1);
    names_.clear();
    for (const DashboardRow& row : boards->board.rows) names_.push_back(row.server);
    const std::string when = moment_text(question.query.window.to, question.zone);
    write_out(for_terminal(fit(fmt::format("{}   {}", when, status_summary(boards->board)), terminal.width), terminal) +
              "\n");
    show_status_table(terminal, layout, *boards, false, {});
    for (std::size_t row = names_.size() + (names_.empty() ? 0 : 1); row < rows_ + 1; ++row) write_out("\n");
    const char* const order = options_.sort == SortBy::worst_first ? "worst"
                              : options_.sort == SortBy::name      ? "name"
                                                                   : "slowest";
    std::string foot = fmt::format("{}-{} of {}   sort {}   ", matching_ == 0 ? 0 : first_ + 1, first_ + names_.size(),
                                   matching_, order);
    const std::string& search = options_.filter.search;
    if (typing_ || !search.empty()) foot += fmt::format("/{}{}   ", printable(search), typing_ ? "_" : "");
    foot += "? help   q end";
    write_out(for_terminal(paint(fit(foot, terminal.width), Colour::grey, terminal.colour), terminal));
    return kExitDone;
  }

  const Call& call_;
  Store& store_;
  DashboardOptions options_;
  Screen& screen_;
  std::vector<ServerId> names_;  // of the rows on the screen
  std::map<ServerId, TimeMs> certificates_;
  std::optional<std::chrono::steady_clock::time_point> certificates_asked_;
  std::size_t rows_ = 1;   // that fit
  std::size_t first_ = 0;  // the row on top
  std::size_t chosen_ = 0;
  std::size_t matching_ = 0;
  int back_ = 0;  // half windows before now
  std::optional<ServerId> opened_;
  std::size_t scroll_ = 0;  // lines of what is open that are above the screen
  bool help_ = false;
  bool typing_ = false;
};

}  // namespace

void top_options(OptionList& options) {
  auto add = options.add_options();
  add("every", boost::program_options::value<std::string>()->value_name("SPAN"), "time between two looks (default 2s)");
  add("group", boost::program_options::value<std::string>()->value_name("NAME"), "only this group");
  add("tag", boost::program_options::value<std::vector<std::string>>()->value_name("KEY[=VALUE]"),
      "only servers with this tag");
}

Outcome top(const Call& call) {
  if (!call.terminal.out_is_terminal) return usage("top needs a terminal; `nines status` is for pipes");
  const auto every = read_every(call);
  if (!every) return tl::unexpected(every.error());
  auto options = read_dashboard_options(call);
  if (!options) return tl::unexpected(options.error());
  if (const auto question = read_question(call); !question) return tl::unexpected(question.error());
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  if (auto checked = check_filter(*(*store)->catalog(), options->filter); !checked) {
    return tl::unexpected(checked.error());
  }
  auto screen = Screen::open();
  if (!screen) return failed(screen.error().message);
  Top view(call, **store, std::move(*options), **screen);
  while (true) {
    const auto begin = processor_time();
    if (auto drawn = view.draw(); !drawn) return drawn;
    // A key is answered at once.
    if (!view.take((*screen)->wait(pause_after(processor_time() - begin, *every)))) return kExitDone;
  }
}

}  // namespace nines::tools
