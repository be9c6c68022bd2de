// The functions behind the commands, a file each family. Each gets a Call that was checked against its description.
#pragma once

#include <boost/program_options.hpp>

#include "cli/command.h"

namespace nines::tools {

using OptionList = boost::program_options::options_description;

// server.cc: the catalog.
void server_add_options(OptionList& options);
void server_edit_options(OptionList& options);
void server_list_options(OptionList& options);
void yes_option(OptionList& options);
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

// record.cc: one result by hand.
void record_options(OptionList& options);
Outcome record(const Call& call);

// points.cc: results one by one, and what reading costs.
void points_options(OptionList& options);
Outcome points(const Call& call);
Outcome scan(const Call& call);
Outcome explain(const Call& call);

// import.cc, export.cc: files.
void import_options(OptionList& options);
Outcome import_files(const Call& call);
void export_options(OptionList& options);
Outcome export_results(const Call& call);

// demo.cc: a history to look at.
void demo_options(OptionList& options);
Outcome demo(const Call& call);

// store.cc: care.
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

// status.cc, uptime.cc, figures.cc, slo.cc, service.cc, report.cc: answers.
void status_options(OptionList& options);
Outcome status(const Call& call);
void top_options(OptionList& options);
Outcome top(const Call& call);
void uptime_options(OptionList& options);
Outcome uptime_command(const Call& call);
Outcome incidents_command(const Call& call);
void latency_options(OptionList& options);
Outcome latency_command(const Call& call);
void bars_options(OptionList& options);
Outcome bars_command(const Call& call);
void slo_options(OptionList& options);
Outcome slo_command(const Call& call);
void service_options(OptionList& options);
Outcome service_command(const Call& call);
void report_options(OptionList& options);
Outcome report_command(const Call& call);

// check.cc: one check, now.
void check_options(OptionList& options);
Outcome check(const Call& call);

// completion.cc, manual.cc: what shells and man show of the table of commands.
Outcome complete(const Call& call);
Outcome completion(const Call& call);
Outcome manual(const Call& call);

// run.cc: the main job; serve.cc: the page alone.
void run_options(OptionList& options);
Outcome run(const Call& call);
void serve_options(OptionList& options);
Outcome serve(const Call& call);
void push_options(OptionList& options);
Outcome push(const Call& call);
void badge_options(OptionList& options);
Outcome badge(const Call& call);

// configure.cc: the configuration, before anything runs by it.
void init_options(OptionList& options);
Outcome init(const Call& call);
Outcome config_check(const Call& call);
// config_import.cc
void config_import_options(OptionList& options);
Outcome config_import(const Call& call);
Outcome config_keys(const Call& call);
Outcome config_reference_command(const Call& call);

}  // namespace nines::tools
