#include <gmock/gmock.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.hpp"
#include "common/data/json.hpp"

namespace dr::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::ThrowsMessage;

auto reading(std::string_view text, JsonLimits limits = {}) {
  return [=] { read_json(text, "reply", limits); };
}

TEST(ReadJson, GivesEveryTypeOfValue) {
  const Json value = read_json(R"( {"a":[1,-2,1.5,true,false,null,"x"],"b":{}} )", "reply");
  EXPECT_EQ(value["a"].dump(), R"([1,-2,1.5,true,false,null,"x"])");
  EXPECT_TRUE(value["b"].is_object());
  EXPECT_EQ(read_json("7", "reply"), 7);
  EXPECT_EQ(read_json("[]", "reply"), Json::array());
}

TEST(ReadJson, KeepsEveryCharacterOfStrings) {
  const std::string text = R"({"k\u0000\u007f\u0085\ufeff":"\u0000\u001f\ud83d\ude00\ufffe/\/"})";
  const Json value = read_json(text, "reply");
  const std::string key("k\0\x7F\xC2\x85\xEF\xBB\xBF", 8);
  EXPECT_EQ(value.at(key), std::string("\0\x1F\xF0\x9F\x98\x80\xEF\xBF\xBE//", 11));
}

TEST(ReadJson, KeepsIntegersExactUpToTheLimits) {
  const Json value =
      read_json("[9223372036854775807,-9223372036854775808,18446744073709551615]", "r");
  EXPECT_EQ(value.dump(), "[9223372036854775807,-9223372036854775808,18446744073709551615]");
}

TEST(ReadJson, RefusesIntegersThat64BitsDoNotHold) {
  for (const char* text :
       {"18446744073709551616", "-9223372036854775809", "1000000000000000000000"}) {
    EXPECT_THAT(reading(text), ThrowsMessage<Error>(HasSubstr("64 bits do not hold"))) << text;
  }
}

TEST(ReadJson, TakesFractionsAndExponentsForDoubles) {
  EXPECT_EQ(read_json("1e2", "reply"), 100.0);
  EXPECT_EQ(read_json("18446744073709551616.0", "reply"), 18446744073709551616.0);
  EXPECT_THAT(reading("1e400"),
              ThrowsMessage<Error>(HasSubstr("no double holds at line 1 column 5")));
}

// The parser's own are one bit off; a custom resource may hold any number, and must get it back.
TEST(ReadJson, GivesTheNearestDouble) {
  EXPECT_EQ(read_json("1626.5689700432463", "reply"), 1626.5689700432463);
  EXPECT_EQ(read_json("[9442.4965739091294]", "reply")[0], 9442.4965739091294);
  EXPECT_EQ(read_json("[-0, -0.0]", "reply").dump(), "[0,-0.0]");
}

