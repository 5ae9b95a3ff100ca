#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/data/json.hpp"

namespace dr::kube {

// What workloads name but an LKG does not hold, or holds elsewhere. Names and keys only, never
// values.
struct References {
  // Secret name to the keys that are needed; a Secret whose every use is optional is left out. An
  // empty set of keys: the Secret as a whole.
  std::map<std::string, std::set<std::string>> secrets;
  std::set<std::string> config_maps;
  std::set<std::string> service_accounts;
  std::set<std::string> priority_classes;
  std::set<std::string> runtime_classes;
  std::set<std::string> claims;  // PersistentVolumeClaims
  std::set<std::string> storage_classes;
  std::set<std::string> ingress_classes;
};

// Of all `objects`: pod templates, ServiceAccounts (imagePullSecrets), Ingresses (TLS Secrets,
// classes), claims.
References references_of(const std::vector<Json>& objects);

Json to_json(const References& references);

}  // namespace dr::kube
