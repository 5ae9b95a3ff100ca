#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/kube/kubectl.hpp"
#include "plugins/lkg/preflight/check.hpp"
#include "plugins/lkg/preflight/scene.hpp"

// The checks of the LKG's own objects, as they are and where they go.
namespace dr::lkg {

// Which cluster this is. The refusal of a foreign one comes before the halt (restore/identify.cpp).
Check check_identity(const Scene& scene);

// The LKG was checked when it was read; its id for the record.
Check check_integrity(const Lkg& lkg);

// Versions of the LKG's kinds that reading the namespace did not prove served, as paths of the
// discovery: "example.com/v1" to its path.
std::map<std::string, std::string> version_paths(const Lkg& lkg);
std::vector<Check> check_kinds(const Scene& scene,
                               const std::map<std::string, kube::Reply>& served);

// Whatever is written to an object that is being deleted vanishes with it, and the API server says
// ok to it (measured on 1.36).
std::vector<Check> check_terminating(const Scene& scene);

// Node ports that the plan keeps and does not hold yet: the list of all Services is needed then.
bool needs_node_ports(const Scene& scene);
std::vector<Check> check_node_ports(const Scene& scene, const kube::Reply& services);

// Argo CD, Flux and Helm.
std::vector<Check> check_owners(const Scene& scene);

}  // namespace dr::lkg
