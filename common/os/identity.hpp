#pragma once

#include <string>

namespace dr::os {

std::string host_name();  // "unknown" when it cannot be told
int process_id();
// False only when no process of this host has that id.
bool may_be_running(int process_id);

}  // namespace dr::os
