#include "common/kube/managed_fields.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "common/kube/fields_v1.hpp"
#include "common/kube/kill_switch.hpp"
#include "common/kube/kinds.hpp"

namespace dr::kube {
namespace {

Json::json_pointer place_of(const std::string& token) {
  return Json::json_pointer("/" + data::escape_pointer_token(token));
}

using Nodes = std::vector<const Json*>;

// What the managers have of the place that `token` leads to.
Nodes below(const Nodes& nodes, const Json& value, const std::string& token) {
  Nodes children;
  const auto place = place_of(token);
  for (const Json* node : nodes) {
    for (const auto& [field, child] : node->items()) {
      const bool leads_there =
          value.is_object() ? field == "f:" + token : names_element(field, value.at(place), token);
      if (leads_there) children.push_back(&child);
    }
  }
  return children;
}

// `nodes`, at least one, are what the managers have of `value`; `tokens` lead on from there.
bool is_owned(const Nodes& nodes, const Json& value, std::span<const std::string> tokens) {
  if (tokens.empty()) return true;
  // Empty, a node stands for the value as a whole where that is atomic, and else for nothing that
  // is in it: then somebody has fields in it, too.
  const bool atomic =
      std::all_of(nodes.begin(), nodes.end(), [](const Json* node) { return node->empty(); });
  const auto place = place_of(tokens.front());
  if (atomic || !value.is_structured() || (value.is_array() && !value.contains(place))) return true;
  const Nodes children = below(nodes, value, tokens.front());
  if (children.empty()) return false;
  return !value.contains(place) || is_owned(children, value.at(place), tokens.subspan(1));
}

// A replace of ours also counts as ours what the server fills in where it takes another value away;
// what we ourselves set is in the server-side apply that follows that of a custom resource.
bool is_filled_in_for_us(const Json& entry) {
  return data::string_or(entry, {"manager"}, "") == k_field_manager &&
         data::string_or(entry, {"operation"}, "") == "Update";
}

}  // namespace

bool is_set_by_somebody(const Json& live, std::string_view pointer) {
  const auto tokens = tokens_of(pointer);
  const std::string& version = data::string_at(live, {"apiVersion"});
  Nodes nodes;
  for (const auto& entry : data::array_or_empty(live, {"metadata", "managedFields"})) {
    if (is_custom(live) && is_filled_in_for_us(entry)) continue;
    const Json* fields = data::find(entry, {"fieldsV1"});
    if (fields == nullptr || !fields->is_object()) return true;
    if (data::string_or(entry, {"apiVersion"}, "") == version) {
      nodes.push_back(fields);
    } else if (data::string_or(entry, {"subresource"}, "") != "status") {
      return true;  // a status has nothing of a spec
    }
  }
  return nodes.empty() || is_owned(nodes, live, tokens);
}

}  // namespace dr::kube
