// A status of a small floor on a model of the cluster.
#include "plugins/lkg/status/read_cluster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/lkg/status/verdict.hpp"
#include "tests/unit/common/lkg/lkg_builder.hpp"

namespace dr::lkg {
namespace {

using test::FakeCluster;
using testing::HasSubstr;

const std::string k_refused = "Error from server (Forbidden): pods is forbidden: no rights";

class ReadStatus : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto& object : objects()) m_cluster.write(object);
    m_disk.lkg = test::make_lkg(objects());
    m_disk.lkg_status.value = LkgStatus{};
    m_disk.lkg_status.value->state = FileState::intact;
    m_disk.lkg_status.value->ns = test::k_floor;
    m_disk.images.value = ImagesStatus{};
    m_disk.backups.value = BackupsStatus{};
  }

  static std::vector<Json> objects() {
    return {test::make_namespace(), test::make_switch(),
            test::consuming_switch(test::make_deployment("web", 1, test::k_by_digest))};
  }

  // `spoil`: an answer instead of the cluster's.
  Status look(
      const std::function<std::optional<os::ProcessResult>(const std::string&)>& spoil = {}) {
    test::FakeProcessRunner runner;
    runner.on_sleep = [this](Millis duration) { m_clock.advance(duration); };
    runner.handler = [&](const os::Command& command) {
      const auto args = test::verb_and_args(command);
      EXPECT_TRUE(args.front() == "get" || args.front() == "config") << join(args, " ");
      auto spoiled = spoil && args.front() == "get" ? spoil(args.back()) : std::nullopt;
      return spoiled ? *spoiled : m_cluster.answer(command);
    };
    const auto kubectl = test::make_kubectl(runner);
    Status status = read_status(kubectl, m_disk, m_clock.now());
    m_calls = runner.commands().size();
    return status;
  }

  test::FakeClock m_clock;
  FakeCluster m_cluster{m_clock};
  DiskFacts m_disk;
  std::size_t m_calls = 0;
};

TEST_F(ReadStatus, OfAGoodFloorProvesTheHaltAndFindsNoDrift) {
  const Status status = look();
  EXPECT_EQ(judge(status).code, ExitCode::ok) << judge(status).sentence;
  EXPECT_EQ(status.kill_switch.value->proofs.size(), 1U);
  EXPECT_EQ(status.lkg.value->cluster, Cluster::same);
  EXPECT_TRUE(status.drift.value->rows.empty());
  ASSERT_EQ(status.workloads.value->size(), 1U);
  EXPECT_EQ(status.workloads.value->front().digests, Digests::equal);
  EXPECT_EQ(status.fence.value->missing.size(), 4U);
  // A kubectl process costs up to 200 ms.
  EXPECT_LE(m_calls, 45U);
}

// The pods read "0" when they started, and keep it.
TEST_F(ReadStatus, AHaltByHandIsNotProvenForPodsThatAreOlder) {
  m_cluster.edit("ConfigMap", test::k_switch,
                 [](Json& object) { object["data"]["EXECUTION_HALTED"] = "0"; });
  EXPECT_EQ(halt_of(look()), Halt::released);
  m_cluster.edit("ConfigMap", test::k_switch,
                 [](Json& object) { object["data"]["EXECUTION_HALTED"] = "1"; });
  const Status status = look();
  EXPECT_EQ(halt_of(status), Halt::unproven);
  EXPECT_THAT(judge(status).sentence, HasSubstr("1 of 1 containers not proven halted"));
}

TEST_F(ReadStatus, CountsDriftAndShowsItsFirstPointer) {
  m_cluster.edit("Deployment", "web", [](Json& object) { object["spec"]["replicas"] = 3; });
  m_cluster.write(test::make_config_map("hotfix", "a", "b"));
  const Status status = look();
  ASSERT_EQ(status.drift.value->rows.size(), 2U);
  EXPECT_EQ(status.drift.value->rows[0].pointer, "/spec/replicas");
  EXPECT_EQ(status.drift.value->count(DriftKind::extra), 1U);
}

TEST_F(ReadStatus, SeesPodsThatRunAnotherImage) {
  const Json pod = m_cluster.all("Pod").front();
  m_cluster.edit("Pod", kube::name_of(pod), [](Json& object) {
    object["spec"]["containers"][0]["image"] = "web:2";
    object["status"]["containerStatuses"] =
        Json::array({test::running_status("web", "docker.io/library/web@" + test::k_digest_b)});
  });
  EXPECT_EQ(look().workloads.value->front().digests, Digests::other);
}

// One attempt, and everything on disk is still there.
TEST_F(ReadStatus, AsksAServerThatDoesNotAnswerNothingMore) {
  const Status status = look([](const std::string&) {
    return test::failed(1,
                        "The connection to the server floor:6443 was refused - did you specify "
                        "the right host or port?");
  });
  EXPECT_EQ(halt_of(status), Halt::unknown);
  EXPECT_THAT(status.unreachable, HasSubstr("was refused"));
  EXPECT_TRUE(status.lkg.is_known());
  EXPECT_EQ(m_calls, 5U);  // `config view` asks no server
}

// The switch and the workloads do not depend on the right to list roles.
TEST_F(ReadStatus, NamesEachKindThatMayNotBeListedAndShowsTheRest) {
  const Status status = look([](const std::string& path) -> std::optional<os::ProcessResult> {
    if (path.find("/roles") == std::string::npos && path.find("/services") == std::string::npos)
      return std::nullopt;
    return test::failed(1, k_refused);
  });
  EXPECT_EQ(status.drift.unknown, "forbidden to list roles, services");
  EXPECT_EQ(halt_of(status), Halt::proven);
  EXPECT_EQ(status.workloads.value->size(), 1U);
  EXPECT_EQ(judge(status).code, ExitCode::incomplete);
}

TEST_F(ReadStatus, WithoutTheRightToListPodsNothingIsProven) {
  const Status status = look([](const std::string& path) -> std::optional<os::ProcessResult> {
    if (path.find("/pods") == std::string::npos) return std::nullopt;
    return test::failed(1, k_refused);
  });
  EXPECT_EQ(halt_of(status), Halt::unproven);
  EXPECT_THAT(status.kill_switch.value->unproven, HasSubstr("forbidden"));
  EXPECT_TRUE(status.workloads.is_unknown());
}

// Between the first look and the last one.
TEST_F(ReadStatus, ASwitchThatIsWrittenMeanwhileProvesNothing) {
  int reads = 0;
  const Status status = look([&](const std::string& path) -> std::optional<os::ProcessResult> {
    if (path.find("/configmaps/" + test::k_switch) != std::string::npos && ++reads == 3) {
      m_cluster.edit("ConfigMap", test::k_switch,
                     [](Json& object) { object["data"]["OTHER"] = "x"; });
    }
    return std::nullopt;
  });
  EXPECT_EQ(reads, 3);
  EXPECT_EQ(halt_of(status), Halt::released);
  EXPECT_THAT(judge(status).sentence, HasSubstr("it was written while this looked"));
}

TEST_F(ReadStatus, OfAMissingNamespaceAsksForNoLists) {
  FakeCluster empty(m_clock);
  m_cluster = empty;
  const Status status = look();
  EXPECT_EQ(halt_of(status), Halt::no_namespace);
  EXPECT_LE(m_calls, 8U);
}

}  // namespace
}  // namespace dr::lkg
