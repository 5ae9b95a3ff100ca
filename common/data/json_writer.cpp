#include <string>

#include "common/base/error.hpp"
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

}  // namespace dr::data
