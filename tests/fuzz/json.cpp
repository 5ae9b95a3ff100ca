// The JSON reader: what it takes, another parser reads the same, the writer gives it back, and
// leaving members out changes no other.
#include "common/data/json.hpp"

#include <array>
#include <optional>

#include "tests/fuzz/fuzz.hpp"

using namespace dr;

namespace {

constexpr std::string_view k_left_out = "managedFields";
constexpr std::array<std::string_view, 1> k_without = {k_left_out};

std::string line_of(const Json& value) {
  return data::write_json(value, -1);
}

void leave_out(Json& value) {
  if (!value.is_structured()) return;  // it would be its own member
  if (value.is_object()) value.erase(std::string(k_left_out));
  for (auto& member : value) leave_out(member);
}

void check_leaving_out(std::string_view text, Json whole) {
  const data::JsonLimits limits{.without = k_without};
  const auto less =
      fuzz::accepted(ExitCode::failed, [&] { return data::read_json(text, "the input", limits); });
  leave_out(whole);
  fuzz::require(less && *less == whole, "without a member all others are the same");
}

// In parts that end anywhere.
void check_parts(std::string_view text, const std::optional<Json>& whole) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, text.size() / 2 + 1}) {
    data::JsonFeed feed({});
    for (std::size_t at = 0; at < text.size(); at += size) feed.add(text.substr(at, size));
    fuzz::require(feed.take() == whole, "the parts are the whole");
  }
}

void check_stream(std::string_view text) {
  const auto values =
      fuzz::accepted(ExitCode::failed, [&] { return data::read_json_stream(text, "the input"); });
  if (!values) return;
  std::string lines;
  for (const Json& value : *values) lines += line_of(value) + "\n";
  fuzz::require(data::read_json_stream(lines, "what was written") == *values,
                "a stream comes back");
}

}  // namespace

// What is found early is what the whole text says.
void check_peek(std::string_view text, const Json& whole) {
  const auto early = data::peek_string(text, {"metadata", "continue"});
  const Json* late = nullptr;
  if (whole.is_object() && whole.contains("metadata") && whole["metadata"].is_object() &&
      whole["metadata"].contains("continue"))
    late = &whole["metadata"]["continue"];
  const bool is_same =
      late != nullptr && late->is_string() ? early == late->get<std::string>() : !early;
  fuzz::require(is_same, "an early look finds what is there");
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text = fuzz::text_of(bytes, size);
  const auto value =
      fuzz::accepted(ExitCode::failed, [&] { return data::read_json(text, "the input"); });
  if (value) {
    fuzz::require(Json::parse(text, nullptr, false) == *value, "both parsers read the same");
    const std::string line = line_of(*value);
    const Json again = data::read_json(line, "what was written");
    fuzz::require(again == *value && line_of(again) == line, "one line comes back");
    fuzz::require(data::read_json(data::write_json(*value), "what was written") == *value,
                  "an indented text comes back");
    check_leaving_out(text, *value);
    check_peek(text, *value);
  }
  check_parts(text, value);
  check_stream(text);
  return 0;
}
