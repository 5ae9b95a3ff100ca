#include "plugins/lkg/health_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "common/kube/object.hpp"
#include "tests/unit/plugins/lkg/health_cluster.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

std::vector<std::string> names_in(const std::vector<Json>& objects) {
  std::vector<std::string> names;
  for (const Json& object : objects) names.push_back(kube::name_of(object));
  return names;
}

TEST(GatherHealth, ReadsEachListOnce) {
  HealthCluster cluster = small_floor();
  const HealthFacts facts = cluster.gather();
  EXPECT_EQ(cluster.reads(), 11U + 1U);  // and the log of the container that crashes
  EXPECT_EQ(facts.kill_switch, "1");
  EXPECT_EQ(facts.target.ns, "trading-floor");
  EXPECT_THAT(facts.gaps, IsEmpty());
}

TEST(GatherHealth, SortsByNameAndFillsInTheType) {
  const HealthFacts facts = small_floor().gather();
  EXPECT_THAT(names_in(facts.deployments), ElementsAre("execution-agent", "web"));
  EXPECT_EQ(facts.pods.at(0).at("kind"), "Pod");
  EXPECT_EQ(facts.stateful_sets.at(0).at("apiVersion"), "apps/v1");
}

TEST(GatherHealth, NamesWhatItMayNotRead) {
  HealthCluster cluster = small_floor();
  cluster.refuse(k_events_path, "Error from server (Forbidden): events is forbidden\n");
  const HealthFacts facts = cluster.gather();
  EXPECT_THAT(facts.gaps,
              ElementsAre("events: Error from server (Forbidden): events is forbidden"));
  EXPECT_THAT(facts.deployments, SizeIs(2));
}

TEST(GatherHealth, LosesOnlyTheListThatIsNotJson) {
  HealthCluster cluster = small_floor();
  cluster.put_text(k_core + "pods", "<html>gateway</html>");
  const HealthFacts facts = cluster.gather();
  EXPECT_THAT(facts.gaps, ElementsAre(StartsWith("pods: ")));
  EXPECT_THAT(facts.deployments, SizeIs(2));
  EXPECT_EQ(facts.kill_switch, "1");
}

TEST(GatherHealth, LosesOnlyTheListThatIsMalformed) {
  HealthCluster cluster = small_floor();
  cluster.put(k_core + "pods", {{"items", {{{"metadata", {{"name", "no-uid"}}}}}}});
  cluster.put(k_apps + "deployments", {{"kind", "Status"}});
  EXPECT_THAT(cluster.gather().gaps, ElementsAre("deployments: the answer is not a list",
                                                 StartsWith("pods: /metadata/uid")));
}

TEST(GatherHealth, DoesNotGuessTheSwitch) {
  HealthCluster cluster;
  cluster.refuse(k_switch_path,
                 "Error from server (NotFound): configmaps \"agenttrader-kill-switch\" not found");
  HealthFacts facts = cluster.gather();
  EXPECT_EQ(facts.kill_switch, std::nullopt);
  EXPECT_THAT(facts.gaps, ElementsAre("ConfigMap/agenttrader-kill-switch does not exist"));

  cluster.refuse(k_switch_path, "Unable to connect to the server: EOF");
  facts = cluster.gather();
  EXPECT_EQ(facts.kill_switch, std::nullopt);
  EXPECT_THAT(facts.gaps, ElementsAre("ConfigMap/agenttrader-kill-switch: Unable to connect to "
                                      "the server: EOF"));

  cluster.put(k_switch_path, make_object("v1", "ConfigMap", "agenttrader-kill-switch"));
  facts = cluster.gather();
  EXPECT_EQ(facts.kill_switch, std::nullopt);
  EXPECT_THAT(facts.gaps,
              ElementsAre("ConfigMap/agenttrader-kill-switch has no key EXECUTION_HALTED"));
}

TEST(GatherHealth, SaysThatTheSwitchIsBeingDeleted) {
  HealthCluster cluster;
  cluster.put(k_switch_path, being_deleted(switch_with("1")));
  const HealthFacts facts = cluster.gather();
  EXPECT_EQ(facts.kill_switch, "1");
  EXPECT_THAT(facts.gaps, ElementsAre("ConfigMap/agenttrader-kill-switch is being deleted"));
}

TEST(GatherHealth, KeepsTheNewestEventsByAnyOfTheirTimes) {
  Json by_event_time = make_event("b", "b", "");
  by_event_time.erase("lastTimestamp");
  by_event_time["eventTime"] = "2026-01-02T03:00:02.500000Z";
  Json by_series = by_event_time;
  by_series["metadata"]["name"] = "c";
  by_series["series"] = {{"lastObservedTime", "2026-01-02T03:00:09.000001Z"}, {"count", 40}};
  Json by_creation = created(make_event("d", "d", ""));
  by_creation["lastTimestamp"] = nullptr;
  by_creation["eventTime"] = nullptr;
  HealthCluster cluster;
  cluster.put(k_events_path, list_with({make_event("a", "a", "2026-01-02T03:00:01Z"), by_event_time,
                                        by_series, by_creation}));
  EXPECT_THAT(names_in(cluster.gather().warning_events), ElementsAre("c", "b", "a", "d"));
  EXPECT_THAT(names_in(cluster.gather(2).warning_events), ElementsAre("c", "b"));

  const Json newest = health_json(cluster.gather(1), nullptr).at("warningEvents").at(0);
  EXPECT_EQ(newest.at("lastSeen"), "2026-01-02T03:00:09Z");
  EXPECT_EQ(newest.at("count"), 40);
}

TEST(GatherHealth, SaysThatThereAreMoreEventsThanItRead) {
  Json list = list_with({make_event("e1", "web-0", "2026-01-02T03:00:00Z")});
  list["metadata"]["continue"] = "token";
  HealthCluster cluster;
  cluster.put(k_events_path, list);
  const HealthFacts facts = cluster.gather();
  EXPECT_THAT(facts.gaps, ElementsAre("only the first 1 events were read; there are more"));
  EXPECT_THAT(health_markdown(facts, nullptr), HasSubstr("Recent warning events (last 1)"));
}

}  // namespace
}  // namespace dr::lkg
