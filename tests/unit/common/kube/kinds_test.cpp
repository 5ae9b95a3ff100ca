#include "common/kube/kinds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "common/base/error.hpp"
#include "tests/unit/support/floor_builder.hpp"

namespace dr::kube {
namespace {

using test::make_deployment;
using test::make_object;
using testing::ElementsAre;
using testing::IsEmpty;

// The pointers of `changed` that no update can undo.
std::vector<std::string> fixed(const Json& live, const std::vector<std::string>& changed) {
  std::vector<data::Difference> differences;
  for (const std::string& pointer : changed) differences.push_back({pointer, Json(1), Json(2)});
  std::vector<std::string> pointers;
  for (const auto& difference : immutable_changes(live, differences))
    pointers.push_back(difference.pointer);
  return pointers;
}

// A kind that appears twice, or is captured without ever being restored, would be lost silently.
TEST(Kinds, EveryRowIsUniqueAndWhatIsCapturedIsRestored) {
  std::set<std::string_view> seen;
  std::set<std::string_view> short_names;
  for (const Kind& kind : kinds()) {
    EXPECT_TRUE(seen.insert(kind.kind).second) << kind.kind;
    EXPECT_TRUE(short_names.insert(kind.short_name).second) << kind.short_name;
    EXPECT_EQ(kind.capture == Capture::never, kind.wave == Wave::none) << kind.kind;
    EXPECT_EQ(find_kind(kind.kind), &kind);
  }
}

// Secrets are never read: their values must not reach a file of ours.
TEST(Kinds, SecretsAreNotThere) {
  EXPECT_EQ(find_kind("Secret"), nullptr);
  EXPECT_THROW(kind_of(make_object("v1", "Secret", "s")), Error);
}

// A quota or policy that comes after the workloads would let pods start without it, and a
// CronJob that is held last would start pods by the clock meanwhile.
TEST(Kinds, WavesKeepTheirOrder) {
  const auto wave = [](const char* kind) { return find_kind(kind)->wave; };
  EXPECT_LT(wave("Namespace"), wave("NetworkPolicy"));
  EXPECT_EQ(wave("ResourceQuota"), Wave::fences);
  EXPECT_EQ(wave("LimitRange"), Wave::fences);
  EXPECT_EQ(wave("PriorityClass"), Wave::fences);
  EXPECT_LT(wave("NetworkPolicy"), wave("ServiceAccount"));
  EXPECT_LT(wave("RoleBinding"), wave("ConfigMap"));
  EXPECT_LT(wave("PersistentVolumeClaim"), wave("Deployment"));
  EXPECT_LT(wave("Service"), wave("StatefulSet"));
  // Of one wave, in the order of the table.
  EXPECT_EQ(wave("Endpoints"), wave("Service"));
  EXPECT_LT(find_kind("Service"), find_kind("Endpoints"));
  EXPECT_LT(wave("DaemonSet"), wave("HorizontalPodAutoscaler"));
  EXPECT_LT(wave("CronJob"), wave("ConfigMap"));
  EXPECT_EQ(name_of(Wave::ns), "namespace");
  EXPECT_EQ(name_of(Wave::schedules), "schedules");
  EXPECT_EQ(name_of(Wave::none), "none");
}

// kubectl prints these with -o name: a mismatch makes a written object look unwritten.
TEST(Kinds, ResourceNamesAreKubectls) {
  EXPECT_EQ(find_kind("Deployment")->resource_name(), "deployment.apps");
  EXPECT_EQ(find_kind("ConfigMap")->resource_name(), "configmap");
  EXPECT_EQ(find_kind("NetworkPolicy")->resource_name(), "networkpolicy.networking.k8s.io");
  EXPECT_EQ(find_kind("HorizontalPodAutoscaler")->resource_name(),
            "horizontalpodautoscaler.autoscaling");
  EXPECT_EQ(find_kind("Pod")->group(), "");
  EXPECT_EQ(find_kind("Role")->group(), "rbac.authorization.k8s.io");
}

TEST(Kinds, PathsAreTheApiServers) {
  EXPECT_EQ(list_path(*find_kind("Pod"), "floor"), "/api/v1/namespaces/floor/pods");
  EXPECT_EQ(object_path(*find_kind("Deployment"), "floor", "web"),
            "/apis/apps/v1/namespaces/floor/deployments/web");
  EXPECT_EQ(object_path(*find_kind("Namespace"), "floor", "floor"), "/api/v1/namespaces/floor");
  EXPECT_EQ(list_path(*find_kind("PriorityClass"), "floor"),
            "/apis/scheduling.k8s.io/v1/priorityclasses");
}

// --- Custom resources

// A kind may have the name of a built-in one: taking one for the other would write the wrong
// object.
TEST(CustomKinds, AreToldFromThoseOfTheTable) {
  const Json service = make_object("serving.example.com/v1", "Service", "web");
  EXPECT_THROW(kind_of(service), Error) << "nobody said how its list is called";
  const Kind& kind = learn_kind("serving.example.com/v1", "Service", "services");
  EXPECT_EQ(&kind_of(service), &kind);
  EXPECT_EQ(&kind_of(make_object("v1", "Service", "web")), find_kind("Service"));
  EXPECT_EQ(kind.type(), "Service.serving.example.com");
  EXPECT_EQ(kind.name(), "services.serving.example.com");
  EXPECT_EQ(kind.resource_name(), "service.serving.example.com");
  EXPECT_EQ(list_path(kind, "floor"), "/apis/serving.example.com/v1/namespaces/floor/services");
  EXPECT_EQ(key_of(service).display(), "Service.serving.example.com/web");
  EXPECT_EQ(display(service), "Service.serving.example.com/web");
  EXPECT_EQ(key_of(make_object("v1", "Service", "web")).display(), "Service/web");
  EXPECT_THROW(kind_of(make_object("serving.example.com/v2", "Service", "web")), Error);
}

// Rows are pointed to for as long as the program runs.
TEST(CustomKinds, AreLearntOnce) {
  const Kind& kind = learn_kind("shop.example.com/v1", "Widget", "widgets");
  for (int i = 0; i < 100; ++i) learn_kind("shop.example.com/v1", "Kind" + std::to_string(i), "k");
  EXPECT_EQ(&learn_kind("shop.example.com/v1", "Widget", "widgets"), &kind);
  const Kind& renamed = learn_kind("shop.example.com/v1", "Widget", "widgetry");
  EXPECT_EQ(kind.plural, "widgets");
  EXPECT_EQ(&kind_of(make_object("shop.example.com/v1", "Widget", "one")), &renamed);
}

// They come when all that they name is there, and before the pods that may need what they bring.
TEST(CustomKinds, AreWrittenBetweenServicesAndWorkloads) {
  const Kind& kind = learn_kind("shop.example.com/v1", "Widget", "widgets");
  EXPECT_GT(kind.wave, find_kind("Service")->wave);
  EXPECT_LT(kind.wave, find_kind("Deployment")->wave);
  EXPECT_EQ(name_of(kind.wave), "custom");
  EXPECT_FALSE(is_workload(kind));
}

TEST(CustomKinds, AreTypedByUsersWithTheirGroup) {
  EXPECT_TRUE(is_type("Deployment"));
  EXPECT_TRUE(is_type("Widget.shop.example.com"));
  EXPECT_FALSE(is_type("Widget"));
  EXPECT_FALSE(is_type("Deployment.apps"));
  EXPECT_FALSE(is_type(".example.com"));
}

// Only what makes pods is rolled and waited for.
TEST(Kinds, WorkloadsAreThree) {
  std::vector<std::string_view> workloads;
  for (const Kind& kind : kinds()) {
    if (is_workload(kind)) workloads.push_back(kind.kind);
  }
  EXPECT_THAT(workloads, ElementsAre("Deployment", "StatefulSet", "DaemonSet"));
}

// --- What no update can undo (refused by 1.36 with 422): a restore must refuse it before it
// writes

TEST(ImmutableChanges, OfSelectorsAndRoleRef) {
  EXPECT_THAT(fixed(make_deployment("web", 1),
                    {"/spec/selector/matchLabels/app", "/spec/template/spec", "/spec/selectorX"}),
              ElementsAre("/spec/selector/matchLabels/app"));
  EXPECT_THAT(fixed(make_object("apps/v1", "DaemonSet", "d"), {"/spec/selector"}),
              ElementsAre("/spec/selector"));
  EXPECT_THAT(fixed(make_object("rbac.authorization.k8s.io/v1", "RoleBinding", "b"),
                    {"/roleRef/name", "/subjects/0"}),
              ElementsAre("/roleRef/name"));
}

TEST(ImmutableChanges, OfAStatefulSetAreAllButTheSevenFields) {
  EXPECT_THAT(
      fixed(test::make_stateful_set("g", 1),
            {"/spec/serviceName", "/spec/podManagementPolicy", "/spec/volumeClaimTemplates/0/spec",
             "/spec/selector", "/spec/replicas", "/spec/ordinals/start",
             "/spec/template/spec/containers", "/spec/minReadySeconds", "/spec/updateStrategy/type",
             "/spec/revisionHistoryLimit", "/spec/persistentVolumeClaimRetentionPolicy/whenDeleted",
             "/metadata/labels/a"}),
      ElementsAre("/spec/serviceName", "/spec/podManagementPolicy",
                  "/spec/volumeClaimTemplates/0/spec", "/spec/selector"));
}

TEST(ImmutableChanges, OfServicesAndClaims) {
  EXPECT_THAT(fixed(make_object("v1", "Service", "s"),
                    {"/spec/clusterIP", "/spec/loadBalancerClass", "/spec/type", "/spec/ports/0"}),
              ElementsAre("/spec/clusterIP", "/spec/loadBalancerClass"));
  EXPECT_THAT(fixed(make_object("v1", "PersistentVolumeClaim", "c"),
                    {"/spec/accessModes/0", "/metadata/labels/a"}),
              ElementsAre("/spec/accessModes/0"));
}

// The live object's flag decides: an LKG cannot unfreeze it.
TEST(ImmutableChanges, OfAFrozenConfigMapAreAllButMetadata) {
  Json live = make_object("v1", "ConfigMap", "c");
  EXPECT_THAT(fixed(live, {"/data/a", "/immutable"}), IsEmpty());
  live["immutable"] = true;
  EXPECT_THAT(fixed(live, {"/data/a", "/immutable", "/binaryData", "/metadata/labels/a"}),
              ElementsAre("/data/a", "/immutable", "/binaryData"));
}

}  // namespace
}  // namespace dr::kube
