#include "plugins/lkg/restore/bodies.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "common/kube/field_rules.hpp"

namespace dr::lkg {
namespace {

// The replicas that an autoscaled workload had when it was captured; 1 when that is not on record.
std::int64_t recorded_replicas(const Lkg& lkg, const kube::ObjectKey& key) {
  for (const auto& entry : data::array_or_empty(lkg.metadata, {"autoscaled"})) {
    if (data::string_at(entry, {"object"}) != key.display()) continue;
    return data::integer_or(entry, {"replicas"}, 1);
  }
  return 1;
}

bool is_scaled(const kube::ObjectKey& key) {
  return key.type() == "Deployment" || key.type() == "StatefulSet";
}

}  // namespace

Bodies::Bodies(const Lkg& lkg, kube::Allocated allocated, std::string restore_id)
    : m_lkg(lkg),
      m_allocated(allocated),
      m_restore_id(std::move(restore_id)),
      m_volatile(VolatileObjects::of_metadata(lkg.metadata)) {}

void Bodies::finish(const PlannedObject& planned, Json& body) const {
  if (planned.drift.key.type() == "CronJob") body["spec"]["suspend"] = true;
  if (planned.stamped) {
    (*kube::pod_template_of(
        body))["metadata"]["annotations"][std::string(kube::k_restore_id_annotation)] =
        m_restore_id;
  }
}

Json Bodies::replacement(const PlannedObject& planned, const Json& live) const {
  Json body = kube::replacement(*planned.drift.lkg, live, m_allocated);
  if (m_volatile.covers(body)) {
    for (const char* member : {"data", "binaryData"}) {
      body.erase(member);
      if (const Json* value = data::find(live, {member})) body[member] = *value;
    }
  }
  finish(planned, body);
  return body;
}

Json Bodies::creation(const PlannedObject& planned) const {
  Json body = kube::creation(*planned.drift.lkg, m_allocated);
  if (is_scaled(planned.drift.key) && !data::has(body, {"spec", "replicas"})) {
    body["spec"]["replicas"] = recorded_replicas(m_lkg, planned.drift.key);
  }
  finish(planned, body);
  return body;
}

Json Bodies::applied(const Json& written, const PlannedObject& planned) {
  Json body = written;
  body["metadata"] = kube::captured(*planned.drift.lkg).at("metadata");
  body.erase("status");
  return body;
}

bool Bodies::is_applicable(const PlannedObject& planned) const {
  if (m_volatile.covers(*planned.drift.lkg)) return false;
  const auto& names = data::array_or_empty(m_lkg.metadata, {"not_applicable_by_hand"});
  return std::find(names.begin(), names.end(), planned.drift.key.display()) == names.end();
}

bool Bodies::is_applied_again(const PlannedObject& planned) const {
  return kube::is_custom(*planned.drift.lkg) && is_applicable(planned);
}

}  // namespace dr::lkg
