#include "common/kube/fields_v1.hpp"

#include <algorithm>

namespace dr::kube {

std::vector<std::string> tokens_of(std::string_view pointer) {
  std::vector<std::string> tokens;
  for (Json::json_pointer rest{std::string(pointer)}; !rest.empty(); rest.pop_back())
    tokens.push_back(rest.back());
  std::reverse(tokens.begin(), tokens.end());
  return tokens;
}

bool names_element(std::string_view key, const Json& element, std::string_view index) {
  const std::string_view text = key.substr(std::min<std::size_t>(2, key.size()));
  if (key.starts_with("i:")) return text == index;
  const bool by_keys = key.starts_with("k:");
  if (!by_keys && !key.starts_with("v:")) return false;
  const Json named = data::read_json(text, "managedFields");
  if (!by_keys) return named == element;
  if (!named.is_object() || !element.is_object()) return false;
  return std::all_of(named.items().begin(), named.items().end(), [&](const auto& member) {
    const auto found = element.find(member.key());
    return found != element.end() && *found == member.value();
  });
}

}  // namespace dr::kube
