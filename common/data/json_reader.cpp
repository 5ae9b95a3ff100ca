#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/error.hpp"
#include "common/data/json.hpp"
#include "common/data/source_text.hpp"
#include "common/data/tree_builder.hpp"

namespace dr::data {
namespace {

constexpr std::string_view k_byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view k_white_space = " \t\n\r";

using ErrorCode = boost::json::error_code;
using Part = boost::json::string_view;

// Hands the bytes to the parser and shows outside how far it got: the events of the library carry
// no position. Only for a text that was refused.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  explicit Cursor(const char*& at) : m_at(&at) {}
  reference operator*() const { return **m_at; }
  Cursor& operator++() {
    ++*m_at;
    return *this;
  }
  friend bool operator==(const Cursor& a, const Cursor& b) { return *a.m_at == *b.m_at; }
  friend bool operator!=(const Cursor& a, const Cursor& b) { return !(a == b); }

 private:
  const char** m_at;
};

// The library's text without its prefix and without the token it read last, which may be a part of
// a Secret.
std::string cause_of(const nlohmann::detail::exception& error) {
  constexpr int k_number_overflow = 406;
  if (error.id == k_number_overflow) return "a number that no double holds";
  std::string_view cause = error.what();
  if (const auto start = cause.find(" - "); start != std::string_view::npos)
    cause.remove_prefix(start + 3);
  return std::string(cause.substr(0, cause.find("; last read: ")));
}

// The SAX handler: puts values together and refuses what the library lets pass. With a source and
// `at`, which points just past the last byte that the parser took, a refusal is an Error that tells
// the place; without, it ends the parsing.
class JsonReader {
 public:
  explicit JsonReader(const JsonLimits& limits, const SourceText* source = nullptr,
                      const char* const* at = nullptr)
      : m_source(source),
        m_max_depth(static_cast<std::size_t>(limits.max_depth)),
        m_without(limits.without),
        m_on_item(limits.on_item),
        m_at(at) {}

  Json take() { return m_tree.take(); }

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(std::int64_t value) { return put(value); }
  bool number_unsigned(std::uint64_t value) { return put(value); }
  bool number_float(double value, const std::string& token) {
    if (token.find_first_of(".eE") == std::string::npos)
      return refuse("an integer that 64 bits do not hold");
    return put(value);
  }
  bool string(std::string_view value) {
    return m_leaving_out ? put(nullptr) : put(std::string(value));
  }
  bool binary(Json::binary_t& /*value*/) { return refuse("binary data"); }

  bool start_object(std::size_t /*size*/) {
    if (is_too_deep()) return refuse("nested too deep");
    if (m_leaving_out) {
      ++m_left_out_depth;
    } else {
      m_tree.open_object();
    }
    return true;
  }
  bool start_array(std::size_t /*size*/) {
    if (is_too_deep()) return refuse("nested too deep");
    if (m_leaving_out) {
      ++m_left_out_depth;
    } else {
      m_tree.open_array();
    }
    return true;
  }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string_view name) {
    if (m_leaving_out) return true;
    if (std::ranges::find(m_without, name) != m_without.end()) {
      m_leaving_out = true;
      return true;
    }
    if (m_tree.depth() == 1) m_in_items = name == "items";
    return m_tree.key(std::string(name)) || refuse("duplicate key " + Json(name).dump());
  }

  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) {
    return refuse(cause_of(error));
  }

 private:
  template <class Value>
  bool put(Value&& value) {
    if (!m_leaving_out) {
      m_tree.put(std::forward<Value>(value));
    } else if (m_left_out_depth == 0) {
      m_leaving_out = false;
    }
    return true;
  }
  bool close() {
    if (!m_leaving_out) {
      Json& closed = m_tree.close();
      if (m_on_item && m_in_items && closed.is_object() && is_element_of_member())
        m_on_item(closed);
    } else if (--m_left_out_depth == 0) {
      m_leaving_out = false;
    }
    return true;
  }
  bool is_too_deep() const { return m_tree.depth() + m_left_out_depth >= m_max_depth; }
  // After the end of a value.
  bool is_element_of_member() const {
    return m_tree.depth() == 2 && m_tree.next() == TreeBuilder::Place::element;
  }
  bool refuse(std::string_view cause) const {
    if (m_at == nullptr) return false;
    const auto read = static_cast<std::size_t>(*m_at - m_source->text.data());
    m_source->refuse(cause, read > 0 ? read - 1 : 0);
  }

  const SourceText* m_source;
  std::size_t m_max_depth;
  std::span<const std::string_view> m_without;
  const ItemHandler& m_on_item;
  const char* const* m_at;
  TreeBuilder m_tree;
  bool m_in_items = false;           // in that member of the outermost object
  bool m_leaving_out = false;        // from the key of such a member to the end of its value
  std::size_t m_left_out_depth = 0;  // containers open in it
};

