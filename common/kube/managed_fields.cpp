#include "common/kube/managed_fields.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "common/kube/kill_switch.hpp"
#include "common/kube/kinds.hpp"

namespace dr::kube {
namespace {

using Tokens = std::vector<std::string>;

Tokens tokens_of(std::string_view text) {
  Tokens tokens;
  for (Json::json_pointer pointer{std::string(text)}; !pointer.empty(); pointer.pop_back())
    tokens.push_back(pointer.back());
  std::reverse(tokens.begin(), tokens.end());
  return tokens;
}

// The place of one element in a list, as a FieldsV1 names it: k:{"name":"web"} by its key members,
// v:"x" by value, i:0 by index.
bool names_element(const std::string& field, const Json& element, const std::string& index) {
  const std::string text = field.substr(std::min<std::size_t>(2, field.size()));
  if (field.starts_with("i:")) return text == index;
  const bool by_key = field.starts_with("k:");
  if (!by_key && !field.starts_with("v:")) return false;
  const Json named = data::read_json(text, "managedFields");
  if (!by_key) return named == element;
  if (!named.is_object() || !element.is_object()) return false;
  return std::all_of(named.items().begin(), named.items().end(), [&](const auto& member) {
    const auto found = element.find(member.key());
    return found != element.end() && *found == member.value();
  });
}

// `fields` is what one manager has of `value`; `tokens` lead on from there.
bool owns(const Json& fields, const Json& value, std::span<const std::string> tokens) {
  const bool all_of_it = !fields.is_object() || fields.empty();
  if (tokens.empty() || all_of_it) return true;
  const std::string& token = tokens.front();
  if (value.is_object()) {
    const auto field = fields.find("f:" + token);
    const auto member = value.find(token);
    if (field == fields.end()) return false;
    return member == value.end() || owns(*field, *member, tokens.subspan(1));
  }
  const Json::json_pointer place("/" + token);
  if (!value.is_array() || !value.contains(place)) return true;
  const Json& element = value.at(place);
  return std::any_of(fields.items().begin(), fields.items().end(), [&](const auto& field) {
    return names_element(field.key(), element, token) &&
           owns(field.value(), element, tokens.subspan(1));
  });
}

// A replace of ours also counts as ours what the server fills in where it takes another value away;
// what we ourselves set is in the server-side apply that follows.
bool is_filled_in_for_us(const Json& entry) {
  return data::string_or(entry, {"manager"}, "") == k_field_manager &&
         data::string_or(entry, {"operation"}, "") == "Update";
}

}  // namespace

bool is_set_by_somebody(const Json& live, std::string_view pointer) {
  const auto tokens = tokens_of(pointer);
  const auto& entries = data::array_or_empty(live, {"metadata", "managedFields"});
  if (entries.empty() || tokens.empty()) return true;
  const std::string& version = data::string_at(live, {"apiVersion"});
  return std::any_of(entries.begin(), entries.end(), [&](const Json& entry) {
    if (is_custom(live) && is_filled_in_for_us(entry)) return false;
    const Json* fields = data::find(entry, {"fieldsV1"});
    if (fields == nullptr) return true;
    if (data::string_or(entry, {"apiVersion"}, "") == version) return owns(*fields, live, tokens);
    return data::string_or(entry, {"subresource"}, "") != "status";  // which has nothing of a spec
  });
}

}  // namespace dr::kube
