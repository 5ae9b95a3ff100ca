#pragma once

#include <string>

#include "common/os/process_runner.hpp"

namespace dr::kube {

// A command as -v and a journal show it: pasteable, credentials masked, without its input.
std::string command_line(const os::Command& command);

}  // namespace dr::kube