// Boost.JSON's handler: hands the events on to a SAX handler. Reading with it takes half as long,
// but its errors say less.
template <class Sax>
class Events {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = max_object_size;
  static constexpr std::size_t max_key_size = max_object_size;
  static constexpr std::size_t max_string_size = max_object_size;

  explicit Events(Sax& sax) : m_sax(sax) {}

  bool on_document_begin(ErrorCode& /*code*/) { return true; }
  bool on_document_end(ErrorCode& /*code*/) { return true; }
  bool on_object_begin(ErrorCode& code) { return going_on(m_sax.start_object(0), code); }
  bool on_object_end(std::size_t /*size*/, ErrorCode& code) {
    return going_on(m_sax.end_object(), code);
  }
  bool on_array_begin(ErrorCode& code) { return going_on(m_sax.start_array(0), code); }
  bool on_array_end(std::size_t /*size*/, ErrorCode& code) {
    return going_on(m_sax.end_array(), code);
  }
  bool on_key_part(Part part, std::size_t /*size*/, ErrorCode& /*code*/) { return keep(part); }
  bool on_key(Part part, std::size_t /*size*/, ErrorCode& code) {
    return whole(part, code, [&](std::string_view name) { return m_sax.key(name); });
  }
  bool on_string_part(Part part, std::size_t /*size*/, ErrorCode& /*code*/) { return keep(part); }
  bool on_string(Part part, std::size_t /*size*/, ErrorCode& code) {
    return whole(part, code, [&](std::string_view value) { return m_sax.string(value); });
  }
  bool on_number_part(Part part, ErrorCode& /*code*/) { return keep(part); }
  bool on_int64(std::int64_t value, Part /*part*/, ErrorCode& code) {
    m_parts.clear();
    return going_on(m_sax.number_integer(value), code);
  }
  bool on_uint64(std::uint64_t value, Part /*part*/, ErrorCode& code) {
    m_parts.clear();
    return going_on(m_sax.number_unsigned(value), code);
  }
  // The library's double may be one bit off.
  bool on_double(double /*value*/, Part part, ErrorCode& code) {
    return whole(part, code, [&](std::string_view token) {
      const std::string text(token);
      const double value = std::strtod(text.c_str(), nullptr);
      return std::isfinite(value) && m_sax.number_float(value, text);
    });
  }
  bool on_bool(bool value, ErrorCode& code) { return going_on(m_sax.boolean(value), code); }
  bool on_null(ErrorCode& code) { return going_on(m_sax.null(), code); }
  bool on_comment_part(Part /*part*/, ErrorCode& /*code*/) { return false; }
  bool on_comment(Part /*part*/, ErrorCode& /*code*/) { return false; }

 private:
  static bool going_on(bool yes, ErrorCode& code) {
    if (!yes) code = boost::json::error::syntax;
    return yes;
  }
  bool keep(Part part) {
    m_parts.append(part.data(), part.size());
    return true;
  }
  template <class Take>
  bool whole(Part last, ErrorCode& code, Take take) {
    if (m_parts.empty()) return going_on(take({last.data(), last.size()}), code);
    keep(last);
    const bool yes = take(m_parts);
    m_parts.clear();
    return going_on(yes, code);
  }

  Sax& m_sax;
  std::string m_parts;  // of a text or number that did not come as one
};

boost::json::parse_options options_of(const JsonLimits& limits) {
  boost::json::parse_options options;
  options.max_depth = static_cast<std::size_t>(limits.max_depth);
  return options;
}

bool is_white(std::string_view text) {
  return text.find_first_not_of(k_white_space) == std::string_view::npos;
}

using Parser = boost::json::basic_parser<Events<JsonReader>>;

