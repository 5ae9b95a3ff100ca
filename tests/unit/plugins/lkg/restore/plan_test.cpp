#include "plugins/lkg/restore/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "plugins/lkg/restore/addresses.hpp"
#include "tests/unit/common/lkg/lkg_builder.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A Plan points into both.
struct Planned {
  Lkg lkg;
  Live live;
  Plan plan;
  explicit Planned(const std::vector<Json>& live_objects,
                   const std::set<std::string>& to_restart = {},
                   const std::vector<Json>& lkg_objects = small_floor(),
                   const Consent& consent = {})
      : lkg(make_lkg(lkg_objects)),
        live(live_of(live_objects)),
        plan(make_plan(lkg, live, "cluster-a", to_restart, consent)) {}

  const PlannedObject& at(const std::string& display) const {
    for (const auto& planned : plan.objects) {
      if (planned.drift.key.display() == display) return planned;
    }
    throw std::logic_error("not planned: " + display);
  }
};

TEST(Plan, UnchangedFloorIsLeftAlone) {
  // Protects the promise that a restore of a good floor writes nothing but the halt.
  const Planned planned(small_floor());
  EXPECT_EQ(planned.plan.count(Action::same), 3U);
  EXPECT_THAT(planned.plan.extras, IsEmpty());
}

TEST(Plan, CreatesWhatIsMissingInItsWave) {
  // Protects the order: a wave must be complete before pods start on it.
  auto lkg = small_floor();
  lkg.push_back(make_config_map("settings", "k", "v"));
  const Planned planned(small_floor(), {}, lkg);
  EXPECT_EQ(planned.at("ConfigMap/settings").action, Action::create);
  EXPECT_EQ(planned.at("ConfigMap/settings").wave, kube::Wave::configuration);
  EXPECT_EQ(planned.at("Deployment/web").wave, kube::Wave::workloads);
}

TEST(Plan, HoldsEqualSchedulesWhileAnythingIsWritten) {
  // Protects against a CronJob that starts pods in the middle of a restore.
  auto lkg = small_floor();
  lkg.push_back(make_cron_job("tick", k_by_digest));
  auto live = lkg;
  EXPECT_EQ(Planned(live, {}, lkg).at("CronJob/tick").action, Action::same);
  live.erase(live.begin());
  EXPECT_EQ(Planned(live, {}, lkg).at("CronJob/tick").action, Action::hold);
  live.back()["spec"]["suspend"] = lkg.back()["spec"]["suspend"] = true;
  EXPECT_EQ(Planned(live, {}, lkg).at("CronJob/tick").action, Action::same);
}

TEST(Plan, TellsWhichChangesRollPods) {
  // Protects the operator's choice: replicas do not restart pods, a template does.
  auto live = small_floor();
  live[2]["spec"]["replicas"] = 3;
  EXPECT_EQ(Planned(live).at("Deployment/web").rolls, "");
  live[2]["spec"]["template"]["spec"]["containers"][0]["image"] = "web:2";
  const Planned planned(live);
  EXPECT_EQ(planned.at("Deployment/web").action, Action::change);
  EXPECT_THAT(planned.at("Deployment/web").rolls, HasSubstr("template"));
}

TEST(Plan, ImmutableDifferenceBlocks) {
  // Protects against a write that the API server is known to refuse after half the floor is done.
  auto live = small_floor();
  live[2]["spec"]["selector"] = {{"matchLabels", {{"app", "other"}}}};
  const Planned planned(live);
  EXPECT_EQ(planned.at("Deployment/web").action, Action::blocked);
  ASSERT_EQ(planned.at("Deployment/web").immutable.size(), 1U);
  EXPECT_THAT(planned.at("Deployment/web").immutable[0].pointer, HasSubstr("/spec/selector"));
}

