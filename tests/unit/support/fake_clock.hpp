#pragma once

#include <chrono>

#include "common/os/clock.hpp"

namespace dr::test {

// Time that moves only when told to.
class FakeClock final : public os::Clock {
 public:
  // 2026-01-02T03:04:05Z
  FakeClock() : FakeClock(UtcTime{std::chrono::seconds{1767323045}}) {}
  explicit FakeClock(UtcTime start) : m_start(start) {}

  UtcTime now() const override {
    return m_start + std::chrono::floor<std::chrono::seconds>(m_elapsed);
  }
  std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::time_point{m_elapsed};
  }
  void advance(Millis duration) { m_elapsed += duration; }

 private:
  UtcTime m_start;
  Millis m_elapsed{0};
};

}  // namespace dr::test
