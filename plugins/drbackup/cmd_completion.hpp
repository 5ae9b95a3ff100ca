#pragma once

#include "common/cli/completer.hpp"

// What completes the arguments of kubectl drbackup.
namespace dr::backup {

cli::Candidates complete_id(const cli::Completion& completion);          // latest, and each id
cli::Candidates complete_id_or_live(const cli::Completion& completion);  // live as well
// Ids of what is pushed: backups, or with --lkg the kept LKGs.
cli::Candidates complete_pushed(const cli::Completion& completion);
// Ids of what is pulled, when --from names a directory before.
cli::Candidates complete_pulled(const cli::Completion& completion);
// Lists with commas: kinds; and kinds, or KIND/NAME of the objects of the newest backup.
cli::Candidates complete_kinds(const cli::Completion& completion);
cli::Candidates complete_excluded(const cli::Completion& completion);
// KIND/NAME of the objects of the backup that the first argument names, KIND as it is typed.
cli::Candidates complete_object(const cli::Completion& completion);

}  // namespace dr::backup
