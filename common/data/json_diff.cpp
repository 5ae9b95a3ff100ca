#include "common/data/json_diff.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

namespace dr::data {
namespace {

bool same_value(const Json& left, const Json& right);

// Exact, unlike Json's ==, which compares an integer with a double after rounding and takes -1 for
// 2^64 - 1.
bool same_number(const Json& left, const Json& right) {
  if (left.is_number_float() && right.is_number_float())
    return left.get<double>() == right.get<double>();
  if (left.is_number_float()) return same_number(right, left);
  if (right.is_number_float()) {
    const auto value = right.get<double>();
    constexpr double k_two_to_63 = 9223372036854775808.0;
    if (std::trunc(value) != value || value < -k_two_to_63 || value >= 2 * k_two_to_63)
      return false;
    if (value < 0) return same_number(left, Json(static_cast<std::int64_t>(value)));
    return same_number(left, Json(static_cast<std::uint64_t>(value)));
  }
  const auto is_negative = [](const Json& number) {
    return !number.is_number_unsigned() && number.get<std::int64_t>() < 0;
  };
  return is_negative(left) == is_negative(right) &&
         left.get<std::uint64_t>() == right.get<std::uint64_t>();
}

bool same_members(const Json::object_t& left, const Json::object_t& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const auto& a, const auto& b) {
                      return a.first == b.first && same_value(a.second, b.second);
                    });
}

bool same_value(const Json& left, const Json& right) {
  if (left.is_number() && right.is_number()) return same_number(left, right);
  if (left.type() != right.type() || left.size() != right.size()) return false;
  if (left.is_object()) {
    return same_members(left.get_ref<const Json::object_t&>(),
                        right.get_ref<const Json::object_t&>());
  }
  if (left.is_array())
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), same_value);
  return left == right;
}

// What is left of two arrays without their equal heads and tails.
struct Middle {
  std::size_t begin;
  std::size_t left_end;
  std::size_t right_end;
};

Middle middle_of(const Json::array_t& left, const Json::array_t& right) {
  const std::size_t shorter = std::min(left.size(), right.size());
  std::size_t head = 0;
  while (head < shorter && same_value(left[head], right[head])) ++head;
  std::size_t tail = 0;
  while (tail < shorter - head &&
         same_value(left[left.size() - 1 - tail], right[right.size() - 1 - tail]))
    ++tail;
  return {head, left.size() - tail, right.size() - tail};
}