// A text of more than the parser's buffer comes in parts.
TEST(ReadJson, JoinsTheParts) {
  const std::string run(5'000, 'x');
  const std::string text = run + "\\n" + run;
  const Json value = read_json("{\"" + text + "\":\"" + text + "\"}", "reply");
  EXPECT_EQ(value, Json({{run + "\n" + run, run + "\n" + run}}));
}

TEST(ReadJson, RefusesDuplicateKeysAtAnyDepth) {
  EXPECT_THAT(reading("{\"a\":1,\n \"a\":2}"),
              ThrowsMessage<Error>("reply: duplicate key \"a\" at line 2 column 4"));
  EXPECT_THAT(reading(R"([{"x":{"b":1,"c":2,"b":1}}])"),
              ThrowsMessage<Error>(HasSubstr("duplicate key \"b\"")));
  EXPECT_THAT(reading(R"({"a":1,"\u0061":2})"), ThrowsMessage<Error>(HasSubstr("duplicate key")));
  EXPECT_NO_THROW(read_json(R"([{"a":1},{"a":{"a":2}}])", "reply"));
}

TEST(ReadJson, RefusesTextAfterTheValue) {
  for (const char* text : {"{} x", "{}{}", "1 2", "[],", "null]", "{}\n//"}) {
    EXPECT_THAT(reading(text), ThrowsMessage<Error>(HasSubstr(" at line "))) << text;
  }
}

TEST(ReadJson, SeesTextAfterANulByte) {
  EXPECT_THAT(reading(std::string_view("{}\0{", 4)),
              ThrowsMessage<Error>("reply: a NUL byte at line 1 column 3"));
}

TEST(ReadJson, RefusesAByteOrderMark) {
  EXPECT_THAT(reading("\xEF\xBB\xBF{}"),
              ThrowsMessage<Error>("reply: a byte-order mark at line 1 column 1"));
}

TEST(ReadJson, RefusesMalformedUtf8AndLoneSurrogates) {
  for (const char* text :
       {"\"\xFF\"", "\"\xC0\xAF\"", "\"\xED\xA0\x80\"", "\"\xE2\x82\"", "\"\xF4\x90\x80\x80\"",
        R"("\ud800")", R"("\udc00\ud800")", R"({"\ud800x":1})"}) {
    EXPECT_THAT(reading(text), ThrowsMessage<Error>(HasSubstr("invalid string"))) << text;
  }
}

TEST(ReadJson, RefusesMalformedText) {
  for (const char* text :
       {"", " ", "{", "[1,", "[1,]", "{\"a\"}", "{a:1}", "'x'", "nul", "01", "+1", ".5", "1.",
        "NaN", "\"\n\"", "\"\\x\"", "[1 2]", "{\"a\":1,}", "/* c */ 1"}) {
    EXPECT_THROW(read_json(text, "reply"), Error) << text;
  }
}

TEST(ReadJson, NamesSourceCauseAndPlace) {
  EXPECT_THAT(reading("{\n  \"a\": ]\n}"),
              ThrowsMessage<Error>(
                  "reply: unexpected ']'; expected '[', '{', or a literal at line 2 column 8"));
  EXPECT_THAT(reading("[1,\n"), ThrowsMessage<Error>(HasSubstr("unexpected end of input")));
  EXPECT_THAT(reading("[\"\xC3\xA4\xC3\xB6\" x"),
              ThrowsMessage<Error>(HasSubstr("at line 1 column 7")));
}

TEST(ReadJson, DoesNotQuoteValuesInErrors) {
  EXPECT_THAT(reading("{\"password\": \"hunter2"), ThrowsMessage<Error>(Not(HasSubstr("hunter2"))));
  EXPECT_THAT(reading("{\"pin\": 123456789012345678901}"),
              ThrowsMessage<Error>(Not(HasSubstr("123456"))));
}

TEST(ReadJson, FailsWithTheCodeOfAFailure) {
  try {
    read_json("{", "reply");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::failed);
  }
}

TEST(ReadJson, HoldsTheDepthLimit) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_NO_THROW(read_json(nested(128), "reply"));
  EXPECT_THROW(read_json(nested(129), "reply"), Error);
  const std::string deep = nested(100'000);
  EXPECT_THAT(reading(deep), ThrowsMessage<Error>("reply: nested too deep at line 1 column 129"));
  EXPECT_THAT(reading(R"({"a":{"b":{}}})", {.max_depth = 2}),
              ThrowsMessage<Error>(HasSubstr("too deep")));
}

TEST(ReadJson, HoldsTheSizeLimit) {
  EXPECT_NO_THROW(read_json("[1]", "reply", {.max_bytes = 3}));
  EXPECT_THAT(reading("[10]", {.max_bytes = 3}),
              ThrowsMessage<Error>("reply: larger than the limit of 3 bytes"));
}

