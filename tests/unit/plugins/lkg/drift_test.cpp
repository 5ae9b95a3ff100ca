#include "plugins/lkg/drift.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/common/lkg/lkg_builder.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// "changed Deployment/web /spec/replicas", without what is the same.
std::vector<std::string> drift_lines(const Lkg& lkg, const std::vector<Json>& live_objects,
                                     kube::Allocated allocated = kube::Allocated::keep) {
  const Live live = live_of(live_objects);
  std::vector<std::string> lines;
  for (const auto& drift : find_drift(lkg, live, allocated)) {
    if (drift.kind == DriftKind::same) continue;
    std::string line = std::string(name_of(drift.kind)) + " " + drift.key.display();
    for (const auto& difference : drift.differences) line += " " + difference.pointer;
    lines.push_back(line);
  }
  return lines;
}

std::vector<Json> with(std::vector<Json> objects, Json more) {
  objects.push_back(std::move(more));
  return objects;
}

TEST(Drift, CapturedFloorHasNone) {
  // Protects "unchanged": what the server owns is no drift.
  EXPECT_THAT(drift_lines(make_lkg(small_floor()), small_floor()), IsEmpty());
}

TEST(Drift, NamesMissingChangedAndExtraInOrder) {
  // Protects what diff shows and plan does, one of each sort.
  auto live = small_floor();
  live[2]["spec"]["replicas"] = 5;
  live.push_back(make_config_map("rogue", "k", "v"));
  EXPECT_THAT(drift_lines(make_lkg(with(small_floor(), make_service(30000))), live),
              ElementsAre("changed Deployment/web /spec/replicas", "missing Service/web",
                          "extra ConfigMap/rogue"));
}

TEST(Drift, SeesWhatOthersAdded) {
  // Protects against server-side apply's blindness: a field that the LKG does not name is drift.
  auto live = small_floor();
  auto& container = live[2]["spec"]["template"]["spec"]["containers"][0];
  container["env"] = Json::array({{{"name", "ROGUE"}, {"value", "1"}}});
  EXPECT_THAT(drift_lines(make_lkg(small_floor()), live), SizeIs(1));
}

TEST(Drift, SeesASwitchThatIsNotHalted) {
  // Protects diff and status: a floor that trades is not as in the LKG.
  auto live = small_floor();
  live[1] = make_switch("0");
  EXPECT_THAT(drift_lines(make_lkg(small_floor()), live),
              ElementsAre("changed ConfigMap/agenttrader-kill-switch /data/EXECUTION_HALTED"));
}

TEST(Drift, LeftOutOnRecordIsNoExtra) {
  // Protects a floor with a workload that never ran: its LKG is not "drifted" from the start.
  const auto live = with(small_floor(), make_deployment("agent", 0));
  const Json left_out = Json::array({{{"object", "Deployment/agent"}, {"reason", "x"}}});
  EXPECT_THAT(drift_lines(make_lkg(small_floor(), {{"left_out", left_out}}), live), IsEmpty());
  EXPECT_THAT(drift_lines(make_lkg(small_floor()), live), ElementsAre("extra Deployment/agent"));
}

TEST(Drift, DerivedObjectsAreNoExtras) {
  // Protects --prune from what controllers make.
  auto live = with(small_floor(), make_config_map("kube-root-ca.crt", "ca", "x"));
  live.push_back(make_object("v1", "ServiceAccount", "default"));
  live.push_back(make_replica_set(live[2], "1"));
  live.push_back(owned_by(live[2], make_config_map("owned", "k", "v")));
  EXPECT_THAT(drift_lines(make_lkg(small_floor()), live), IsEmpty());
}

TEST(Drift, DataOfVolatileObjectsIsNotCompared) {
  // Protects heartbeats: new beats are no drift, a new label is, and a new heartbeat is no extra.
  const std::string name = "agenttrader-heartbeat-web";
  const Lkg lkg = make_lkg(with(small_floor(), make_config_map(name, "beat", "1")));
  auto live = with(small_floor(), make_config_map(name, "beat", "2"));
  live.back()["data"]["more"] = "x";
  live.push_back(make_config_map("agenttrader-heartbeat-new", "beat", "1"));
  EXPECT_THAT(drift_lines(lkg, live), IsEmpty());
  live[3]["metadata"]["labels"]["rogue"] = "x";
  EXPECT_THAT(drift_lines(lkg, live),
              ElementsAre("changed ConfigMap/" + name + " /metadata/labels"));
  EXPECT_THAT(drift_lines(lkg, small_floor()), ElementsAre("missing ConfigMap/" + name));
}

