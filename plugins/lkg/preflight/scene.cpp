#include "plugins/lkg/preflight/scene.hpp"

#include <algorithm>

#include "common/kube/kinds.hpp"

namespace dr::lkg {
namespace {

bool is_one_of(const Json::array_t& values, const std::string& value) {
  return std::any_of(values.begin(), values.end(),
                     [&](const Json& candidate) { return candidate == value; });
}

bool meets(const Json& expression, const Json& labels) {
  const std::string& key = data::string_at(expression, {"key"});
  const std::string& wanted = data::string_at(expression, {"operator"});
  const bool is_there = labels.contains(key);
  if (wanted == "Exists") return is_there;
  if (wanted == "DoesNotExist") return !is_there;
  const bool is_named = is_there && is_one_of(data::array_or_empty(expression, {"values"}),
                                              data::string_at(labels, {key}));
  return wanted == "NotIn" ? !is_named : is_named;
}

}  // namespace

bool is_written(const PlannedObject& planned) {
  return planned.action != Action::same && planned.action != Action::blocked;
}

bool starts_pods(const PlannedObject& planned) {
  if (!is_written(planned)) return false;
  return kube::is_workload(kube::kind_of(planned.drift.key)) &&
         data::integer_or(*planned.drift.lkg, {"spec", "replicas"}, 1) > 0;
}

std::vector<const PlannedObject*> with_templates(const Plan& plan) {
  std::vector<const PlannedObject*> result;
  for (const auto& planned : plan.objects) {
    if (kube::pod_template_of(*planned.drift.lkg) != nullptr) result.push_back(&planned);
  }
  return result;
}

Json namespace_labels(const Scene& scene) {
  const Json* ns = scene.live.ns ? &*scene.live.ns : scene.lkg.find("Namespace", scene.lkg.ns);
  Json labels =
      ns == nullptr ? Json::object() : Json(data::object_or_empty(*ns, {"metadata", "labels"}));
  labels["kubernetes.io/metadata.name"] = scene.lkg.ns;
  return labels;
}

bool selects(const Json* selector, const Json& labels) {
  if (selector == nullptr) return true;
  for (const auto& [key, value] : data::object_or_empty(*selector, {"matchLabels"})) {
    if (!labels.contains(key) || labels.at(key) != value) return false;
  }
  const auto& expressions = data::array_or_empty(*selector, {"matchExpressions"});
  return std::all_of(expressions.begin(), expressions.end(),
                     [&](const Json& expression) { return meets(expression, labels); });
}

}  // namespace dr::lkg
