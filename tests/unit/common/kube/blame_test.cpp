#include "common/kube/blame.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/error.hpp"
#include "common/kube/compare.hpp"
#include "tests/unit/support/floor_builder.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Json entry(const std::string& manager, const std::string& operation, const std::string& time,
           const std::string& fields) {
  return {{"manager", manager},
          {"operation", operation},
          {"time", time},
          {"fieldsType", "FieldsV1"},
          {"fieldsV1", Json::parse(fields)}};
}

// As `kubectl create` owns a Deployment of one container, and the controller its status.
Json made_by_create() {
  return entry("kubectl-create", "Update", "2026-01-02T03:00:00Z", R"({"f:spec": {
      "f:replicas": {},
      "f:template": {"f:spec": {
        "f:nodeSelector": {},
        "f:containers": {"k:{\"name\":\"main\"}": {".": {}, "f:name": {}, "f:image": {}, "f:args": {},
          "f:env": {".": {}, "k:{\"name\":\"LEVEL\"}": {".": {}, "f:name": {}, "f:value": {}}},
          "f:volumeMounts": {".": {}, "k:{\"mountPath\":\"/tmp\"}": {".": {}, "f:mountPath": {}, "f:name": {}}}}},
        "f:volumes": {".": {}, "k:{\"name\":\"tmp\"}": {".": {}, "f:name": {}, "f:emptyDir": {}}}}}}})");
}

Json deployment() {
  Json object = make_deployment("web", 1);
  object["spec"]["template"]["spec"] = Json::parse(R"({
    "nodeSelector": {"disk": "fast"},
    "containers": [{"name": "main", "image": "web:1", "args": ["-v", "-x"],
                    "env": [{"name": "LEVEL", "value": "info"}],
                    "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]}],
    "volumes": [{"name": "tmp", "emptyDir": {}}]})");
  object["metadata"]["managedFields"] =
      Json::array({made_by_create(), entry("kube-controller-manager", "Update",
                                           "2026-01-02T03:09:00Z", R"({"f:status": {}})")});
  object["metadata"]["managedFields"][1]["subresource"] = "status";
  return object;
}

// The live object after somebody wrote it; `fields` is what that made theirs.
struct Drifted {
  Json lkg = captured(deployment());
  Json live = deployment();

  Json& pod() { return live["spec"]["template"]["spec"]; }
  Json& main() { return pod()["containers"][0]; }
  void wrote(const std::string& manager, const std::string& operation, const std::string& fields) {
    live["metadata"]["managedFields"].push_back(
        entry(manager, operation, "2026-01-02T03:05:00Z", fields));
  }
  std::vector<Blame> blames() const {
    std::vector<Blame> result;
    const FieldOwners owners(live);
    for (const auto& difference : compare(lkg, live, Allocated::keep))
      result.push_back(owners.of(lkg, difference));
    return result;
  }
};

std::vector<std::string> managers_of(const Blame& blame) {
  std::vector<std::string> names;
  for (const auto& owner : blame.owners) names.push_back(owner.manager);
  return names;
}

const std::string k_in_main =
    R"({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"main\"}": )";

TEST(Blame, NamesWhoAddedAnElementOfAKeyedList) {
  Drifted drifted;
  // A container before ours: the pointer counts in the LKG, the owner is looked up in the live
  // list.
  auto& containers = drifted.pod()["containers"];
  containers.insert(containers.begin(), make_container("side", "rogue:1"));
  drifted.pod()["containers"][1]["env"].push_back({{"name", "ROGUE"}, {"value", "1"}});
  drifted.wrote("kubectl-edit", "Update",
                R"({"f:spec": {"f:template": {"f:spec": {"f:containers": {
                  "k:{\"name\":\"side\"}": {".": {}, "f:name": {}, "f:image": {}}}}}}})");
  drifted.wrote(
      "kubectl-set", "Update",
      k_in_main + R"({"f:env": {"k:{\"name\":\"ROGUE\"}": {".": {}, "f:name": {}}}}}}}}})");
  const auto blames = drifted.blames();
  ASSERT_EQ(blames.size(), 2U);
  EXPECT_THAT(managers_of(blames[0]), ElementsAre("kubectl-set"));
  EXPECT_THAT(managers_of(blames[1]), ElementsAre("kubectl-edit"));
  EXPECT_TRUE(blames[0].apply_keeps);
  EXPECT_TRUE(blames[1].apply_keeps);
  EXPECT_EQ(blames[1].owners[0].operation, "Update");
  EXPECT_EQ(blames[1].owners[0].time, "2026-01-02T03:05:00Z");
}

