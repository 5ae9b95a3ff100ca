#include "plugins/lkg/preflight/nodes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "common/base/text.hpp"

namespace dr::lkg {
namespace {

constexpr std::string_view k_name = "nodes";
constexpr std::string_view k_taint = "with taint ";
constexpr std::string_view k_label = "without label ";
constexpr std::string_view k_cordoned = "cordoned";
constexpr std::string_view k_cordon_taint = "node.kubernetes.io/unschedulable";

std::optional<long> number(const std::string& text) {
  long value = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return value;
}

bool compares(const std::string& wanted, const std::string& value, const Json::array_t& values) {
  if (values.size() != 1 || !values.front().is_string()) return false;
  const auto left = number(value);
  const auto right = number(values.front().get_ref<const std::string&>());
  if (!left || !right) return false;
  return wanted == "Gt" ? *left > *right : *left < *right;
}

// One expression of a node selector term, which knows more operators than a label selector.
bool meets(const Json& expression, const Json& values_of_node) {
  const std::string wanted = data::string_at(expression, {"operator"});
  if (wanted != "Gt" && wanted != "Lt") {
    const Json selector = {{"matchExpressions", Json::array({expression})}};
    return selects(&selector, values_of_node);
  }
  const std::string& key = data::string_at(expression, {"key"});
  return values_of_node.contains(key) && compares(wanted, data::string_at(values_of_node, {key}),
                                                  data::array_or_empty(expression, {"values"}));
}

bool meets_all(const Json::array_t& expressions, const Json& values_of_node) {
  return std::all_of(expressions.begin(), expressions.end(),
                     [&](const Json& expression) { return meets(expression, values_of_node); });
}

bool meets_affinity(const Json& spec, const Json& node, const Json& labels) {
  const Json* required = data::find(
      spec, {"affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"});
  if (required == nullptr) return true;
  const Json fields = {{"metadata.name", data::string_at(node, {"metadata", "name"})}};
  const auto& terms = data::array_or_empty(*required, {"nodeSelectorTerms"});
  return std::any_of(terms.begin(), terms.end(), [&](const Json& term) {
    const auto& by_label = data::array_or_empty(term, {"matchExpressions"});
    const auto& by_field = data::array_or_empty(term, {"matchFields"});
    // An empty term takes no node.
    return !(by_label.empty() && by_field.empty()) && meets_all(by_label, labels) &&
           meets_all(by_field, fields);
  });
}

bool tolerates(const Json& toleration, const Json& taint) {
  const std::string effect = data::string_or(toleration, {"effect"}, "");
  if (!effect.empty() && effect != data::string_at(taint, {"effect"})) return false;
  const std::string key = data::string_or(toleration, {"key"}, "");
  const std::string wanted = data::string_or(toleration, {"operator"}, "Equal");
  if (!key.empty() && key != data::string_at(taint, {"key"})) return false;
  if (wanted == "Exists") return true;
  return wanted == "Equal" && !key.empty() &&
         data::string_or(toleration, {"value"}, "") == data::string_or(taint, {"value"}, "");
}

// The taints that keep pods away, the one of a cordoned node included, which its controller may not
// have set yet.
std::vector<Json> taints_of(const Json& node) {
  std::vector<Json> taints;
  for (const auto& taint : data::array_or_empty(node, {"spec", "taints"})) {
    if (data::string_at(taint, {"effect"}) != "PreferNoSchedule") taints.push_back(taint);
  }
  const bool is_tainted = std::any_of(taints.begin(), taints.end(), [](const Json& taint) {
    return taint["key"] == k_cordon_taint;
  });
  if (data::boolean_or(node, {"spec", "unschedulable"}, false) && !is_tainted)
    taints.push_back({{"key", k_cordon_taint}, {"effect", "NoSchedule"}});
  return taints;
}

std::string text_of(const Json& taint) {
  const std::string value = data::string_or(taint, {"value"}, "");
  return fmt::format("{}{}{}:{}", data::string_at(taint, {"key"}), value.empty() ? "" : "=", value,
                     data::string_at(taint, {"effect"}));
}

std::string cure_of(const std::string& node, std::string_view reason) {
  if (reason == k_cordoned) return fmt::format("uncordon a node (`kubectl uncordon {}`)", node);
  if (reason.starts_with(k_taint)) {
    reason.remove_prefix(k_taint.size());
    return fmt::format("add a node without the taint, or take it off (`kubectl taint node {} {}-`)",
                       node, reason);
  }
  if (reason.starts_with(k_label)) {
    return fmt::format(
        "add a node with that label, or label one that is meant for it (`kubectl "
        "label node {} {}`)",
        node, shell_quoted(reason.substr(k_label.size())));
  }
  return "add a node that it can run on (`kubectl get nodes --show-labels`)";
}

// How often each reason holds, and a cure for one of them.
struct Unfit {
  std::map<std::string, std::size_t> reasons;
  std::string cure = "add a node (`kubectl get nodes`)";

