#include "plugins/lkg/preflight/rights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/kill_switch.hpp"
#include "common/kube/kinds.hpp"

namespace dr::lkg {
namespace {

constexpr std::string_view k_name = "rights";

// The verbs that a restore uses on one resource. The order of members is that of the reviews.
struct Need {
  std::string group;
  std::string plural;
  bool namespaced = true;
  std::string object;  // one alone; empty: any
  auto operator<=>(const Need&) const = default;

  std::string resource() const {
    std::string text = group.empty() ? plural : plural + "." + group;
    return object.empty() ? text : text + "/" + object;
  }
};
using Needs = std::map<Need, std::set<std::string>>;

// A restore that may not take the lock goes on without it.
const Need& leases() {
  static const Need need{"coordination.k8s.io", "leases", true, ""};
  return need;
}

// Of those that hold up a StatefulSet's rollout.
const Need& pods() {
  static const Need need{"", "pods", true, ""};
  return need;
}

bool is_dispensable(const Need& need) {
  return need == leases() || need == pods();
}

Need need_of(const kube::ObjectKey& key) {
  const auto& kind = kube::kind_of(key);
  return {std::string(kind.group()), kind.plural, kind.namespaced, ""};
}

// Measured on 1.36: replace is an update, server-side apply a patch, and a create besides where the
// object is absent.
Needs needs_of(const Scene& scene) {
  Needs needs;
  for (const auto& planned : scene.plan.objects) {
    if (!is_written(planned) || kube::is_switch(planned.drift.key)) continue;
    auto& verbs = needs[need_of(planned.drift.key)];
    if (planned.action == Action::recreate) verbs.insert("delete");
    const bool is_made = planned.action == Action::create || planned.action == Action::recreate;
    verbs.insert(is_made ? "create" : "update");
    if (is_made || kube::is_custom(*planned.drift.lkg)) verbs.insert("patch");
  }
  for (const auto& extra : scene.plan.extras) {
    if (scene.plan.deletes(extra)) needs[need_of(extra.key)].insert("delete");
  }
  if (!scene.live.ns) needs[{"", "namespaces", false, ""}].insert("create");
  if (scene.live.find("ConfigMap", kube::k_switch_name) == nullptr)
    needs[{"", "configmaps", true, ""}].insert("create");
  needs[{"", "configmaps", true, std::string(kube::k_switch_name)}].insert("patch");
  needs[leases()] = {"create", "delete", "get", "update"};
  return needs;
}

Json review(const Need& need, const std::string& verb, const std::string& ns) {
  Json attributes = {{"group", need.group}, {"resource", need.plural}, {"verb", verb}};
  if (need.namespaced) attributes["namespace"] = ns;
  if (!need.object.empty()) attributes["name"] = need.object;
  return {{"apiVersion", "authorization.k8s.io/v1"},
          {"kind", "SelfSubjectAccessReview"},
          {"spec", {{"resourceAttributes", std::move(attributes)}}}};
}

Need need_of(const Json& attributes) {
  return {data::string_or(attributes, {"group"}, ""), data::string_at(attributes, {"resource"}),
          data::has(attributes, {"namespace"}), data::string_or(attributes, {"name"}, "")};
}

// The name of an object that the block of an error is about: pods "web", The Pod "web".
std::string quoted_name(const std::string& block, const std::vector<Json>& bodies) {
  for (const auto& body : bodies) {
    const std::string name = data::string_or(body, {"metadata", "name"}, "");
    if (!name.empty() && block.find("\"" + name + "\"") != std::string::npos) return name;
  }
  return {};
}

// A webhook refuses without the name of what it refuses. kubectl goes on after an error and prints
// them in the order of the bodies, so where each body without an answer has one, it is known whose.
void add_unnamed(const std::vector<std::string>& blocks, const std::vector<Json>& bodies,
                 Rehearsal& rehearsal) {
  std::set<std::string> answered;
  for (const auto& answer : rehearsal.answers)
    answered.insert(data::string_or(answer, {"metadata", "name"}, ""));
  std::vector<std::string> refused;
  for (const auto& body : bodies) {
    const std::string name = data::string_or(body, {"metadata", "name"}, "");
    if (!name.empty() && !answered.contains(name)) refused.push_back(name);
  }
  if (blocks.size() != refused.size() || bodies.size() != rehearsal.answers.size() + refused.size())
    return;
  for (std::size_t i = 0; i < blocks.size(); ++i)
    rehearsal.errors.try_emplace(refused[i],
                                 kube::ApiError{kube::classify(blocks[i]), printable(blocks[i])});
}

}  // namespace

Rehearsal rehearse(const std::vector<Json>& bodies, const kube::Kubectl& kubectl) {
  if (bodies.empty()) return {};
  const auto result = kubectl.rehearse(bodies);
  const auto blocks = kube::error_blocks(result.err);
  Rehearsal rehearsal;
  for (const auto& block : blocks) {
    if (const auto name = quoted_name(block, bodies); !name.empty())
      rehearsal.errors[name] = {kube::classify(block), printable(block)};
  }
  if (!result.ok()) rehearsal.failure = kube::api_error_of(result);
  try {
    rehearsal.answers = data::read_json_stream(result.out, "what the API server said of a trial");
  } catch (const Error& error) {
    rehearsal.failure = {kube::ApiReason::other, error.what()};
  }
  add_unnamed(blocks, bodies, rehearsal);
  return rehearsal;
}

std::vector<Json> rights_to_review(const Scene& scene) {
  std::vector<Json> reviews;
  if (scene.is_halted && scene.plan.is_empty()) return reviews;
  for (const auto& [need, verbs] : needs_of(scene)) {
    for (const auto& verb : verbs) reviews.push_back(review(need, verb, scene.lkg.ns));
  }
  reviews.push_back(review(pods(), "delete", scene.lkg.ns));
  return reviews;
}

std::vector<Check> check_rights(const Scene& scene, const Rehearsal& rehearsal) {
  const std::size_t asked = rights_to_review(scene).size();
  if (asked == 0) return or_ok({}, k_name, "nothing is to be written");
  std::size_t answered = 0;
  std::map<Need, std::vector<std::string>> denied;
  for (const auto& answer : rehearsal.answers) {
    if (data::string_or(answer, {"kind"}, "") != "SelfSubjectAccessReview") continue;
    ++answered;
    if (data::boolean_or(answer, {"status", "allowed"}, false)) continue;
    const Json& attributes = *data::find(answer, {"spec", "resourceAttributes"});
    denied[need_of(attributes)].push_back(data::string_at(attributes, {"verb"}));
  }
  std::vector<Check> found;
  for (const auto& [need, verbs] : denied) {
    const std::string where = need.namespaced ? " in namespace " + scene.lkg.ns : "";
    found.push_back(
        {std::string(k_name), is_dispensable(need) ? Verdict::warn : Verdict::stop, need.resource(),
         fmt::format("you may not {} {}{}", join(verbs, ", "), need.resource(), where),
         fmt::format("have the verbs {} on {} granted (`kubectl auth can-i --list{}` shows yours)",
                     join(verbs, ", "), need.resource(),
                     need.namespaced ? " -n " + scene.lkg.ns : "")});
  }
  if (answered < asked) {
    found.push_back(not_known(
        k_name, fmt::format("whether you have {} of {} rights", asked - answered, asked),
        rehearsal.failure.text.empty() ? "the API server did not say" : rehearsal.failure.text));
  }
  return or_ok(std::move(found), k_name, fmt::format("{} granted", asked));
}

}  // namespace dr::lkg
