#include "plugins/lkg/preflight/preflight.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/plugins/lkg/restore/restore_world.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

using Answer = std::optional<os::ProcessResult>;
using Intercept = std::function<Answer(const os::Command&)>;

const Intercept k_nothing = [](const os::Command&) { return Answer{}; };

// The rows of a preflight of the world's floor, "stop Deployment/web: detail | cure", of one name.
template <typename AnyWorld>
std::vector<std::string> rows(AnyWorld&& world, std::string_view name,
                              const Intercept& intercept = k_nothing, const Lkg& lkg = good_lkg(),
                              bool allow_gitops = false) {
  FakeProcessRunner runner;
  runner.handler = [&](const os::Command& command) {
    auto answer = intercept(command);
    return answer ? std::move(*answer) : world.cluster().answer(command);
  };
  const auto kubectl = make_kubectl(runner);
  const Live live = read_live(kubectl, lkg);
  Consent consent;
  consent.allow_gitops = allow_gitops;
  const Plan plan = make_plan(lkg, live, lkg.cluster_uid, {}, consent);
  const kube::ClusterFacts facts{lkg.cluster_uid, "v1.36.3"};
  std::vector<std::string> found;
  for (const auto& check : check_preflight({lkg, live, plan, facts, {}}, kubectl)) {
    if (check.name == name) {
      found.push_back(std::string(name_of(check.verdict)) + " " + check.subject + ": " +
                      check.detail + " | " + check.cure);
    }
  }
  return found;
}

// Answers reads of that path instead of the cluster.
Intercept answering(const std::string& path, const os::ProcessResult& result) {
  return [=](const os::Command& command) {
    return command.args.back() == path ? Answer(result) : std::nullopt;
  };
}

const std::string k_forbidden =
    "Error from server (Forbidden): nodes is forbidden: User \"x\" cannot list resource\n";

// Refuses, in the words of the API server, the pod of each template but one of the CronJob.
Intercept refusing_pods(const std::string& words) {
  return [=](const os::Command& command) -> Answer {
    if (!is_rehearsal(command)) return std::nullopt;
    os::ProcessResult result = failed(1, "");
    for (const auto& body : data::read_json_stream(command.input, "stdin")) {
      if (body.at("kind") != "Pod") continue;
      result.err += "Error from server (Forbidden): error when creating \"STDIN\": pods \"" +
                    kube::name_of(body) + "\" is forbidden: " + words + "\n";
    }
    return result;
  };
}

// --- The whole

TEST(Preflight, AGoodFloorHasNothingInItsWay) {
  // Protects a good floor from a refusal or a warning that means nothing.
  for (const char* name : {"cluster", "lkg", "kinds", "terminating", "gitops", "rights",
                           "references", "webhooks", "admission", "nodes"})
    EXPECT_THAT(rows(good_world(), name), ElementsAre(StartsWith("ok "))) << name;
}

TEST(Preflight, EveryStopIsNamedWithItsCure) {
  // Protects the operator from mending one thing after the other, a restore at a time.
  const std::vector<Check> checks = {{"a", Verdict::stop, "", "first", "do this"},
                                     {"b", Verdict::warn, "", "second", "do that"},
                                     {"c", Verdict::stop, "", "third", "do more"}};
  try {
    refuse_stops(checks);
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::refused);
    EXPECT_STREQ(error.what(), "first; third");
    EXPECT_EQ(error.next_step(), "do this; do more");
  }
  EXPECT_THAT(warnings_of(checks), ElementsAre("second: do that"));
}

TEST(Preflight, WhatCannotBeReadIsAWarning) {
  // Protects against an ok that nobody has seen.
  const auto refused = [](const os::Command& command) -> Answer {
    const std::string& path = command.args.back();
    const bool is_preflight = path == "/api/v1/nodes" ||
                              path.find("webhookconfigurations") != std::string::npos ||
                              is_rehearsal(command);
    return is_preflight ? Answer(failed(1, k_forbidden)) : std::nullopt;
  };
  for (const char* name : {"nodes", "webhooks", "rights", "admission"})
    EXPECT_THAT(rows(drifted_world(), name, refused),
                AllOf(Not(IsEmpty()), Each(AllOf(StartsWith("warn "), HasSubstr("not known")))))
        << name;
}

