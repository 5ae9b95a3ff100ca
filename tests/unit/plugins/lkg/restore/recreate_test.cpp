#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/plugins/lkg/restore/restore_world.hpp"

// Restores with --recreate.
namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A drifted floor with a StatefulSet that no update can restore.
World blocked_world() {
  World world = drifted_world();
  world.cluster().edit("StatefulSet", "gamma", [](Json& o) { o["spec"]["serviceName"] = "x"; });
  return world;
}

RestoreOptions recreating() {
  auto options = quick();
  options.recreate = true;
  return options;
}

std::vector<os::Command> deletions_of(const World& world) {
  std::vector<os::Command> deletions;
  for (const auto& call : world.calls()) {
    if (verb_and_args(call).front() == "delete" && !is_lock_call(call)) deletions.push_back(call);
  }
  return deletions;
}

TEST(Recreate, DeletesAndCreatesOnlyWhatNoUpdateCanRestore) {
  // Protects uids, pods and ports of everything else: a change is no reason to delete.
  World world = blocked_world();
  const Json gamma = world.cluster().at("StatefulSet", "gamma");
  const std::string web = kube::uid_of(world.cluster().at("Deployment", "web"));
  const auto result = world.restore(good_lkg(), recreating());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  EXPECT_TRUE(world.is_restored(good_lkg()));
  EXPECT_THAT(world.switch_as_seen(), ElementsAre("1"));
  EXPECT_NE(kube::uid_of(world.cluster().at("StatefulSet", "gamma")), kube::uid_of(gamma));
  EXPECT_EQ(kube::uid_of(world.cluster().at("Deployment", "web")), web);
  EXPECT_THAT(result.changed, Contains("StatefulSet/gamma deleted"));
  EXPECT_THAT(result.changed, Contains("StatefulSet/gamma created"));
  ASSERT_THAT(deletions_of(world), SizeIs(1));
  const Json options = data::read_json(deletions_of(world)[0].input, "options");
  EXPECT_EQ(
      options.at("preconditions"),
      (Json{{"uid", kube::uid_of(gamma)}, {"resourceVersion", kube::resource_version_of(gamma)}}));
  EXPECT_EQ(options.at("propagationPolicy"), "Background");
}

TEST(Recreate, ARefusalNamesBothValuesAndTheStep) {
  // Protects the operator's decision: what is in the way, and what the flag would do.
  World world = blocked_world();
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_EQ(result.code, ExitCode::refused);
  EXPECT_THAT(result.error,
              HasSubstr("StatefulSet/gamma: /spec/serviceName is immutable, nothing in the LKG and "
                        "\"x\" now"));
  EXPECT_THAT(result.next_step, HasSubstr("--recreate"));
  EXPECT_THAT(deletions_of(world), IsEmpty());
}

TEST(Recreate, AnotherRunCreatesWhatAnEndedOneOnlyDeleted) {
  // Protects a floor whose restore dies between the delete and the create, without the flag too.
  World world = blocked_world();
  bool was_struck = false;
  world.between = [&](std::size_t) {
    if (was_struck || world.cluster().find("StatefulSet", "gamma") != nullptr) return;
    was_struck = true;
    throw Interrupted{SIGTERM};
  };
  const auto ended = world.restore(good_lkg(), recreating());
  EXPECT_EQ(ended.code, static_cast<ExitCode>(143)) << ended.error;
  EXPECT_EQ(world.cluster().find("StatefulSet", "gamma"), nullptr);
  world.between = nullptr;
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  EXPECT_TRUE(world.is_restored(good_lkg()));
  EXPECT_THAT(deletions_of(world), IsEmpty());
}

TEST(Recreate, AFinalizerThatHoldsTheObjectIsNamed) {
  // Protects against a wait without end, and against a create that merges into what is going.
  World world = blocked_world();
  world.cluster().edit("StatefulSet", "gamma",
                       [](Json& o) { o["metadata"]["finalizers"] = {"example.com/hold"}; });
  const auto result = world.restore(good_lkg(), recreating());
  EXPECT_EQ(result.code, ExitCode::incomplete);
  EXPECT_THAT(result.error, HasSubstr("StatefulSet/gamma: it is deleted, and not gone"));
  EXPECT_THAT(result.error, HasSubstr("example.com/hold"));
  EXPECT_EQ(result.halted_at_end, true);
}

TEST(Recreate, AStatusThatMovesIsReadAgain) {
  // Protects convergence: a controller's write refuses a fenced delete.
  World world = blocked_world();
  int beats = 0;
  world.intercept = [&](std::size_t,
                        const os::Command& command) -> std::optional<os::ProcessResult> {
    if (verb_and_args(command).front() == "delete" && !is_lock_call(command) && beats++ < 2)
      world.cluster().edit("StatefulSet", "gamma", [&](Json& o) { o["status"]["beat"] = beats; });
    return std::nullopt;
  };
  const auto result = world.restore(good_lkg(), recreating());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  EXPECT_THAT(deletions_of(world), SizeIs(3));
}

TEST(Recreate, NeverCostsAClaim) {
  // Protects data: the garbage collector takes claims that name the StatefulSet as their owner.
  World by_policy = blocked_world();
  by_policy.cluster().edit("StatefulSet", "gamma", [](Json& o) {
    o["spec"]["persistentVolumeClaimRetentionPolicy"] = {{"whenDeleted", "Delete"}};
  });
  auto result = by_policy.restore(good_lkg(), recreating());
  EXPECT_EQ(result.code, ExitCode::refused);
  EXPECT_THAT(result.error, HasSubstr("whenDeleted to Retain first"));

  World by_owner = blocked_world();
  by_owner.cluster().write(owned_by(by_owner.cluster().at("StatefulSet", "gamma"),
                                    make_object("v1", "PersistentVolumeClaim", "data-gamma-0")));
  result = by_owner.restore(good_lkg(), recreating());
  EXPECT_EQ(result.code, ExitCode::refused);
  EXPECT_THAT(result.error, HasSubstr("PersistentVolumeClaim/data-gamma-0 would go with it"));
}

TEST(Recreate, TheSwitchStays) {
  // Protects the halt: between a delete and a create there is no switch.
  World world = drifted_world();
  world.cluster().edit("ConfigMap", k_switch, [](Json& o) {
    o["data"] = {{"EXECUTION_HALTED", "1"}, {"OTHER", "x"}};
    o["immutable"] = true;
  });
  const auto result = world.restore(good_lkg(), recreating());
  EXPECT_EQ(result.code, ExitCode::refused);
  EXPECT_THAT(result.error, HasSubstr("is never deleted here: it halts trading"));
  EXPECT_THAT(result.next_step, HasSubstr("kubectl delete configmap agenttrader-kill-switch -n "));
  EXPECT_THAT(deletions_of(world), IsEmpty());
}

}  // namespace
}  // namespace dr::lkg
