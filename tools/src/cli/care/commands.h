// The commands that look after the store as a whole.
#pragma once

#include "cli/command/command.h"

namespace nines::tools {

// info.cc
void info_options(OptionList& options);
Outcome info(const Call& call);
/// Asked by `info` of the process that holds the store: what it has in memory.
Outcome memory(const Call& call);

// verify.cc; of a BACKUP backup.cc does it.
Outcome verify(const Call& call);
Outcome verify_backups(const Call& call);

// repair.cc, diff.cc
Outcome repair(const Call& call);
Outcome diff(const Call& call);

// prune.cc
void prune_options(OptionList& options);
Outcome prune(const Call& call);
Outcome compact(const Call& call);

// backup.cc
void backup_options(OptionList& options);
Outcome backup(const Call& call);
void restore_options(OptionList& options);
Outcome restore(const Call& call);
Outcome backup_to_stream(const Call& call);
Outcome restore_from_stream(const Call& call);

}  // namespace nines::tools
