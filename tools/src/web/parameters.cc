#include "web/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "show/number.h"
#include "show/text.h"

namespace nines::tools {
namespace {

constexpr std::array<std::string_view, 8> kQuestionNames{
    "window", "from", "to", "tz", "confirm-failures", "confirm-successes", "maintenance", "unknown"};

}  // namespace

Result<Parameters> Parameters::of(const WebRequest& request, std::initializer_list<std::string_view> names,
                                  bool question) {
  std::vector<std::string_view> known(names);
  if (question) known.insert(known.end(), kQuestionNames.begin(), kQuestionNames.end());
  for (const auto& [name, value] : request.query) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string_view near = closest(name, known);
    return invalid(fmt::format("there is no parameter `{}`{}", printable(fit(name, 40)),
                               near.empty() ? "" : fmt::format("; did you mean `{}`?", near)));
  }
  return Parameters(request);
}

Lookup Parameters::lookup() const {
  return [request = request_](const char* name) { return request->parameter(name); };
}

Result<std::uint64_t> Parameters::count(const char* name, std::uint64_t usual, std::uint64_t least,
                                        std::uint64_t most) const {
  return read_count(lookup(), "", name, usual, least, most);
}

Result<Question> Parameters::question(std::string_view usual) const {
  return read_question(lookup(), "", usual);
}

Result<std::optional<double>> Parameters::objective() const {
  const auto given = text("objective");
  if (!given) return std::nullopt;
  const auto objective = parse_objective(*given);
  if (!objective) return invalid("objective: it must lie between 0 and 1, like 99.9% or 0.999");
  return *objective;
}

tl::unexpected<Error> bad_cursor() {
  return invalid("cursor: it is a `next_cursor` of an earlier answer");
}

Result<Page> read_page(const Parameters& parameters, Query& query) {
  Page page;
  const auto limit = parameters.count("limit", kUsualLimit, 1, kMostRows);
  if (!limit) return tl::unexpected(limit.error());
  page.limit = *limit;
  const auto text = parameters.text("cursor");
  if (!text) return page;
  // now, from, to, place
  std::array<std::uint64_t, 4> parts{};
  std::string_view rest = *text;
  for (std::uint64_t& part : parts) {
    const bool last = &part == &parts.back();
    const std::size_t dash = rest.find('-');
    const auto number = last == (dash == std::string_view::npos)
                            ? parse_decimal(rest.substr(0, dash), 1, static_cast<std::uint64_t>(to_ms(kTimeLimit)))
                            : std::nullopt;
    if (!number) return bad_cursor();
    part = *number;
    rest.remove_prefix(last ? rest.size() : dash + 1);
  }
  const auto at = [&](std::size_t i) { return from_ms(static_cast<std::int64_t>(parts.at(i))); };
  if (at(0) > query.now || at(1) > at(2)) return bad_cursor();
  query.now = at(0);
  query.window = {at(1), at(2)};
  page.after = parts.back();
  return page;
}
Json next_cursor(const Query& query, std::uint64_t after) {
  const auto ms = [](TimeMs time) { return std::max<std::int64_t>(to_ms(time), 0); };
  return fmt::format("{}-{}-{}-{}", ms(query.now), ms(query.window.from), ms(query.window.to), after);
}

}  // namespace nines::tools
