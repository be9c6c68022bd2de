// The parameters of a question by HTTP: their names, their bounds, and the pages of a list. Pure; any thread.
#pragma once

#include <nines/query.h>
#include <nines/result.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "http/message.h"
#include "show/output.h"
#include "show/times.h"

namespace nines::tools {

[[nodiscard]] inline tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message));
}

/// A request's parameters, checked against the names that a path knows.
class Parameters {
 public:
  /// `names`, and with `question` those of a window and of the rules for it. invalid_argument for another name. The
  /// request must outlive it.
  [[nodiscard]] static Result<Parameters> of(const WebRequest& request, std::initializer_list<std::string_view> names,
                                             bool question);

  [[nodiscard]] Lookup lookup() const;
  [[nodiscard]] std::optional<std::string> text(const char* name) const { return request_->parameter(name); }
  [[nodiscard]] Result<std::uint64_t> count(const char* name, std::uint64_t usual, std::uint64_t least,
                                            std::uint64_t most) const;
  /// With the window `usual` where none is asked for.
  [[nodiscard]] Result<Question> question(std::string_view usual) const;
  /// A share in (0, 1) like 99.9%; nothing where none is given.
  [[nodiscard]] Result<std::optional<double>> objective() const;

 private:
  explicit Parameters(const WebRequest& request) : request_(&request) {}
  const WebRequest* request_;
};

inline constexpr std::uint64_t kUsualLimit = 100;
inline constexpr std::uint64_t kMostRows = 1'000;
inline constexpr std::uint64_t kMostBars = 2'000;  ///< of one server

/// A page of a list of answers. Its cursor holds the question as of the first page, so that what is measured meanwhile
/// moves nothing, and a place in the list.
struct Page {
  std::optional<std::uint64_t> after;
  std::uint64_t limit = 0;
};
/// `query` becomes the first page's.
[[nodiscard]] Result<Page> read_page(const Parameters& parameters, Query& query);
[[nodiscard]] Json next_cursor(const Query& query, std::uint64_t after);
[[nodiscard]] tl::unexpected<Error> bad_cursor();

}  // namespace nines::tools
