// What can be asked of the DNS: record types with the form of their data, and response codes, by name.
//
// A new type is a row in dns_names.cc: from its form follow how its data is read, shown, and compared.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nines::prober {

/// The type's number by its name, e.g. "MX" is 15; any case.
[[nodiscard]] std::optional<int> dns_type_number(std::string_view name) noexcept;
/// "MX", or "TYPE 99".
[[nodiscard]] std::string dns_type_name(int type);
/// All of them: "A, NS, CNAME".
[[nodiscard]] std::string dns_type_names();

/// The pieces of a type's data, a letter each; empty for a type that cannot be asked for.
///   1 2 4  a number of so many bytes          n  a name
///   a q    an IPv4 or IPv6 address            s  a character string, shown in quotes
///   t      a character string, shown bare     v  the rest, shown in quotes
///   T      all that is left as character strings, joined without anything between them
///   h b    the rest in hexadecimal, in base64   p  the parameters of a service
[[nodiscard]] std::string_view dns_form(int type) noexcept;

/// `text`, a record's data as in a zone file, in the one form by which records compare: names in small letters without
/// the final dot, addresses and numbers as they are usually written, hexadecimal in small letters, character strings
/// byte by byte and without quotes. Nothing when it is no data of `type`.
[[nodiscard]] std::optional<std::string> normal_record(int type, std::string_view text);

/// "NXDOMAIN" is 3; any case.
[[nodiscard]] std::optional<int> dns_rcode_number(std::string_view name) noexcept;
[[nodiscard]] std::string dns_rcode_names();
/// "NXDOMAIN", or "RCODE 42".
[[nodiscard]] std::string dns_rcode_name(int rcode);

}  // namespace nines::prober
