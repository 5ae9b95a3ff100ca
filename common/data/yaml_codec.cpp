#include "common/data/yaml_codec.hpp"

#include <fmt/format.h>
#include <yaml-cpp/emitter.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <utility>

#include "common/base/error.hpp"
#include "common/data/source_text.hpp"
#include "common/data/tree_builder.hpp"
#include "common/data/yaml_scalar.hpp"

namespace dr::data {
namespace {

constexpr std::string_view k_plain =
    "?";  // the library's tag of a plain scalar and of an untagged container
constexpr std::string_view k_string = "!";  // of a quoted or block scalar
constexpr std::string_view k_no_string_key = "a key that is not a string";
constexpr std::string_view k_wrong_tag = "a tag that is not the core one of its value";

std::size_t offset_of(const YAML::Mark& mark) {
  return mark.is_null() ? 0 : static_cast<std::size_t>(mark.pos);
}

// --- Reading

// What the library would take for the end of the text (U+0004), replace (invalid UTF-8) or read as
// YAML 1.1 does not (U+0085, U+2028, a lone carriage return).
void check_characters(const SourceText& source) {
  const std::string_view text = source.text;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const auto code_point = decode_utf8(text, at);
    if (!code_point) source.refuse("invalid UTF-8", begin);
    const bool is_break =
        *code_point == '\n' || (*code_point == '\r' && text.substr(at).starts_with('\n'));
    if (may_stand_raw(*code_point) || *code_point == '\t' || is_break) continue;
    source.refuse(
        fmt::format("unescaped character U+{:04X}", static_cast<std::uint32_t>(*code_point)),
        begin);
  }
}

// The library turns the escapes \N and \_ into lone bytes: 85 and A0 without the lead byte C2.
// Nothing else in a scalar of a well-formed text is malformed.
std::string with_lead_bytes(std::string scalar) {
  for (std::size_t at = 0; at < scalar.size();) {
    if (!decode_utf8(scalar, at)) scalar.insert(at, 1, '\xC2');
  }
  return scalar;
}

// The library accepts a quoted scalar without its closing quote when only a blank line is left of
// the text, as in a file that was cut off there. It does not when a document ends inside the
// quotes, so one is made to end. Blanks in an unfinished last line are dropped.
std::string with_document_end(std::string_view text) {
  const auto last_line = text.rfind('\n') + 1;
  if (text.find_first_not_of(" \t", last_line) != std::string_view::npos) return std::string(text);
  return std::string(text.substr(0, last_line)) + "...\n";
}

// Builds the documents straight from the events, so that what is refused never becomes a tree.
class YamlReader final : public YAML::EventHandler {
 public:
  YamlReader(const SourceText& source, const JsonLimits& limits)
      : m_source(source), m_max_depth(static_cast<std::size_t>(limits.max_depth)) {}

  std::vector<Json> take() { return std::move(m_documents); }

  // The library takes whatever follows a root for a new document, and never gets past a stray
  // comma: it reports an empty document there, for ever. A marker is always consumed, so asking for
  // one also keeps the reading finite.
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (m_is_first) {
      m_is_first = false;
    } else if (!is_document_marker(mark)) {
      refuse("text after the document", mark);
    }
    m_is_empty = false;
  }

  void OnDocumentEnd() override {
    Json document = m_tree.take();
    if (!m_is_empty) m_documents.push_back(std::move(document));
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(anchor, mark);
    switch (m_tree.next()) {
      case TreeBuilder::Place::key:
        refuse(k_no_string_key, mark);
      case TreeBuilder::Place::member:
        // A last line that is cut off within its key would else be a member of value null.
        if (offset_of(mark) <= m_key_offset) refuse("a key without a colon", mark);
        break;
      case TreeBuilder::Place::element:
        if (text_at(mark).starts_with(',')) refuse("a comma without a value before it", mark);
        break;
      case TreeBuilder::Place::root:
        m_is_empty = !is_written_null(mark);
        break;
    }
    m_tree.put(nullptr);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    refuse("an alias", mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    refuse_anchor(anchor, mark);
    Json value = resolve(tag, text, mark);
    if (m_tree.next() == TreeBuilder::Place::key) {
      add_key(value, mark);
    } else {
      m_tree.put(std::move(value));
    }
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    check_container(mark, tag, "tag:yaml.org,2002:seq", anchor);
    m_tree.open_array();
  }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    check_container(mark, tag, "tag:yaml.org,2002:map", anchor);
    m_tree.open_object();
  }

  void OnSequenceEnd() override { m_tree.close(); }
  void OnMapEnd() override { m_tree.close(); }

 private:
  [[noreturn]] void refuse(std::string_view cause, const YAML::Mark& mark) const {
    m_source.refuse(cause, offset_of(mark));
  }

  void refuse_anchor(YAML::anchor_t anchor, const YAML::Mark& mark) const {
    if (anchor != YAML::NullAnchor) refuse("an anchor", mark);
  }

  std::string_view text_at(const YAML::Mark& mark) const {
    return m_source.text.substr(std::min(offset_of(mark), m_source.text.size()));
  }

  bool is_document_marker(const YAML::Mark& mark) const {
    constexpr std::string_view k_marker = "---";
    const std::string_view text = text_at(mark);
    if (mark.column != 0 || !text.starts_with(k_marker)) return false;
    return text.size() == k_marker.size() ||
           std::string_view(" \t\r\n").find(text[k_marker.size()]) != std::string::npos;
  }

