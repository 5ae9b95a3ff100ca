#pragma once

#include <string>

#include "common/backup/backup.hpp"

namespace dr::backup {

// README.md of a backup, for a person who has nothing but the directory: what it is and, at the
// top, what it lacks; what became of each kind; how to check, compare and use it by hand. Says
// nothing that is not in `backup`, so that two backups of an unchanged namespace differ in their
// time only.
std::string readme_of(const Backup& backup);

}  // namespace dr::backup
