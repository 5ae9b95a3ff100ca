#include <gmock/gmock.h>

#include <algorithm>

#include "common/base/error.hpp"
#include "common/data/json.hpp"

namespace dr::data {
namespace {

TEST(WriteJson, SortsKeysAndEndsWithALineBreak) {
  EXPECT_EQ(write_json({{"b", 1}, {"a", Json::array({true, nullptr})}}),
            "{\n  \"a\": [\n    true,\n    null\n  ],\n  \"b\": 1\n}\n");
}

TEST(WriteJson, WritesOneLineWithoutABreakOnRequest) {
  EXPECT_EQ(write_json({{"b", Json::object()}, {"a", "x\ny"}}, -1), R"({"a":"x\ny","b":{}})");
}

TEST(WriteJson, KeepsNonAsciiCharacters) {
  EXPECT_EQ(write_json("\xC3\xA4\xF0\x9F\x98\x80\xEF\xBB\xBF", -1),
            "\"\xC3\xA4\xF0\x9F\x98\x80\xEF\xBB\xBF\"");
}

TEST(WriteJson, RefusesStringsThatAreNotUtf8) {
  const auto expected = testing::ThrowsMessage<Error>("cannot write JSON: a string is not UTF-8");
  EXPECT_THAT([] { write_json({{"a", "\xFF"}}); }, expected);
  EXPECT_THAT([] { write_json({{"\xC3", 1}}); }, expected);
}

TEST(WriteJson, GivesBackWhatItRead) {
  const std::string text =
      R"({"c":"\u0000\u007f\u0085","i":-9223372036854775808,"u":18446744073709551615,"x":0.1})";
  const Json value = read_json(text, "text");
  EXPECT_EQ(read_json(write_json(value), "text"), value);
}

TEST(WriteShownJson, EscapesWhereATerminalWouldActAndOnlyThere) {
  EXPECT_EQ(write_shown_json("\xC3\xA4"), "\"\xC3\xA4\"\n");
  for (const char* text :
       {"\xC2\x9B 31m", "\x7F", "\xE2\x80\xAE", "\xE2\x81\xA6", "\xE2\x80\xA8"}) {
    const std::string shown = write_shown_json(text);
    EXPECT_TRUE(std::ranges::all_of(shown, [](char c) {
      return c == '\n' || (c >= ' ' && c < '\x7F');
    })) << shown;
    EXPECT_EQ(read_json(shown, "text"), Json(text));
  }
}

}  // namespace
}  // namespace dr::data
