#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "common/backup/backup.hpp"
#include "tests/unit/plugins/lkg/restore/restore_world.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;

// Keeps the last evidence, and how many calls came before it.
struct Keeper {
  explicit Keeper(World& world) : m_world(world) {}

  RestoreOptions options() {
    RestoreOptions options = quick();
    options.keep_evidence = [this](backup::Backup evidence) {
      if (failure) throw Error(*failure);
      // The files hold, as `kubectl drbackup verify` holds them.
      kept = backup::parse_backup(evidence.id, backup::files_of(evidence));
      calls_before = m_world.calls().size();
      return std::string("somewhere");
    };
    return options;
  }

  std::optional<Error> failure;
  std::optional<backup::Backup> kept;
  std::size_t calls_before = 0;

 private:
  World& m_world;
};

std::vector<std::string> names_of(const backup::Backup& backup) {
  std::vector<std::string> names;
  for (const auto& object : backup.objects) names.push_back(kube::display(object));
  return names;
}

bool is_event_list(const os::Command& command) {
  return command.args.back().find("/events?") != std::string::npos;
}

TEST(Evidence, HoldsWhatWillBeChangedAndWhoWasThere) {
  // Protects the study of an incident: the restore takes away what it has to be studied on.
  World world = drifted_world();
  world.cluster().write({{"apiVersion", "v1"},
                         {"kind", "Event"},
                         {"type", "Warning"},
                         {"reason", "BackOff"},
                         {"metadata", {{"name", "web.1"}, {"namespace", k_floor}}}});
  for (Json pod : world.cluster().all("Pod")) {
    pod["metadata"]["annotations"] = {{"seen", "yes"}};
    world.cluster().put(std::move(pod));
  }
  const auto pods = world.cluster().all("Pod");
  Keeper keeper(world);
  const auto result = world.restore(good_lkg(), keeper.options());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  EXPECT_EQ(result.evidence, "somewhere");
  ASSERT_TRUE(keeper.kept);
  const auto& kept = *keeper.kept;
  EXPECT_TRUE(kept.partial());
  EXPECT_TRUE(kept.complete());
  EXPECT_EQ(kept.evidence->restore_id, result.restore_id);
  const auto names = names_of(kept);
  EXPECT_THAT(names, IsSupersetOf({"Deployment/web", "StatefulSet/gamma", "NetworkPolicy/deny",
                                   "CronJob/tick", "ConfigMap/rogue", "Event/web.1"}));
  for (const auto& pod : pods) EXPECT_THAT(names, Contains(kube::display(pod)));
  EXPECT_THAT(names, testing::Not(Contains("ServiceAccount/trading-floor-sa")));
  const Json& web = *kept.find("deploy", "web").at(0);
  EXPECT_EQ(
      web.at("spec").at("template").at("spec").at("containers")[0].at("env").back().at("name"),
      "ROGUE");
  const Json& witness = *kept.find("pod", kube::name_of(pods[0])).at(0);
  EXPECT_TRUE(data::has(witness, {"status", "phase"}));
  EXPECT_EQ(witness.at("metadata").at("annotations"), Json({{"seen", "yes"}}))
      << "whole, not as little as the restore judges by";
}

TEST(Evidence, IsKeptBeforeTheFirstWriteAndCostsTwoReads) {
  World world = drifted_world();
  Keeper keeper(world);
  world.restore(good_lkg(), keeper.options());
  const auto& calls = world.calls();
  EXPECT_EQ(std::count_if(calls.begin(), calls.end(), is_event_list), 1);
  for (std::size_t i = 0; i < keeper.calls_before; ++i)
    EXPECT_TRUE(!is_mutation(calls[i]) || is_switch_write(calls[i]));
  EXPECT_TRUE(is_event_list(calls.at(keeper.calls_before - 1)));
  EXPECT_EQ(calls.at(keeper.calls_before - 2).args.back(), "/api/v1/namespaces/trading-floor/pods");
}

TEST(Evidence, NothingIsKeptWhereNothingIsChanged) {
  World world = good_world();
  Keeper keeper(world);
  const auto result = world.restore(good_lkg(), keeper.options());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  EXPECT_FALSE(keeper.kept);
  EXPECT_THAT(result.evidence, IsEmpty());
  EXPECT_EQ(std::count_if(world.calls().begin(), world.calls().end(), is_event_list), 0);
}

TEST(Evidence, NothingIsKeptWhereNoNamespaceWas) {
  World world;
  Keeper keeper(world);
  EXPECT_EQ(world.restore(good_lkg(), keeper.options()).code, ExitCode::ok);
  EXPECT_FALSE(keeper.kept);
}

TEST(Evidence, AFullDiskIsAWarning) {
  World world = drifted_world();
  Keeper keeper(world);
  keeper.failure = Error(ExitCode::failed, "No space left on device");
  const auto result = world.restore(good_lkg(), keeper.options());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  EXPECT_TRUE(world.is_restored(good_lkg()));
  EXPECT_THAT(result.warnings, Contains(HasSubstr("No space left on device")));
  EXPECT_THAT(result.evidence, IsEmpty());
}

