#include <nines/c/query.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <nines/calendar.h>
#include <nines/dashboard.h>
#include <nines/estimate.h>
#include <nines/incident.h>

#include "c/answers.h"

struct nines_incidents {
  std::vector<nines::Incident> list;
};

struct nines_bars {
  std::vector<nines::Bar> list;
};

struct nines_dashboard {
  nines::Dashboard board;
};

namespace nines::c {
namespace {

Result<void> list_bars(nines_store* store, std::uint32_t server, const nines_query* query, const BarOptions& options,
                       nines_bars** out) {
  const auto asked = read_question(store, query);
  if (!asked) return tl::unexpected(asked.error());
  auto answer = bars(*asked->store, ServerId{server}, asked->query, options);
  if (!answer) return tl::unexpected(answer.error());
  auto handle = std::make_unique<nines_bars>();
  handle->list = std::move(answer->bars);
  *out = handle.release();
  return {};
}

// A time is its milliseconds, and a row's bars are one array of what C reads step by step.
static_assert(sizeof(TimeMs) == sizeof(std::int64_t) && std::is_standard_layout_v<TimeMs>);
static_assert(sizeof(Bar) % alignof(std::uint64_t) == 0);

nines_bar_columns columns_of(const std::vector<Bar>& bars) noexcept {
  nines_bar_columns out{};
  out.count = static_cast<std::uint32_t>(bars.size());
  out.stride = sizeof(Bar);
  if (bars.empty()) return out;
  const Bar& first = bars.front();
  out.from_ms = reinterpret_cast<const std::int64_t*>(&first.window.from);
  out.to_ms = reinterpret_cast<const std::int64_t*>(&first.window.to);
  out.time_ms = first.time.ms.data();
  out.checks = &first.checks;
  out.failed_checks = &first.failed_checks;
  out.latency_count = &first.latency_count;
  out.latency_mean_us = &first.latency_mean_us;
  out.latency_max_us = &first.latency_max_us;
  return out;
}

Result<DashboardOptions> options_of(const nines_dashboard_options* given) {
  DashboardOptions out;
  // The board has no incidents to show a detail of.
  out.figures.details = false;
  if (given == nullptr) return out;
  const auto in = read_struct(given, "options");
  if (!in) return tl::unexpected(in.error());
  if (in->sort > NINES_SLOWEST) return fail(ErrorCode::invalid_argument, "options.sort is " + std::to_string(in->sort));
  out.sort = static_cast<SortBy>(in->sort);
  if (in->group != nullptr) out.filter.group = in->group;
  out.filter.search = text_or_empty(in->search);
  out.offset = in->offset;
  out.limit = in->limit;
  if (in->bars > 0) out.bars = BarOptions{.count = in->bars, .unit = {}, .zone = {}};
  return out;
}
static_assert(static_cast<int>(SortBy::name) == NINES_BY_NAME);
static_assert(static_cast<int>(SortBy::worst_first) == NINES_WORST_FIRST);
static_assert(static_cast<int>(SortBy::slowest) == NINES_SLOWEST);

}  // namespace
}  // namespace nines::c

using nines::Result;
using nines::ServerId;
using nines::c::call;
using nines::c::null_argument;

nines_code nines_uptime(nines_store* store, uint32_t server, const nines_query* query, nines_figures* figures,
                        nines_error* error) {
  return call(error, [&]() -> Result<void> {
    const auto asked = nines::c::read_question(store, query);
    if (!asked) return tl::unexpected(asked.error());
    if (auto fits = nines::c::check_struct(figures, "figures"); !fits) return fits;
    const auto answer = nines::uptime(*asked->store, ServerId{server}, asked->query, {.details = false});
    if (!answer) return tl::unexpected(answer.error());
    nines::c::write_struct(figures, nines::c::shown(answer->figures, answer->explain.cost));
    return {};
  });
}

nines_code nines_estimate(nines_store* store, const uint32_t* servers, size_t count, const nines_query* query,
                          nines_cost* cost, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    const auto asked = nines::c::read_question(store, query);
    if (!asked) return tl::unexpected(asked.error());
    if (auto fits = nines::c::check_struct(cost, "cost"); !fits) return fits;
    if (count > 0 && servers == nullptr) return null_argument("servers");
    if (auto ours = nines::c::check_owner(store->owner); !ours) return ours;
    const auto catalog = store->store->catalog();
    nines::Estimate sum;
    for (size_t i = 0; i < count; ++i) {
      const nines::Server* const server = catalog->find(ServerId{servers[i]});
      if (server == nullptr) {
        return nines::fail(nines::ErrorCode::not_found, "there is no server " + std::to_string(servers[i]));
      }
      sum += nines::estimate(*server, asked->query);
    }
    if (count == 0) {
      for (const nines::Server& server : catalog->servers()) sum += nines::estimate(server, asked->query);
    }
    nines_cost out{};
    out.range_scans = sum.range_scans;
    out.results = sum.results;
    out.summaries = sum.summaries;
    out.bytes = sum.bytes;
    nines::c::write_struct(cost, out);
    return {};
  });
}

nines_code nines_list_incidents(nines_store* store, const uint32_t* servers, size_t count, const nines_query* query,
                                nines_incidents** incidents, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (incidents == nullptr) return null_argument("incidents");
    *incidents = nullptr;
    const auto asked = nines::c::read_question(store, query);
    if (!asked) return tl::unexpected(asked.error());
    if (count > 0 && servers == nullptr) return null_argument("servers");
    std::vector<ServerId> ids;
    ids.reserve(count);
    for (size_t i = 0; i < count; ++i) ids.push_back(ServerId{servers[i]});
    auto answer = nines::incidents(*asked->store, ids, asked->query);
    if (!answer) return tl::unexpected(answer.error());
    auto handle = std::make_unique<nines_incidents>();
    handle->list = std::move(answer->incidents);
    *incidents = handle.release();
    return {};
  });
}