// Most of a list can be what nobody asks for.
TEST(ReadJson, LeavesOutMembersOfAName) {
  static constexpr std::array<std::string_view, 1> k_m = {"m"};
  const JsonLimits limits{.without = k_m};
  EXPECT_EQ(
      read_json(R"({"m":1,"a":{"m":[{"m":{}},{"x":"m"}],"b":[{"m":"s"},"m"]},"c":2})", "s", limits),
      Json::parse(R"({"a":{"b":[{},"m"]},"c":2})"));
  EXPECT_EQ(read_json(R"({"m":null})", "s", limits), Json::object());
  // What is left out must be JSON all the same, and no deeper than the rest.
  EXPECT_THROW(read_json(R"({"m":[1,]})", "s", limits), Error);
  EXPECT_THROW(read_json(R"({"m":[[]]})", "s", {.max_depth = 2, .without = k_m}), Error);
  EXPECT_EQ(read_json(R"({"m":[]})", "s", {.max_depth = 2, .without = k_m}), Json::object());
}

TEST(ReadJson, LeavesOutMembersOfSeveralNames) {
  static constexpr std::array<std::string_view, 2> k_names = {"a", "b"};
  EXPECT_EQ(read_json(R"({"a":1,"c":{"b":{"a":2},"d":3},"ab":4})", "s", {.without = k_names}),
            Json::parse(R"({"c":{"d":3},"ab":4})"));
}

// Of a list of thousands, what nobody keeps is never there all at once.
TEST(ReadJson, ChangesEachItemOfAList) {
  std::vector<std::string> seen;
  const JsonLimits limits{.on_item = [&](Json& item) {
    seen.push_back(write_json(item, -1));
    item = item.size();
  }};
  EXPECT_EQ(
      read_json(R"({"items":[{"a":{"items":[{}]}},[{}],1,{}],"more":[{}],"x":{"items":[{}]}})", "s",
                limits),
      Json::parse(R"({"items":[1,[{}],1,0],"more":[{}],"x":{"items":[{}]}})"));
  EXPECT_THAT(seen, ElementsAre(R"({"a":{"items":[{}]}})", "{}"));
  seen.clear();
  for (const char* text : {R"([{"items":[{}]}])", R"({"items":{"a":{}}})", R"([[{}]])"})
    EXPECT_EQ(read_json(text, "s", limits), Json::parse(text));
  EXPECT_THAT(seen, IsEmpty());
  EXPECT_THROW(read_json(R"({"items":[{}]})", "s",
                         {.on_item = [](Json&) { throw Error(ExitCode::failed, "no"); }}),
               Error);
}

// What read_json makes of a text, whatever parts it comes in; nullopt when it refuses it.
std::optional<Json> fed(std::string_view text, std::size_t part, const JsonLimits& limits = {}) {
  JsonFeed feed(limits);
  for (std::size_t at = 0; at < text.size(); at += part) feed.add(text.substr(at, part));
  return feed.take();
}

// A body comes in parts that end anywhere.
TEST(JsonFeed, ReadsWhatReadJsonReads) {
  const std::string text =
      R"( {"long \u00e9 key":"vaéue\n","n":[-12.5e3,123456789012,true,null,{}],"items":[{"m":1,"k":2}]} )";
  static constexpr std::array<std::string_view, 1> k_m = {"m"};
  const JsonLimits limits{.without = k_m, .on_item = [](Json& item) { item["seen"] = true; }};
  for (std::size_t part = 1; part <= text.size(); ++part) {
    EXPECT_EQ(fed(text, part, limits), read_json(text, "s", limits)) << part;
    EXPECT_EQ(fed("12345 ", part), Json(12345)) << part;
  }
}

