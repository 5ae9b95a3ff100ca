// The YAML reader: what it takes, and what the JSON reader takes, the writer gives back; and a text
// that is both means the same to both.
#include "common/data/yaml_codec.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace dr;

namespace {

void check_written(const Json& value) {
  const auto again = data::read_yaml(data::write_yaml(value), "what was written");
  fuzz::require(again.size() == 1, "one document comes back");
  fuzz::require(data::write_json(again.front()) == data::write_json(value), "a value comes back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text = fuzz::text_of(bytes, size);
  const auto documents =
      fuzz::accepted(ExitCode::failed, [&] { return data::read_yaml(text, "the input"); });
  const auto json =
      fuzz::accepted(ExitCode::failed, [&] { return data::read_json(text, "the input"); });
  if (documents) {
    for (const Json& document : *documents) check_written(document);
  }
  if (json) check_written(*json);
  if (json && documents && documents->size() == 1)
    fuzz::require(*json == documents->front(), "JSON is the same YAML");
  return 0;
}
