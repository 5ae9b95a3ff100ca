#include "common/kube/blame.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <span>
#include <string_view>
#include <utility>

#include "common/base/error.hpp"
#include "common/kube/fields_v1.hpp"
#include "common/kube/kill_switch.hpp"
#include "common/kube/object.hpp"

namespace dr::kube {
namespace {

using Tokens = std::vector<std::string>;

std::optional<std::size_t> index_of(std::string_view token) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return index;
}

// --- The form of FieldsV1. A place without anything below it is owned whole.

bool is_key(const std::string& key, const Json& below, const std::string& source) {
  if (key == ".") return below.empty();
  if (key.starts_with("f:")) return true;
  const std::string_view rest = std::string_view(key).substr(std::min<std::size_t>(2, key.size()));
  if (key.starts_with("i:")) return index_of(rest).has_value();
  if (!key.starts_with("k:") && !key.starts_with("v:")) return false;
  return data::read_json(rest, source).is_object() || key.starts_with("v:");
}

void check_fields(const Json& fields, const std::string& source) {
  if (!fields.is_object()) throw Error(ExitCode::failed, source + ": expected an object");
  for (const auto& [key, below] : fields.items()) {
    check_fields(below, source);
    if (!is_key(key, below, source))
      throw Error(ExitCode::failed, source + ": not a key of FieldsV1");
  }
}

// --- Places in the two objects

const Json* child_of(const Json* value, const std::string& token) {
  if (value == nullptr) return nullptr;
  if (value->is_array()) {
    const auto index = index_of(token);
    return index && *index < value->size() ? &(*value)[*index] : nullptr;
  }
  if (!value->is_object()) return nullptr;
  const auto member = value->find(token);
  return member == value->end() ? nullptr : &*member;
}

std::map<std::string_view, std::size_t> index_by_name(const Json& array) {
  std::map<std::string_view, std::size_t> names;
  for (std::size_t index = 0; index < array.size(); ++index) {
    const Json* name = child_of(&array[index], "name");
    if (name == nullptr || !name->is_string()) return {};
    if (!names.emplace(name->get_ref<const std::string&>(), index).second) return {};
  }
  return names;
}

// The index of the live element that data::diff pairs with the LKG's; the same rule as there.
std::string partner_of(const Json& lkg, const Json& live, const std::string& token) {
  const auto lkg_names = index_by_name(lkg);
  const auto live_names = index_by_name(live);
  if (lkg_names.empty() || live_names.empty()) return token;
  const Json* element = child_of(&lkg, token);
  if (element == nullptr) return token;
  const auto partner = live_names.find((*element)["name"].get_ref<const std::string&>());
  return std::to_string(partner == live_names.end() ? live.size() : partner->second);
}

// Where the difference is in the live object: its pointer counts elements of lists in the LKG,
// where that has them.
Tokens live_place(const Json& lkg, const Json& live, const data::Difference& difference) {
  Tokens tokens = tokens_of(difference.pointer);
  const Json* left = &lkg;
  const Json* right = &live;
  for (std::size_t i = 0; i < tokens.size() && left != nullptr && right != nullptr; ++i) {
    const std::string token = tokens[i];
    const bool of_live = i + 1 == tokens.size() && !difference.left;
    if (left->is_array() && right->is_array() && !of_live)
      tokens[i] = partner_of(*left, *right, token);
    left = child_of(left, token);
    right = child_of(right, tokens[i]);
  }
  return tokens;
}

// --- What one manager owns

const Json* element_that(const Json* array, const std::string& key) {
  if (array == nullptr || !array->is_array()) return nullptr;
  for (std::size_t index = 0; index < array->size(); ++index) {
    if (names_element(key, (*array)[index], std::to_string(index))) return &(*array)[index];
  }
  return nullptr;
}

struct Place {
  const Json* fields;  // what the manager owns at and below it; nullptr: nothing
  const Json* live;
  const Json* lkg;  // what the LKG has for the same field; for an element of a list: by its keys
};

Place below(const Place& place, const std::string& token) {
  const Json* live = child_of(place.live, token);
  if (place.live == nullptr || !place.live->is_array()) {
    const auto fields = place.fields->find("f:" + token);
    return {fields == place.fields->end() ? nullptr : &*fields, live, child_of(place.lkg, token)};
  }
  if (live == nullptr) return {nullptr, live, nullptr};
  for (const auto& [key, fields] : place.fields->items()) {
    if (names_element(key, *live, token)) return {&fields, live, element_that(place.lkg, key)};
  }
  return {nullptr, live, nullptr};
}

// How far the manager's fields lead to a place.
struct Claim {
  bool exact = false;     // to the very place
  bool whole = false;     // to something above it that is owned whole
  std::size_t depth = 0;  // of that, else of the last thing that is owned in parts
  bool named = false;     // the LKG has a value for what is owned
};

Claim claim_of(const Json& fields, const Json& live, const Json& lkg,
               std::span<const std::string> tokens) {
  Place place{&fields, &live, &lkg};
  Claim claim;
  for (const auto& token : tokens) {
    if (place.fields->empty()) {
      claim.whole = true;
      break;
    }
    const Place next = below(place, token);
    if (next.fields == nullptr) return claim;
    place = next;
    ++claim.depth;
  }
  claim.exact = !claim.whole;
  claim.named = place.lkg != nullptr;
  return claim;
}

// Who owns the place itself; else who owns an atomic list or map above it. A map that somebody owns
// whole was merely empty when they wrote it, if another owns parts of it or if it is empty still.
bool counts(const Claim& claim, const std::vector<Claim>& all, const Json& live,
            std::span<const std::string> tokens) {
  if (std::any_of(all.begin(), all.end(), [](const Claim& other) { return other.exact; }))
    return claim.exact;
  if (!claim.whole || claim.depth == 0) return false;
  const Json* value = &live;
  for (const auto& token : tokens.first(claim.depth)) value = child_of(value, token);
  return value != nullptr && !value->empty() &&
         std::none_of(all.begin(), all.end(), [&](const Claim& other) {
           return other.depth > claim.depth || (!other.whole && other.depth == claim.depth);
         });
}

// The Update manager that owns this annotation is taken for an older `kubectl apply`: kubectl moves
// its fields to the server-side apply (measured on 1.36).
bool holds_last_applied(const Json& fields) {
  return data::has(fields, {"f:metadata", "f:annotations",
                            "f:kubectl.kubernetes.io/last-applied-configuration"});
}

FieldManager manager_of(const Json& entry) {
  return {data::string_or(entry, {"manager"}, ""), data::string_or(entry, {"operation"}, ""),
          data::string_or(entry, {"subresource"}, ""), data::string_or(entry, {"time"}, "")};
}

}  // namespace

