#include "common/kube/references.hpp"

#include <string_view>

#include "common/kube/kinds.hpp"
#include "common/kube/object.hpp"

namespace dr::kube {
namespace {

void insert_named(std::set<std::string>& names, const Json& holder, data::Path path) {
  if (auto name = data::string_or(holder, path, ""); !name.empty()) names.insert(std::move(name));
}

void add_pull_secrets(References& references, const Json& holder, data::Path path) {
  for (const auto& secret : data::array_or_empty(holder, path)) {
    if (auto name = data::string_or(secret, {"name"}, ""); !name.empty()) references.secrets[name];
  }
}

void add_environment(References& references, const Json& container) {
  for (const auto& variable : data::array_or_empty(container, {"env"})) {
    if (const Json* secret = data::find(variable, {"valueFrom", "secretKeyRef"});
        secret != nullptr && !data::boolean_or(*secret, {"optional"}, false)) {
      references.secrets[data::string_at(*secret, {"name"})].insert(
          data::string_at(*secret, {"key"}));
    }
    if (const Json* map = data::find(variable, {"valueFrom", "configMapKeyRef"});
        map != nullptr && !data::boolean_or(*map, {"optional"}, false)) {
      insert_named(references.config_maps, *map, {"name"});
    }
  }
  for (const auto& source : data::array_or_empty(container, {"envFrom"})) {
    if (const Json* secret = data::find(source, {"secretRef"});
        secret != nullptr && !data::boolean_or(*secret, {"optional"}, false)) {
      references.secrets[data::string_at(*secret, {"name"})];
    }
    if (const Json* map = data::find(source, {"configMapRef"});
        map != nullptr && !data::boolean_or(*map, {"optional"}, false)) {
      insert_named(references.config_maps, *map, {"name"});
    }
  }
}

// A volume source or projected source: a Secret or ConfigMap, named by `secret_name` or "name".
void add_volume_source(References& references, const Json& source, std::string_view secret_name) {
  if (const Json* secret = data::find(source, {"secret"});
      secret != nullptr && !data::boolean_or(*secret, {"optional"}, false)) {
    auto& keys = references.secrets[data::string_at(*secret, {secret_name})];
    for (const auto& item : data::array_or_empty(*secret, {"items"}))
      keys.insert(data::string_at(item, {"key"}));
  }
  if (const Json* map = data::find(source, {"configMap"});
      map != nullptr && !data::boolean_or(*map, {"optional"}, false)) {
    insert_named(references.config_maps, *map, {"name"});
  }
}

void add_volume(References& references, const Json& volume) {
  add_volume_source(references, volume, "secretName");
  for (const auto& source : data::array_or_empty(volume, {"projected", "sources"})) {
    add_volume_source(references, source, "name");
  }
  insert_named(references.claims, volume, {"persistentVolumeClaim", "claimName"});
  if (auto name = data::string_or(volume, {"csi", "nodePublishSecretRef", "name"}, "");
      !name.empty()) {
    references.secrets[name];
  }
}

void add_pod_spec(References& references, const Json& spec) {
  for (const auto& volume : data::array_or_empty(spec, {"volumes"})) add_volume(references, volume);
  add_pull_secrets(references, spec, {"imagePullSecrets"});
  insert_named(references.service_accounts, spec, {"serviceAccountName"});
  insert_named(references.priority_classes, spec, {"priorityClassName"});
  insert_named(references.runtime_classes, spec, {"runtimeClassName"});
}

void add_object(References& references, const Json& object) {
  if (is_custom(object)) return;  // what its fields mean is its operator's
  if (const Json* pod_template = pod_template_of(object)) {
    for (const Json* container : containers_of(*pod_template))
      add_environment(references, *container);
    if (const Json* spec = data::find(*pod_template, {"spec"})) add_pod_spec(references, *spec);
  }
  const std::string kind = data::string_or(object, {"kind"}, "");
  if (kind == "ServiceAccount") add_pull_secrets(references, object, {"imagePullSecrets"});
  if (kind == "PersistentVolumeClaim")
    insert_named(references.storage_classes, object, {"spec", "storageClassName"});
  for (const auto& claim : data::array_or_empty(object, {"spec", "volumeClaimTemplates"})) {
    insert_named(references.storage_classes, claim, {"spec", "storageClassName"});
  }
  if (kind == "Ingress") {
    insert_named(references.ingress_classes, object, {"spec", "ingressClassName"});
    for (const auto& tls : data::array_or_empty(object, {"spec", "tls"})) {
      if (auto name = data::string_or(tls, {"secretName"}, ""); !name.empty())
        references.secrets[name];
    }
  }
}

}  // namespace

References references_of(const std::vector<Json>& objects) {
  References references;
  for (const auto& object : objects) add_object(references, object);
  return references;
}

Json to_json(const References& references) {
  Json secrets = Json::array();
  for (const auto& [name, keys] : references.secrets)
    secrets.push_back({{"name", name}, {"keys", keys}});
  return {{"secrets", secrets},
          {"configmaps", references.config_maps},
          {"serviceaccounts", references.service_accounts},
          {"priorityclasses", references.priority_classes},
          {"runtimeclasses", references.runtime_classes},
          {"persistentvolumeclaims", references.claims},
          {"storageclasses", references.storage_classes},
          {"ingressclasses", references.ingress_classes}};
}

}  // namespace dr::kube
