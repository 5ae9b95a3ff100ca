#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "plugins/lkg/health_report.hpp"
#include "tests/unit/plugins/lkg/health_cluster.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::HasSubstr;
using testing::Not;

// The text from one heading of the second level up to the next.
std::string section_of(const std::string& report, const std::string& title) {
  const std::size_t begin = report.find("\n## " + title);
  if (begin == std::string::npos) return "no section " + title;
  return report.substr(begin + 1, report.find("\n## ", begin + 1) - begin - 1);
}

TEST(HealthMarkdown, OfASmallFloor) {
  const std::string expected = R"(# Deployment Health Report

- Generated (UTC): 2026-01-02T03:04:05Z
- Git SHA: 0a1b2c3d
- Branch: main
- Context: floor-context
- Cluster: gke_floor
- User: jane
- Namespace: trading-floor
- Kill switch: EXECUTION_HALTED="1" (halted)

## Incident signals

- **[CRASHLOOP]** Pod/gamma-0: container web: back-off 5m0s

## Failing pods

- **gamma-0** web: CrashLoopBackOff
  - event BackOff (x3): Back-off restarting failed container
  - log: panic: no route to host

## Pods status

| POD | READY | CONTAINERS | STATUS | RESTARTS | CREATED | NODE |
| --- | --- | --- | --- | --- | --- | --- |
| gamma-0 | 0 | 1 | CrashLoopBackOff | 0 | 2026-01-01T00:00:00Z | node-of-gamma-0 |
| web-0 | 1 | 1 | Running | 0 | 2026-01-01T00:00:00Z | node-of-web-0 |

## Deployments

| NAME | WANTED | CURRENT | READY | UP-TO-DATE | AVAILABLE | CREATED |
| --- | --- | --- | --- | --- | --- | --- |
| execution-agent | 0 | 0 | 0 | 0 | 0 | 2026-01-01T00:00:00Z |
| web | 1 | 1 | 1 | 1 | 1 | 2026-01-01T00:00:00Z |

## StatefulSets

| NAME | WANTED | CURRENT | READY | UP-TO-DATE | AVAILABLE | CREATED |
| --- | --- | --- | --- | --- | --- | --- |
| gamma | 1 | 1 | 1 | 1 | 1 | 2026-01-01T00:00:00Z |

## DaemonSets

none

## Deployment rollout status

| WORKLOAD | ROLLED OUT | WANTED | UPDATED | READY | REASON |
| --- | --- | --- | --- | --- | --- |
| Deployment/execution-agent | yes | 0 | 0 | 0 | - |
| Deployment/web | yes | 1 | 1 | 1 | - |
| StatefulSet/gamma | NO | 1 | 1 | 0 | 0 of 1 pods ready |

### Troubles

| WORKLOAD | POD | CONTAINER | REASON | MESSAGE |
| --- | --- | --- | --- | --- |
| StatefulSet/gamma | gamma-0 | web | CrashLoopBackOff | back-off 5m0s |

## Images currently deployed

### From specs

| WORKLOAD | IMAGE |
| --- | --- |
| Deployment/execution-agent | us-east4-docker.pkg.dev/p/r/web:1 |
| Deployment/web | us-east4-docker.pkg.dev/p/r/web:1 |
| StatefulSet/gamma | us-east4-docker.pkg.dev/p/r/web:1 |

### Observed on pods

| POD | CONTAINER | IMAGE | IMAGE ID |
| --- | --- | --- | --- |
| gamma-0 | web | us-east4-docker.pkg.dev/p/r/web:1 | IMAGE_ID |
| web-0 | web | us-east4-docker.pkg.dev/p/r/web:1 | IMAGE_ID |

## Recent warning events (last 1)

| LAST SEEN | OBJECT | REASON | COUNT | MESSAGE |
| --- | --- | --- | --- | --- |
| 2026-01-02T03:00:00Z | Pod/gamma-0 | BackOff | 3 | Back-off restarting failed container |

## Suggested scale-up commands

Execution must stay disabled: keep the kill switch at "1". This report scales nothing.

```sh
kubectl -n trading-floor scale deployment/execution-agent --replicas=1
```
)";
  std::string report = health_markdown(small_floor().gather(), nullptr);
  for (std::size_t at; (at = report.find(k_image_id)) != std::string::npos;) {
    report.replace(at, k_image_id.size(), "IMAGE_ID");
  }
  EXPECT_EQ(report, expected);
}