bool parse(std::string_view text, JsonReader& reader, const JsonLimits& limits) {
  Parser parser(options_of(limits), reader);
  ErrorCode code;
  const std::size_t taken = parser.write_some(false, text.data(), text.size(), code);
  return !code && is_white(text.substr(taken));
}

// Reads the value that fills [begin, end) of the source.
Json read_range(const SourceText& source, std::size_t begin, std::size_t end,
                const JsonLimits& limits) {
  const std::string_view range = source.text.substr(begin, end - begin);
  if (range.starts_with(k_byte_order_mark)) source.refuse("a byte-order mark", begin);
  // The library takes a NUL for the end of the text and would not see what follows.
  if (const auto nul = range.find('\0'); nul != std::string_view::npos)
    source.refuse("a NUL byte", begin + nul);
  JsonReader reader(limits);
  if (parse(range, reader, limits)) return reader.take();
  const char* at = range.data();
  const char* last = at + range.size();
  JsonReader locating(limits, &source, &at);
  Json::sax_parse(Cursor(at), Cursor(last), &locating);
  return locating.take();
}

std::size_t end_of_string(std::string_view text, std::size_t quote) {
  for (std::size_t at = quote + 1; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\') ++at;
  }
  return text.size();
}

std::size_t end_of_container(std::string_view text, std::size_t bracket) {
  std::size_t open = 0;
  std::size_t at = bracket;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = end_of_string(text, at);
      continue;
    }
    ++at;
    if (c == '{' || c == '[') ++open;
    if ((c == '}' || c == ']') && --open == 0) return at;
  }
  return text.size();
}

// Where the value that begins at `begin` ends. Only finds the cut: the slice is then read with full
// strictness.
std::size_t end_of_value(std::string_view text, std::size_t begin) {
  const char first = text[begin];
  if (first == '{' || first == '[') return end_of_container(text, begin);
  if (first == '"') return end_of_string(text, begin);
  return std::min(text.find_first_of(" \t\n\r{[\"", begin + 1), text.size());
}

}  // namespace

Json read_json(std::string_view text, std::string_view source, const JsonLimits& limits) {
  const SourceText whole{text, source};
  whole.require_size(limits.max_bytes);
  return read_range(whole, 0, text.size(), limits);
}

class JsonFeed::State {
 public:
  explicit State(JsonLimits limits)
      : m_limits(std::move(limits)), m_reader(m_limits), m_parser(options_of(m_limits), m_reader) {}

  void add(std::string_view part) {
    m_size += part.size();
    m_refused = m_refused || m_size > m_limits.max_bytes || !takes(part);
  }
  std::optional<Json> take() {
    if (m_refused || !ends()) return std::nullopt;
    return m_reader.take();
  }

 private:
  bool takes(std::string_view part) try {
    if (m_parser.done()) return is_white(part);
    ErrorCode code;
    const std::size_t taken = m_parser.write_some(true, part.data(), part.size(), code);
    return !code && is_white(part.substr(taken));
  } catch (const Error&) {  // of on_item, which read_json hands on
    return false;
  }
  bool ends() {
    if (m_parser.done()) return true;
    ErrorCode code;
    m_parser.write_some(false, "", 0, code);  // a number on its own ends only now
    return !code;
  }

  JsonLimits m_limits;
  JsonReader m_reader;
  Parser m_parser;
  std::size_t m_size = 0;
  bool m_refused = false;
};

JsonFeed::JsonFeed(JsonLimits limits) : m_state(std::make_unique<State>(std::move(limits))) {}
JsonFeed::~JsonFeed() = default;

void JsonFeed::add(std::string_view part) {
  m_state->add(part);
}

std::optional<Json> JsonFeed::take() {
  return m_state->take();
}

std::vector<Json> read_json_stream(std::string_view text, std::string_view source,
                                   const JsonLimits& limits) {
  const SourceText whole{text, source};
  whole.require_size(limits.max_bytes);
  std::vector<Json> values;
  std::size_t at = text.find_first_not_of(k_white_space);
  while (at != std::string_view::npos) {
    const std::size_t end = end_of_value(text, at);
    values.push_back(read_range(whole, at, end, limits));
    at = text.find_first_not_of(k_white_space, end);
  }
  return values;
}

}  // namespace dr::data