// --- Rights

TEST(Preflight, ARightThatThePlanNeedsIsAStop) {
  // Protects against a restore that is refused half-way through its waves.
  const auto denied = [](const os::Command& command) -> Answer {
    if (!is_rehearsal(command)) return std::nullopt;
    os::ProcessResult result = succeeded();
    for (Json body : data::read_json_stream(command.input, "stdin")) {
      if (body.at("kind") == "SelfSubjectAccessReview") {
        const Json& asked = body.at("spec").at("resourceAttributes");
        body["status"]["allowed"] = asked.at("resource") != "deployments";
      }
      result.out += data::write_json(body);
    }
    return result;
  };
  EXPECT_THAT(rows(drifted_world(), "rights", denied),
              ElementsAre(AllOf(StartsWith("stop deployments.apps: "),
                                HasSubstr("you may not create, patch, update deployments.apps"))));
  EXPECT_THAT(rows(good_world(), "rights", denied), ElementsAre(StartsWith("ok ")));
}

// --- Admission

TEST(Preflight, PodSecurityStopsUnlessTheNamespaceIsMendedFirst) {
  // Protects the floor from workloads whose pods are never made; the API server says ok to those.
  const auto refused = refusing_pods("violates PodSecurity \"restricted:latest\": privileged");
  EXPECT_THAT(rows(drifted_world(), "pod-security", refused),
              Contains(AllOf(StartsWith("stop Deployment/agent, Deployment/web, "),
                             HasSubstr("are refused: violates PodSecurity"),
                             HasSubstr("kubectl label namespace trading-floor"))));
  // What runs already is no reason to stop, and neither is a CronJob.
  EXPECT_THAT(rows(good_world(), "pod-security", refused), Each(StartsWith("warn ")));
  World mended = drifted_world();
  mended.cluster().edit("Namespace", k_floor, [](Json& o) {
    o["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "restricted";
  });
  EXPECT_THAT(rows(mended, "pod-security", refused), Each(StartsWith("warn ")));
}

TEST(Preflight, AQuotaStopsOnlyWhatNeedsRoom) {
  // Protects against both: pods that never come, and a refusal where one for one is replaced.
  const auto full = refusing_pods("exceeded quota: full, requested: pods=1, used: pods=4, limited");
  World missing = good_world();
  missing.cluster().remove("Deployment", "agent");
  EXPECT_THAT(rows(missing, "quota", full),
              Contains(AllOf(StartsWith("stop Deployment/agent: "),
                             HasSubstr("kubectl edit quota full -n trading-floor"))));
  EXPECT_THAT(rows(good_world(), "quota", full), Each(StartsWith("warn ")));
  // A restore that takes replicas away makes room.
  missing.cluster().edit("Deployment", "web", [](Json& o) { o["spec"]["replicas"] = 9; });
  EXPECT_THAT(rows(missing, "quota", full), Each(StartsWith("warn ")));
}

TEST(Preflight, OneCauseIsOneRowHoweverManyWorkloadsItMeets) {
  // Protects a large floor's operator from reading the same sentence for each of its workloads.
  World world = good_world();
  Lkg lkg = good_lkg();
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    Json copy = *lkg.find("Deployment", "web");
    copy["metadata"]["name"] = name;
    lkg.objects.push_back(std::move(copy));
  }
  const std::string names =
      "Deployment/a, Deployment/b, Deployment/c, Deployment/d, Deployment/e and 1 more";
  const auto one_stop = ElementsAre(StartsWith("warn CronJob/tick: "),
                                    AllOf(StartsWith("stop " + names + ": "),
                                          HasSubstr(": pods of " + names + " are refused: ")));
  EXPECT_THAT(rows(world, "quota", refusing_pods("exceeded quota: full, requested: pods=1"), lkg),
              one_stop);
  EXPECT_THAT(
      rows(world, "limits", refusing_pods("minimum memory usage per Pod is 1Gi, but 1Mi"), lkg),
      one_stop);
  world.cluster().edit("Node", "node-1", [](Json& o) { o["spec"]["unschedulable"] = true; });
  EXPECT_THAT(rows(world, "nodes", k_nothing, lkg),
              Contains(HasSubstr(": none of 1 nodes fits " + names + ": 1 cordoned |")));
}

