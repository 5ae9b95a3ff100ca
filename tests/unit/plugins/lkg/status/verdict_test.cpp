#include "plugins/lkg/status/verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plugins/lkg/status/status_builder.hpp"

namespace dr::lkg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Verdict, IsOkOnlyWhenTheHaltIsProvenAndAllWasRead) {
  const StatusVerdict verdict = judge(test::good_status());
  EXPECT_EQ(verdict.word, "HALTED, restorable");
  EXPECT_EQ(verdict.code, ExitCode::ok);
  EXPECT_EQ(verdict.next_step, "");
}

// 0 must never stand for a floor that may trade.
TEST(Verdict, IsUnsafeForEverythingElseAboutTheHalt) {
  const auto code_with = [](auto spoil) {
    Status status = test::good_status();
    spoil(status);
    return judge(status).code;
  };
  EXPECT_EQ(code_with([](Status& s) { s.kill_switch.value->value = "0"; }), ExitCode::unsafe);
  EXPECT_EQ(code_with([](Status& s) { s.kill_switch.value->value = "true"; }), ExitCode::unsafe);
  EXPECT_EQ(code_with([](Status& s) { s.kill_switch.value->value.reset(); }), ExitCode::unsafe);
  EXPECT_EQ(code_with([](Status& s) { s.kill_switch.value->objection = "it is being deleted"; }),
            ExitCode::unsafe);
  EXPECT_EQ(code_with([](Status& s) { s.kill_switch.value->safety = "false"; }), ExitCode::unsafe);
  EXPECT_EQ(code_with([](Status& s) { s.kill_switch.value->unproven = "no pods"; }),
            ExitCode::unsafe);
  EXPECT_EQ(
      code_with([](Status& s) {
        s.kill_switch.value->proofs.push_back(test::proof_of("rogue", kube::HaltVerdict::waiting));
      }),
      ExitCode::unsafe);
  EXPECT_EQ(code_with([](Status& s) { s.kill_switch.unknown = "Forbidden"; }), ExitCode::unsafe);
}

// A look from before tells nothing of now.
TEST(Verdict, DoesNotRestOnAnEarlierLook) {
  Status now = test::down_status();
  keep_last_seen(now, test::good_status());
  ASSERT_TRUE(now.kill_switch.value);
  EXPECT_EQ(judge(now).halt, Halt::unknown);
  EXPECT_EQ(judge(now).code, ExitCode::unsafe);
}

TEST(Verdict, TellsDamageFromUnknownFromAbsent) {
  Status status = test::good_status();
  status.fence = {std::nullopt, "Forbidden", std::nullopt};
  EXPECT_EQ(judge(status).code, ExitCode::incomplete);
  status.lkg.value = LkgStatus{};
  EXPECT_EQ(judge(status).code, ExitCode::incomplete);
  status.fence = test::good_status().fence;
  EXPECT_EQ(judge(status).code, ExitCode::failed);
  EXPECT_EQ(judge(status).word, "HALTED, NOT restorable");
  status.lkg.value->state = FileState::damaged;
  EXPECT_EQ(judge(status).code, ExitCode::integrity);
  status = test::good_status();
  status.restores.value->ledger = FileState::damaged;
  EXPECT_EQ(judge(status).code, ExitCode::integrity);
}

// Whose namespace is not there has nothing that trades, and may have mistyped it.
TEST(Verdict, OfAMissingNamespaceIsFailed) {
  Status status = test::good_status();
  status.kill_switch.value = SwitchStatus{};
  status.kill_switch.value->namespace_exists = false;
  EXPECT_EQ(judge(status).word, "NO NAMESPACE, restorable");
  EXPECT_EQ(judge(status).code, ExitCode::failed);
}

TEST(Verdict, NamesTheNextStep) {
  Status status = test::good_status();
  status.drift.value->rows.push_back({DriftKind::extra, "ConfigMap/hotfix", "", 0});
  EXPECT_THAT(judge(status).next_step, StartsWith("kubectl lkg plan -n trading-floor"));
  status.lkg.value->state = FileState::damaged;
  status.lkg.value->intact_in_history = "20260101T000000Z-deadbeef";
  EXPECT_THAT(judge(status).next_step, testing::HasSubstr("--from 20260101T000000Z-deadbeef"));
  status.kill_switch.value->value = "0";
  EXPECT_EQ(judge(status).next_step, "kubectl lkg halt -n trading-floor");
}

TEST(Problems, OfAGoodFloorAreNone) {
  EXPECT_THAT(problems_of(test::good_status(),
                          {std::chrono::hours(2), std::chrono::hours(4), std::chrono::hours(3)}),
              IsEmpty());
}

TEST(Problems, HaveOneLineForEachBoundThatIsBroken) {
  const std::chrono::minutes hour{60};
  EXPECT_THAT(problems_of(test::good_status(), {hour, hour, hour}),
              ElementsAre("lkg: 2h00m old (limit 1h00m)", "images: 3h00m old (limit 1h00m)",
                          "backups: 4h00m old (limit 1h00m)"));
  Status none = test::good_status();
  none.images.value = ImagesStatus{};
  none.backups.value = BackupsStatus{};
  EXPECT_THAT(
      problems_of(none, {{}, hour, hour}),
      ElementsAre("images: there is none (limit 1h00m)", "backups: there is none (limit 1h00m)"));
  EXPECT_THAT(problems_of(none, {}), IsEmpty());
}

TEST(Problems, NameEverythingThatIsWrong) {
  Status status = test::good_status();
  status.kill_switch.value->value = "0";
  status.lkg.value->cluster = Cluster::another;
  status.drift.value->rows.push_back({DriftKind::missing, "Service/web", "", 0});
  status.workloads.value->front().digests = Digests::other;
  status.workloads.value->back().settled = false;
  status.workloads.value->back().reason = "CrashLoopBackOff: back-off 5m0s";
  status.images.value->not_found = {"Deployment/engine web@sha256:1"};
  status.backups.value->newer = "20260102T030000Z is incomplete";
  status.restores.value = RestoresStatus{FileState::damaged, "line 2 was altered", {}, {}};
  status.fence.value = FenceStatus{true, {"ValidatingAdmissionPolicy/agenttrader-dr-hold"}};
  status.gitops = {std::nullopt, "Forbidden", std::nullopt};
  EXPECT_THAT(
      problems_of(status, {}),
      ElementsAre("switch: the switch reads EXECUTION_HALTED=\"0\"", "gitops: unknown: Forbidden",
                  "lkg: the LKG is of another cluster", "drift: 1 object drifted",
                  "workloads: Deployment/engine: runs other images than the LKG's",
                  "workloads: StatefulSet/gamma-strategy: CrashLoopBackOff: back-off 5m0s",
                  "images: not in the inventory: Deployment/engine web@sha256:1",
                  "backups: 20260102T030000Z is incomplete",
                  "restores: the ledger is damaged: line 2 was altered",
                  "fence: the namespace is labelled as held, but these are not in force: "
                  "ValidatingAdmissionPolicy/agenttrader-dr-hold"));
}

}  // namespace
}  // namespace dr::lkg
