#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/data/json.hpp"

namespace dr::data {
namespace {

// The SAX handler of peek_string: ends the parsing when it has what it looks for, or has passed it.
class StringFinder {
 public:
  explicit StringFinder(Path path) : m_path(path) {}

  std::optional<std::string> take() { return std::move(m_found); }

  bool null() { return pass(); }
  bool boolean(bool /*value*/) { return pass(); }
  bool number_integer(std::int64_t /*value*/) { return pass(); }
  bool number_unsigned(std::uint64_t /*value*/) { return pass(); }
  bool number_float(double /*value*/, const std::string& /*token*/) { return pass(); }
  bool binary(Json::binary_t& /*value*/) { return pass(); }
  bool string(std::string& value) {
    if (!m_is_on_path || m_matched + 1 != m_path.size()) return pass();
    m_found = std::move(value);
    return false;
  }
  bool key(const std::string& name) {
    m_is_on_path =
        m_depth == m_matched + 1 && m_matched < m_path.size() && name == m_path.begin()[m_matched];
    return true;
  }
  bool start_object(std::size_t /*size*/) {
    ++m_depth;
    if (m_is_on_path) ++m_matched;
    return pass();
  }
  bool start_array(std::size_t /*size*/) {
    ++m_depth;
    return pass();
  }
  bool end_object() {
    --m_depth;
    if (m_matched == 0 || m_depth != m_matched) return true;
    --m_matched;
    return m_matched > 0;
  }
  bool end_array() {
    --m_depth;
    return true;
  }
  static bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                          const nlohmann::detail::exception& /*error*/) {
    return false;
  }

 private:
  bool pass() {
    m_is_on_path = false;
    return true;
  }

  Path m_path;
  std::size_t m_depth = 0;    // open containers
  std::size_t m_matched = 0;  // names of the path whose objects are open
  bool m_is_on_path = false;  // the next value is what the next name of the path names
  std::optional<std::string> m_found;
};

}  // namespace

std::optional<std::string> peek_string(std::string_view text, Path path) {
  StringFinder finder(path);
  Json::sax_parse(text.begin(), text.end(), &finder);
  return finder.take();
}

}  // namespace dr::data