  std::string text() const {
    std::string list;
    for (const auto& [reason, count] : reasons)
      list += fmt::format("{}{} {}", list.empty() ? ": " : ", ", count, reason);
    return list;
  }
};

// Absent when a node fits.
std::optional<Unfit> unfit(const Json& spec, const Json::array_t& nodes) {
  Unfit result;
  for (const auto& node : nodes) {
    const std::string reason = unfit_because(spec, node);
    if (reason.empty()) return std::nullopt;
    // The last one that labels keep away says least: a cordoned or tainted node fits otherwise.
    if (result.reasons.empty() || reason == k_cordoned || reason.starts_with(k_taint))
      result.cure = cure_of(data::string_at(node, {"metadata", "name"}), reason);
    ++result.reasons[reason];
  }
  return result;
}

// Whether something makes nodes when pods wait for one: the cluster autoscaler says so in a
// ConfigMap, Karpenter serves NodePools.
bool nodes_are_added(const kube::Kubectl& kubectl) {
  const std::vector<std::string> paths = {
      "/api/v1/namespaces/kube-system/configmaps/cluster-autoscaler-status",
      "/apis/karpenter.sh/v1/nodepools?limit=1"};
  for (const auto& reply : kubectl.get_all(paths)) {
    if (!reply.error) return true;
  }
  return false;
}

}  // namespace

std::string unfit_because(const Json& pod_spec, const Json& node) {
  const Json labels = data::object_or_empty(node, {"metadata", "labels"});
  const std::string os = data::string_or(pod_spec, {"os", "name"}, "");
  if (!os.empty() && data::string_or(labels, {"kubernetes.io/os"}, os) != os)
    return "of another operating system";
  for (const auto& [key, value] : data::object_or_empty(pod_spec, {"nodeSelector"})) {
    if (!labels.contains(key) || labels.at(key) != value)
      return fmt::format("{}{}={}", k_label, key, data::string_at(pod_spec, {"nodeSelector", key}));
  }
  if (!meets_affinity(pod_spec, node, labels)) return "against its node affinity";
  const auto& tolerations = data::array_or_empty(pod_spec, {"tolerations"});
  for (const auto& taint : taints_of(node)) {
    const bool is_tolerated =
        std::any_of(tolerations.begin(), tolerations.end(),
                    [&](const Json& toleration) { return tolerates(toleration, taint); });
    if (is_tolerated) continue;
    return taint["key"] == k_cordon_taint ? std::string(k_cordoned)
                                          : std::string(k_taint) + text_of(taint);
  }
  return {};
}

std::vector<Check> check_nodes(const Scene& scene, const kube::Reply& nodes,
                               const kube::Kubectl& kubectl) {
  if (nodes.error)
    return {not_known(k_name, "whether a node fits each workload", nodes.error->text)};
  const auto& all = data::array_or_empty(nodes.value, {"items"});
  ByCause found;
  std::optional<bool> added;
  for (const auto* planned : with_templates(scene.plan)) {
    const Json* spec = data::find(*kube::pod_template_of(*planned->drift.lkg), {"spec"});
    // A DaemonSet that finds no node has nothing to run, and its controller adds tolerations.
    if (spec == nullptr || planned->drift.key.kind == "DaemonSet") continue;
    const auto none = unfit(*spec, all);
    if (!none) continue;
    if (!added) added = nodes_are_added(kubectl);
    const bool stops = starts_pods(*planned) && !*added;
    found.add(none->text(), {std::string(k_name), stops ? Verdict::stop : Verdict::warn,
                             planned->drift.key.display(),
                             fmt::format("none of {} nodes fits {{}}{}{}", all.size(), none->text(),
                                         *added ? "; an autoscaler may add one" : ""),
                             none->cure});
  }
  return or_ok(found.rows(), k_name, fmt::format("one of {} nodes fits each", all.size()));
}

}  // namespace dr::lkg
