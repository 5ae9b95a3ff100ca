#include "common/os/clock.hpp"

#include "common/base/error.hpp"

namespace dr::os {

UtcTime SystemClock::now() const {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::chrono::steady_clock::time_point SystemClock::steady() const {
  return std::chrono::steady_clock::now();
}

UtcTime second_after(std::optional<UtcTime> newest, const Clock& clock, ProcessRunner& runner) {
  while (newest && clock.now() <= *newest) {
    if (*newest - clock.now() > std::chrono::minutes(1)) {
      throw Error(ExitCode::failed,
                  "the newest entry, of " + rfc3339(*newest) + ", is from the future",
                  "check this machine's clock");
    }
    runner.sleep(Millis(200));
  }
  return clock.now();
}

}  // namespace dr::os
