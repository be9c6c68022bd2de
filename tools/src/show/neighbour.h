// A refusal that says what there is to choose from names what was probably meant, too. Pure, but for the system's list
// of time zones; any thread.
#pragma once

#include <string>

namespace nines::tools {

/// `message` with "; did you mean `up`?" behind it where it names a word and says what may stand there, as in
/// "--state dwn: it takes up, degraded or down", and one of those is near. Of time zones, error classes and names of
/// windows, of which there are too many to say, it knows the list. What says already what was meant stays as it is.
[[nodiscard]] std::string with_neighbour(std::string message);

}  // namespace nines::tools
