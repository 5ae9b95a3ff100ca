#include "tests/faults/restores/floors.hpp"

#include <array>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/plugins/lkg/capture_of.hpp"

namespace dr::test {
namespace {

const std::string k_file = "/etc/kill-switch/EXECUTION_HALTED";

Json& first_container(Json& workload) {
  return (*kube::pod_template_of(workload))["spec"]["containers"][0];
}

Json variable(const std::string& name, const std::string& value) {
  return {{"name", name}, {"value", value}};
}

Json by_environment_of_all_keys(Json workload) {
  first_container(workload)["envFrom"] = Json::array({{{"configMapRef", {{"name", k_switch}}}}});
  return workload;
}

Json by_file(Json workload, bool by_sub_path) {
  Json& container = first_container(workload);
  container["env"] = Json::array({variable("EXECUTION_HALTED_FILE", k_file)});
  Json mount = {{"name", "switch"}, {"mountPath", by_sub_path ? k_file : "/etc/kill-switch"}};
  if (by_sub_path) mount["subPath"] = "EXECUTION_HALTED";
  container["volumeMounts"] = Json::array({mount});
  (*kube::pod_template_of(workload))["spec"]["volumes"] =
      Json::array({{{"name", "switch"}, {"configMap", {{"name", k_switch}}}}});
  return workload;
}

std::vector<Json> floor_objects() {
  Json tick = make_cron_job("tick", k_by_digest);
  tick["spec"]["suspend"] = false;
  Json kill_switch = make_switch();
  kill_switch["metadata"]["labels"]["app"] = "agenttrader";
  Json fence = make_object("networking.k8s.io/v1", "NetworkPolicy", "deny");
  fence["spec"]["podSelector"] = Json::object();
  std::vector<Json> objects = {make_namespace(),
                               kill_switch,
                               fence,
                               make_object("v1", "ServiceAccount", "trading-floor-sa"),
                               make_config_map("settings", "limit", "10"),
                               make_config_map("agenttrader-heartbeat-web", "beat", "1"),
                               make_service(30000),
                               consuming_switch(make_deployment("web", 2, k_by_digest)),
                               by_environment_of_all_keys(make_deployment("agent", 1, k_by_digest)),
                               by_file(make_deployment("engine", 1, k_by_digest), false),
                               by_file(make_deployment("relay", 1, k_by_digest), true),
                               make_deployment("plain", 1, k_by_digest),
                               consuming_switch(make_stateful_set("gamma", 1, k_by_digest)),
                               tick};
  for (auto& object : objects) {
    object["metadata"].erase("uid");
    object["metadata"].erase("generation");
    object.erase("status");
  }
  return objects;
}

void deploy(FakeCluster& cluster) {
  for (const auto& object : floor_objects()) cluster.write(object);
}

// --- The floors

void drift(FakeCluster& cluster) {
  cluster.edit("NetworkPolicy", "deny", [](Json& o) { o["spec"]["ingress"] = {Json::object()}; });
  cluster.edit("Deployment", "web", [](Json& o) {
    first_container(o)["image"] = "web@" + k_digest_b;
    first_container(o)["env"].push_back(variable("ROGUE", "1"));
  });
  cluster.edit("StatefulSet", "gamma", [](Json& o) { o["spec"]["replicas"] = 2; });
  cluster.edit("CronJob", "tick", [](Json& o) { o["spec"]["schedule"] = "* * * * *"; });
  cluster.edit("ConfigMap", "agenttrader-heartbeat-web",
               [](Json& o) { o["metadata"]["labels"]["rogue"] = "x"; });
  cluster.remove("ConfigMap", "settings");
  cluster.remove("Deployment", "agent");
  cluster.write(make_config_map("rogue", "k", "v"));
}

// Each object is left, edited or gone.
void scatter(Random& random, FakeCluster& cluster) {
  for (const auto& object : floor_objects()) {
    const std::string kind = data::string_at(object, {"kind"});
    if (kind == "Namespace" || kube::name_of(object) == k_switch) continue;
    switch (random.below(5)) {
      case 0:
        cluster.remove(kind, kube::name_of(object));
        break;
      case 1:
        cluster.edit(kind, kube::name_of(object),
                     [](Json& o) { o["metadata"]["labels"]["rogue"] = "x"; });
        break;
      case 2:
        if (kube::pod_template_of(object) == nullptr) break;
        cluster.edit(kind, kube::name_of(object), [](Json& o) {
          Json& pod_template = *kube::pod_template_of(o);
          pod_template["spec"]["containers"].push_back(make_container("rogue", k_by_digest));
        });
        break;
      default:
        break;
    }
  }
}

// --- The switch

void set_switch(FakeCluster& cluster, const std::string& value) {
  cluster.edit("ConfigMap", k_switch, [&](Json& o) { o["data"]["EXECUTION_HALTED"] = value; });
}

// All pods start anew, and read the switch as it is.
void restart_pods(FakeCluster& cluster) {
  for (const auto& pod : cluster.all("Pod")) cluster.remove("Pod", kube::name_of(pod));
}

struct SwitchStart {
  std::string name;
  void (*make)(FakeCluster&);
  std::set<int> clean_codes = {0};
};

const std::vector<SwitchStart> k_switches = {
    {"halted", [](FakeCluster&) {}},
    {"at-0",
     [](FakeCluster& cluster) {
       set_switch(cluster, "0");
       restart_pods(cluster);
     }},
    {"halted-late",
     [](FakeCluster& cluster) {
       set_switch(cluster, "0");
       restart_pods(cluster);
       set_switch(cluster, "1");
     }},
    {"missing", [](FakeCluster& cluster) { cluster.remove("ConfigMap", k_switch); }},
    {"immutable-at-0",
     [](FakeCluster& cluster) {
       cluster.edit("ConfigMap", k_switch, [](Json& o) {
         o["data"]["EXECUTION_HALTED"] = "0";
         o["immutable"] = true;
       });
       restart_pods(cluster);
     }},
    {"immutable-at-1",
     [](FakeCluster& cluster) {
       cluster.edit("ConfigMap", k_switch, [](Json& o) { o["immutable"] = true; });
     }},
    {"other-keys",
     [](FakeCluster& cluster) {
       cluster.edit("ConfigMap", k_switch, [](Json& o) {
         o["data"] = {{"EXECUTION_HALTED", "0"}, {"OTHER", "x"}};
         o["metadata"].erase("labels");
       });
       restart_pods(cluster);
     }},
    {"no-key",
     [](FakeCluster& cluster) {
       cluster.edit("ConfigMap", k_switch, [](Json& o) { o["data"] = {{"OTHER", "x"}}; });
       restart_pods(cluster);
     }},
    {"dying",
     [](FakeCluster& cluster) {
       cluster.edit("ConfigMap", k_switch, [](Json& o) {
         o["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z";
         o["metadata"]["finalizers"] = {"example.com/hold"};
       });
     },
     {0, 5}},  // 0 when the adversary completed the deletion
};

// --- What else is there

Json rogue_pod(Json workload) {
  Json pod = make_pod(workload, "rogue", kube::pod_template_of(workload)->at("spec"));
  pod["metadata"].erase("uid");
  pod["metadata"].erase("ownerReferences");
  pod["status"]["containerStatuses"][0]["containerID"] = "containerd://rogue";
  return pod;
}

struct Others {
  std::string name;
  void (*make)(FakeCluster&);
  bool may_stay_unproven = false;
};

const std::vector<Others> k_others = {
    {"none", [](FakeCluster&) {}},
    {"rogue-env",
     [](FakeCluster& cluster) {
       cluster.write(rogue_pod(consuming_switch(make_deployment("rogue", 1, k_by_digest))));
     },
     true},
    {"rogue-file",
     [](FakeCluster& cluster) {
       cluster.write(rogue_pod(by_file(make_deployment("rogue", 1, k_by_digest), false)));
     },
     true},
    {"rogue-sub-path",
     [](FakeCluster& cluster) {
       cluster.write(rogue_pod(by_file(make_deployment("rogue", 1, k_by_digest), true)));
     },
     true},
    {"rogue-no-file",
     [](FakeCluster& cluster) {
       Json workload = make_deployment("rogue", 1, k_by_digest);
       first_container(workload)["env"] = Json::array({variable("EXECUTION_HALTED_FILE", k_file)});
       cluster.write(rogue_pod(std::move(workload)));
     },
     true},
    {"rogue-literal",
     [](FakeCluster& cluster) {
       Json workload = make_deployment("rogue", 1, k_by_digest);
       first_container(workload)["env"] = Json::array({variable("EXECUTION_HALTED", "0")});
       cluster.write(rogue_pod(std::move(workload)));
     },
     true},
    {"safety-on",
     [](FakeCluster& cluster) {
       cluster.write(make_config_map("agenttrader-safety", "KILL_SWITCH", "true"));
     }},
    {"safety-off",
     [](FakeCluster& cluster) {
       cluster.write(make_config_map("agenttrader-safety", "KILL_SWITCH", "false"));
     }},
};

}  // namespace

const FakeCluster& captured_floor() {
  static const FakeClock clock;
  static const FakeCluster floor = [] {
    FakeCluster cluster(clock);
    deploy(cluster);
    return cluster;
  }();
  return floor;
}

const lkg::Lkg& captured_lkg() {
  static const lkg::Lkg captured = capture_of(captured_floor());
  return captured;
}

Start make_start(Random& random, FakeCluster& cluster, FakeClock& clock) {
  static constexpr std::array<std::string_view, 4> k_floors = {"unchanged", "drifted", "scattered",
                                                               "absent"};
  Start start;
  start.floor = random.pick(k_floors);
  if (start.floor == "absent") return {start.floor, "absent", "none", {0}};
  deploy(cluster);
  clock.advance(std::chrono::hours(1));
  const auto& kill_switch = random.one_in(3) ? k_switches[1] : random.pick(k_switches);
  kill_switch.make(cluster);
  if (start.floor == "drifted") drift(cluster);
  if (start.floor == "scattered") scatter(random, cluster);
  const auto& others = random.one_in(2) ? k_others[0] : random.pick(k_others);
  others.make(cluster);
  clock.advance(std::chrono::hours(1));
  start.switch_was = kill_switch.name;
  start.others = others.name;
  start.clean_codes = kill_switch.clean_codes;
  if (others.may_stay_unproven) start.clean_codes.insert(5);
  return start;
}

void make_rigid(FakeCluster& cluster) {
  if (cluster.find("StatefulSet", "gamma") != nullptr)
    cluster.edit("StatefulSet", "gamma", [](Json& o) { o["spec"]["serviceName"] = "other"; });
  cluster.write(consuming_switch(make_deployment(k_extra, 1, k_by_digest)));
}

void spoil(FakeCluster& cluster) {
  k_switches.at(1).make(cluster);
  drift(cluster);
}

}  // namespace dr::test