TEST(Plan, ConsentRecreatesInsteadOfBlocking) {
  // Protects both ways: nothing is deleted without the flag, and with it the pods' gap is told.
  auto live = small_floor();
  live[2]["spec"]["selector"] = {{"matchLabels", {{"app", "other"}}}};
  EXPECT_THROW(require_unblocked(Planned(live).plan), Error);
  const Planned planned(live, {"Deployment/web"}, small_floor(), {.recreate = true});
  EXPECT_EQ(planned.at("Deployment/web").action, Action::recreate);
  EXPECT_THAT(planned.at("Deployment/web").rolls, HasSubstr("down meanwhile"));
  EXPECT_FALSE(planned.at("Deployment/web").stamped);
  EXPECT_NO_THROW(require_unblocked(planned.plan));
}

TEST(Plan, AClaimIsNeverRecreated) {
  // Protects the data, whatever was agreed to.
  auto lkg = small_floor();
  lkg.push_back(make_object("v1", "PersistentVolumeClaim", "data"));
  lkg.back()["spec"]["accessModes"] = {"ReadWriteOnce"};
  auto live = lkg;
  live.back()["spec"]["accessModes"] = {"ReadWriteMany"};
  const Planned planned(live, {}, lkg, {.recreate = true});
  EXPECT_EQ(planned.at("PersistentVolumeClaim/data").action, Action::blocked);
  EXPECT_THAT(planned.at("PersistentVolumeClaim/data").objection, HasSubstr("data"));
}

// --- Extras