TEST(JsonFeed, RefusesWhatReadJsonRefuses) {
  for (const std::string text :
       {R"({"a":1)", R"({"a":1} x)", R"({"a":1}{)", R"({"a":1,"a":2})", R"({"a":01})", "", " ",
        R"([99999999999999999999])", "[\"\xff\"]", R"({"a":"b)", R"([1,])", "\xEF\xBB\xBF{}"}) {
    EXPECT_THROW(read_json(text, "s"), Error) << text;
    for (std::size_t part = 1; part <= text.size(); ++part)
      EXPECT_EQ(fed(text, part), std::nullopt) << text << " in parts of " << part;
  }
  EXPECT_EQ(fed(std::string("{}\0", 3), 1), std::nullopt);
  EXPECT_EQ(fed("[[]]", 1, {.max_depth = 1}), std::nullopt);
  EXPECT_EQ(fed("[10]", 1, {.max_bytes = 3}), std::nullopt);
  EXPECT_EQ(
      fed(R"({"items":[{}]})", 2, {.on_item = [](Json&) { throw Error(ExitCode::failed, "no"); }}),
      std::nullopt);
}

// A list tells its version before it ends.
TEST(PeekString, FindsAStringBeforeTheRestIsRead) {
  const Path path = {"metadata", "continue"};
  EXPECT_EQ(peek_string(R"({"kind":"List","metadata":{"a":{"continue":"no"},"continue":"x"},[)",
                        {"metadata", "continue"}),
            "x");
  EXPECT_EQ(peek_string(R"({"items":[{"metadata":{"continue":"no"}}],"metadata":{"continue":"x"}})",
                        {"metadata", "continue"}),
            "x");
  EXPECT_EQ(peek_string(R"({"metadata":{"continue":""}})", path), "");
}

TEST(PeekString, FindsNothingElse) {
  for (const char* text :
       {"", "{", "[]", R"("continue")", R"({"continue":"x"})", R"({"metadata":"continue"})",
        R"({"metadata":{"continue":1},"continue":"x"})", R"({"metadata":{"continue":{"a":"x"}}})",
        R"({"metadata":[{"continue":"x"}]})", R"({"metadata":{},"items":["unread)"}) {
    EXPECT_EQ(peek_string(text, {"metadata", "continue"}), std::nullopt) << text;
  }
}

TEST(ReadJsonStream, SplitsValuesHoweverTheyAreSeparated) {
  const auto values = read_json_stream(
      "{\n \"a\": \"}{\\\"]\"\n}\n{\"b\":[{}]}{}[1,[2]]\"x\"\"y\" 1\ttrue\r\nnull\n", "s");
  ASSERT_EQ(values.size(), 9U);
  EXPECT_EQ(values[0]["a"], "}{\"]");
  EXPECT_EQ(values[1].dump(), R"({"b":[{}]})");
  EXPECT_EQ(values[3].dump(), "[1,[2]]");
  EXPECT_EQ(values[5], "y");
  EXPECT_EQ(values[6], 1);
  EXPECT_TRUE(values[8].is_null());
}

TEST(ReadJsonStream, GivesNothingForBlankText) {
  EXPECT_TRUE(read_json_stream("", "s").empty());
  EXPECT_TRUE(read_json_stream(" \r\n\t", "s").empty());
}

TEST(ReadJsonStream, RefusesWhatReadJsonRefuses) {
  for (const char* text : {"{} {\"a\":1,\"a\":2}", "{},{}", "{}]", "{]", "[}", "{} \xEF\xBB\xBF{}",
                           "{\"a\": \"x", "{} nul", "truefalse", "1-", "{\"a\\\"", "\"\\"}) {
    EXPECT_THROW(read_json_stream(text, "s"), Error) << text;
  }
  EXPECT_THROW(read_json_stream(std::string_view("{}\0", 3), "s"), Error);
  EXPECT_THROW(read_json_stream("{}{}", "s", {.max_bytes = 3}), Error);
  EXPECT_THROW(read_json_stream("1 [[]]", "s", {.max_depth = 1}), Error);
}

TEST(ReadJsonStream, CountsLinesFromTheStartOfTheWholeText) {
  EXPECT_THAT([] { read_json_stream("{}\n{}\n{\"a\": x}", "s"); },
              ThrowsMessage<Error>("s: invalid literal at line 3 column 7"));
}

}  // namespace
}  // namespace dr::data