TEST(Evidence, NeverHidesThatTheSwitchMoved) {
  // Protects against an alarm of the watch that is taken for a failure to write files.
  World world = drifted_world();
  Keeper keeper(world);
  keeper.failure = Error(ExitCode::unsafe, "the switch moved");
  const auto result = world.restore(good_lkg(), keeper.options());
  EXPECT_EQ(result.code, ExitCode::unsafe);
  EXPECT_EQ(result.phase, "evidence");
}

TEST(Evidence, AFullDiskStopsARestoreThatRequiresIt) {
  World world = drifted_world();
  Keeper keeper(world);
  keeper.failure = Error(ExitCode::failed, "No space left on device");
  auto options = keeper.options();
  options.require_evidence = true;
  const auto result = world.restore(good_lkg(), options);
  EXPECT_EQ(result.code, ExitCode::failed);
  EXPECT_EQ(result.phase, "evidence");
  EXPECT_EQ(result.halted_at_end, true);
  EXPECT_THAT(result.error, HasSubstr("No space left on device"));
  for (const auto& call : world.calls()) EXPECT_TRUE(!is_mutation(call) || is_switch_write(call));
}

TEST(Evidence, EventsThatMayNotBeReadAreNamedAsMissing) {
  World world = drifted_world();
  world.intercept = [](std::size_t, const os::Command& command) {
    return is_event_list(command)
               ? std::optional(failed(1, "Error from server (Forbidden): events is forbidden\n"))
               : std::nullopt;
  };
  Keeper keeper(world);
  const auto result = world.restore(good_lkg(), keeper.options());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  ASSERT_TRUE(keeper.kept);
  EXPECT_FALSE(keeper.kept->complete());
  EXPECT_THAT(result.warnings, Contains(HasSubstr("events is forbidden")));
}

TEST(Evidence, PodsThatMayNotBeReadAreNamedAsMissing) {
  // The restore itself has read them a moment ago.
  World world = drifted_world();
  bool is_judged = false;
  world.intercept = [&](std::size_t, const os::Command& command) {
    is_judged = is_judged || is_rehearsal(command);
    return is_judged && command.args.back() == "/api/v1/namespaces/trading-floor/pods"
               ? std::optional(failed(1, "Error from server (Forbidden): pods is forbidden\n"))
               : std::nullopt;
  };
  Keeper keeper(world);
  const auto result = world.restore(good_lkg(), keeper.options());
  ASSERT_TRUE(keeper.kept);
  EXPECT_FALSE(keeper.kept->complete());
  EXPECT_THAT(result.warnings, Contains(AllOf(HasSubstr("the pods are not in the evidence"),
                                              HasSubstr("pods is forbidden"))));
}

TEST(Evidence, HoldsADriftedNamespaceToo) {
  // Protects the one drifted object that is in no namespace.
  World world = good_world();
  world.cluster().edit("Namespace", k_floor, [](Json& o) { o["metadata"]["labels"]["x"] = "y"; });
  Keeper keeper(world);
  EXPECT_EQ(world.restore(good_lkg(), keeper.options()).code, ExitCode::ok);
  ASSERT_TRUE(keeper.kept);
  EXPECT_THAT(names_of(*keeper.kept), Contains("Namespace/" + k_floor));
}

// --- What the journal is told

std::vector<std::string> values_of(const World& world, std::string_view event,
                                   const std::string& member) {
  std::vector<std::string> values;
  for (const auto& line : world.record())
    if (line.at("event") == event) values.push_back(data::string_at(line, {member}));
  return values;
}

TEST(Record, NamesEachPhaseAndWaveInOrderAndHowLongItTook) {
  World world = drifted_world();
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_THAT(values_of(world, "phase", "phase"),
              ElementsAre("identify", "halt", "lock", "preflight", "plan", "evidence", "waves",
                          "rollout", "prove", "verify", "prune", "schedules", "unlock"));
  EXPECT_THAT(values_of(world, "wave", "wave"), IsSupersetOf({"schedules", "execution"}));
  ASSERT_EQ(result.phases.size(), 13U);
  EXPECT_EQ(result.phases[7].first, "rollout");
  EXPECT_GE(result.phases[7].second, quick().soak);
  const auto verified = time_to_verified(result);
  ASSERT_TRUE(verified);
  EXPECT_GE(*verified, result.phases[7].second);
}

TEST(Record, TellsEachStepOfAWorkloadToReady) {
  // Protects the timeline of a report: it is drawn from these.
  World world = drifted_world();
  world.restore(good_lkg(), quick());
  std::vector<Json> steps;
  for (const auto& line : world.record())
    if (line.at("event") == "workload" && line.at("workload") == "Deployment/web")
      steps.push_back(line);
  ASSERT_FALSE(steps.empty());
  for (std::size_t i = 1; i < steps.size(); ++i) EXPECT_NE(steps[i], steps[i - 1]);
  EXPECT_EQ(steps.back().at("settled"), true);
  EXPECT_EQ(steps.back().at("ready"), steps.back().at("wanted"));
}

TEST(Record, ARestoreThatFailsToVerifyHasNoTimeToVerified) {
  World world = drifted_world();
  auto options = quick();
  options.expect_plan = "another";
  const auto result = world.restore(good_lkg(), options);
  EXPECT_EQ(result.code, ExitCode::refused);
  EXPECT_EQ(result.phases.back().first, "plan");
  EXPECT_FALSE(time_to_verified(result));
}

}  // namespace
}  // namespace dr::lkg
