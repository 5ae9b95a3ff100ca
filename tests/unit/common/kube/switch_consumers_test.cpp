#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/kube/halt_proof.hpp"
#include "tests/unit/common/kube/switch_pods.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::IsEmpty;

// "web env", "init literal 0"
std::vector<std::string> ways(const Json& pod_spec) {
  std::vector<std::string> texts;
  for (const auto& consumer : switch_consumers(pod_spec)) {
    texts.push_back(consumer.container + " " + std::string(name_of(consumer.way)));
    if (consumer.way == SwitchWay::literal) texts.back() += consumer.halting ? " 1" : " 0";
  }
  return texts;
}

// Each way follows the switch at another moment, so none may be taken for another.
TEST(SwitchConsumers, TellTheWaysApart) {
  EXPECT_THAT(ways(spec_with(k_env)), ElementsAre("web env"));
  EXPECT_THAT(ways(spec_with(k_env_from)), ElementsAre("web envFrom"));
  EXPECT_THAT(ways(spec_with(k_mount)), ElementsAre("web file"));
  EXPECT_THAT(ways(spec_with(k_file_env)), ElementsAre("web file-not-mounted"));
  EXPECT_THAT(ways(spec_with(literal("1"))), ElementsAre("web literal 1"));
  EXPECT_THAT(ways(spec_with(Json::object())), IsEmpty());
}

TEST(SwitchConsumers, ProjectedVolumesAndFrozenMounts) {
  const Json projected = Json::parse(R"({"name": "switch", "projected": {"sources":
    [{"serviceAccountToken": {"path": "t"}},
     {"configMap": {"name": "agenttrader-kill-switch"}}]}})");
  EXPECT_THAT(ways(spec_with(k_mount, projected)), ElementsAre("web file"));
  for (const char* member : {"subPath", "subPathExpr"}) {
    Json frozen = k_mount;
    frozen["volumeMounts"][0][member] = "EXECUTION_HALTED";
    EXPECT_THAT(ways(spec_with(frozen)), ElementsAre("web subPath"));
  }
}

// The application also reads these names.
TEST(SwitchConsumers, KnowTheOtherNamesOfTheApplication) {
  Json renamed = k_env;
  renamed["env"][0]["name"] = "EXEC_KILL_SWITCH";
  EXPECT_THAT(ways(spec_with(renamed)), ElementsAre("web env"));
  renamed["env"][0] = {{"name", "EXEC_KILL_SWITCH"}, {"value", "0"}};
  EXPECT_THAT(ways(spec_with(renamed)), ElementsAre("web literal 0"));
  renamed["env"][0] = {{"name", "EXEC_KILL_SWITCH_FILE"}, {"value", "/x"}};
  EXPECT_THAT(ways(spec_with(renamed)), ElementsAre("web file-not-mounted"));
}

// A literal of any spelling that the application takes for true halts; nothing else does.
TEST(SwitchConsumers, LiteralsHaltByTheApplicationsWords) {
  for (const char* value : {"1", "true", "TRUE", "Yes", "on"})
    EXPECT_THAT(ways(spec_with(literal(value))), ElementsAre("web literal 1")) << value;
  for (const char* value : {"0", "", "false", "off", "2", " 1"})
    EXPECT_THAT(ways(spec_with(literal(value))), ElementsAre("web literal 0")) << value;
  const Json elsewhere = Json::parse(R"({"env": [{"name": "EXECUTION_HALTED", "valueFrom":
    {"configMapKeyRef": {"name": "other", "key": "EXECUTION_HALTED"}}}]})");
  EXPECT_THAT(ways(spec_with(elsewhere)), ElementsAre("web literal 0"));
}

// One way that follows the switch is enough for the application; a fixed one beside it is no
// danger.
TEST(SwitchConsumers, FixedWaysCountOnlyAlone) {
  Json both = literal("0");
  both.update(k_mount);
  EXPECT_THAT(ways(spec_with(both)), ElementsAre("web file"));
  Json all = k_env;
  all.update(k_mount);
  all["env"].push_back(k_file_env["env"][0]);
  EXPECT_THAT(ways(spec_with(all)), ElementsAre("web env", "web file"));
}

// A way that only looks like one would prove a halt that the container never reads.
TEST(SwitchConsumers, AreNotFooledByTheSwitchsName) {
  Json overridden = literal("0");
  overridden.update(k_env_from);
  EXPECT_THAT(ways(spec_with(overridden)), ElementsAre("web literal 0"))
      << "env goes before envFrom";

  Json prefixed = k_env_from;
  prefixed["envFrom"][0]["prefix"] = "X_";
  EXPECT_THAT(ways(spec_with(prefixed)), IsEmpty());

  Json other_key = k_env;
  other_key["env"][0]["valueFrom"]["configMapKeyRef"]["key"] = "REASON";
  EXPECT_THAT(ways(spec_with(other_key)), ElementsAre("web literal 0"));

  Json twice = k_env;
  twice["env"].push_back({{"name", "EXECUTION_HALTED"}, {"value", "0"}});
  EXPECT_THAT(ways(spec_with(twice)), ElementsAre("web literal 0")) << "the last one counts";

  Json items = k_volume;
  items["configMap"]["items"] = Json::parse(R"([{"key": "REASON", "path": "r"}])");
  Json mount = k_mount;
  mount.update(k_file_env);
  EXPECT_THAT(ways(spec_with(mount, items)), ElementsAre("web file-not-mounted"));
  items["configMap"]["items"].push_back({{"key", "EXECUTION_HALTED"}, {"path", "x"}});
  EXPECT_THAT(ways(spec_with(mount, items)), ElementsAre("web file"));

  Json elsewhere = k_volume;
  elsewhere["configMap"]["name"] = "other";
  EXPECT_THAT(ways(spec_with(k_mount, elsewhere)), IsEmpty());
}

// An init container can trade as well.
TEST(SwitchConsumers, IncludeInitContainers) {
  Json spec = spec_with(k_env);
  spec["initContainers"] = Json::array({make_container("init", "init:1")});
  spec["initContainers"][0].update(literal("0"));
  EXPECT_THAT(ways(spec), ElementsAre("init literal 0", "web env"));
}

}  // namespace
}  // namespace dr::kube
