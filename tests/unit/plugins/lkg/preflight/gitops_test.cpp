#include "plugins/lkg/preflight/gitops.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/support/floor_builder.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Json labelled(const std::string& name, const Json& labels, const Json& annotations = nullptr) {
  Json object = make_object("v1", "ConfigMap", name);
  object["metadata"]["labels"] = labels;
  if (!annotations.is_null()) object["metadata"]["annotations"] = annotations;
  return object;
}

Json managed(const std::string& manager, const Json& labels = Json::object()) {
  Json object = labelled("a", labels);
  object["metadata"]["managedFields"] = Json::array({{{"manager", manager}}});
  return object;
}

std::vector<GitOpsOwner> owners(const std::vector<Json>& objects) {
  std::vector<const Json*> pointers;
  for (const auto& object : objects) pointers.push_back(&object);
  return gitops_owners(pointers);
}

std::string suspend(const Json& object) {
  const auto found = owners({object});
  return found.size() == 1 ? found.front().suspend : "not one owner";
}

TEST(GitOps, NobodyOwnsAnOrdinaryObject) {
  // Protects against a refusal for labels that everybody sets.
  EXPECT_THAT(owners({labelled("a", {{"app.kubernetes.io/instance", "x"},
                                     {"app.kubernetes.io/managed-by", "kustomize"}}),
                      managed("kubectl-client-side-apply")}),
              IsEmpty());
}

TEST(GitOps, ArgoCdIsToldByItsTrackingAndItsFieldManager) {
  // Protects the very command that an operator pastes, for each way of tracking.
  constexpr const char* k_command =
      "kubectl patch applications.argoproj.io floor -n argocd --type=merge -p "
      R"('{"spec":{"syncPolicy":{"automated":null}}}')";
  EXPECT_EQ(suspend(labelled("a", Json::object(),
                             {{"argocd.argoproj.io/tracking-id", "floor:/ConfigMap:ns/a"}})),
            k_command);
  EXPECT_EQ(suspend(labelled("a", {{"argocd.argoproj.io/instance", "floor"}})), k_command);
  EXPECT_EQ(suspend(managed("argocd-controller", {{"app.kubernetes.io/instance", "floor"}})),
            k_command);
  EXPECT_EQ(suspend(managed("argocd-controller")), "kubectl get applications.argoproj.io -A");
  EXPECT_THAT(suspend(labelled("a", Json::object(),
                               {{"argocd.argoproj.io/tracking-id", "team_floor:/ConfigMap:n/a"}})),
              testing::HasSubstr(" floor -n team "));
}

TEST(GitOps, FluxIsToldByItsLabels) {
  // Protects the same for both of Flux' controllers.
  EXPECT_EQ(suspend(labelled("a", {{"kustomize.toolkit.fluxcd.io/name", "floor"},
                                   {"kustomize.toolkit.fluxcd.io/namespace", "flux-system"}})),
            "kubectl patch kustomizations.kustomize.toolkit.fluxcd.io floor -n flux-system "
            R"(--type=merge -p '{"spec":{"suspend":true}}')");
  EXPECT_THAT(suspend(labelled("a", {{"helm.toolkit.fluxcd.io/name", "floor"},
                                     {"helm.toolkit.fluxcd.io/namespace", "flux-system"},
                                     {"app.kubernetes.io/managed-by", "Helm"}})),
              testing::HasSubstr("helmreleases.helm.toolkit.fluxcd.io floor"));
  EXPECT_THAT(suspend(managed("kustomize-controller")), testing::HasSubstr("kubectl get kustom"));
}

TEST(GitOps, HelmAloneWritesNothingBack) {
  // Protects a floor that Helm installed from a refusal.
  const auto found = owners({labelled("a", {{"app.kubernetes.io/managed-by", "Helm"}},
                                      {{"meta.helm.sh/release-name", "floor"}})});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_FALSE(found.front().reconciles());
  EXPECT_EQ(found.front().name, "floor");
}

TEST(GitOps, OneOwnerIsNamedOnceWithAllItsObjects) {
  // Protects the table from a row for each of a hundred objects.
  const Json labels = {{"argocd.argoproj.io/instance", "floor"}};
  const auto found = owners({labelled("a", labels), labelled("b", labels),
                             labelled("c", {{"argocd.argoproj.io/instance", "other"}})});
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_THAT(found.front().objects, ElementsAre("ConfigMap/a", "ConfigMap/b"));
}

}  // namespace
}  // namespace dr::lkg
