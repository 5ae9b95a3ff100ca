#include <fmt/format.h>

#include <limits>
#include <span>
#include <string>

#include "common/base/error.hpp"
#include "common/data/json.hpp"

namespace dr::data {
namespace {

std::string pointer_of(std::span<const std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) text += '/' + escape_pointer_token(name);
  return text;
}

const char* type_of(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::boolean:
      return "a boolean";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float:
      return "a number";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::array:
      return "an array";
    case Json::value_t::object:
      return "an object";
    default:
      return "no JSON value";
  }
}

// The string member, or "" when there is none: used where an error is being told already.
std::string_view text_or_empty(const Json& object, const char* member) {
  const auto* members = object.get_ptr<const Json::object_t*>();
  if (members == nullptr) return {};
  const auto found = members->find(member);
  if (found == members->end() || !found->second.is_string()) return {};
  return found->second.get_ref<const std::string&>();
}

// "Deployment/web: ", or "" when the object has no kind or no name.
std::string label_of(const Json& object) {
  if (!object.is_object() || !object.contains("metadata")) return {};
  const std::string_view kind = text_or_empty(object, "kind");
  const std::string_view name = text_or_empty(object.at("metadata"), "name");
  return kind.empty() || name.empty() ? std::string() : fmt::format("{}/{}: ", kind, name);
}

[[noreturn]] void refuse(const Json& object, std::span<const std::string_view> names,
                         std::string_view expected, std::string_view found) {
  const std::string place = names.empty() ? "the top level" : pointer_of(names);
  throw Error(ExitCode::failed,
              fmt::format("{}{}: expected {}, found {}", label_of(object), place, expected, found));
}

// The value as T, nullptr when it is not there.
template <typename T>
const T* find_as(const Json& object, Path path, std::string_view expected) {
  const Json* value = find(object, path);
  if (value == nullptr) return nullptr;
  const T* typed = value->get_ptr<const T*>();
  if (typed == nullptr) refuse(object, path, expected, type_of(*value));
  return typed;
}

}  // namespace

const Json* find(const Json& object, Path path) {
  const Json* at = &object;
  for (const auto* name = path.begin(); name != path.end() && !at->is_null(); ++name) {
    const auto* members = at->get_ptr<const Json::object_t*>();
    if (members == nullptr) refuse(object, {path.begin(), name}, "an object", type_of(*at));
    const auto member = members->find(*name);
    if (member == members->end()) return nullptr;
    at = &member->second;
  }
  return at->is_null() ? nullptr : at;
}

bool has(const Json& object, Path path) {
  return find(object, path) != nullptr;
}

const std::string& string_at(const Json& object, Path path) {
  const auto* text = find_as<std::string>(object, path, "a string");
  if (text == nullptr) refuse(object, path, "a string", "nothing");
  return *text;
}

std::string string_or(const Json& object, Path path, std::string_view fallback) {
  const auto* text = find_as<std::string>(object, path, "a string");
  return text == nullptr ? std::string(fallback) : *text;
}

std::int64_t integer_or(const Json& object, Path path, std::int64_t fallback) {
  const Json* value = find(object, path);
  if (value == nullptr) return fallback;
  if (!value->is_number()) refuse(object, path, "a number", type_of(*value));
  if (value->is_number_float())
    refuse(object, path, "an integer", "a number with a fraction or an exponent");
  if (value->is_number_unsigned() &&
      value->get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
    refuse(object, path, "a signed 64-bit integer", "a larger number");
  }
  return value->get<std::int64_t>();
}

bool boolean_or(const Json& object, Path path, bool fallback) {
  const auto* value = find_as<bool>(object, path, "a boolean");
  return value == nullptr ? fallback : *value;
}

const Json::array_t& array_or_empty(const Json& object, Path path) {
  static const Json::array_t k_empty;
  const auto* array = find_as<Json::array_t>(object, path, "an array");
  return array == nullptr ? k_empty : *array;
}

const Json::object_t& object_or_empty(const Json& object, Path path) {
  static const Json::object_t k_empty;
  const auto* members = find_as<Json::object_t>(object, path, "an object");
  return members == nullptr ? k_empty : *members;
}

std::string escape_pointer_token(std::string_view token) {
  std::string escaped;
  escaped.reserve(token.size());
  for (const char c : token) {
    if (c == '~') {
      escaped += "~0";
    } else if (c == '/') {
      escaped += "~1";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string pointer(Path path) {
  return pointer_of(path);
}

}  // namespace dr::data
