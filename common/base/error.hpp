#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "common/base/exit_code.hpp"

namespace dr {

// The one exception of the project. `what()` is one line, lower case, without a full stop, naming
// the object and the cause, always printable; `next_step()` is what the operator should do, or
// empty. The exit code travels with the error, so that no caller has to guess it.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& cause, std::string next_step = {});

  ExitCode code() const noexcept { return m_code; }
  const std::string& next_step() const noexcept { return m_next_step; }

  // The same error with "<doing>: " in front, as in "failed to capture Deployment/web: ...".
  Error while_doing(std::string_view doing) const;
  // The same error under another exit code: a malformed LKG is `integrity`, a malformed reply is
  // `failed`.
  Error as(ExitCode code) const;

 private:
  ExitCode m_code;
  std::string m_next_step;
};

// SIGINT, SIGTERM or SIGHUP arrived. Not an Error, so that no handler of errors swallows it.
struct Interrupted {
  int signal;
  ExitCode code() const noexcept;
};

}  // namespace dr
