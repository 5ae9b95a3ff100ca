#include "plugins/lkg/metadata.hpp"

#include <array>
#include <map>
#include <set>
#include <utility>

#include "common/kube/kill_switch.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/references.hpp"
#include "common/os/sha256.hpp"

namespace dr::lkg {
namespace {

constexpr std::array<std::string_view, 5> k_mode_variables = {
    "AGENT_MODE", "EXECUTION_MODE", "TRADING_MODE", "SHADOW_MODE", "PAPER_TRADING"};

Json components(const CaptureResult& result, const std::string& ns) {
  std::map<kube::ObjectKey, Json> sorted;
  for (const auto& component : result.components) {
    Json containers = Json::array();
    for (const auto& image : component.images) {
      containers.push_back({{"container", image.container}, {"image", image.pinned}});
    }
    sorted[component.key] = {{"kind", component.key.kind},
                             {"name", component.key.name},
                             {"namespace", ns},
                             {"containers", std::move(containers)}};
  }
  Json list = Json::array();
  for (auto& [key, entry] : sorted) list.push_back(std::move(entry));
  return list;
}

Json images(const CaptureResult& result) {
  Json list = Json::array();
  for (const auto& component : result.components) {
    for (const auto& image : component.images) {
      Json entry = {{"kind", component.key.kind},   {"name", component.key.name},
                    {"container", image.container}, {"init", image.init},
                    {"original", image.original},   {"pinned", image.pinned},
                    {"source", component.source},   {"pods", image.pods}};
      if (!image.notes.empty()) entry["notes"] = image.notes;
      list.push_back(std::move(entry));
    }
  }
  return list;
}

Json findings(const std::vector<Finding>& found) {
  Json list = Json::array();
  for (const auto& finding : found)
    list.push_back({{"object", finding.object}, {"reason", finding.reason}});
  return list;
}

// Everything the LKG does not hold of its kinds, deliberately or not: a diff does not count it as
// an extra.
Json left_out(const CaptureResult& result) {
  Json list = findings(result.left_out);
  for (auto& entry : findings(result.excluded)) list.push_back(std::move(entry));
  return list;
}

// {ENV: values seen in all containers, or "valueFrom"}
Json mode_defaults(const std::vector<Json>& objects) {
  std::map<std::string, std::set<std::string>> seen;
  for (const auto variable : k_mode_variables) seen[std::string(variable)];
  for (const auto& object : objects) {
    const Json* pod_template = kube::pod_template_of(object);
    if (pod_template == nullptr) continue;
    for (const auto& container : data::array_or_empty(*pod_template, {"spec", "containers"})) {
      for (const auto& variable : data::array_or_empty(container, {"env"})) {
        const auto entry = seen.find(data::string_or(variable, {"name"}, ""));
        if (entry == seen.end()) continue;
        entry->second.insert(data::has(variable, {"valueFrom"})
                                 ? "valueFrom"
                                 : data::string_or(variable, {"value"}, ""));
      }
    }
  }
  return seen;
}

Json autoscaled(const CaptureResult& result) {
  Json list = Json::array();
  for (const auto& [object, replicas] : result.autoscaled) {
    list.push_back({{"object", object}, {"replicas", replicas}});
  }
  return list;
}

Json safety_posture(const std::vector<Json>& objects) {
  return {{"execution_halted", true},
          {"agent_mode_defaults", mode_defaults(objects)},
          {"kill_switch",
           {{"configmap", kube::k_switch_name},
            {"key", kube::k_switch_key},
            {"value", kube::k_switch_halted}}},
          {"notes",
           "the kill switch is captured as \"1\" whatever it was; restore enforces it before "
           "anything else"}};
}

Json custom_resources(const CaptureResult& result) {
  std::map<std::string, Json> sorted;
  for (const auto& object : result.objects) {
    if (!kube::is_custom(object)) continue;
    const auto& kind = kube::kind_of(object);
    sorted[kind.type()] = {
        {"apiVersion", kind.api_version}, {"kind", kind.kind}, {"plural", kind.plural}};
  }
  Json list = Json::array();
  for (auto& [type, entry] : sorted) list.push_back(std::move(entry));
  return list;
}

Json coverage(const CaptureResult& result) {
  std::map<std::string, int> counts;
  for (const auto* kind : result.custom_kinds) counts[kind->name()] = 0;
  for (const auto& kind : kube::kinds()) {
    if (kind.capture == kube::Capture::always) counts[kind.plural] = 0;
  }
  for (const auto& object : result.objects) {
    const auto& kind = kube::kind_of(object);
    ++counts[kube::is_custom(object) ? kind.name() : kind.plural];
  }
  Json list = Json::array();
  for (const auto& [plural, count] : counts) {
    list.push_back({{"resource", plural}, {"outcome", "ok"}, {"count", count}});
  }
  return list;
}

// Server-side apply refuses or changes DEL, NEL, BOM and the C1 controls (measured on 1.36); a
// replace does not.
bool holds_unappliable(const std::string& text) {
  if (text.find('\x7f') != std::string::npos || text.find("\xef\xbb\xbf") != std::string::npos)
    return true;
  for (std::size_t at = 0; (at = text.find('\xc2', at)) != std::string::npos; ++at) {
    if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) <= 0x9f) return true;
  }
  return false;
}

Json not_applicable_by_hand(const std::vector<Json>& objects) {
  Json list = Json::array();
  for (const auto& object : objects) {
    if (holds_unappliable(data::write_json(object, -1))) list.push_back(kube::display(object));
  }
  return list;
}

}  // namespace

std::string manifest_text(const std::vector<Json>& objects) {
  return data::write_json({{"apiVersion", "v1"}, {"kind", "List"}, {"items", objects}});
}

std::string metadata_text(const LkgId& id, const std::string& manifest, const CaptureResult& result,
                          const Provenance& provenance) {
  const auto& target = provenance.target;
  const Json document = {
      {"schema", k_schema},
      {"id", id.text()},
      {"timestamp_utc", rfc3339(id.time())},
      {"git_sha", provenance.git_sha},
      {"build_id", provenance.build_id},
      {"cluster_name", target.cluster},
      {"kubectl_context", target.context},
      {"namespace", target.ns},
      {"cluster",
       {{"uid", provenance.cluster.uid}, {"server_version", provenance.cluster.server_version}}},
      {"manifest",
       {{"sha256", os::sha256_hex(manifest)},
        {"bytes", manifest.size()},
        {"objects", result.objects.size()}}},
      {"components", components(result, target.ns)},
      {"images", images(result)},
      {"safety_posture", safety_posture(result.objects)},
      {"references", kube::to_json(kube::references_of(result.objects))},
      {"custom_resources", custom_resources(result)},
      {"coverage", coverage(result)},
      {"left_out", left_out(result)},
      {"autoscaled", autoscaled(result)},
      {"not_applicable_by_hand", not_applicable_by_hand(result.objects)},
      {"resource_version", result.resource_version},
      {"volatile", provenance.volatile_rules},
      {"note", provenance.note},
      {"tool", {{"name", "kubectl-lkg"}, {"version", provenance.tool_version}}},
  };
  return data::write_json(document);
}

}  // namespace dr::lkg
