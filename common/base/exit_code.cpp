#include "common/base/exit_code.hpp"

namespace dr {
namespace {

int danger(ExitCode code) {
  switch (code) {
    case ExitCode::ok:
      return 0;
    case ExitCode::failed:
      return 1;
    case ExitCode::usage:
      return 2;
    case ExitCode::refused:
      return 3;
    case ExitCode::incomplete:
      return 4;
    case ExitCode::hangup:
    case ExitCode::interrupted:
    case ExitCode::terminated:
      return 5;
    case ExitCode::integrity:
      return 6;
    case ExitCode::unsafe:
      return 7;
  }
  return 1;
}

}  // namespace

ExitCode worse(ExitCode a, ExitCode b) {
  return danger(b) > danger(a) ? b : a;
}

}  // namespace dr
