#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/faults/restores/history.hpp"
#include "tests/faults/restores/random.hpp"
#include "tests/unit/support/fake_cluster.hpp"

namespace dr::test {

// Thrown where a SIGKILL ends the tool; nothing of it catches this, and no later call has an
// effect.
struct Killed {};

// What is done to a call, or beside it. The names are those of the table in injector.cpp.
struct Fault {
  std::string_view kind;
  std::string_view at;     // "call", "write", "switch" or "sleep": which calls are counted
  std::size_t number = 0;  // of those, the first one that is struck
  std::size_t times = 1;   // how many are struck
  std::size_t detail = 0;  // which error, value or signal
  bool after_effect = false;
};

std::vector<std::string_view> fault_kinds();
std::vector<Fault> random_faults(Random& random);
std::string text_of(const Fault& fault);

// Stands between a restore and the cluster: answers its calls, strikes as planned, and keeps the
// record.
class Injector {
 public:
  Injector(FakeCluster& cluster, FakeClock& clock, std::vector<Fault> faults)
      : m_cluster(cluster), m_clock(clock), m_faults(std::move(faults)) {}

  os::ProcessResult answer(const os::Command& command);
  void sleep(Millis duration);

  const std::vector<CallRecord>& calls() const { return m_calls; }
  const std::map<std::string_view, std::size_t>& strikes() const { return m_strikes; }

 private:
  bool is_due(const Fault& fault) const;
  std::size_t count_of(std::string_view what) const;
  void strike_beside(const Fault& fault);
  std::optional<os::ProcessResult> strike(const Fault& fault, const os::Command& command);

  FakeCluster& m_cluster;
  FakeClock& m_clock;
  std::vector<Fault> m_faults;
  std::vector<CallRecord> m_calls;
  std::map<std::string_view, std::size_t> m_strikes;
  std::size_t m_writes = 0, m_switch_calls = 0, m_sleeps = 0;
  bool m_is_killed = false, m_is_missing = false;
};

}  // namespace dr::test
