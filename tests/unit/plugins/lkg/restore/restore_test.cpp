#include "plugins/lkg/restore/restore.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "common/kube/command_line.hpp"
#include "tests/unit/plugins/lkg/restore/restore_world.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

std::size_t mutations_of(const World& world) {
  return static_cast<std::size_t>(
      std::count_if(world.calls().begin(), world.calls().end(), is_mutation));
}

// Reads of the whole namespace: a kind that nothing but those lists.
std::ptrdiff_t whole_reads(std::span<const os::Command> calls) {
  return std::count_if(calls.begin(), calls.end(), [](const os::Command& call) {
    return kube::command_line(call).find("/persistentvolumeclaims") != std::string::npos;
  });
}

// --- Good ends

TEST(Restore, MakesADriftedFloorEqualAndHalted) {
  // Protects what "restored" means: equal to the LKG, rolled out, halted, and every pod knows it.
  World world = drifted_world();
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  EXPECT_TRUE(world.is_restored(good_lkg()));
  EXPECT_THAT(world.switch_as_seen(), ElementsAre("1"));
  EXPECT_EQ(result.halted_at_end, true);
  EXPECT_THAT(result.suspended_cron_jobs, IsEmpty());
  EXPECT_THAT(result.differences, IsEmpty());
  ASSERT_THAT(result.extras, SizeIs(1));
  EXPECT_EQ(result.extras[0].key.display(), "ConfigMap/rogue");
}

TEST(Restore, AppliesWhatWasMissingAndNotWhatItReplaced) {
  // Protects what others write between a replace and an apply, which has no fence.
  World world = drifted_world();
  world.restore(good_lkg(), quick());
  std::vector<std::string> applied;
  for (const auto& call : world.calls()) {
    if (verb_and_args(call).front() != "apply") continue;
    for (const auto& object : data::read_json_stream(call.input, "applied"))
      applied.push_back(kube::display(object));
  }
  EXPECT_THAT(applied, UnorderedElementsAre("ConfigMap/settings", "Deployment/agent"));
}

TEST(Restore, KeepsTheNewestHeartbeat) {
  // Protects the data that programs rewrite, while the rest of the object is restored.
  World world = drifted_world();
  world.restore(good_lkg(), quick());
  const Json& beat = world.cluster().at("ConfigMap", "agenttrader-heartbeat-web");
  EXPECT_EQ(beat.at("data").at("beat"), "2");
  EXPECT_FALSE(data::has(beat, {"metadata", "labels"}));
}

TEST(Restore, UnchangedFloorGetsTheHaltAlone) {
  // Protects a good floor from any write and any restart, and from a second read: the first one
  // came after the halt.
  World world = good_world();
  const auto pods = world.cluster().all("Pod");
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  for (const auto& call : world.calls()) EXPECT_TRUE(!is_mutation(call) || is_switch_write(call));
  EXPECT_EQ(mutations_of(world), 2U);
  EXPECT_THAT(result.changed, IsEmpty());
  EXPECT_EQ(world.cluster().all("Pod"), pods);
  EXPECT_EQ(whole_reads(world.calls()), 1);
}

TEST(Restore, ReadsAnUnchangedFloorAgainWhenItsReadIsOld) {
  // Protects exit code 0 where the preflight waits for a registry.
  World world = good_world();
  auto options = quick();
  options.check_images = [&] {
    world.clock().advance(std::chrono::seconds(10));
    return std::vector<registry::ImageCheck>();
  };
  EXPECT_EQ(world.restore(good_lkg(), options).code, ExitCode::ok);
  EXPECT_EQ(whole_reads(world.calls()), 2);
}

TEST(Restore, ReadsTheSwitchRightBeforeItDeletesAStuckPod) {
  // Protects the rule that no write rests on an old look at the switch, not even the first one of a
  // floor that is right but for a pod that never becomes ready; and that all is read after it.
  World world = good_world();
  Json pod = world.cluster().at("Pod", "gamma-0");
  pod["metadata"]["labels"]["controller-revision-hash"] = "older";
  pod["status"]["conditions"] = {{{"type", "Ready"}, {"status", "False"}}};
  const std::string uid = kube::uid_of(pod);
  world.cluster().put(std::move(pod));
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  EXPECT_NE(kube::uid_of(world.cluster().at("Pod", "gamma-0")), uid);
  const auto& calls = world.calls();
  const auto deletion = std::find_if(calls.begin(), calls.end(), [](const os::Command& call) {
    return verb_and_args(call).front() == "delete" && !is_lock_call(call);
  });
  ASSERT_NE(deletion, calls.end());
  auto before = std::make_reverse_iterator(deletion);
  while (is_lock_call(*before)) ++before;
  EXPECT_TRUE(is_switch_read(*before));
  EXPECT_EQ(whole_reads({deletion, calls.end()}), 1);
}

