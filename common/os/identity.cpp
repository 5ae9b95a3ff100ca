#include "common/os/identity.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace dr::os {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "unknown";
  return name.data();
}

int process_id() {
  return ::getpid();
}

bool may_be_running(int process_id) {
  return ::kill(process_id, 0) == 0 || errno != ESRCH;
}

}  // namespace dr::os