TEST(Drift, VolatileRulesAreThoseOfTheLkg) {
  // Protects against a rules file that was emptied, or widened, after the capture.
  const std::string name = "agenttrader-heartbeat-web";
  const Lkg lkg = make_lkg(with(small_floor(), make_config_map(name, "beat", "1")),
                           {{"volatile", Json::array()}});
  EXPECT_THAT(drift_lines(lkg, with(small_floor(), make_config_map(name, "beat", "2"))),
              ElementsAre("changed ConfigMap/" + name + " /data/beat"));
}

TEST(Drift, NodePortsHoldOnTheirOwnClusterOnly) {
  // Protects clients of a node port at home, and a restore abroad from ports that are given away.
  const Lkg lkg = make_lkg(with(small_floor(), make_service(30000)));
  const auto live = with(small_floor(), make_service(31111));
  EXPECT_EQ(allocated_on(lkg, "cluster-a"), kube::Allocated::keep);
  EXPECT_EQ(allocated_on(lkg, "cluster-b"), kube::Allocated::drop);
  EXPECT_THAT(drift_lines(lkg, live, kube::Allocated::keep),
              ElementsAre("changed Service/web /spec/ports/0/nodePort"));
  EXPECT_THAT(drift_lines(lkg, live, kube::Allocated::drop), IsEmpty());
}

TEST(Drift, UnknownClusterIsAnotherCluster) {
  // Protects LKGs and clusters that do not tell which they are: two unknowns are not the same.
  const Json incumbent = {{"schema", nullptr}};
  EXPECT_EQ(allocated_on(make_lkg(small_floor(), incumbent), ""), kube::Allocated::drop);
}

TEST(Drift, PriorityClassesAreReadByName) {
  // Protects cluster-scoped objects of an LKG, which no list of the namespace shows.
  Json high = make_object("scheduling.k8s.io/v1", "PriorityClass", "high-priority");
  high["metadata"].erase("namespace");
  const Lkg lkg = make_lkg(with(small_floor(), high));
  const FakeClock clock;
  FakeCluster cluster(clock);
  for (const auto& object : with(small_floor(), high)) cluster.put(object);
  FakeProcessRunner runner;
  runner.handler = [&](const os::Command& command) { return cluster.answer(command); };
  EXPECT_NE(read_live(make_kubectl(runner), lkg).find("PriorityClass", "high-priority"), nullptr);
  EXPECT_THAT(drift_lines(lkg, small_floor()), ElementsAre("missing PriorityClass/high-priority"));
}

// A PriorityClass, live, whose field `later` its LKG does not have.
ObjectDrift drift_of_later(const std::string& lkg_version, const Json& set_fields) {
  Json object = make_object("scheduling.k8s.io/v1", "PriorityClass", "high");
  object["metadata"].erase("namespace");
  object["value"] = 1;
  const Lkg lkg =
      make_lkg(with(small_floor(), object), {{"cluster", {{"server_version", lkg_version}}}});
  object["later"] = 1;
  object["metadata"]["managedFields"] = Json::array({{{"manager", "somebody"},
                                                      {"operation", "Apply"},
                                                      {"apiVersion", "scheduling.k8s.io/v1"},
                                                      {"fieldsV1", set_fields}}});
  Live live = live_of(small_floor());
  live.referenced["PriorityClass"] = {object};
  auto drifts = find_drift(lkg, live, kube::Allocated::keep);
  auto found = std::find_if(drifts.begin(), drifts.end(), [](const ObjectDrift& drift) {
    return drift.key.kind == "PriorityClass";
  });
  found->live = nullptr;
  return *found;
}

TEST(Drift, WhatANewerServerFilledInIsTold) {
  // Protects a restore across versions from a difference that no write can remove, and what
  // somebody set from passing for one.
  const Json nothing = {{"f:value", Json::object()}};
  const auto across = drift_of_later("v1.34.1", nothing);
  EXPECT_EQ(across.kind, DriftKind::same);
  ASSERT_THAT(across.defaulted, SizeIs(1));
  EXPECT_EQ(across.defaulted[0].pointer, "/later");
  EXPECT_EQ(drift_of_later("v1.36.0", nothing).kind, DriftKind::changed)
      << "the same minor version has no new fields";
  EXPECT_EQ(drift_of_later("", nothing).kind, DriftKind::changed);
  EXPECT_EQ(drift_of_later("v1.34.1", {{"f:later", Json::object()}}).kind, DriftKind::changed);
}

}  // namespace
}  // namespace dr::lkg
