#include "plugins/lkg/restore/dry_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/unit/plugins/lkg/restore/restore_world.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::Each;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

// "StatefulSet/gamma delete accepted" of every write of a restore that agrees to everything.
std::vector<std::string> answers_of(FakeCluster& cluster) {
  FakeProcessRunner runner;
  runner.handler = [&](const os::Command& command) { return cluster.answer(command); };
  const auto kubectl = make_kubectl(runner);
  const Live live = read_live(kubectl);
  const Plan plan = make_plan(good_lkg(), live, "cluster-a", {}, {true, true, false, false});
  std::vector<std::string> answers;
  for (const auto& trial : try_writes(good_lkg(), live, plan, kube::Writer::DryRun(kubectl))) {
    answers.push_back(trial.key.display() + " " + std::string(trial.write) + " " +
                      std::string(trial.answer));
  }
  return answers;
}

TEST(DryRun, TriesEveryWriteAndKeepsNone) {
  // Protects the floor: what is only tried must leave no trace, not even the halt.
  World world = drifted_world();
  auto& cluster = world.cluster();
  cluster.edit("StatefulSet", "gamma", [](Json& o) { o["spec"]["serviceName"] = "x"; });
  const auto revision = cluster.store().revision();
  const auto answers = answers_of(cluster);
  EXPECT_EQ(cluster.store().revision(), revision);
  EXPECT_THAT(answers,
              IsSupersetOf({"Deployment/web replace accepted", "ConfigMap/settings create accepted",
                            "Deployment/agent create accepted", "CronJob/tick replace accepted",
                            "StatefulSet/gamma delete accepted", "StatefulSet/gamma create unknown",
                            "ConfigMap/rogue delete accepted"}));
  EXPECT_THAT(answers, Each(Not(HasSubstr(k_switch))));
}

TEST(DryRun, TellsWhatIsRefused) {
  // Protects the answer per object: one refusal is not everybody's.
  World world = drifted_world();
  auto& cluster = world.cluster();
  FakeProcessRunner runner;
  runner.handler = [&](const os::Command& command) {
    auto result = cluster.answer(command);
    if (verb_and_args(command).front() != "replace") return result;
    result = failed(1, "The Deployment \"web\" is invalid: spec.x: Invalid value\n");
    result.out = "statefulset.apps/gamma\n";
    return result;
  };
  const auto kubectl = make_kubectl(runner);
  const Live live = read_live(kubectl);
  const Plan plan = make_plan(good_lkg(), live, "cluster-a", {}, {});
  std::map<std::string, Trial> trials;
  for (const auto& trial : try_writes(good_lkg(), live, plan, kube::Writer::DryRun(kubectl)))
    trials[trial.key.display()] = trial;
  EXPECT_EQ(trials.at("Deployment/web").answer, "refused");
  EXPECT_THAT(trials.at("Deployment/web").text, HasSubstr("spec.x: Invalid value"));
  EXPECT_EQ(trials.at("StatefulSet/gamma").answer, "accepted");
}

TEST(DryRun, AnAbsentNamespaceLeavesItsContentUnknown) {
  // Protects against taking a NotFound for a refusal, and silence for consent.
  World world;
  const auto answers = answers_of(world.cluster());
  EXPECT_THAT(answers,
              IsSupersetOf({"Namespace/trading-floor create accepted",
                            "Deployment/web create unknown", "ConfigMap/settings create unknown"}));
  EXPECT_EQ(world.cluster().find("Namespace", k_floor), nullptr);
}

}  // namespace
}  // namespace dr::lkg