TEST(Restore, RestartsWhatStartedWhileTradingWasOn) {
  // Protects against pods that read "0" when they started and would never look again.
  World world = good_world();
  world.cluster().edit("ConfigMap", k_switch, [](Json& o) { o["data"]["EXECUTION_HALTED"] = "0"; });
  world.cluster().edit("Deployment", "web", [](Json& o) { o["spec"]["replicas"] = 3; });
  world.cluster().edit("Deployment", "web", [](Json& o) { o["spec"]["replicas"] = 2; });
  EXPECT_EQ(world.restore(good_lkg(), quick()).code, ExitCode::ok);
  EXPECT_THAT(world.switch_as_seen(), ElementsAre("1"));
  EXPECT_TRUE(world.is_restored(good_lkg()));
}

TEST(Restore, RebuildsAnAbsentNamespace) {
  // Protects the runbook's worst case, with the switch there before anything that could trade.
  World world;
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  EXPECT_TRUE(world.is_restored(good_lkg()));
  EXPECT_THAT(world.switch_as_seen(), ElementsAre("1"));
}

TEST(Restore, ASecondRunFindsNothingToDo) {
  // Protects repeatability: a restore converges, and its own stamps are no drift.
  World world = drifted_world();
  world.restore(good_lkg(), quick());
  const auto again = world.restore(good_lkg(), quick());
  EXPECT_EQ(again.code, ExitCode::ok) << again.error;
  EXPECT_THAT(again.changed, IsEmpty());
}

TEST(Restore, HoldsSchedulesUntilEverythingIsVerified) {
  // Protects against a CronJob that fires into a half-restored floor.
  World world = drifted_world();
  std::vector<bool> suspended;
  world.between = [&](std::size_t) {
    suspended.push_back(
        data::boolean_or(world.cluster().at("CronJob", "tick"), {"spec", "suspend"}, false));
  };
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  EXPECT_THAT(suspended, Contains(true));
  EXPECT_FALSE(suspended.back());
}

TEST(Restore, NamesSchedulesThatStaySuspended) {
  // Protects the operator: a failed verification leaves schedules off, and must say so.
  World world = drifted_world();
  world.between = [&](std::size_t) {
    const Json* tick = world.cluster().find("CronJob", "tick");
    if (tick != nullptr && data::boolean_or(*tick, {"spec", "suspend"}, false) &&
        world.cluster().find("ConfigMap", "settings") != nullptr)
      world.cluster().remove("ConfigMap", "settings");
  };
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_EQ(result.code, ExitCode::incomplete);
  EXPECT_THAT(result.error, HasSubstr("ConfigMap/settings is missing"));
  EXPECT_THAT(result.suspended_cron_jobs, ElementsAre("tick"));
}

TEST(Restore, EqualTemplatesWithOtherImagesRunningAreNotRestored) {
  // Protects the digests: a webhook that rewrites pods leaves every template equal to the LKG.
  World world = good_world();
  const std::string pod = kube::name_of(world.cluster().all("Pod").front());
  world.cluster().edit("Pod", pod,
                       [](Json& o) { o["spec"]["containers"][0]["image"] = "other:1"; });
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_EQ(result.code, ExitCode::incomplete) << result.error;
  EXPECT_THAT(result.error, HasSubstr("pods run other images than the LKG's"));
}

TEST(Restore, WritesAgainAfterAConflict) {
  // Protects convergence on a living floor: a controller's write refuses a fenced replace.
  World world = drifted_world();
  int writes = 0;
  world.between = [&](std::size_t call) {
    const auto& command = world.calls()[call];
    if (command.args.back() != "/api/v1/namespaces/trading-floor/configmaps/" + k_switch) return;
    if (++writes > 6) return;
    world.cluster().edit("Deployment", "web", [&](Json& o) { o["status"]["beat"] = writes; });
  };
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  EXPECT_TRUE(world.is_restored(good_lkg()));
  const auto replaces_web = [](const os::Command& call) {
    return verb_and_args(call).front() == "replace" &&
           call.input.find("\"kind\":\"Deployment\"") != std::string::npos;
  };
  EXPECT_GE(std::count_if(world.calls().begin(), world.calls().end(), replaces_web), 2);
}

// --- Refusals before the halt: no write at all

TEST(Restore, ForeignClusterGetsNoWrite) {
  // Protects another floor: the incumbent script made 57 writes to whatever the context named.
  World world = good_world();
  Lkg lkg = good_lkg();
  lkg.cluster_uid = "cluster-b";
  const auto result = world.restore(lkg, quick());
  EXPECT_EQ(result.code, ExitCode::refused);
  EXPECT_THAT(result.error, HasSubstr("another cluster"));
  EXPECT_EQ(mutations_of(world), 0U);
}

