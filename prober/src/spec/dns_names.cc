#include "spec/dns_names.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace nines::prober {
namespace {

using Entry = std::pair<std::string_view, int>;

// IANA, Domain Name System (DNS) Parameters.
constexpr std::array<Entry, 10> kTypes{{{"A", 1},
                                        {"NS", 2},
                                        {"CNAME", 5},
                                        {"SOA", 6},
                                        {"PTR", 12},
                                        {"MX", 15},
                                        {"TXT", 16},
                                        {"AAAA", 28},
                                        {"SRV", 33},
                                        {"CAA", 257}}};
constexpr std::array<Entry, 6> kRcodes{
    {{"NOERROR", 0}, {"FORMERR", 1}, {"SERVFAIL", 2}, {"NXDOMAIN", 3}, {"NOTIMP", 4}, {"REFUSED", 5}}};

template <std::size_t N>
std::optional<int> number(const std::array<Entry, N>& table, std::string_view name) noexcept {
  const auto found =
      std::find_if(table.begin(), table.end(), [name](const Entry& e) { return equal_ignoring_case(e.first, name); });
  if (found == table.end()) return std::nullopt;
  return found->second;
}

}  // namespace

std::optional<int> dns_type_number(std::string_view name) noexcept {
  return number(kTypes, name);
}

std::optional<int> dns_rcode_number(std::string_view name) noexcept {
  return number(kRcodes, name);
}

std::string dns_rcode_name(int rcode) {
  for (const auto& [name, value] : kRcodes) {
    if (value == rcode) return std::string(name);
  }
  return "RCODE " + std::to_string(rcode);
}

}  // namespace nines::prober
