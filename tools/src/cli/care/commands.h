// The commands that look after the store as a whole.
#pragma once

#include "cli/command/command.h"

namespace nines::tools {

// store.cc
void prune_options(OptionList& options);
Outcome info(const Call& call);
Outcome verify(const Call& call);
Outcome compact(const Call& call);
Outcome prune(const Call& call);
/// Of `verify BACKUP`.
Outcome verify_backups(const Call& call);
void backup_options(OptionList& options);
Outcome backup(const Call& call);
void restore_options(OptionList& options);
Outcome restore(const Call& call);

}  // namespace nines::tools