std::vector<const Json*> in_order_of_hash(const Json::array_t& array, std::size_t begin,
                                          std::size_t end) {
  std::vector<std::pair<std::size_t, const Json*>> hashed;
  for (std::size_t index = begin; index < end; ++index) {
    hashed.emplace_back(std::hash<Json>{}(array[index]), &array[index]);
  }
  std::sort(hashed.begin(), hashed.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<const Json*> elements;
  elements.reserve(hashed.size());
  for (const auto& entry : hashed) elements.push_back(entry.second);
  return elements;
}

// May miss one (hashes that collide, equal numbers of two types); the elements are then compared
// one by one.
bool is_reordering(const Json::array_t& left, const Json::array_t& right, const Middle& middle) {
  if (left.size() != right.size()) return false;
  const auto left_elements = in_order_of_hash(left, middle.begin, middle.left_end);
  const auto right_elements = in_order_of_hash(right, middle.begin, middle.right_end);
  return std::equal(left_elements.begin(), left_elements.end(), right_elements.begin(),
                    [](const Json* a, const Json* b) { return same_value(*a, *b); });
}

using IndexByName = std::map<std::string_view, std::size_t>;

std::optional<IndexByName> names_of(const Json::array_t& array) {
  IndexByName names;
  for (std::size_t index = 0; index < array.size(); ++index) {
    const Json& element = array[index];
    const auto name = element.is_object() ? element.find("name") : element.end();
    if (name == element.end() || !name->is_string()) return std::nullopt;
    if (!names.emplace(name->get_ref<const std::string&>(), index).second) return std::nullopt;
  }
  return names;
}

class Comparison {
 public:
  std::vector<Difference> run(const Json& left, const Json& right) {
    compare(left, right);
    return std::move(m_differences);
  }

 private:
  // Every pair of unequal values adds at least one difference.
  void compare(const Json& left, const Json& right) {
    if (same_value(left, right)) return;
    if (left.is_object() && right.is_object()) {
      compare_objects(left.get_ref<const Json::object_t&>(),
                      right.get_ref<const Json::object_t&>());
    } else if (left.is_array() && right.is_array()) {
      compare_arrays(left, right);
    } else {
      add(&left, &right);
    }
  }

  void compare_objects(const Json::object_t& left, const Json::object_t& right) {
    auto l = left.begin();
    auto r = right.begin();
    while (l != left.end() || r != right.end()) {
      if (r == right.end() || (l != left.end() && l->first < r->first)) {
        compare_at(l->first, &l->second, nullptr);
        ++l;
      } else if (l == left.end() || r->first < l->first) {
        compare_at(r->first, nullptr, &r->second);
        ++r;
      } else {
        compare_at(l->first, &l->second, &r->second);
        ++l;
        ++r;
      }
    }
  }

  void compare_arrays(const Json& left, const Json& right) {
    const auto& left_array = left.get_ref<const Json::array_t&>();
    const auto& right_array = right.get_ref<const Json::array_t&>();
    const Middle middle = middle_of(left_array, right_array);
    if (is_reordering(left_array, right_array, middle)) return add(&left, &right);
    const auto left_names = names_of(left_array);
    const auto right_names = names_of(right_array);
    if (left_names && right_names) {
      compare_by_name(left_array, *left_names, right_array, *right_names);
    } else {
      compare_by_position(left_array, right_array, middle);
    }
  }

  void compare_by_name(const Json::array_t& left, const IndexByName& left_names,
                       const Json::array_t& right, const IndexByName& right_names) {
    for (std::size_t index = 0; index < left.size(); ++index) {
      const auto partner = right_names.find(left[index]["name"].get_ref<const std::string&>());
      compare_at(index, &left[index],
                 partner == right_names.end() ? nullptr : &right[partner->second]);
    }
    for (std::size_t index = 0; index < right.size(); ++index) {
      if (left_names.count(right[index]["name"].get_ref<const std::string&>()) > 0) continue;
      compare_at(index, nullptr, &right[index]);
    }
  }

  void compare_by_position(const Json::array_t& left, const Json::array_t& right,
                           const Middle& middle) {
    for (std::size_t index = middle.begin; index < std::max(middle.left_end, middle.right_end);
         ++index) {
      const Json* on_left = index < middle.left_end ? &left[index] : nullptr;
      const Json* on_right = index < middle.right_end ? &right[index] : nullptr;
      compare_at(index, on_left, on_right);
    }
  }

  void compare_at(std::size_t index, const Json* left, const Json* right) {
    compare_at(std::to_string(index), left, right);
  }

  void compare_at(const std::string& token, const Json* left, const Json* right) {
    const std::size_t parent = m_pointer.size();
    m_pointer += '/' + escape_pointer_token(token);
    if (left != nullptr && right != nullptr) {
      compare(*left, *right);
    } else {
      add(left, right);
    }
    m_pointer.resize(parent);
  }

  void add(const Json* left, const Json* right) {
    const auto copy = [](const Json* value) {
      return value == nullptr ? std::nullopt : std::optional<Json>(*value);
    };
    m_differences.push_back({m_pointer, copy(left), copy(right)});
  }

  std::string m_pointer;  // of the pair being compared
  std::vector<Difference> m_differences;
};

}  // namespace

std::vector<Difference> diff(const Json& left, const Json& right) {
  return Comparison().run(left, right);
}

}  // namespace dr::data