TEST(Preflight, TriesAPodOnlyOfWhatDiffersOrLacksPods) {
  // Protects from 200 requests in series where a restore starts no pod.
  const auto pods_tried = [](World world, const Intercept& other = k_nothing) {
    std::size_t pods = 0;
    rows(world, "admission", [&](const os::Command& command) {
      if (!is_rehearsal(command)) return other(command);
      for (const auto& body : data::read_json_stream(command.input, "stdin"))
        if (body.at("kind") == "Pod") ++pods;
      return Answer();
    });
    return pods;
  };
  EXPECT_EQ(pods_tried(good_world()), 0U);
  EXPECT_GT(pods_tried(drifted_world()), 0U);
  World world = good_world();
  const auto without_pods = [&](const os::Command& command) -> Answer {
    if (command.args.back().find("/deployments") == std::string::npos) return std::nullopt;
    auto result = world.cluster().answer(command);
    Json list = data::read_json(result.out, "deployments");
    for (auto& item : list["items"]) item["status"]["replicas"] = 0;
    result.out = data::write_json(list);
    return result;
  };
  EXPECT_EQ(pods_tried(good_world(), without_pods), 2U);
}

TEST(Preflight, LimitsAndUnknownRefusalsStop) {
  // Protects against admission of other kinds, in the API server's own words.
  EXPECT_THAT(rows(drifted_world(), "limits",
                   refusing_pods("maximum cpu usage per Container is 1, but limit is 2")),
              Contains(StartsWith("stop Deployment/agent, Deployment/web, ")));
  EXPECT_THAT(rows(drifted_world(), "admission", refusing_pods("no such thing here")),
              Contains(AllOf(StartsWith("stop Deployment/agent, Deployment/web, "),
                             HasSubstr("no such thing here"))));
}

TEST(Preflight, ARefusalThatNamesNoPodIsThatOfThePodWithoutAnAnswer) {
  // Protects against a warning where a policy's webhook refuses, which names itself alone.
  const std::string denied =
      "Error from server: error when creating \"STDIN\": admission webhook \"policy.example.com\" "
      "denied the request: no\n";
  const auto denying = [&](bool is_told) {
    return [=](const os::Command& command) -> Answer {
      if (!is_rehearsal(command)) return std::nullopt;
      os::ProcessResult result = failed(1, is_told ? denied : denied + denied);
      for (const auto& body : data::read_json_stream(command.input, "stdin")) {
        const bool is_web =
            data::string_or(body, {"metadata", "name"}, "") == "agenttrader-dr-preflight-2";
        if (!is_web) result.out += data::write_json(body);
      }
      return result;
    };
  };
  EXPECT_THAT(rows(drifted_world(), "admission", denying(true)),
              ElementsAre("stop Deployment/web: pods of Deployment/web are refused: admission "
                          "webhook \"policy.example.com\" denied the request: no | mend what the "
                          "API server names"));
  // Two refusals for one pod: nobody can tell whose they are.
  EXPECT_THAT(rows(drifted_world(), "admission", denying(false)),
              ElementsAre(StartsWith("warn : not known whether pods of Deployment/web")));
}

TEST(Preflight, ANamespaceThatIsNotThereTellsNothing) {
  // Protects the rebuilt cluster: what comes with the restore cannot be tried before it.
  EXPECT_THAT(rows(World(), "admission"),
              ElementsAre(AllOf(StartsWith("warn "), HasSubstr("does not exist yet"))));
}

// --- References

TEST(Preflight, WhatIsNamedButNowhereStops) {
  // Protects against pods that are refused or wait for ever; what the LKG holds will be there.
  World world = good_world();
  world.cluster().edit("Deployment", "agent", [](Json& o) {
    auto& spec = o["spec"]["template"]["spec"];
    spec["serviceAccountName"] = "ghost";
    spec["priorityClassName"] = "first";
    spec["volumes"] = Json::array({{{"name", "v"}, {"configMap", {{"name", "gone"}}}}});
  });
  const Lkg lkg = capture_of(world.cluster());
  EXPECT_THAT(rows(world, "references", k_nothing, lkg), Each(StartsWith("warn ")));
  world.cluster().remove("Deployment", "agent");
  EXPECT_THAT(
      rows(world, "references", k_nothing, lkg),
      ElementsAre(StartsWith("stop ServiceAccount/ghost: "), StartsWith("stop ConfigMap/gone: "),
                  StartsWith("stop PriorityClass/first: ")));
}

