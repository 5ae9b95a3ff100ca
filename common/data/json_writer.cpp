#include <string>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/data/json.hpp"

namespace dr::data {

std::string write_json(const Json& value, int indent) {
  try {
    std::string text = value.dump(indent);
    if (indent >= 0) text += '\n';
    return text;
  } catch (const Json::type_error&) {
    throw Error(ExitCode::failed, "cannot write JSON: a string is not UTF-8");
  }
}

std::string write_shown_json(const Json& value) {
  const std::string line = write_json(value, -1);
  return printable(line) == line ? write_json(value) : value.dump(2, ' ', true) + '\n';
}

}  // namespace dr::data
