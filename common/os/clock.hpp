#pragma once

#include <chrono>

#include "common/base/time.hpp"

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

}  // namespace dr::os
