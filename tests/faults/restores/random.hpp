#pragma once

#include <cstdint>
#include <random>
#include <span>

namespace dr::test {

// The same numbers for the same seed with every compiler, which std's distributions do not promise.
class Random {
 public:
  explicit Random(std::uint64_t seed) : m_engine(seed) {}

  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(m_engine() % limit); }
  bool one_in(std::size_t times) { return below(times) == 0; }

  template <typename Range>
  const auto& pick(const Range& range) {
    return *(std::begin(range) + static_cast<std::ptrdiff_t>(below(std::size(range))));
  }

 private:
  std::mt19937_64 m_engine;
};

}  // namespace dr::test