  // An explicit null, as against a document or value without any text.
  bool is_written_null(const YAML::Mark& mark) const {
    const std::string_view text = text_at(mark);
    return text.starts_with('~') || text.starts_with("null") || text.starts_with("Null") ||
           text.starts_with("NULL");
  }

  void check_container(const YAML::Mark& mark, std::string_view tag, std::string_view own_tag,
                       YAML::anchor_t anchor) const {
    refuse_anchor(anchor, mark);
    if (tag != k_plain && tag != k_string && tag != own_tag) refuse(k_wrong_tag, mark);
    // The library takes a bracket that is never closed for the start of a key.
    if (m_tree.next() == TreeBuilder::Place::key)
      refuse("a bracket in a key, or one that is not closed", mark);
    if (m_tree.depth() >= m_max_depth) refuse("nested too deep", mark);
  }

  void add_key(const Json& name, const YAML::Mark& mark) {
    if (!name.is_string()) refuse(k_no_string_key, mark);
    m_key_offset = offset_of(mark);
    if (!m_tree.key(name.get<std::string>())) refuse("duplicate key " + name.dump(), mark);
  }

  Json resolve(std::string_view tag, const std::string& text, const YAML::Mark& mark) const {
    if (tag == k_string || tag == "tag:yaml.org,2002:str") return with_lead_bytes(text);
    if (tag == k_plain) return resolve_untagged(text, mark);
    return resolve_tagged(tag, text, mark);
  }

  Json resolve_untagged(const std::string& text, const YAML::Mark& mark) const {
    PlainScalar scalar = resolve_plain(text);
    if (!scalar.refusal.empty()) refuse(scalar.refusal, mark);
    return std::move(scalar.value);
  }

  // With a tag the library does not tell quoted from plain, nor finds the null.
  Json resolve_tagged(std::string_view tag, const std::string& text, const YAML::Mark& mark) const {
    const bool is_null =
        text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
    Json value = is_null ? Json() : resolve_untagged(text, mark);
    const bool fits = (tag == "tag:yaml.org,2002:null" && value.is_null()) ||
                      (tag == "tag:yaml.org,2002:bool" && value.is_boolean()) ||
                      (tag == "tag:yaml.org,2002:int" && value.is_number_integer()) ||
                      (tag == "tag:yaml.org,2002:float" && value.is_number_float());
    if (!fits) refuse(k_wrong_tag, mark);
    return value;
  }

  const SourceText& m_source;
  std::size_t m_max_depth;
  TreeBuilder m_tree;
  std::vector<Json> m_documents;
  std::size_t m_key_offset = 0;
  bool m_is_first = true;   // no document has begun yet
  bool m_is_empty = false;  // the current document has no content
};

// --- Writing

class YamlWriter {
 public:
  std::string write(const Json& value) {
    add(value);
    if (!m_out.good()) throw Error(ExitCode::failed, "cannot write YAML: " + m_out.GetLastError());
    return std::string(m_out.c_str(), m_out.size()) + '\n';
  }

 private:
  void add(const Json& value) {
    if (value.is_object() && !value.empty()) {
      add_object(value.get_ref<const Json::object_t&>());
    } else if (value.is_array() && !value.empty()) {
      add_array(value.get_ref<const Json::array_t&>());
    } else if (value.is_string()) {
      add_string(value.get_ref<const std::string&>());
    } else {
      add_raw(value.is_number() ? number_scalar(value) : value.dump());
    }
  }

  void add_object(const Json::object_t& members) {
    m_out << YAML::BeginMap;
    for (const auto& [name, value] : members) {
      add_key(string_scalar(name));
      add(value);
    }
    m_out << YAML::EndMap;
  }

  void add_array(const Json::array_t& elements) {
    m_out << YAML::BeginSeq;
    for (const Json& element : elements) add(element);
    m_out << YAML::EndSeq;
  }

  void add_key(const std::string& scalar) {
    // A key without "? " in front may take 1024 bytes; the margin is for readers that count from
    // the line's start.
    constexpr std::size_t k_longest_simple_key = 512;
    if (scalar.size() > k_longest_simple_key) m_out << YAML::LongKey;
    add_raw(scalar);
  }

  void add_string(const std::string& text) {
    if (fits_literal_block(text)) {
      m_out << YAML::Literal
            << text.substr(0, text.size() - 1);  // the line break is that of the text that follows
    } else {
      add_raw(string_scalar(text));
    }
  }

  // Of the library's functions this one alone writes a scalar as it is, whatever the type.
  void add_raw(std::string_view scalar) { m_out.WriteIntegralType(scalar); }

  YAML::Emitter m_out;
};

}  // namespace

std::string write_yaml(const Json& value) {
  return YamlWriter().write(value);
}

std::vector<Json> read_yaml(std::string_view text, std::string_view source,
                            const JsonLimits& limits) {
  const SourceText whole{text, source};
  whole.require_size(limits.max_bytes);
  check_characters(whole);
  std::istringstream stream(with_document_end(text));
  YamlReader reader(whole, limits);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(reader)) {
    }
  } catch (const YAML::Exception& error) {
    whole.refuse(error.msg, offset_of(error.mark));
  }
  return reader.take();
}

}  // namespace dr::data
