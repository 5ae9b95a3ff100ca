#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dr {

// Keys are sorted (std::map), so that equal values have equal text.
using Json = nlohmann::json;

namespace data {

using Path = std::initializer_list<std::string_view>;  // member names from an object down

// Changes an item of a list.
using ItemHandler = std::function<void(Json& item)>;

struct JsonLimits {
  std::size_t max_bytes = std::size_t{512} << 20;
  int max_depth = 128;
  std::span<const std::string_view>
      without{};  // members of these names are left out, the keys in them unchecked
  // Called with each object of the outermost member `items` as soon as it is read, so that of a
  // long list what nobody keeps is never there all at once.
  ItemHandler on_item{};
};

// Text to value, the only way in. Refuses duplicate keys, text after the value, invalid UTF-8, a
// byte-order mark, depth and size over the limits, and integers that neither int64 nor uint64
// holds. `source` names the text in errors: Error(failed) "<source>: <cause> at line L column C",
// or without a place when the whole text is too large. No error quotes a value.
Json read_json(std::string_view text, std::string_view source, const JsonLimits& limits = {});

// The same for a text that comes in parts, of which only the value stays.
class JsonFeed {
 public:
  explicit JsonFeed(JsonLimits limits);
  ~JsonFeed();
  JsonFeed(const JsonFeed&) = delete;
  JsonFeed& operator=(const JsonFeed&) = delete;

  void add(std::string_view part);
  // The value, once; nullopt when read_json would refuse the text, or what `on_item` throws ended
  // the reading: the whole text tells why.
  std::optional<Json> take();

 private:
  class State;
  std::unique_ptr<State> m_state;
};

// A run of JSON values in one text, as `watch` and `replace -o json` print them.
std::vector<Json> read_json_stream(std::string_view text, std::string_view source,
                                   const JsonLimits& limits = {});

// Value to text, the only way out: sorted keys, and with `indent` >= 0 that indent and a final
// newline; -1: one line, no newline. Non-ASCII characters stay as UTF-8. Throws Error(failed) on a
// string that is not UTF-8.
std::string write_json(const Json& value, int indent = 2);
// The same with an indent of 2 for stdout, which may be a terminal: text with a character that one
// would act on has all that is not ASCII as \u escapes.
std::string write_shown_json(const Json& value);

// The string at that place of the object that `text` is, or begins with, without reading what comes
// after the outermost member on its way: a list says its version long before it ends. A hint for
// whoever reads the whole text later, which this does not check; nullopt where none is found.
std::optional<std::string> peek_string(std::string_view text, Path path);

// --- Typed access: an absent or null member is "not there", a member of another type is an error
// that names the object (kind and name, when `object` has them), the JSON pointer and both types:
// Error(failed).

const Json* find(const Json& object, Path path);  // nullptr when not there
bool has(const Json& object, Path path);
const std::string& string_at(const Json& object, Path path);  // required
std::string string_or(const Json& object, Path path, std::string_view fallback);
std::int64_t integer_or(const Json& object, Path path, std::int64_t fallback);
bool boolean_or(const Json& object, Path path, bool fallback);
const Json::array_t& array_or_empty(const Json& object, Path path);
const Json::object_t& object_or_empty(const Json& object, Path path);

// --- JSON pointers (RFC 6901)

std::string escape_pointer_token(std::string_view token);  // ~ to ~0, / to ~1
std::string pointer(Path path);                            // {"spec", "a/b"} to /spec/a~1b

}  // namespace data
}  // namespace dr
