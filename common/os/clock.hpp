#pragma once

#include <chrono>
#include <optional>

#include "common/base/time.hpp"
#include "common/os/process_runner.hpp"

namespace dr::os {

// The seam for time. Waiting is ProcessRunner::sleep, which a signal ends.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual UtcTime now() const = 0;
  virtual std::chrono::steady_clock::time_point steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  UtcTime now() const override;
  std::chrono::steady_clock::time_point steady() const override;
};

// The present second, once it is later than `newest`: ids made of seconds stay unique and sorted.
// Throws Error(failed) when `newest` is more than a minute ahead.
UtcTime second_after(std::optional<UtcTime> newest, const Clock& clock, ProcessRunner& runner);

}  // namespace dr::os