TEST(Blame, AChangedFieldIsOverwrittenByAnApply) {
  Drifted drifted;
  drifted.main()["image"] = "rogue:1";
  drifted
      .live["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:template"]["f:spec"]
           ["f:containers"]["k:{\"name\":\"main\"}"]
      .erase("f:image");
  drifted.wrote("kubectl-set", "Update", k_in_main + R"({"f:image": {}}}}}}})");
  const auto blames = drifted.blames();
  ASSERT_EQ(blames.size(), 1U);
  EXPECT_THAT(managers_of(blames[0]), ElementsAre("kubectl-set"));
  EXPECT_FALSE(blames[0].apply_keeps);
}

TEST(Blame, AnAtomicListOrMapBelongsToWhoWroteItWhole) {
  Drifted drifted;
  drifted.main()["args"].erase(0);
  drifted.pod()["nodeSelector"]["zone"] = "b";
  const auto blames = drifted.blames();
  ASSERT_EQ(blames.size(), 2U);
  for (const auto& blame : blames) {
    EXPECT_THAT(managers_of(blame), ElementsAre("kubectl-create"));
    EXPECT_FALSE(blame.apply_keeps) << "the LKG names the list, so an apply replaces all of it";
  }
}

TEST(Blame, WhoOwnsAnEmptyMapDoesNotOwnWhatAnotherPutThere) {
  Drifted drifted;
  drifted.pod()["volumes"][0]["emptyDir"]["sizeLimit"] = "1Gi";
  drifted.wrote("kubectl-patch", "Update",
                R"({"f:spec": {"f:template": {"f:spec": {"f:volumes": {
                  "k:{\"name\":\"tmp\"}": {"f:emptyDir": {"f:sizeLimit": {}}}}}}}})");
  const auto blames = drifted.blames();
  ASSERT_EQ(blames.size(), 1U);
  EXPECT_THAT(managers_of(blames[0]), ElementsAre("kubectl-patch"));
  EXPECT_TRUE(blames[0].apply_keeps);
}

// What is left of a map says nothing about who took the rest away.
TEST(Blame, WhoOwnsAnEmptyMapDoesNotOwnWhatIsGoneFromIt) {
  for (const bool all_gone : {true, false}) {
    Drifted drifted;
    drifted.lkg["spec"]["template"]["spec"]["volumes"][0]["emptyDir"] = {{"sizeLimit", "1Gi"},
                                                                         {"medium", "Memory"}};
    if (!all_gone) {
      drifted.pod()["volumes"][0]["emptyDir"]["medium"] = "Memory";
      drifted.wrote("kubectl-patch", "Update",
                    R"({"f:spec": {"f:template": {"f:spec": {"f:volumes": {
                      "k:{\"name\":\"tmp\"}": {"f:emptyDir": {"f:medium": {}}}}}}}})");
    }
    const auto blames = drifted.blames();
    EXPECT_EQ(blames.size(), all_gone ? 2U : 1U);
    for (const auto& blame : blames) EXPECT_THAT(blame.owners, IsEmpty()) << all_gone;
  }
}

// The comparison pairs mounts by name, an apply by mountPath: to it this is one more mount.
TEST(Blame, AnElementWhoseKeyChangedIsAnotherOneToAnApply) {
  Drifted drifted;
  drifted.main()["volumeMounts"][0]["mountPath"] = "/rogue";
  drifted.wrote("kubectl-patch", "Update", k_in_main + R"({"f:volumeMounts": {
                  "k:{\"mountPath\":\"/rogue\"}": {".": {}, "f:mountPath": {}, "f:name": {}}}}}}}}})");
  const auto blames = drifted.blames();
  ASSERT_EQ(blames.size(), 1U);
  EXPECT_THAT(managers_of(blames[0]), ElementsAre("kubectl-patch"));
  EXPECT_TRUE(blames[0].apply_keeps);
}

