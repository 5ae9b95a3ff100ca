#include "common/base/error.hpp"

#include <csignal>
#include <utility>

#include "common/base/text.hpp"

namespace dr {

Error::Error(ExitCode code, const std::string& cause, std::string next_step)
    : std::runtime_error(printable(cause)), m_code(code), m_next_step(std::move(next_step)) {}

Error Error::while_doing(std::string_view doing) const {
  return Error(m_code, std::string(doing) + ": " + what(), m_next_step);
}

Error Error::as(ExitCode code) const {
  return Error(code, what(), m_next_step);
}

ExitCode Interrupted::code() const noexcept {
  switch (signal) {
    case SIGTERM:
      return ExitCode::terminated;
    case SIGHUP:
      return ExitCode::hangup;
    default:
      return ExitCode::interrupted;
  }
}

}  // namespace dr