TEST(HealthMarkdown, OfAnEmptyNamespaceSaysNone) {
  const std::string report = health_markdown(HealthCluster().gather(), nullptr);
  for (const char* title : {"Pods status", "Deployments", "StatefulSets", "DaemonSets",
                            "Deployment rollout status", "Recent warning events"}) {
    EXPECT_EQ(section_of(report, title), "## " + std::string(title) + "\n\nnone\n");
  }
  EXPECT_THAT(section_of(report, "Suggested scale-up commands"), HasSubstr("\n\nnone\n"));
  EXPECT_THAT(report, Not(HasSubstr("## Not readable")));
  EXPECT_THAT(report, Not(HasSubstr("## Restore")));
}

TEST(HealthMarkdown, ShoutsWhenTradingIsNotHalted) {
  HealthCluster cluster;
  cluster.put(k_switch_path, switch_with("0"));
  EXPECT_THAT(health_markdown(cluster.gather(), nullptr),
              HasSubstr("- Kill switch: EXECUTION_HALTED=\"0\" (NOT HALTED: trading may execute)"));
}

TEST(HealthMarkdown, JudgesNoRolloutWithoutThePods) {
  HealthCluster cluster = small_floor();
  cluster.refuse(k_core + "pods", "Error from server (Forbidden): pods is forbidden");
  const std::string report = health_markdown(cluster.gather(), nullptr);
  EXPECT_EQ(section_of(report, "Not readable"),
            "## Not readable\n\n- pods: Error from server (Forbidden): pods is forbidden\n");
  EXPECT_EQ(section_of(report, "Pods status"), "## Pods status\n\ncould not be read\n");
  EXPECT_EQ(section_of(report, "Incident signals"),
            "## Incident signals\n\n- Not covered, could not be read: pods\n");
  EXPECT_THAT(section_of(report, "Deployment rollout status"),
              HasSubstr("| Deployment/web | unknown | unknown | unknown | unknown | "
                        "pods could not be read |"));
  EXPECT_THAT(section_of(report, "Images currently deployed"),
              HasSubstr("### Observed on pods\n\ncould not be read\n"));
}

TEST(HealthMarkdown, DoesNotSayNoneOfWhatItDidNotRead) {
  HealthCluster cluster;
  for (const std::string path : {"deployments", "statefulsets", "daemonsets"}) {
    cluster.refuse(k_apps + path, "Error from server (Forbidden): no");
  }
  cluster.refuse(k_switch_path, "Error from server (Forbidden): no");
  cluster.refuse(k_events_path, "Error from server (Forbidden): no");
  const std::string report = health_markdown(cluster.gather(), nullptr);
  EXPECT_THAT(report, HasSubstr("- Kill switch: UNKNOWN\n"));
  EXPECT_THAT(section_of(report, "Deployment rollout status"),
              HasSubstr("Not covered, could not be read: deployments, statefulSets, daemonSets"));
  EXPECT_THAT(section_of(report, "Suggested scale-up commands"),
              HasSubstr("Not covered, could not be read: deployments, statefulSets\n"));
  EXPECT_EQ(section_of(report, "Recent warning events"),
            "## Recent warning events\n\ncould not be read\n");
}

TEST(HealthMarkdown, LetsNothingFromOutsideAddMarkup) {
  const std::string hostile =
      "a | b\n# owned\n```\n\x1b[31mred\x1b[0m <img src=x> `code` [x](http://e) ![i](y) **b** "
      "_i_ ~~s~~ $m$ &lt; back\\slash snake_case";
  HealthCluster cluster;
  cluster.put(k_events_path,
              list_with({make_event("e1", "web|0", "2026-01-02T03:00:00Z", hostile)}));
  cluster.put(k_switch_path, switch_with("0\n## Restore\n\n**Restored and verified.**"));
  HealthFacts facts = cluster.gather();
  facts.git.branch = "<script>|\nx";
  const std::string report = health_markdown(facts, nullptr);
  EXPECT_THAT(
      report,
      HasSubstr(
          "| 2026-01-02T03:00:00Z | Pod/web\\|0 | BackOff | 3 | a \\| b # owned \\`\\`\\` red "
          "&lt;img src=x&gt; \\`code\\` \\[x\\](http://e) !\\[i\\](y) \\*\\*b\\*\\* "
          "\\_i\\_ \\~\\~s\\~\\~ \\$m\\$ &amp;lt; back\\\\slash snake_case |\n"));
  EXPECT_THAT(report, HasSubstr("- Branch: &lt;script&gt;\\| x\n"));
  EXPECT_THAT(report, Not(HasSubstr("\n## Restore")));
  EXPECT_THAT(report, Not(HasSubstr("\x1b")));
}

