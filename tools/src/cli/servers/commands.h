// The commands about servers and the configuration.
#pragma once

#include "cli/command/command.h"

namespace nines::tools {

// server.cc: the catalog.
void server_add_options(OptionList& options);
void server_edit_options(OptionList& options);
void server_list_options(OptionList& options);
Outcome server_add(const Call& call);
Outcome server_list(const Call& call);
Outcome server_show(const Call& call);
Outcome server_edit(const Call& call);
Outcome server_remove(const Call& call);
Outcome server_rename(const Call& call);

// maintenance.cc: what time was or will be, said by hand.
void maintenance_add_options(OptionList& options);
Outcome maintenance_add(const Call& call);
Outcome maintenance_list(const Call& call);
Outcome maintenance_end(const Call& call);
void correct_options(OptionList& options);
Outcome correct(const Call& call);

// incident.cc: what people say about incidents.
void incident_options(OptionList& options);
Outcome incident_ack(const Call& call);
Outcome incident_note(const Call& call);

// alert.cc: a try of who is told.
void alert_test_options(OptionList& options);
Outcome alert_test(const Call& call);

// configure.cc, config_import.cc, config_keys.cc: the configuration, before anything runs by it.
void init_options(OptionList& options);
Outcome init(const Call& call);
Outcome config_check(const Call& call);
void config_import_options(OptionList& options);
Outcome config_import(const Call& call);
Outcome config_keys(const Call& call);
Outcome config_reference_command(const Call& call);

}  // namespace nines::tools
