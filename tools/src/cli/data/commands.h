// The commands that take results in, and give them out.
#pragma once

#include "cli/command/command.h"

namespace nines::tools {

// record.cc: one result by hand.
void record_options(OptionList& options);
Outcome record(const Call& call);

// import.cc, export.cc: files.
void import_options(OptionList& options);
Outcome import_files(const Call& call);
void export_options(OptionList& options);
Outcome export_results(const Call& call);

// compare.cc: another tool's figures beside ours.
void compare_options(OptionList& options);
Outcome compare(const Call& call);

// demo.cc: a history to look at.
void demo_options(OptionList& options);
Outcome demo(const Call& call);

}  // namespace nines::tools
