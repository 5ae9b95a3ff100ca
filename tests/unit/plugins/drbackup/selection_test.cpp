#include "plugins/drbackup/selection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "common/base/error.hpp"
#include "tests/unit/common/backup/backup_builder.hpp"

namespace dr::backup {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

kube::Resource resource(const std::string& api_version, const std::string& kind,
                        const std::string& plural, std::vector<std::string> short_names = {}) {
  return {api_version, kind, plural, std::move(short_names), true, true};
}

const std::vector<kube::Resource> k_served = {
    resource("v1", "ConfigMap", "configmaps", {"cm"}),
    resource("v1", "Secret", "secrets"),
    resource("v1", "Pod", "pods", {"po"}),
    resource("v1", "PodTemplate", "podtemplates"),
    resource("apps/v1", "Deployment", "deployments", {"deploy"}),
    resource("networking.k8s.io/v1", "Ingress", "ingresses", {"ing"}),
    resource("metrics.k8s.io/v1beta1", "PodMetrics", "pods"),
    resource("example.com/v1", "Widget", "widgets", {"wd"}),
    resource("serving.knative.dev/v1", "Service", "services", {"kservice"}),
};

const Coverage* find(const std::vector<Coverage>& coverage, const std::string& resource) {
  const auto found = std::find_if(coverage.begin(), coverage.end(),
                                  [&](const Coverage& one) { return one.resource == resource; });
  return found == coverage.end() ? nullptr : &*found;
}

std::vector<std::string> read(const std::vector<Coverage>& coverage) {
  std::vector<std::string> names;
  for (const auto& one : coverage) {
    if (one.outcome != Outcome::absent) names.push_back(one.resource);
  }
  return names;
}

ExitCode code_of(const Selection& selection) {
  try {
    planned_coverage(k_served, selection);
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::ok;
}

TEST(PlannedCoverage, HoldsEverythingServedExceptSecretsAndDerivedKinds) {
  EXPECT_THAT(read(planned_coverage(k_served, {})),
              ElementsAre("configmaps", "deployments.apps", "ingresses.networking.k8s.io",
                          "podtemplates", "services.serving.knative.dev", "widgets.example.com"));
}

TEST(PlannedCoverage, NamesFilesByShortNamePluralOrFullName) {
  const auto coverage = planned_coverage(k_served, {});
  EXPECT_EQ(find(coverage, "configmaps")->short_name, "cm");
  EXPECT_EQ(find(coverage, "ingresses.networking.k8s.io")->short_name, "ingress");
  EXPECT_EQ(find(coverage, "podtemplates")->short_name, "podtemplates");
  EXPECT_EQ(find(coverage, "widgets.example.com")->short_name, "widgets.example.com");
  // A custom resource of a built-in name is not the built-in one.
  EXPECT_EQ(find(coverage, "services.serving.knative.dev")->short_name,
            "services.serving.knative.dev");
}

TEST(PlannedCoverage, KindsOfTheRunbookThatAreNotServedAreAbsent) {
  const auto coverage = planned_coverage(k_served, {});
  for (const char* name :
       {"statefulsets.apps", "services", "serviceaccounts", "roles.rbac.authorization.k8s.io"}) {
    ASSERT_NE(find(coverage, name), nullptr) << name;
    EXPECT_EQ(find(coverage, name)->outcome, Outcome::absent) << name;
  }
}

TEST(PlannedCoverage, ShortNamesThatClashAreWrittenInFull) {
  // Protects against two objects in one file.
  auto served = k_served;
  served.push_back(resource("policy/v1", "Thing", "things", {"cm"}));
  const auto coverage = planned_coverage(served, {});
  EXPECT_EQ(find(coverage, "configmaps")->short_name, "cm");
  EXPECT_EQ(find(coverage, "things.policy")->short_name, "things.policy");
}

TEST(PlannedCoverage, FollowsTheSelection) {
  EXPECT_THAT(read(planned_coverage(k_served, {{"deploy", "WD"}, {}})),
              ElementsAre("deployments.apps", "widgets.example.com"));
  EXPECT_THAT(read(planned_coverage(k_served, {{}, {"widget", "cm/x-*", "podtemplates"}})),
              ElementsAre("configmaps", "deployments.apps", "ingresses.networking.k8s.io",
                          "services.serving.knative.dev"));
}

TEST(PlannedCoverage, RefusesUnknownAndLeftOutKinds) {
  EXPECT_EQ(code_of({{"nope"}, {}}), ExitCode::usage);
  EXPECT_EQ(code_of({{}, {"nope/x"}}), ExitCode::usage);
  EXPECT_EQ(code_of({{"secrets"}, {}}), ExitCode::usage);
  EXPECT_EQ(code_of({{"po"}, {}}), ExitCode::usage);
}

TEST(IsExcluded, MatchesNamesByGlob) {
  const auto cm = coverage("configmaps", "v1", "ConfigMap", "cm");
  const Selection selection{{}, {"cm/agenttrader-heartbeat-*", "deploy"}};
  EXPECT_TRUE(is_excluded(selection, cm, "agenttrader-heartbeat-web"));
  EXPECT_FALSE(is_excluded(selection, cm, "agenttrader-kill-switch"));
}

std::vector<std::string> names_of(const std::vector<Json>& objects) {
  std::vector<std::string> names;
  for (const auto& object : objects) names.push_back(kube::display(object));
  return names;
}

TEST(WithoutDerived, DropsWhatAControllerMakes) {
  const Json cron_job = make_object("batch/v1", "CronJob", "nightly");
  const Json foreign = make_object("example.com/v1", "Owner", "elsewhere");
  const Json pod = make_object("v1", "Pod", "p");
  const auto left =
      without_derived({cron_job, owned_by(cron_job, make_object("batch/v1", "Job", "n-1")),
                       make_object("batch/v1", "Job", "by-hand"),
                       owned_by(pod, make_object("v1", "PersistentVolumeClaim", "e")),
                       owned_by(foreign, make_object("v1", "ConfigMap", "kept"))});
  // An owner that is not in the backup would not make it again.
  EXPECT_THAT(names_of(left),
              UnorderedElementsAre("CronJob/nightly", "Job/by-hand", "ConfigMap/kept"));
}

TEST(WithoutDerived, AnOwnerThatDoesNotControlDoesNotCount) {
  const Json owner = make_object("v1", "ConfigMap", "owner");
  Json object = owned_by(owner, make_object("v1", "ConfigMap", "owned"));
  object["metadata"]["ownerReferences"][0]["controller"] = false;
  EXPECT_THAT(names_of(without_derived({owner, object})),
              UnorderedElementsAre("ConfigMap/owner", "ConfigMap/owned"));
}

TEST(WithoutDerived, KeepsEndpointsThatNoSelectorMakes) {
  Json selecting = make_object("v1", "Service", "web");
  selecting["spec"]["selector"] = {{"app", "web"}};
  const Json plain = make_object("v1", "Service", "vendor");
  const auto slice = [](const char* name) {
    return make_object("discovery.k8s.io/v1", "EndpointSlice", name);
  };
  const Json by_hand = make_object("v1", "Endpoints", "vendor");
  const auto left = without_derived({selecting, plain, make_object("v1", "Endpoints", "web"),
                                     by_hand, owned_by(selecting, slice("web-1")),
                                     owned_by(by_hand, slice("vendor-1")), slice("vendor-2")});
  EXPECT_THAT(names_of(left), UnorderedElementsAre("Service/web", "Service/vendor",
                                                   "Endpoints/vendor", "EndpointSlice/vendor-2"));
}

}  // namespace
}  // namespace dr::backup