TEST(Restore, ForeignClusterIsTakenWhenAllowedOrEmpty) {
  // Protects the rebuilt cluster of the runbook, and the operator's explicit word.
  Lkg lkg = good_lkg();
  lkg.cluster_uid = "cluster-b";
  World rebuilt;
  EXPECT_EQ(rebuilt.restore(lkg, quick()).code, ExitCode::ok);
  World running = good_world();
  auto options = quick();
  options.allow_different_cluster = true;
  const auto result = running.restore(lkg, options);
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  EXPECT_THAT(result.warnings, Contains(HasSubstr("another cluster")));
}

TEST(Restore, OtherNamespaceGetsNoWrite) {
  // Protects against a restore into the wrong namespace.
  World world = good_world();
  Lkg lkg = good_lkg();
  lkg.ns = "agenttrader";
  EXPECT_EQ(world.restore(lkg, quick()).code, ExitCode::usage);
  EXPECT_THAT(world.calls(), IsEmpty());
}

TEST(Restore, UnreachableClusterIsUnsafe) {
  // Protects the operator: what cannot be reached cannot be halted, and that is the news.
  World world = good_world();
  world.intercept = [](std::size_t, const os::Command&) {
    return failed(1, "Unable to connect to the server: dial tcp: i/o timeout\n");
  };
  EXPECT_EQ(world.restore(good_lkg(), quick()).code, ExitCode::unsafe);
  EXPECT_EQ(mutations_of(world), 0U);
}

// --- Refusals after the halt

// Refused, and nothing but the switch was written.
void expect_refused_halted(World& world, const RestoreOptions& options, const std::string& words) {
  const auto result = world.restore(good_lkg(), options);
  EXPECT_EQ(result.code, ExitCode::refused);
  EXPECT_THAT(result.error, HasSubstr(words));
  EXPECT_EQ(result.halted_at_end, true);
  EXPECT_EQ(world.cluster().switch_value(), "1");
  for (const auto& call : world.calls()) EXPECT_TRUE(!is_mutation(call) || is_switch_write(call));
}

TEST(Restore, ChangedPlanIsRefusedHalted) {
  // Protects --expect-plan: what moved since the plan is looked at again.
  World world = drifted_world();
  auto options = quick();
  options.expect_plan = "another";
  expect_refused_halted(world, options, "no longer the expected one");
}

TEST(Restore, ImmutableDifferenceIsRefusedHalted) {
  // Protects against a run that fails half-way on what no update can do.
  World world = drifted_world();
  world.cluster().edit("StatefulSet", "gamma", [](Json& o) { o["spec"]["serviceName"] = "x"; });
  expect_refused_halted(world, quick(), "StatefulSet/gamma: /spec/serviceName is immutable");
}

TEST(Restore, DyingObjectIsRefusedHalted) {
  // Protects against writes that vanish with their object, for which the server says ok.
  World world = drifted_world();
  world.cluster().edit("Service", "web", [](Json& o) { o = being_deleted(o); });
  expect_refused_halted(world, quick(), "Service/web is being deleted");
}

TEST(Restore, DyingNamespaceIsRefusedHalted) {
  // Protects against restoring into a namespace that takes everything with it.
  World world = drifted_world();
  world.cluster().edit("Namespace", k_floor, [](Json& o) { o = being_deleted(o); });
  expect_refused_halted(world, quick(), "namespace trading-floor is being deleted");
}

// --- The switch itself

TEST(Restore, HaltsAnImmutableSwitch) {
  // Protects the halt from a switch that was frozen at "0".
  World world = good_world();
  world.cluster().edit("ConfigMap", k_switch, [](Json& o) {
    o["data"]["EXECUTION_HALTED"] = "0";
    o["immutable"] = true;
  });
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  EXPECT_TRUE(world.is_restored(good_lkg()));
}

TEST(Restore, MakesAMissingSwitch) {
  // Protects the halt from a switch that somebody deleted.
  World world = good_world();
  world.cluster().remove("ConfigMap", k_switch);
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  EXPECT_TRUE(world.is_restored(good_lkg()));
}

TEST(Restore, ARoguePodThatStaysUnhaltedIsUnsafe) {
  // Protects against a pod outside the LKG that takes the switch and was started at "0".
  World world = good_world();
  world.cluster().edit("ConfigMap", k_switch, [](Json& o) { o["data"]["EXECUTION_HALTED"] = "0"; });
  world.cluster().write(consuming_switch(make_deployment("rogue", 1, k_by_digest)));
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_EQ(result.code, ExitCode::unsafe);
  EXPECT_THAT(result.error, HasSubstr("Pod/rogue-"));
}

}  // namespace
}  // namespace dr::lkg
