#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/unit/plugins/lkg/restore/restore_world.hpp"

// Restores with --prune.
namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

RestoreOptions pruning() {
  auto options = quick();
  options.prune = true;
  return options;
}

std::vector<std::string> extras_of(const RestoreResult& result) {
  std::vector<std::string> names;
  for (const auto& extra : result.extras) names.push_back(extra.key.display());
  return names;
}

// A floor with an extra that trades: its pods started at "0".
World rogue_world() {
  World world = good_world();
  world.cluster().edit("ConfigMap", k_switch, [](Json& o) { o["data"]["EXECUTION_HALTED"] = "0"; });
  world.cluster().write(consuming_switch(make_deployment("rogue", 1, k_by_digest)));
  world.clock().advance(std::chrono::hours(1));
  return world;
}

TEST(Prune, DeletesExtrasAndNothingThatHoldsData) {
  // Protects claims and what another object owns, while what nobody asked for goes.
  World world = drifted_world();
  auto& cluster = world.cluster();
  cluster.write(make_deployment("rogue", 1, k_by_digest));
  cluster.write(make_object("v1", "PersistentVolumeClaim", "data"));
  Json owned = make_config_map("owned", "k", "v");
  owned["metadata"]["ownerReferences"] =
      Json::array({{{"kind", "Rollout"}, {"name", "x"}, {"uid", "u"}}});
  cluster.write(owned);
  cluster.write(make_object("v1", "Endpoints", "web"));  // of a Service without a selector
  const auto result = world.restore(good_lkg(), pruning());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  EXPECT_EQ(cluster.find("ConfigMap", "rogue"), nullptr);
  EXPECT_EQ(cluster.find("Deployment", "rogue"), nullptr);
  EXPECT_NE(cluster.find("PersistentVolumeClaim", "data"), nullptr);
  EXPECT_NE(cluster.find("ConfigMap", "owned"), nullptr);
  EXPECT_THAT(extras_of(result),
              ElementsAre("ConfigMap/owned", "PersistentVolumeClaim/data", "Endpoints/web"));
  EXPECT_THAT(result.changed, Contains("Deployment/rogue deleted"));
  EXPECT_TRUE(world.is_restored(good_lkg()));
}

TEST(Prune, ComesWhenEverythingElseIsVerifiedAndBeforeTheSchedules) {
  // Protects the order: an extra may be what the floor hangs on until it is whole again.
  World world = drifted_world();
  bool was_restored = false;
  world.intercept = [&](std::size_t,
                        const os::Command& command) -> std::optional<os::ProcessResult> {
    if (verb_and_args(command).front() != "delete" || is_lock_call(command)) return std::nullopt;
    auto drifts = world.drift_from(good_lkg());
    std::erase_if(drifts, [](const auto& drift) { return drift.key.display() == "CronJob/tick"; });
    was_restored = drifts.empty();
    EXPECT_TRUE(
        data::boolean_or(world.cluster().at("CronJob", "tick"), {"spec", "suspend"}, false));
    return std::nullopt;
  };
  EXPECT_EQ(world.restore(good_lkg(), pruning()).code, ExitCode::ok);
  EXPECT_TRUE(was_restored);
}

TEST(Prune, LeavesWhatAppearedAfterThePlan) {
  // Protects what nobody saw in the plan, under a new name or under an old one.
  World world = drifted_world();
  const auto make_anew = [&](const char* name) {
    Json object = make_config_map(name, "k", "new");
    object["metadata"].erase("uid");
    world.cluster().write(object);
  };
  bool done = false;
  world.between = [&](std::size_t) {
    if (done || world.cluster().find("ConfigMap", "settings") == nullptr) return;
    done = true;
    world.cluster().remove("ConfigMap", "rogue");
    make_anew("rogue");
    make_anew("late");
  };
  const auto result = world.restore(good_lkg(), pruning());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  EXPECT_NE(world.cluster().find("ConfigMap", "rogue"), nullptr);
  EXPECT_THAT(extras_of(result), ElementsAre("ConfigMap/late", "ConfigMap/rogue"));
}

TEST(Prune, EndsARogueThatTrades) {
  // Protects the operator from a restore that calls a rogue unsafe and cannot end it.
  EXPECT_EQ(rogue_world().restore(good_lkg(), quick()).code, ExitCode::unsafe);
  World world = rogue_world();
  const auto result = world.restore(good_lkg(), pruning());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  EXPECT_EQ(world.cluster().find("Deployment", "rogue"), nullptr);
  EXPECT_THAT(world.switch_as_seen(), ElementsAre("1"));
}

TEST(Prune, ARogueThatStaysIsUnsafe) {
  // Protects the exit code: a trading pod that the prune was to end must not hide behind another
  // failure.
  World refused = rogue_world();
  refused.intercept = [](std::size_t,
                         const os::Command& command) -> std::optional<os::ProcessResult> {
    if (command.args.back() == "-" && verb_and_args(command).front() == "delete" &&
        !is_lock_call(command))
      return failed(1, "Error from server (Forbidden): deployments.apps \"rogue\" is forbidden\n");
    return std::nullopt;
  };
  EXPECT_EQ(refused.restore(good_lkg(), pruning()).code, ExitCode::unsafe);

  World unverified = rogue_world();
  unverified.cluster().edit("Pod", kube::name_of(unverified.cluster().all("Pod").front()),
                            [](Json& o) { o["spec"]["containers"][0]["image"] = "other:1"; });
  const auto result = unverified.restore(good_lkg(), pruning());
  EXPECT_EQ(result.phase, "verify");
  EXPECT_EQ(result.code, ExitCode::unsafe) << result.error;
  EXPECT_THAT(result.error, HasSubstr("Pod/rogue-"));
}

TEST(Prune, AFinalizerThatHoldsAnExtraIsIncomplete) {
  // Protects "verified gone": accepted is not deleted.
  World world = drifted_world();
  world.cluster().edit("ConfigMap", "rogue",
                       [](Json& o) { o["metadata"]["finalizers"] = {"example.com/hold"}; });
  const auto result = world.restore(good_lkg(), pruning());
  EXPECT_EQ(result.code, ExitCode::incomplete);
  EXPECT_THAT(result.error, HasSubstr("failed to prune ConfigMap/rogue"));
  EXPECT_THAT(result.error, HasSubstr("example.com/hold"));
  EXPECT_THAT(result.changed, Not(Contains("ConfigMap/rogue deleted")));
}

TEST(Prune, ASecondRunFindsNothingToDo) {
  // Protects repeatability.
  World world = drifted_world();
  world.restore(good_lkg(), pruning());
  const auto again = world.restore(good_lkg(), pruning());
  EXPECT_EQ(again.code, ExitCode::ok) << again.error;
  EXPECT_THAT(again.changed, IsEmpty());
}

}  // namespace
}  // namespace dr::lkg
