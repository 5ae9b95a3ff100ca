#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "common/data/json.hpp"

namespace dr::data {

// Builds one value from the events of a reader. The order of the calls is the caller's duty; both
// readers get it from their parser. In the header because the JSON reader calls it for every token
// of a 50 MB list.
class TreeBuilder {
 public:
  void put(Json value) { add(std::move(value)); }
  void open_object() { m_open.push_back(add(Json::object())); }
  void open_array() { m_open.push_back(add(Json::array())); }
  // Returns what was open, which stays where it is until the next call.
  Json& close() {
    Json& closed = *m_open.back();
    m_open.pop_back();
    return closed;
  }

  // Names the next value of the open object; false when the object has that key already.
  bool key(std::string name) {
    auto [member, added] = m_open.back()->get_ref<Json::object_t&>().try_emplace(std::move(name));
    m_member = &member->second;
    return added;
  }

  // What the next event fills.
  enum class Place { root, element, key, member };
  Place next() const {
    if (m_member != nullptr) return Place::member;
    if (m_open.empty()) return Place::root;
    return m_open.back()->is_object() ? Place::key : Place::element;
  }

  std::size_t depth() const { return m_open.size(); }
  Json take() { return std::exchange(m_root, nullptr); }

 private:
  Json* add(Json&& value) {
    Json* slot = &m_root;
    if (m_member != nullptr) {
      slot = std::exchange(m_member, nullptr);
    } else if (!m_open.empty()) {
      return &m_open.back()->get_ref<Json::array_t&>().emplace_back(std::move(value));
    }
    *slot = std::move(value);
    return slot;
  }

  Json m_root;
  std::vector<Json*>
      m_open;  // stays valid: a container grows only while none of its elements is open
  Json* m_member = nullptr;  // the value that waits for its content, after key()
};

}  // namespace dr::data
