// The commands that watch servers.
#pragma once

#include "cli/command/command.h"

namespace nines::tools {

// status.cc: all servers at a glance.
void status_options(OptionList& options);
Outcome status(const Call& call);
void top_options(OptionList& options);
Outcome top(const Call& call);

// certificates.cc: what the running nines tells `status`.
Outcome certificates(const Call& call);

// check.cc: one check, now.
void check_options(OptionList& options);
Outcome check(const Call& call);

// run.cc: the main job; serve.cc: the page alone, and a report to who serves it. options.cc: what they take.
void run_options(OptionList& options);
Outcome run(const Call& call);
void serve_options(OptionList& options);
Outcome serve(const Call& call);
void push_options(OptionList& options);
Outcome push(const Call& call);

}  // namespace nines::tools