TEST(HealthMarkdown, PrintsNoValueOfTheFloor) {
  Json web = make_deployment("web", 1, k_image);
  web["metadata"]["annotations"]["note"] = "hush-annotation";
  web["spec"]["template"]["spec"]["containers"][0]["env"] = {
      {{"name", "TOKEN"}, {"value", "hush-env"}}};
  Json kill_switch = switch_with("1");
  kill_switch["data"]["OTHER"] = "hush-data";
  HealthCluster cluster;
  cluster.put(k_apps + "deployments", list_with({web}));
  cluster.put(k_switch_path, kill_switch);
  const HealthFacts facts = cluster.gather();
  EXPECT_THAT(health_markdown(facts, nullptr), Not(HasSubstr("hush")));
  EXPECT_THAT(data::write_json(health_json(facts, nullptr)), Not(HasSubstr("hush")));
}

TEST(HealthMarkdown, KeepsTheOtherPartsWhenOneObjectIsMalformed) {
  Json pod = make_object("v1", "Pod", "odd");
  pod["status"] = {{"containerStatuses", "none"}};
  HealthCluster cluster = small_floor();
  cluster.put(k_core + "pods", list_with({pod}));
  const std::string report = health_markdown(cluster.gather(), nullptr);
  EXPECT_THAT(section_of(report, "Not readable"), HasSubstr("- pods: Pod/odd: "));
  EXPECT_EQ(section_of(report, "Pods status"), "## Pods status\n\ncould not be read\n");
  EXPECT_THAT(section_of(report, "Deployments"), HasSubstr("| web | 1 |"));
}

TEST(HealthMarkdown, ListsEveryContainerThatAPodRuns) {
  Json web = make_deployment("web", 1, k_image);
  const Json set = make_replica_set(web, "1");
  Json pod = make_pod(set, "web-0", web["spec"]["template"]["spec"], k_image_id);
  pod["spec"]["initContainers"] = Json::array({make_container("setup", "setup:1")});
  pod["spec"]["ephemeralContainers"] = Json::array({make_container("debug", "busybox")});
  pod["status"]["ephemeralContainerStatuses"] =
      Json::array({running_status("debug", "busybox@" + k_digest_b)});
  HealthCluster cluster;
  cluster.put(k_core + "pods", list_with({pod}));
  const std::string images =
      section_of(health_markdown(cluster.gather(), nullptr), "Images currently deployed");
  EXPECT_THAT(images, HasSubstr("| web-0 | setup | setup:1 | - |\n"));
  EXPECT_THAT(images, HasSubstr("| web-0 | debug | busybox | busybox@" + k_digest_b + " |\n"));
}

TEST(HealthMarkdown, CountsDaemonSetsByTheirNodes) {
  const Json agent = make_daemon_set("agent", 2, k_image);
  HealthCluster cluster;
  cluster.put(k_apps + "daemonsets", list_with({agent}));
  const std::string report = health_markdown(cluster.gather(), nullptr);
  EXPECT_THAT(section_of(report, "DaemonSets"), HasSubstr("| agent | 2 | 2 | 2 | 2 | 2 | - |\n"));
  EXPECT_THAT(section_of(report, "Deployment rollout status"),
              HasSubstr("| DaemonSet/agent | NO | 2 | 0 | 0 | 0 of 2 pods updated |\n"));
}

TEST(HealthMarkdown, SuggestsScaleUpForStatefulSetsToo) {
  HealthCluster cluster;
  cluster.put(k_apps + "statefulsets", list_with({make_stateful_set("gamma", 0)}));
  EXPECT_THAT(health_markdown(cluster.gather(), nullptr),
              HasSubstr("kubectl -n trading-floor scale statefulset/gamma --replicas=1\n```\n"));
}

// --- After a restore

TEST(HealthMarkdownOfARestore, TellsOfAGoodOne) {
  const std::string expected = R"(## Restore

**Restored and verified.**

- LKG: 20260101T000000Z-0a1b2c3d
- Restore id: 20260102T030000Z-deadbeef
- Started: 2026-01-02T03:04:05Z
- Kill switch read back as "1": 2026-01-02T03:04:06Z
- Kill switch at the end: "1"
- Plan: change 1, create 1, same 40 (hash cafe0123)

### Objects changed

- ServiceAccount/floor created
- Deployment/web changed

### Warnings

none

### Workloads given up

none

### Halt proof

| POD | CONTAINER | WAY | VERDICT | REASON |
| --- | --- | --- | --- | --- |
| web-0 | web | file | proven | started after |
| web-1 | web | env | proven | created after |

### Still different from the LKG

none

### Objects not in the LKG

- ConfigMap/a
- Service/b

### CronJobs still suspended

none
)";
  const RestoreResult result = good_restore();
  const std::string report = health_markdown(small_floor().gather(), &result);
  EXPECT_EQ(section_of(report, "Restore"), expected);
  EXPECT_LT(report.find("## Restore"), report.find("## Pods status"));
}

