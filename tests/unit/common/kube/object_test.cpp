#include "common/kube/object.hpp"

#include <gtest/gtest.h>

#include "common/base/error.hpp"
#include "tests/unit/support/floor_builder.hpp"

namespace dr::kube {
namespace {

using test::make_object;
using test::owned_by;

TEST(Object, KeyAddressesAnObject) {
  const Json object = make_object("apps/v1", "Deployment", "web");
  ObjectKey key = key_of(object);
  EXPECT_EQ(key, (ObjectKey{"apps/v1", "Deployment", "trading-floor", "web"}));
  EXPECT_EQ(key.display(), "Deployment/web");
  key.name = "a\n\x1b[31mb";  // a server may be hostile
  EXPECT_EQ(key.display(), "Deployment/a b");
  EXPECT_EQ(uid_of(object), "uid-Deployment-web");
  EXPECT_EQ(resource_version_of(object), "1");
}

TEST(Object, ClusterScopedObjectHasNoNamespace) {
  Json object = make_object("v1", "Namespace", "trading-floor");
  object["metadata"].erase("namespace");
  EXPECT_EQ(key_of(object).ns, "");
}

TEST(Object, MissingOrMistypedMembersAreErrors) {
  Json object = make_object("apps/v1", "Deployment", "web");
  object["metadata"]["uid"] = 7;
  object["metadata"].erase("resourceVersion");
  EXPECT_THROW(uid_of(object), Error);
  EXPECT_THROW(resource_version_of(object), Error);
  object.erase("kind");
  EXPECT_THROW(key_of(object), Error);
}

TEST(Object, DisplayNeverFails) {
  EXPECT_EQ(display(make_object("v1", "Pod", "a")), "Pod/a");
  EXPECT_EQ(display(Json()), "?/?");
  EXPECT_EQ(display(Json::array({1})), "?/?");
  EXPECT_EQ(display(Json{{"kind", 1}, {"metadata", "x"}}), "?/?");
  EXPECT_EQ(display(Json{{"kind", "Pod"}, {"metadata", {{"name", nullptr}}}}), "Pod/?");
  EXPECT_EQ(display(Json{{"kind", "Pod"}, {"metadata", {{"name", "a\nb"}}}}), "Pod/a b");
}

TEST(Object, ControllerIsTheReferenceMarkedSo) {
  const Json owner = make_object("apps/v1", "ReplicaSet", "web-r1");
  Json pod = make_object("v1", "Pod", "web-1");
  EXPECT_EQ(controller_of(pod), nullptr);
  EXPECT_FALSE(is_controlled_by(pod, "uid-ReplicaSet-web-r1"));

  pod = owned_by(owner, pod);
  pod["metadata"]["ownerReferences"].insert(pod["metadata"]["ownerReferences"].begin(),
                                            Json{{"uid", "uid-other"}});
  ASSERT_NE(controller_of(pod), nullptr);
  EXPECT_TRUE(is_controlled_by(pod, "uid-ReplicaSet-web-r1"));
  EXPECT_FALSE(is_controlled_by(pod, "uid-other"));
}

TEST(Object, ConditionIsFoundByType) {
  const Json object = test::make_deployment("web", 1);
  EXPECT_TRUE(condition_is(object, "Progressing", "True"));
  EXPECT_FALSE(condition_is(object, "Progressing", "False"));
  EXPECT_FALSE(condition_is(object, "ReplicaFailure", "False"));
  EXPECT_EQ(condition_of(object, "ReplicaFailure"), nullptr);
}

class ObjectTemplate : public testing::TestWithParam<const char*> {};

TEST_P(ObjectTemplate, IsFoundInSpec) {
  const std::string kind = GetParam();
  Json object = make_object(kind == "Job" ? "batch/v1" : "apps/v1", kind, "web");
  object["spec"]["template"] = test::make_template("web:1");
  EXPECT_EQ(pod_template_of(object), &object.at("spec").at("template"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, ObjectTemplate,
                         testing::Values("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet",
                                         "Job"));

TEST(Object, TemplateOfACronJobIsThatOfItsJobs) {
  const Json object = test::make_cron_job("report");
  EXPECT_EQ(pod_template_of(object),
            &object.at("spec").at("jobTemplate").at("spec").at("template"));
}

TEST(Object, OtherKindsHaveNoTemplate) {
  EXPECT_EQ(pod_template_of(make_object("v1", "Pod", "web")), nullptr);
  // A custom resource of the same kind keeps its templates elsewhere.
  EXPECT_EQ(pod_template_of(make_object("batch.volcano.sh/v1alpha1", "Job", "web")), nullptr);
}

TEST(Object, WorkloadWithoutTemplateIsAnError) {
  EXPECT_THROW(pod_template_of(make_object("apps/v1", "Deployment", "web")), Error);
  EXPECT_THROW(pod_template_of(Json{{"kind", "Deployment"}}), Error);
}

TEST(Object, ContainersAreThoseThatStartFirstAndTheOthers) {
  const Json pod = {{"spec",
                     {{"containers", Json::array({{{"name", "web"}}, {{"name", "log"}}})},
                      {"initContainers", Json::array({{{"name", "init"}}})}}}};
  std::string names;
  for (const Json* container : containers_of(pod))
    names += container->at("name").get<std::string>() + " ";
  EXPECT_EQ(names, "init web log ");
  EXPECT_TRUE(containers_of(Json::object()).empty());
}

TEST(Object, TemplateCanBeChangedInPlace) {
  Json object = test::make_deployment("web", 1);
  (*pod_template_of(object))["metadata"]["labels"]["x"] = "y";
  EXPECT_EQ(object.at("/spec/template/metadata/labels/x"_json_pointer), "y");
}

}  // namespace
}  // namespace dr::kube
