#include <gmock/gmock.h>

#include <cstdint>
#include <limits>

#include "common/base/error.hpp"
#include "common/data/json.hpp"

namespace dr::data {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const Json& deployment() {
  static const Json k_object = read_json(R"({
    "kind": "Deployment", "metadata": {"name": "web", "labels": {"a/b": "x"}},
    "spec": {"replicas": 3, "paused": true, "ratio": 0.5, "absent": null, "list": [1], "huge": 18446744073709551615}
  })",
                                         "test");
  return k_object;
}

TEST(Find, WalksMembers) {
  EXPECT_EQ(*find(deployment(), {"metadata", "labels", "a/b"}), "x");
  EXPECT_EQ(find(deployment(), {}), &deployment());
  EXPECT_TRUE(has(deployment(), {"spec"}));
}

TEST(Find, TakesAbsentAndNullForNotThere) {
  EXPECT_EQ(find(deployment(), {"spec", "nothing"}), nullptr);
  EXPECT_EQ(find(deployment(), {"nothing", "at", "all"}), nullptr);
  EXPECT_EQ(find(deployment(), {"spec", "absent"}), nullptr);
  EXPECT_EQ(find(deployment(), {"spec", "absent", "deeper"}), nullptr);
  EXPECT_EQ(find(Json(), {}), nullptr);
  EXPECT_FALSE(has(Json(), {"a"}));
}

TEST(Find, RefusesToWalkThroughAnotherType) {
  EXPECT_THAT(
      [] { find(deployment(), {"spec", "list", "x"}); },
      ThrowsMessage<Error>("Deployment/web: /spec/list: expected an object, found an array"));
  EXPECT_THAT([] { find(Json::array(), {"a"}); },
              ThrowsMessage<Error>("the top level: expected an object, found an array"));
}

TEST(StringAt, GivesTheStringOrNamesTheGap) {
  EXPECT_EQ(string_at(deployment(), {"metadata", "name"}), "web");
  EXPECT_THAT(
      [] { string_at(deployment(), {"metadata", "uid"}); },
      ThrowsMessage<Error>("Deployment/web: /metadata/uid: expected a string, found nothing"));
  EXPECT_THAT(
      [] { string_at(deployment(), {"spec", "replicas"}); },
      ThrowsMessage<Error>("Deployment/web: /spec/replicas: expected a string, found a number"));
}

TEST(Access, GivesTheValueWhenItIsThere) {
  EXPECT_EQ(string_or(deployment(), {"kind"}, "x"), "Deployment");
  EXPECT_EQ(integer_or(deployment(), {"spec", "replicas"}, 1), 3);
  EXPECT_TRUE(boolean_or(deployment(), {"spec", "paused"}, false));
  EXPECT_EQ(array_or_empty(deployment(), {"spec", "list"}).size(), 1U);
  EXPECT_EQ(object_or_empty(deployment(), {"metadata"}).size(), 2U);
}

TEST(Access, FallsBackWhenItIsNotThere) {
  EXPECT_EQ(string_or(deployment(), {"spec", "absent"}, "x"), "x");
  EXPECT_EQ(integer_or(deployment(), {"spec", "absent"}, 1), 1);
  EXPECT_TRUE(boolean_or(deployment(), {"no", "thing"}, true));
  EXPECT_TRUE(array_or_empty(deployment(), {"spec", "absent"}).empty());
  EXPECT_TRUE(object_or_empty(deployment(), {"spec", "nothing"}).empty());
}

TEST(Access, RefusesAnotherType) {
  const Json object = {
      {"kind", "Deployment"}, {"metadata", {{"name", "web"}}}, {"spec", {{"replicas", "3"}}}};
  EXPECT_THAT(
      [&] { integer_or(object, {"spec", "replicas"}, 1); },
      ThrowsMessage<Error>("Deployment/web: /spec/replicas: expected a number, found a string"));
  EXPECT_THAT([&] { boolean_or(object, {"kind"}, true); },
              ThrowsMessage<Error>(HasSubstr("expected a boolean")));
  EXPECT_THAT([&] { array_or_empty(object, {"spec"}); },
              ThrowsMessage<Error>(HasSubstr("an array, found an object")));
  EXPECT_THAT([&] { object_or_empty(object, {"kind"}); },
              ThrowsMessage<Error>(HasSubstr("expected an object")));
  EXPECT_THAT([&] { string_or(object, {"spec"}, ""); },
              ThrowsMessage<Error>(HasSubstr("expected a string")));
}

TEST(Access, CallsAnObjectWithoutKindOrNameByThePointerAlone) {
  EXPECT_THAT([] { string_at({{"kind", "List"}, {"a", {{"b/c", 1}}}}, {"a", "b/c"}); },
              ThrowsMessage<Error>("/a/b~1c: expected a string, found a number"));
  EXPECT_THAT([] { string_at({{"kind", 1}, {"metadata", "x"}}, {"kind"}); },
              ThrowsMessage<Error>("/kind: expected a string, found a number"));
}

TEST(IntegerOr, NeitherRoundsNorWraps) {
  EXPECT_THAT([] { integer_or(deployment(), {"spec", "ratio"}, 1); },
              ThrowsMessage<Error>(
                  HasSubstr("/spec/ratio: expected an integer, found a number with a fraction")));
  EXPECT_THAT([] { integer_or(deployment(), {"spec", "huge"}, 1); },
              ThrowsMessage<Error>(HasSubstr(
                  "/spec/huge: expected a signed 64-bit integer, found a larger number")));
  const Json limits =
      read_json("{\"low\":-9223372036854775808,\"high\":9223372036854775807}", "test");
  EXPECT_EQ(integer_or(limits, {"low"}, 0), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(integer_or(limits, {"high"}, 0), std::numeric_limits<std::int64_t>::max());
}

TEST(Pointer, EscapesTokens) {
  EXPECT_EQ(escape_pointer_token("a~b/c~1"), "a~0b~1c~01");
  EXPECT_EQ(pointer({"spec", "a/b", ""}), "/spec/a~1b/");
  EXPECT_EQ(pointer({}), "");
}

}  // namespace
}  // namespace dr::data