TEST(HealthMarkdownOfARestore, TellsOfAFailedOne) {
  const std::string expected = R"(## Restore

**FAILED in phase verify (exit code 4).**

- Error: not equal to the LKG: Deployment/web at /spec/replicas \| more
- Next step: run \`kubectl lkg diff\`
- LKG: without an id (made by the earlier scripts)
- Restore id: 20260102T030000Z-deadbeef
- Started: 2026-01-02T03:04:05Z
- Kill switch read back as "1": 2026-01-02T03:04:06Z
- Kill switch at the end: UNKNOWN
- Plan: change 1, create 1, same 40 (hash cafe0123)

### Objects changed

none recorded

### Warnings

- this is another cluster

### Workloads given up

| WORKLOAD | WANTED | READY | REASON |
| --- | --- | --- | --- |
| Deployment/api | 2 | 1 | 1 of 2 pods ready |
| StatefulSet/gamma | 1 | 0 | gamma-0 web CrashLoopBackOff: exit code 1 |

### Halt proof

none recorded

### Still different from the LKG

| OBJECT | DRIFT | POINTER |
| --- | --- | --- |
| ConfigMap/gone | missing | - |
| Deployment/web | changed | /spec/replicas |
| Deployment/web | changed | /spec/template/spec/containers/0/env/0/value |

### Objects not in the LKG

none recorded

### CronJobs still suspended

- CronJob/heartbeat
- CronJob/ops-post-market
)";
  RestoreResult result = good_restore();
  result.lkg_id.clear();
  result.phase = "verify";
  result.halted_at_end.reset();
  result.changed.clear();
  result.proofs.clear();
  result.extras.clear();
  result.warnings = {"this is another cluster"};
  kube::RolloutState one_of_two;
  one_of_two.wanted = 2;
  one_of_two.ready = 1;
  one_of_two.reason = "1 of 2 pods ready";
  kube::RolloutState none_of_one;
  none_of_one.wanted = 1;
  none_of_one.reason = "0 of 1 pods ready";
  result.workloads = {
      {"StatefulSet/gamma", none_of_one, "gamma-0 web CrashLoopBackOff: exit code 1"},
      {"Deployment/api", one_of_two, ""},
      good_restore().workloads[0]};
  result.differences = {
      drift_of(DriftKind::changed, "Deployment", "web",
               {{"/spec/template/spec/containers/0/env/0/value", Json("hush"), Json("hush-too")},
                {"/spec/replicas", Json(2), Json(3)}}),
      drift_of(DriftKind::missing, "ConfigMap", "gone")};
  result.suspended_cron_jobs = {"ops-post-market", "heartbeat"};
  result.code = ExitCode::incomplete;
  result.error = "not equal to the LKG: Deployment/web at /spec/replicas | more";
  result.next_step = "run `kubectl lkg diff`";

  const HealthFacts facts = small_floor().gather();
  EXPECT_EQ(section_of(health_markdown(facts, &result), "Restore"), expected);
  EXPECT_THAT(data::write_json(health_json(facts, &result)), Not(HasSubstr("hush")));
}

TEST(HealthMarkdownOfARestore, TellsOfOneThatWroteNothing) {
  RestoreResult result;
  result.phase = "identify";
  result.code = ExitCode::refused;
  result.error = "this is another cluster";
  const std::string section =
      section_of(health_markdown(HealthCluster().gather(), &result), "Restore");
  EXPECT_THAT(section, HasSubstr("**FAILED in phase identify (exit code 3).**"));
  EXPECT_THAT(section, HasSubstr("- Kill switch read back as \"1\": never\n"));
  EXPECT_THAT(section, HasSubstr("- Kill switch at the end: UNKNOWN\n"));
  EXPECT_THAT(section, HasSubstr("- Plan: none was made\n"));
}

TEST(HealthMarkdownOfARestore, PutsTheVerdictBeforeTheGaps) {
  HealthCluster cluster;
  cluster.refuse(k_events_path, "Error from server (Forbidden): no");
  const RestoreResult result = good_restore();
  const std::string report = health_markdown(cluster.gather(), &result);
  EXPECT_LT(report.find("\n## Restore"), report.find("\n## Not readable"));
  EXPECT_LT(report.find("\n## Not readable"), report.find("\n## Pods status"));
}

}  // namespace
}  // namespace dr::lkg