size_t nines_incidents_count(const nines_incidents* incidents) {
  return incidents == nullptr ? 0 : incidents->list.size();
}

nines_code nines_incidents_get(const nines_incidents* incidents, size_t index, nines_incident* incident,
                               nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (incidents == nullptr) return null_argument("incidents");
    if (auto fits = nines::c::check_struct(incident, "incident"); !fits) return fits;
    const auto found = nines::c::item(incidents->list, index);
    if (!found) return tl::unexpected(found.error());
    nines::c::write_struct(incident, nines::c::shown(**found));
    return {};
  });
}

void nines_incidents_free(nines_incidents* incidents) {
  delete incidents;
}

nines_code nines_list_bars(nines_store* store, uint32_t server, const nines_query* query, uint32_t count,
                           nines_bars** bars, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (bars == nullptr) return null_argument("bars");
    *bars = nullptr;
    return nines::c::list_bars(store, server, query, {.count = count, .unit = {}, .zone = {}}, bars);
  });
}

nines_code nines_list_calendar_bars(nines_store* store, uint32_t server, const nines_query* query, const char* unit,
                                    const char* zone, nines_bars** bars, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (bars == nullptr) return null_argument("bars");
    *bars = nullptr;
    if (unit == nullptr) return null_argument("unit");
    const auto found = nines::Zone::find(nines::c::text_or_empty(zone));
    if (!found) return tl::unexpected(found.error());
    const auto calendar_unit = nines::parse_calendar_unit(unit);
    if (!calendar_unit) return tl::unexpected(calendar_unit.error());
    return nines::c::list_bars(store, server, query, {.unit = *calendar_unit, .zone = *found}, bars);
  });
}

size_t nines_bars_count(const nines_bars* bars) {
  return bars == nullptr ? 0 : bars->list.size();
}

nines_code nines_bars_get(const nines_bars* bars, size_t index, nines_bar* bar, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (bars == nullptr) return null_argument("bars");
    if (auto fits = nines::c::check_struct(bar, "bar"); !fits) return fits;
    const auto found = nines::c::item(bars->list, index);
    if (!found) return tl::unexpected(found.error());
    nines::c::write_struct(bar, nines::c::shown(**found));
    return {};
  });
}

void nines_bars_free(nines_bars* bars) {
  delete bars;
}

nines_code nines_ask_dashboard(nines_store* store, const nines_query* query, const nines_dashboard_options* options,
                               nines_dashboard** dashboard, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (dashboard == nullptr) return null_argument("dashboard");
    *dashboard = nullptr;
    const auto asked = nines::c::read_question(store, query);
    if (!asked) return tl::unexpected(asked.error());
    const auto wanted = nines::c::options_of(options);
    if (!wanted) return tl::unexpected(wanted.error());
    auto handle = std::make_unique<nines_dashboard>();
    if (auto done = nines::dashboard(*asked->store, asked->query, *wanted, handle->board); !done) return done;
    *dashboard = handle.release();
    return {};
  });
}

size_t nines_dashboard_count(const nines_dashboard* dashboard) {
  return dashboard == nullptr ? 0 : dashboard->board.rows.size();
}

const char* nines_dashboard_name(const nines_dashboard* dashboard, size_t index) {
  return index < nines_dashboard_count(dashboard) ? dashboard->board.rows[index].name.c_str() : nullptr;
}

nines_code nines_dashboard_figures(const nines_dashboard* dashboard, size_t index, nines_figures* figures,
                                   nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (dashboard == nullptr) return null_argument("dashboard");
    if (auto fits = nines::c::check_struct(figures, "figures"); !fits) return fits;
    const auto row = nines::c::item(dashboard->board.rows, index);
    if (!row) return tl::unexpected(row.error());
    nines::c::write_struct(figures, nines::c::shown((*row)->figures, {}));
    return {};
  });
}

size_t nines_dashboard_bar_count(const nines_dashboard* dashboard, size_t index) {
  return index < nines_dashboard_count(dashboard) ? dashboard->board.rows[index].bars.size() : 0;
}

nines_code nines_dashboard_bar(const nines_dashboard* dashboard, size_t index, size_t bar, nines_bar* out,
                               nines_error* error) {
  // Asked for thousands of bars at a time: what is as it should be takes no detour over a Result.
  if (bar < nines_dashboard_bar_count(dashboard, index) && out != nullptr && out->size == sizeof *out) {
    *out = nines::c::shown(dashboard->board.rows[index].bars[bar]);
    out->size = sizeof *out;
    return NINES_OK;
  }
  return call(error, [&]() -> Result<void> {
    if (dashboard == nullptr) return null_argument("dashboard");
    if (auto fits = nines::c::check_struct(out, "out"); !fits) return fits;
    const auto row = nines::c::item(dashboard->board.rows, index);
    if (!row) return tl::unexpected(row.error());
    const auto found = nines::c::item((*row)->bars, bar);
    if (!found) return tl::unexpected(found.error());
    nines::c::write_struct(out, nines::c::shown(**found));
    return {};
  });
}

nines_code nines_dashboard_bars(const nines_dashboard* dashboard, size_t index, nines_bar_columns* bars,
                                nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (dashboard == nullptr) return null_argument("dashboard");
    if (auto fits = nines::c::check_struct(bars, "bars"); !fits) return fits;
    const auto row = nines::c::item(dashboard->board.rows, index);
    if (!row) return tl::unexpected(row.error());
    nines::c::write_struct(bars, nines::c::columns_of((*row)->bars));
    return {};
  });
}

void nines_dashboard_free(nines_dashboard* dashboard) {
  delete dashboard;
}