TEST(Preflight, AServiceWithoutSelectorNeedsEndpointsThatTheLkgHolds) {
  // Protects from a floor that is equal to its LKG and reaches nobody.
  EXPECT_THAT(rows(World(), "references"),
              ElementsAre(AllOf(StartsWith("warn Service/web: "), HasSubstr("has no selector"),
                                HasSubstr("kubernetes.io/service-name=web"))));
  World world = good_world();
  Json endpoints = make_object("v1", "Endpoints", "web");
  endpoints["subsets"] = Json::array({{{"addresses", Json::array({{{"ip", "192.0.2.1"}}})}}});
  world.cluster().write(endpoints);
  const Lkg lkg = capture_of(world.cluster());
  EXPECT_THAT(rows(World(), "references", k_nothing, lkg), ElementsAre(StartsWith("ok ")));
  EXPECT_THAT(rows(world, "references"), ElementsAre(StartsWith("ok ")));  // nothing is written
}

// --- Node ports

TEST(Preflight, ATakenNodePortStops) {
  // Protects against a Service that the API server refuses in the middle of the waves.
  World world = good_world();
  world.cluster().remove("Service", "web");
  Json other = make_service(30000);
  other["metadata"]["namespace"] = "elsewhere";
  const auto taken =
      answering("/api/v1/services", succeeded(data::write_json({{"items", Json::array({other})}})));
  EXPECT_THAT(rows(world, "node-ports", taken),
              ElementsAre(AllOf(StartsWith("stop Service/web: node port 30000"),
                                HasSubstr("kubectl edit service web -n elsewhere"))));
  EXPECT_THAT(rows(good_world(), "node-ports", taken), IsEmpty());
}

// --- Webhooks

// Asked about Deployments, served by Service hook in namespace hooks, unless a test changes it.
World with_webhook(const std::function<void(Json&)>& change = [](Json&) {}) {
  Json webhook = {{"name", "guard.example.com"},
                  {"failurePolicy", "Fail"},
                  {"clientConfig", {{"service", {{"namespace", "hooks"}, {"name", "hook"}}}}},
                  {"rules", Json::array({{{"apiGroups", {"apps"}},
                                          {"apiVersions", {"v1"}},
                                          {"operations", {"CREATE", "UPDATE"}},
                                          {"resources", {"deployments"}}}})}};
  change(webhook);
  World world = drifted_world();
  Json configuration =
      make_object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "guard");
  configuration["webhooks"] = Json::array({webhook});
  world.cluster().put(configuration);
  return world;
}

TEST(Preflight, AWebhookWithoutABackendStops) {
  // Protects against the classic of a rebuilt cluster: the webhook is there, its pods are not.
  EXPECT_THAT(rows(with_webhook(), "webhooks"),
              ElementsAre(AllOf(
                  StartsWith("stop validatingwebhookconfiguration/guard: "),
                  HasSubstr("Service hook in namespace hooks does not exist"),
                  HasSubstr("kubectl patch validatingwebhookconfiguration guard --type=json"))));
  EXPECT_THAT(
      rows(with_webhook([](Json& o) { o["clientConfig"]["service"]["namespace"] = k_floor; }),
           "webhooks"),
      ElementsAre(AllOf(StartsWith("stop "), HasSubstr("which is being restored"))));
  EXPECT_THAT(rows(with_webhook([](Json& o) {
                     o["rules"][0]["apiGroups"] = {""};
                     o["rules"][0]["resources"] = {"pods"};
                   }),
                   "webhooks"),
              ElementsAre(AllOf(StartsWith("stop "), HasSubstr("the pods of "))));
}

