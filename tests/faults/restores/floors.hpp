#pragma once

#include <set>
#include <string>

#include "common/lkg/lkg.hpp"
#include "tests/faults/restores/random.hpp"
#include "tests/unit/support/fake_cluster.hpp"

namespace dr::test {

// The floor that the LKG was captured from: a pod for each way to take the switch.
const FakeCluster& captured_floor();
const lkg::Lkg& captured_lkg();

// What a restore begins with.
struct Start {
  std::string floor;          // "drifted"
  std::string switch_was;     // "missing"
  std::string others;         // "rogue-env"
  std::set<int> clean_codes;  // how a restore may end that nothing disturbs
};

// Makes it on a cluster with nothing on it but kube-system. Moves the clock.
Start make_start(Random& random, FakeCluster& cluster, FakeClock& clock);

// Onto any floor: what no update can restore, and an extra that takes the switch, k_extra.
void make_rigid(FakeCluster& cluster);
inline const std::string k_extra = "hotfix";  // a Deployment

// Onto a floor as it was captured: it trades, and it drifts.
void spoil(FakeCluster& cluster);

}  // namespace dr::test