FieldOwners::FieldOwners(const Json& live) : m_live(live) {
  for (const auto& entry : data::array_or_empty(live, {"metadata", "managedFields"})) {
    const std::string source = display(live) + ": /metadata/managedFields";
    const Json* fields = data::find(entry, {"fieldsV1"});
    if (fields == nullptr || data::string_at(entry, {"fieldsType"}) != "FieldsV1")
      throw Error(ExitCode::failed, source + ": expected entries of FieldsV1");
    check_fields(*fields, source);
    FieldManager manager = manager_of(entry);
    const bool ours = manager.manager == k_field_manager && manager.operation == "Apply";
    const bool taken_over = ours || (manager.operation == "Update" && holds_last_applied(*fields));
    m_entries.push_back({std::move(manager), fields, taken_over});
  }
  std::stable_sort(m_entries.begin(), m_entries.end(),
                   [](const Entry& a, const Entry& b) { return a.manager.time > b.manager.time; });
}

std::optional<FieldManager> FieldOwners::last_writer() const {
  const auto found = std::find_if(m_entries.begin(), m_entries.end(), [](const Entry& entry) {
    return entry.manager.subresource != "status";
  });
  return found == m_entries.end() ? std::nullopt : std::optional(found->manager);
}

Blame FieldOwners::of(const Json& lkg, const data::Difference& difference) const {
  const Tokens tokens = live_place(lkg, m_live, difference);
  std::vector<Claim> claims;
  for (const auto& entry : m_entries)
    claims.push_back(claim_of(*entry.fields, m_live, lkg, tokens));
  Blame blame;
  bool stays = false;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    if (!counts(claims[i], claims, m_live, tokens)) continue;
    blame.owners.push_back(m_entries[i].manager);
    stays = stays || (!claims[i].named && !m_entries[i].taken_over);
  }
  blame.apply_keeps = stays;
  if (blame.owners.empty()) {
    blame.apply_keeps = !difference.left;
    blame.last_writer = last_writer();
  }
  return blame;
}

Blame FieldOwners::of_extra() const {
  Blame blame;
  blame.apply_keeps = true;
  const auto oldest = std::find_if(m_entries.rbegin(), m_entries.rend(), [](const Entry& entry) {
    return entry.manager.subresource != "status";
  });
  if (oldest != m_entries.rend()) blame.owners.push_back(oldest->manager);
  return blame;
}

}  // namespace dr::kube
