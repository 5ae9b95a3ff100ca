#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/lkg/health_report.hpp"
#include "tests/unit/plugins/lkg/health_cluster.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;

TEST(HealthJson, TellsUnreadFromEmpty) {
  HealthCluster cluster = small_floor();
  cluster.refuse(k_core + "pods", "Error from server (Forbidden): no");
  const Json document = health_json(cluster.gather(), nullptr);
  EXPECT_TRUE(document.at("pods").is_null());
  EXPECT_TRUE(document.at("podImages").is_null());
  EXPECT_EQ(document.at("daemonSets"), Json::array());
  EXPECT_TRUE(document.at("restore").is_null());
  for (const Json& row : document.at("rollouts")) EXPECT_TRUE(row.at("settled").is_null());
}

TEST(HealthJson, HoldsWhatTheRestoreDid) {
  const RestoreResult result = good_restore();
  const Json document = health_json(small_floor().gather(), &result);
  EXPECT_EQ(document.at("killSwitch"), "1");
  EXPECT_EQ(document.at("restore").at("exitCode"), 0);
  EXPECT_EQ(document.at("restore").at("haltedAtEnd"), true);
  EXPECT_EQ(document.at("restore").at("extras"), Json({"ConfigMap/a", "Service/b"}));
  EXPECT_EQ(document.at("scaleUp").at(0).at("command"),
            "kubectl -n trading-floor scale deployment/execution-agent --replicas=1");
}

}  // namespace
}  // namespace dr::lkg
