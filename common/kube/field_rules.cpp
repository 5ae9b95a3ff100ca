#include "common/kube/field_rules.hpp"

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "common/base/text.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/object.hpp"

namespace dr::kube {
namespace {

using enum Verdict;

// Sources: "1.36" = measured on kube-apiserver 1.36.3; "k8s" = Kubernetes' own documentation of the
// field.
constexpr std::array k_rules = {
    FieldRule{"*", "/status", carry,
              "reported by controllers; a replace without it loses it where a CRD has no status "
              "subresource, and is not changed by it elsewhere (1.36)"},
    FieldRule{"*", "/metadata/uid", strip, "names one incarnation; a fence, not content (k8s)"},
    FieldRule{"*", "/metadata/resourceVersion", strip, "a fence, not content (k8s)"},
    FieldRule{"*", "/metadata/generation", strip, "counted by the server (k8s)"},
    FieldRule{"*", "/metadata/creationTimestamp", strip, "set by the server (k8s)"},
    FieldRule{"*", "/metadata/deletionTimestamp", strip,
              "set by the server; refused in a body (1.36)"},
    FieldRule{"*", "/metadata/deletionGracePeriodSeconds", strip, "set by the server (k8s)"},
    FieldRule{"*", "/metadata/selfLink", strip, "no longer set (KEP-1164)"},
    FieldRule{"*", "/metadata/generateName", strip, "server-side apply refuses it (1.36)"},
    FieldRule{"*", "/metadata/managedFields", strip,
              "server-side apply refuses it: must be nil (1.36)"},
    FieldRule{"*", "/metadata/ownerReferences", carry,
              "dropped by a replace without it; a stale uid is collected (1.36)"},
    FieldRule{"*", "/metadata/finalizers", carry,
              "a replace without it drops them, and completes a deletion (1.36)"},
    FieldRule{
        "*", "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration", strip,
        "a copy of an older object, with its secrets; a replace without it also keeps kubectl from "
        "migrating fields (1.36)"},
    FieldRule{"*", "/metadata/annotations/control-plane.alpha.kubernetes.io~1leader", carry,
              "rewritten by leader election (k8s)"},
    FieldRule{"Deployment", "/metadata/annotations/deployment.kubernetes.io~1revision", carry,
              "counted by the controller; a replace without it bumps the generation (1.36)"},
    FieldRule{"DaemonSet", "/metadata/annotations/deprecated.daemonset.template.generation", carry,
              "counted by the controller (1.36)"},
    FieldRule{"HorizontalPodAutoscaler", "/metadata/annotations/autoscaling.alpha.kubernetes.io~1*",
              carry, "written by the controller (k8s)"},
    FieldRule{"Service", "/metadata/annotations/cloud.google.com~1neg-status", carry,
              "names cloud objects of one cluster; written by GKE"},
    FieldRule{"Ingress", "/metadata/annotations/ingress.kubernetes.io~1*", carry,
              "names cloud objects of one cluster; written by GKE"},
    FieldRule{"*", "/metadata/annotations/autopilot.gke.io~1*", carry, "written by GKE Autopilot"},
    FieldRule{"PersistentVolumeClaim", "/metadata/annotations/pv.kubernetes.io~1*", carry,
              "written by the volume controller; on another cluster it makes the claim Lost "
              "(velero#2519)"},
    FieldRule{"PersistentVolumeClaim", "/metadata/annotations/volume.kubernetes.io~1*", carry,
              "written by the volume controller and scheduler; names a node (velero#9053)"},
    FieldRule{"PersistentVolumeClaim",
              "/metadata/annotations/volume.beta.kubernetes.io~1storage-provisioner", carry,
              "written by the volume controller (k8s)"},
    FieldRule{"PersistentVolumeClaim", "/spec/volumeName", carry,
              "set by the binder; immutable once set (1.36)"},
    FieldRule{"ServiceAccount", "/secrets", carry, "token Secrets of one cluster (k8s)"},
    FieldRule{"Namespace", "/spec", strip, "finalizers, kept by the server (1.36)"},
    FieldRule{"Service", "/spec/clusterIPs", strip,
              "follows clusterIP; kept by the server when left out (1.36)"},
    FieldRule{"Service", "/spec/ipFamilies", allocated,
              "another cluster may have other families, and refuses those that it lacks (1.36)"},
    FieldRule{"Service", "/spec/ports/*/nodePort", allocated,
              "another cluster may have given it away (1.36)"},
    FieldRule{"Service", "/spec/healthCheckNodePort", allocated,
              "another cluster may have given it away (1.36)"},
    FieldRule{"Deployment", "/spec/replicas", adopt,
              "an autoscaler's where the LKG has none; left out, it becomes 1 (1.36)"},
    FieldRule{"StatefulSet", "/spec/replicas", adopt,
              "an autoscaler's where the LKG has none; left out, it becomes 1 (1.36)"},
    FieldRule{"StatefulSet", "/spec/volumeClaimTemplates/*/status", strip,
              "filled in by the server (k8s)"},
    FieldRule{"Job", "/metadata/labels/controller-uid", strip,
              "made by the server for one incarnation; another one is refused (k8s)"},
    FieldRule{"Job", "/metadata/labels/batch.kubernetes.io~1controller-uid", strip, "the same"},
    FieldRule{"Job", "/spec/selector/matchLabels/controller-uid", strip, "the same"},
    FieldRule{"Job", "/spec/selector/matchLabels/batch.kubernetes.io~1controller-uid", strip,
              "the same"},
    FieldRule{"Job", "{template}/metadata/labels/controller-uid", strip, "the same"},
    FieldRule{"Job", "{template}/metadata/labels/batch.kubernetes.io~1controller-uid", strip,
              "the same"},
    FieldRule{"*", "{template}/metadata/creationTimestamp", strip, "always null (k8s)"},
    FieldRule{"*", "{template}/metadata/annotations/kubectl.kubernetes.io~1restartedAt", carry,
              "a restart is no change; without it a replace would roll the pods (k8s)"},
    FieldRule{"*", "{template}/metadata/annotations/agenttrader.dev~1restore-id", carry,
              "our own restart stamp"},
};

std::string_view template_prefix(std::string_view kind) {
  if (kind == "CronJob") return "/spec/jobTemplate/spec/template";
  if (kind == "Deployment" || kind == "StatefulSet" || kind == "DaemonSet" || kind == "Job")
    return "/spec/template";
  return {};
}

// The tokens of a rule for a kind, unescaped; empty when the rule does not apply to it.
std::vector<std::string> tokens_for(const FieldRule& rule, std::string_view kind) {
  if (rule.kind != "*" && rule.kind != kind) return {};
  std::string pointer(rule.pointer);
  constexpr std::string_view k_template = "{template}";
  if (pointer.starts_with(k_template)) {
    const auto prefix = template_prefix(kind);
    if (prefix.empty()) return {};
    pointer.replace(0, k_template.size(), prefix);
  }
  std::vector<std::string> tokens = split(std::string_view(pointer).substr(1), '/');
  for (auto& token : tokens) {
    for (std::size_t at = 0; (at = token.find("~1", at)) != std::string::npos; ++at)
      token.replace(at, 2, "/");
  }
  return tokens;
}

bool matches(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

// Calls `visit(parent, key)` for every place in `value` that the tokens match; visit may erase the
// key.
void for_each_match(Json& value, std::span<const std::string> tokens,
                    const std::function<void(Json& parent, const std::string& key)>& visit) {
  if (value.is_array()) {
    if (tokens.front() != "*" || tokens.size() == 1) return;
    for (auto& element : value) for_each_match(element, tokens.subspan(1), visit);
    return;
  }
  if (!value.is_object()) return;
  std::vector<std::string> keys;
  for (const auto& [key, member] : value.items()) {
    if (matches(tokens.front(), key)) keys.push_back(key);
  }
  for (const auto& key : keys) {
    if (tokens.size() == 1) {
      visit(value, key);
    } else {
      for_each_match(value[key], tokens.subspan(1), visit);
    }
  }
}

void erase_matches(Json& object, const std::vector<std::string>& tokens) {
  for_each_match(object, tokens, [](Json& parent, const std::string& key) { parent.erase(key); });
}

// Puts what `live` has at the tokens into `body` where `body` has nothing there. The way down is
// made when missing.
void copy_matches(Json& body, const Json& live, std::span<const std::string> tokens) {
  if (!live.is_object()) return;
  for (const auto& [key, member] : live.items()) {
    if (!matches(tokens.front(), key)) continue;
    if (tokens.size() == 1) {
      if (!body.contains(key)) body[key] = member;
      continue;
    }
    Json below = body.contains(key) ? body[key] : Json::object();
    copy_matches(below, member, tokens.subspan(1));
    if (!below.empty()) body[key] = std::move(below);
  }
}

void drop_nulls(Json& value) {
  if (value.is_array()) {
    for (auto& element : value) drop_nulls(element);
  }
  if (!value.is_object()) return;
  for (auto member = value.begin(); member != value.end();) {
    if (member->is_null()) {
      member = value.erase(member);
    } else {
      drop_nulls(*member);
      ++member;
    }
  }
}

void drop_empty_maps(Json& metadata_holder) {
  if (!metadata_holder.contains("metadata")) return;
  Json& metadata = metadata_holder["metadata"];
  for (const char* map : {"annotations", "labels"}) {
    if (metadata.contains(map) && metadata[map].empty()) metadata.erase(map);
  }
}

// The kind as the rules know it. A custom resource may have the kind of a built-in one (Knative has
// a Service); only the rules for every kind apply to it then.
std::string kind_text(const Json& object) {
  return is_custom(object) ? std::string() : data::string_or(object, {"kind"}, "");
}

void drop_allocated(Json& object) {
  for (const auto& rule : field_rules()) {
    if (rule.verdict != allocated) continue;
    if (const auto tokens = tokens_for(rule, kind_text(object)); !tokens.empty())
      erase_matches(object, tokens);
  }
}

// A copy without the two members that are most of a live object: the rules strip or carry them in
// every kind.
Json copy_without_bulk(const Json& live) {
  if (!live.is_object()) return live;
  Json copy = Json::object();
  for (const auto& [key, member] : live.items()) {
    if (key == "status") continue;
    if (key != "metadata" || !member.is_object()) {
      copy[key] = member;
      continue;
    }
    Json& metadata = copy[key] = Json::object();
    for (const auto& [name, value] : member.items()) {
      if (name != "managedFields") metadata[name] = value;
    }
  }
  return copy;
}

}  // namespace

std::span<const FieldRule> field_rules() {
  return k_rules;
}

Json captured(const Json& live) {
  Json object = copy_without_bulk(live);
  const std::string kind = kind_text(live);
  for (const auto& rule : field_rules()) {
    if (rule.verdict != strip && rule.verdict != carry) continue;
    if (const auto tokens = tokens_for(rule, kind); !tokens.empty()) erase_matches(object, tokens);
  }
  // "None" is the user's choice (a headless Service); an address is the cluster's.
  if (kind == "Service" && data::string_or(object, {"spec", "clusterIP"}, "None") != "None") {
    object["spec"].erase("clusterIP");
  }
  // In a custom resource a null may stand where a default would come in its place (1.36).
  if (!is_custom(object)) drop_nulls(object);
  drop_empty_maps(object);
  if (Json* pod_template = pod_template_of(object)) drop_empty_maps(*pod_template);
  return object;
}

Comparable comparable(const Json& lkg, const Json& live, Allocated policy) {
  Comparable sides{captured(lkg), captured(live)};
  if (policy == Allocated::drop) {
    drop_allocated(sides.lkg);
    drop_allocated(sides.live);
  }
  for (const auto& rule : field_rules()) {
    if (rule.verdict != adopt) continue;
    const auto tokens = tokens_for(rule, kind_text(lkg));
    if (tokens.empty()) continue;
    bool held = false;
    for_each_match(sides.lkg, tokens, [&](Json&, const std::string&) { held = true; });
    if (!held) erase_matches(sides.live, tokens);
  }
  return sides;
}

Json replacement(const Json& lkg, const Json& live, Allocated policy) {
  Json body = creation(lkg, policy);
  for (const auto& rule : field_rules()) {
    if (rule.verdict != carry && rule.verdict != adopt) continue;
    if (const auto tokens = tokens_for(rule, kind_text(lkg)); !tokens.empty())
      copy_matches(body, live, tokens);
  }
  body["metadata"]["resourceVersion"] = resource_version_of(live);
  body["metadata"]["uid"] = uid_of(live);
  return body;
}

Json creation(const Json& lkg, Allocated policy) {
  Json body = captured(lkg);
  if (policy == Allocated::drop) drop_allocated(body);
  return body;
}

}  // namespace dr::kube
