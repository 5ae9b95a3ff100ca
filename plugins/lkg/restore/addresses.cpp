#include "plugins/lkg/restore/addresses.hpp"

#include <fmt/format.h>

#include <utility>

namespace dr::lkg {
namespace {

Address decided(std::string pointer, const Json& wanted, const Json& live) {
  if (!wanted.is_null() && wanted != live) return {std::move(pointer), wanted, "requested"};
  // The server keeps what a replace leaves out (measured on 1.36).
  return {std::move(pointer), live, live.is_null() ? "new" : "kept"};
}

// The server pairs ports by number and protocol.
Json live_node_port(const Json& live, const Json& port) {
  const auto identity = [](const Json& one) {
    return std::pair(data::integer_or(one, {"port"}, 0), data::string_or(one, {"protocol"}, "TCP"));
  };
  for (const auto& one : data::array_or_empty(live, {"spec", "ports"})) {
    if (identity(one) == identity(port)) return one.value("nodePort", Json());
  }
  return nullptr;
}

Json member_of_spec(const Json& service, const char* member) {
  const Json* value = data::find(service, {"spec", member});
  return value == nullptr ? Json() : *value;
}

bool has_node_ports(const Json& service) {
  const std::string type = data::string_or(service, {"spec", "type"}, "ClusterIP");
  return type == "NodePort" ||
         (type == "LoadBalancer" &&
          data::boolean_or(service, {"spec", "allocateLoadBalancerNodePorts"}, true));
}

bool has_cluster_ip(const Json& service) {
  return data::string_or(service, {"spec", "type"}, "") != "ExternalName" &&
         data::string_or(service, {"spec", "clusterIP"}, "") != "None";
}

bool has_health_check_port(const Json& service) {
  return data::string_or(service, {"spec", "type"}, "") == "LoadBalancer" &&
         data::string_or(service, {"spec", "externalTrafficPolicy"}, "") == "Local";
}

}  // namespace

std::vector<Address> addresses_of(const PlannedObject& planned, kube::Allocated allocated) {
  if (planned.drift.key.kind != "Service") return {};
  const Json& lkg = *planned.drift.lkg;
  const bool anew = planned.action == Action::create || planned.action == Action::recreate;
  const Json live = anew ? Json::object() : *planned.drift.live;
  const bool is_asked_for = allocated == kube::Allocated::keep;
  std::vector<Address> addresses;
  if (has_cluster_ip(lkg))
    addresses.push_back(decided("/spec/clusterIP", nullptr, member_of_spec(live, "clusterIP")));
  const auto& ports = data::array_or_empty(lkg, {"spec", "ports"});
  for (std::size_t i = 0; has_node_ports(lkg) && i < ports.size(); ++i) {
    const Json wanted = is_asked_for ? ports[i].value("nodePort", Json()) : Json();
    addresses.push_back(
        decided(fmt::format("/spec/ports/{}/nodePort", i), wanted, live_node_port(live, ports[i])));
  }
  if (has_health_check_port(lkg)) {
    const Json wanted = is_asked_for ? member_of_spec(lkg, "healthCheckNodePort") : Json();
    addresses.push_back(
        decided("/spec/healthCheckNodePort", wanted, member_of_spec(live, "healthCheckNodePort")));
  }
  return addresses;
}

}  // namespace dr::lkg