TEST(Blame, NobodyIsBlamedForARemovedField) {
  Drifted drifted;
  drifted.main()["env"].clear();
  drifted.wrote("kubectl-edit", "Update", R"({"f:metadata": {"f:labels": {}}})");
  const auto blames = drifted.blames();
  ASSERT_EQ(blames.size(), 1U);
  EXPECT_THAT(blames[0].owners, IsEmpty());
  ASSERT_TRUE(blames[0].last_writer);
  EXPECT_EQ(blames[0].last_writer->manager, "kubectl-edit") << "not the one of the status";
  EXPECT_FALSE(blames[0].apply_keeps);
}

TEST(Blame, SeveralOwnersStandNewestFirst) {
  Drifted drifted;
  drifted.live["spec"]["replicas"] = 7;
  drifted.wrote("autoscaler", "Update", R"({"f:spec": {"f:replicas": {}}})");
  const auto blames = drifted.blames();
  ASSERT_EQ(blames.size(), 1U);
  EXPECT_THAT(managers_of(blames[0]), ElementsAre("autoscaler", "kubectl-create"));
}

// kubectl's apply makes the fields of an older `kubectl apply` its own, and its own it removes.
TEST(Blame, AnApplyRemovesWhatItHasTakenOver) {
  const std::string fields = R"({"f:metadata": {"f:labels": {"f:rogue": {}}}})";
  const std::string with_annotation =
      R"({"f:metadata": {"f:labels": {"f:rogue": {}}, "f:annotations": {
      "f:kubectl.kubernetes.io/last-applied-configuration": {}}}})";
  struct Case {
    std::string manager, operation, fields;
    bool kept;
  };
  for (const auto& row :
       {Case{"kubectl-client-side-apply", "Update", with_annotation, false},
        Case{"agenttrader-dr", "Apply", fields, false},
        Case{"agenttrader-dr", "Update", fields, true}, Case{"argocd", "Apply", fields, true}}) {
    Drifted drifted;
    drifted.live["metadata"]["labels"]["rogue"] = "1";
    drifted.wrote(row.manager, row.operation, row.fields);
    const auto blames = drifted.blames();
    ASSERT_EQ(blames.size(), 1U);
    EXPECT_EQ(blames[0].apply_keeps, row.kept) << row.manager << " " << row.operation;
  }
}

TEST(Blame, AnExtraObjectIsItsOldestWritersAndStays) {
  Drifted drifted;
  drifted.wrote("kubectl-edit", "Update", R"({"f:spec": {"f:replicas": {}}})");
  const Blame blame = FieldOwners(drifted.live).of_extra();
  EXPECT_THAT(managers_of(blame), ElementsAre("kubectl-create"));
  EXPECT_TRUE(blame.apply_keeps);
  drifted.live["metadata"].erase("managedFields");
  EXPECT_THAT(FieldOwners(drifted.live).of_extra().owners, IsEmpty());
}

TEST(Blame, RefusesWhatIsNoFieldsV1) {
  for (const std::string fields :
       {R"([])", R"({"f:a": 1})", R"({"a": {}})", R"({".": {"f:a": {}}})", R"({"k:[1]": {}})",
        R"({"k:{": {}})", R"({"v:": {}})", R"({"i:x": {}})", R"({"f": {}})"}) {
    Json live = deployment();
    live["metadata"]["managedFields"][0]["fieldsV1"] = Json::parse(fields);
    try {
      const FieldOwners owners(live);
      ADD_FAILURE() << fields;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("Deployment/web: /metadata/managedFields")) << fields;
    }
  }
  Json live = deployment();
  live["metadata"]["managedFields"][0]["fieldsType"] = "FieldsV2";
  EXPECT_THROW(FieldOwners{live}, Error);
}

}  // namespace
}  // namespace dr::kube
