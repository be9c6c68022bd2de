// The options of `nines check`, which stand for keys of a check's specification.
#pragma once

#include <nines/check_spec.h>

#include <string>

namespace nines::tools {

/// The option that stands for `key`, so that both mean the same; empty when none does. Secrets have none: a command
/// line is for everybody on the machine to read.
[[nodiscard]] std::string check_option(const CheckSpecKey& key);

}  // namespace nines::tools