TEST(Preflight, AWebhookThatNobodyAnswersForStopsUntilAnEndpointIsReady) {
  // Protects against a Service that is there, with no pod behind it.
  const auto with_endpoint = [](bool ready) {
    return [=](const os::Command& command) -> Answer {
      const std::string& path = command.args.back();
      if (path == "/api/v1/namespaces/hooks/services/hook")
        return succeeded(R"({"spec":{"type":"ClusterIP"}})");
      if (path.find("/hooks/endpointslices") == std::string::npos) return std::nullopt;
      const Json endpoint = {{"conditions", {{"ready", ready}}}};
      return succeeded(
          data::write_json({{"items", Json::array({{{"endpoints", Json::array({endpoint})}}})}}));
    };
  };
  EXPECT_THAT(rows(with_webhook(), "webhooks", with_endpoint(false)),
              ElementsAre(AllOf(StartsWith("stop "), HasSubstr("no ready endpoint"))));
  EXPECT_THAT(rows(with_webhook(), "webhooks", with_endpoint(true)),
              ElementsAre(StartsWith("ok ")));
}

TEST(Preflight, AWebhookThatIsNotAskedStopsNothing) {
  // Protects against a refusal for a webhook of somebody else's.
  const std::vector<std::function<void(Json&)>> changes = {
      [](Json& o) { o["failurePolicy"] = "Ignore"; },
      [](Json& o) { o["rules"][0]["resources"] = {"secrets"}; },
      [](Json& o) { o["rules"][0]["operations"] = {"DELETE"}; },
      [](Json& o) { o["namespaceSelector"] = {{"matchLabels", {{"team", "other"}}}}; },
      [](Json& o) { o["objectSelector"] = {{"matchLabels", {{"team", "other"}}}}; }};
  for (const auto& change : changes)
    EXPECT_THAT(rows(with_webhook(change), "webhooks"), ElementsAre(StartsWith("ok ")));
}

TEST(Preflight, AWebhookThatMaySpareUsWarns) {
  // Protects both ways: its condition and its address are not ours to judge.
  EXPECT_THAT(rows(with_webhook([](Json& o) {
                     o["matchConditions"] = Json::array({{{"name", "a"}, {"expression", "b"}}});
                   }),
                   "webhooks"),
              ElementsAre(StartsWith("warn ")));
  EXPECT_THAT(
      rows(with_webhook([](Json& o) { o["clientConfig"] = {{"url", "https://x"}}; }), "webhooks"),
      ElementsAre(AllOf(StartsWith("warn "), HasSubstr("cannot be looked at"))));
}

// --- Owners and nodes

TEST(Preflight, AGitOpsOwnerStopsUnlessAllowed) {
  // Protects a restore from the controller that puts the bad version back.
  World world = good_world();
  world.cluster().edit("Deployment", "web", [](Json& o) {
    o["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] =
        "floor:apps/Deployment:trading-floor/web";
  });
  EXPECT_THAT(rows(world, "gitops"),
              ElementsAre(AllOf(StartsWith("stop Argo CD (floor): "), HasSubstr("Deployment/web"),
                                HasSubstr("kubectl patch applications.argoproj.io floor"),
                                HasSubstr("--allow-gitops"))));
  EXPECT_THAT(rows(world, "gitops", k_nothing, good_lkg(), true), ElementsAre(StartsWith("warn ")));
}

TEST(Preflight, NoFittingNodeStopsUnlessOneIsAdded) {
  // Protects against pods that wait for ever, but not from a pool that grows when they do.
  World world = drifted_world();
  world.cluster().edit("Node", "node-1", [](Json& o) { o["spec"]["unschedulable"] = true; });
  EXPECT_THAT(rows(world, "nodes"),
              Contains(AllOf(StartsWith("stop Deployment/agent, Deployment/web, "),
                             HasSubstr("none of 1 nodes"), HasSubstr("kubectl uncordon node-1"))));
  const auto grows = answering(
      "/api/v1/namespaces/kube-system/configmaps/cluster-autoscaler-status", succeeded("{}"));
  EXPECT_THAT(rows(world, "nodes", grows),
              Contains(AllOf(StartsWith("warn CronJob/tick, Deployment/agent, "),
                             HasSubstr("autoscaler"))));
}

}  // namespace
}  // namespace dr::lkg