TEST(PlanExtras, TellOriginRoguesAndWhatAPruneLeaves) {
  // Protects the choice to prune: who made it, whether it runs, and what is spared.
  auto live = small_floor();
  Json rogue = make_deployment("rogue", 1, k_by_digest);
  rogue["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z";
  const std::string first = "2026-01-01T00:00:00Z";
  rogue["metadata"]["managedFields"] = {
      {{"manager", "later"}, {"time", "2026-01-01T00:01:00Z"}},
      {{"manager", "controller"}, {"time", first}, {"subresource", "status"}},
      {{"manager", "annotator"}, {"time", first}, {"fieldsV1", {{"f:metadata", 0}}}},
      {{"manager", "kubectl-create"}, {"time", first}, {"fieldsV1", {{"f:a", 0}, {"f:b", 0}}}}};
  Json owned = make_config_map("owned", "k", "v");
  owned["metadata"]["ownerReferences"] =
      Json::array({{{"kind", "Rollout"}, {"name", "x"}, {"uid", "u"}}});
  const Json set = make_stateful_set("set", 1, k_by_digest);
  live.insert(live.end(), {rogue, owned, set,
                           owned_by(set, make_object("v1", "PersistentVolumeClaim", "claim")),
                           make_config_map("agenttrader-safety", "KILL_SWITCH", "true")});
  const Live read = live_of(live);
  const Extra extra = extra_of(rogue, read);
  EXPECT_EQ(origin_text(extra, k_captured_at + std::chrono::minutes(5)),
            "runs pods, of kubectl-create, 5m00s old");
  EXPECT_EQ(extra.stays, "");
  EXPECT_EQ(extra_of(owned, read).owner, "Rollout/x");
  EXPECT_EQ(extra_of(owned, read).stays, "Rollout/x owns it");
  EXPECT_THAT(extra_of(set, read).stays, HasSubstr("PersistentVolumeClaim/claim would go with it"));
  EXPECT_EQ(extra_of(live.back(), read).stays, "it halts trading");
  EXPECT_FALSE(extra_of(owned, read).runs_pods);
}

TEST(PlanExtras, PodsOfAPrunedWorkloadAreDoomed) {
  // Protects the proof of the halt: only what the prune ends may be left to it.
  const Json rogue = make_deployment("rogue", 1, k_by_digest);
  const Json set = make_replica_set(rogue, "1");
  auto live = small_floor();
  const Json spec = rogue["spec"]["template"]["spec"];
  const Json web_set = make_replica_set(live[2], "1");
  live.insert(live.end(), {rogue, set, make_pod(set, "rogue-0", spec), web_set,
                           make_pod(web_set, "web-0", spec)});
  EXPECT_THAT(Planned(live, {}, small_floor(), {.prune = true}).plan.doomed_pods,
              ElementsAre("uid-Pod-rogue-0"));
  EXPECT_THAT(Planned(live).plan.doomed_pods, IsEmpty());
}

// --- Addresses

std::vector<std::string> addresses_in(const Planned& planned) {
  std::vector<std::string> texts;
  for (const auto& one : addresses_of(planned.at("Service/web"), planned.plan.allocated))
    texts.push_back(one.pointer + " " + data::write_json(one.value, -1) + " " +
                    std::string(one.outcome));
  return texts;
}

TEST(PlanAddresses, TellWhatIsKeptAndWhatIsNew) {
  // Protects firewalls and clients that know an address by heart.
  auto lkg = small_floor();
  lkg.push_back(make_service(30000));
  auto live = lkg;
  live.back()["spec"]["clusterIP"] = "10.0.0.7";
  EXPECT_THAT(
      addresses_in(Planned(live, {}, lkg)),
      ElementsAre("/spec/clusterIP \"10.0.0.7\" kept", "/spec/ports/0/nodePort 30000 kept"));
  live.back()["spec"]["ports"][0]["nodePort"] = 31000;
  EXPECT_THAT(addresses_in(Planned(live, {}, lkg)),
              testing::Contains("/spec/ports/0/nodePort 30000 requested"));
  live.pop_back();
  EXPECT_THAT(addresses_in(Planned(live, {}, lkg)),
              ElementsAre("/spec/clusterIP null new", "/spec/ports/0/nodePort 30000 requested"));
}

TEST(PlanAddresses, AnotherClusterGivesOutItsOwnUnlessAsked) {
  // Protects a restore abroad from asking for ports that are given away there, but by consent.
  auto objects = small_floor();
  objects.push_back(make_service(30000));
  const Lkg lkg = make_lkg(objects);
  const Live live = live_of(small_floor());
  const auto node_port = [&](const Consent& consent) {
    const Plan plan = make_plan(lkg, live, "cluster-b", {}, consent);
    for (const auto& planned : plan.objects) {
      if (planned.drift.key.kind == "Service")
        return addresses_of(planned, plan.allocated)[1].outcome;
    }
    throw std::logic_error("no Service");
  };
  EXPECT_EQ(node_port({}), "new");
  EXPECT_EQ(node_port({.preserve_node_ports = true}), "requested");
}

TEST(Plan, StampsUnprovenWorkloadsOnly) {
  // Protects against needless restarts, and against pods that still believe trading is on.
  auto objects = small_floor();
  objects.push_back(make_deployment("agent", 1, k_by_digest));
  const Planned planned(objects, {"Deployment/web", "ConfigMap/agenttrader-kill-switch"}, objects);
  EXPECT_EQ(planned.at("Deployment/web").action, Action::restart);
  EXPECT_TRUE(planned.at("Deployment/web").stamped);
  EXPECT_THAT(planned.at("Deployment/web").rolls, HasSubstr("not proven halted"));
  EXPECT_EQ(planned.at("Deployment/agent").action, Action::same);
  EXPECT_FALSE(planned.at("Deployment/agent").stamped);
  EXPECT_FALSE(planned.at("ConfigMap/agenttrader-kill-switch").stamped);
}

TEST(Plan, AMissingWorkloadNeedsNoStamp) {
  // Protects the LKG's template: pods of a created workload are new anyway.
  auto live = small_floor();
  live.pop_back();
  const Planned planned(live, {"Deployment/web"});
  EXPECT_EQ(planned.at("Deployment/web").action, Action::create);
  EXPECT_FALSE(planned.at("Deployment/web").stamped);
}

TEST(Plan, UnprovenPodsLeadToTheirWorkload) {
  // Protects the restart: a Deployment owns its pods through a ReplicaSet.
  const Json web = make_deployment("web", 1, k_by_digest);
  const Json set = make_replica_set(web, "1");
  const Json spec = web["spec"]["template"]["spec"];
  const Json gamma = make_stateful_set("gamma", 1, k_by_digest);
  const Live live =
      live_of({make_namespace(), make_switch(), web, set, make_pod(set, "web-0", spec), gamma,
               make_pod(gamma, "gamma-0", spec)});
  const auto proof = [](const std::string& pod, kube::HaltVerdict verdict) {
    return kube::HaltProof{pod, "web", kube::SwitchWay::env, verdict, "", {}};
  };
  EXPECT_THAT(unproven_workloads(live, {proof("web-0", kube::HaltVerdict::not_halted),
                                        proof("gamma-0", kube::HaltVerdict::waiting),
                                        proof("gone", kube::HaltVerdict::not_halted)}),
              ElementsAre("Deployment/web", "StatefulSet/gamma"));
  EXPECT_THAT(unproven_workloads(live, {proof("web-0", kube::HaltVerdict::proven),
                                        proof("gamma-0", kube::HaltVerdict::not_running)}),
              IsEmpty());
}

// --- The hash

struct Change {
  std::string name;
  std::function<void(std::vector<Json>& live)> make;
};

void PrintTo(const Change& change, std::ostream* out) {
  *out << change.name;
}

class PlanHash : public testing::TestWithParam<Change> {};

TEST_P(PlanHash, ChangesWithTheWorld) {
  // Protects --expect-plan: a plan that was looked at must not stand for another one.
  auto live = small_floor();
  live[2]["spec"]["replicas"] = 3;
  const std::string before = Planned(live).plan.hash;
  GetParam().make(live);
  EXPECT_NE(Planned(live).plan.hash, before);
}

INSTANTIATE_TEST_SUITE_P(
    Changes, PlanHash,
    testing::Values(
        Change{"another_value", [](auto& live) { live[2]["spec"]["replicas"] = 4; }},
        Change{"one_more_difference", [](auto& live) { live[2]["spec"]["paused"] = true; }},
        Change{"no_difference", [](auto& live) { live[2]["spec"]["replicas"] = 1; }},
        Change{"missing", [](auto& live) { live.pop_back(); }},
        Change{"extra", [](auto& live) { live.push_back(make_config_map("rogue", "k", "v")); }},
        Change{"other_incarnation", [](auto& live) { live[2]["metadata"]["uid"] = "other"; }},
        Change{"other_switch", [](auto& live) { live[1]["data"]["more"] = "x"; }}),
    [](const auto& test) { return test.param.name; });

TEST(PlanHash, ChangesWithTheLkgAndTheRestarts) {
  // Protects against another LKG with the same differences, and against restarts nobody agreed to.
  const std::string before = Planned(small_floor()).plan.hash;
  EXPECT_NE(Planned(small_floor(), {"Deployment/web"}).plan.hash, before);
  auto objects = small_floor();
  objects[2]["spec"]["replicas"] = 2;
  EXPECT_NE(Planned(objects, {}, objects).plan.hash, before);
}

TEST(PlanHash, ChangesWithWhatWasAgreedTo) {
  // Protects objects from a flag that the plan did not have.
  const std::string before = Planned(small_floor()).plan.hash;
  const std::vector<Consent> others = {{.recreate = true},
                                       {.prune = true},
                                       {.preserve_node_ports = true},
                                       {.allow_different_cluster = true}};
  for (const auto& consent : others)
    EXPECT_NE(Planned(small_floor(), {}, small_floor(), consent).plan.hash, before);
}

TEST(PlanHash, StaysWhenOnlyTheSwitchIsHalted) {
  // Protects `plan`, then `restore --expect-plan`: the halt between them is the restore's own.
  auto live = small_floor();
  const std::string before = Planned(live).plan.hash;
  live[1]["data"]["EXECUTION_HALTED"] = "0";
  EXPECT_EQ(Planned(live).plan.hash, before);
}

TEST(PlanHash, StaysWhenOnlyVersionsAndStatusMove) {
  // Protects --expect-plan from being useless on a living floor, where status moves all the time.
  auto live = small_floor();
  const std::string before = Planned(live).plan.hash;
  for (auto& object : live) {
    object["metadata"]["generation"] = 9;
    object["metadata"]["managedFields"] = Json::array({Json::object()});
    object["status"]["readyReplicas"] = 0;
  }
  live.push_back(make_config_map("agenttrader-heartbeat-web", "beat", "1"));
  EXPECT_EQ(Planned(live).plan.hash, before);
}

}  // namespace
}  // namespace dr::lkg
