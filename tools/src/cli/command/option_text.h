// Options as help and the manual write them. Pure; any thread.
#pragma once

#include <boost/program_options.hpp>
#include <cstddef>
#include <string>

namespace nines::tools {

/// "-o, --output FORMAT", "--from TIME".
[[nodiscard]] std::string option_name(const boost::program_options::option_description& option);

/// The options in `width` columns, each with what it is for beside it, or below it where the columns are few.
[[nodiscard]] std::string options_text(const boost::program_options::options_description& options, std::size_t width);

}  // namespace nines::tools
