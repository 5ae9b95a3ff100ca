#include "common/data/json_diff.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <string>

namespace dr::data {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// "pointer left right" for each difference; "-" where a side has no value.
std::vector<std::string> differences(const char* left, const char* right) {
  const auto text = [](const std::optional<Json>& value) {
    return value ? value->dump() : std::string("-");
  };
  std::vector<std::string> lines;
  for (const Difference& each : diff(read_json(left, "left"), read_json(right, "right"))) {
    lines.push_back(each.pointer + ' ' + text(each.left) + ' ' + text(each.right));
  }
  return lines;
}

TEST(Diff, FindsNothingBetweenEqualValues) {
  EXPECT_THAT(differences(R"({"a":[1,{"b":null}]})", R"({"a":[1,{"b":null}]})"), IsEmpty());
  EXPECT_THAT(differences("[]", "[]"), IsEmpty());
}

TEST(Diff, ReportsTheDeepestPlaceInDocumentOrder) {
  EXPECT_THAT(
      differences(R"({"a":{"x":1,"y":2},"b":1,"d":0})", R"({"a":{"x":1,"y":3},"c":{},"d":"0"})"),
      ElementsAre("/a/y 2 3", "/b 1 -", "/c - {}", "/d 0 \"0\""));
}

TEST(Diff, TellsNullFromAbsent) {
  EXPECT_THAT(differences(R"({"a":null})", "{}"), ElementsAre("/a null -"));
  EXPECT_THAT(differences(R"({"a":null})", R"({"a":{}})"), ElementsAre("/a null {}"));
}

TEST(Diff, ReportsTheRootWithTheEmptyPointer) {
  EXPECT_THAT(differences("1", "[1]"), ElementsAre(" 1 [1]"));
}

TEST(Diff, EscapesPointers) {
  EXPECT_THAT(differences(R"({"a/b~":{"":1}})", R"({"a/b~":{"":2}})"), ElementsAre("/a~1b~0/ 1 2"));
}

TEST(Diff, ComparesNumbersByExactValue) {
  EXPECT_THAT(differences("[1,-0.0,1e2,-3.0]", "[1.0,0,100,-3]"), IsEmpty());
  EXPECT_THAT(differences("[9007199254740993]", "[9007199254740992.0]"),
              ElementsAre("/0 9007199254740993 9.007199254740992e+15"));
  EXPECT_THAT(differences("-1", "18446744073709551615"), ElementsAre(" -1 18446744073709551615"));
  EXPECT_THAT(differences("18446744073709551615", "18446744073709551616.0"),
              ElementsAre(" 18446744073709551615 1.8446744073709552e+19"));
  EXPECT_TRUE(diff(Json(std::int64_t{5}), Json(std::uint64_t{5})).empty());
  EXPECT_THAT(differences("[0.5,1e300]", "[0.5,1e300]"), IsEmpty());
  EXPECT_THAT(differences("0.5", "0.25"), ElementsAre(" 0.5 0.25"));
  for (const char* outside : {"1e300", "-1e300", "0.5"}) {
    EXPECT_THAT(differences("[9223372036854775807]", ("[" + std::string(outside) + "]").c_str()),
                SizeIs(1));
    EXPECT_THAT(differences("[0]", ("[" + std::string(outside) + "]").c_str()), SizeIs(1));
  }
}

TEST(Diff, PairsNamedElementsByName) {
  EXPECT_THAT(differences(R"([{"name":"a","v":1},{"name":"b","v":1},{"name":"c"}])",
                          R"([{"name":"x"},{"name":"b","v":2},{"name":"a","v":1}])"),
              ElementsAre("/1/v 1 2", R"(/2 {"name":"c"} -)", R"(/0 - {"name":"x"})"));
}

TEST(Diff, PairsByPositionWhenNamesAreNotUnique) {
  EXPECT_THAT(differences(R"([{"name":"a","v":1},{"name":"a","v":2}])",
                          R"([{"name":"a","v":1},{"name":"b","v":2}])"),
              ElementsAre(R"(/1/name "a" "b")"));
  EXPECT_THAT(differences(R"([{"name":"a"},{"id":1}])", R"([{"name":"a"},{"id":2}])"),
              ElementsAre("/1/id 1 2"));
}

TEST(Diff, CutsEqualHeadsAndTailsOff) {
  EXPECT_THAT(differences("[1,2,3,4]", "[1,9,2,3,4]"), ElementsAre("/1 - 9"));
  EXPECT_THAT(differences("[1,2,3,4]", "[1,4]"), ElementsAre("/1 2 -", "/2 3 -"));
  EXPECT_THAT(differences("[1,2,3,5]", "[1,7,8,9,5]"), ElementsAre("/1 2 7", "/2 3 8", "/3 - 9"));
  EXPECT_THAT(differences("[1,1]", "[1,1,1]"), ElementsAre("/2 - 1"));
  EXPECT_THAT(differences("[]", "[1]"), ElementsAre("/0 - 1"));
}

TEST(Diff, ReportsAnOrderThatAloneDiffersOnTheArray) {
  EXPECT_THAT(differences(R"({"a":[1,2,{"x":3},4]})", R"({"a":[1,{"x":3},2,4]})"),
              ElementsAre(R"(/a [1,2,{"x":3},4] [1,{"x":3},2,4])"));
  EXPECT_THAT(differences(R"([{"name":"a"},{"name":"b"}])", R"([{"name":"b"},{"name":"a"}])"),
              ElementsAre(R"( [{"name":"a"},{"name":"b"}] [{"name":"b"},{"name":"a"}])"));
}

TEST(Diff, NeverCallsUnequalValuesEqual) {
  // Equal as sets, not as multisets; and names in another order with one other change.
  EXPECT_THAT(differences("[1,1,2]", "[1,2,2]"), ElementsAre("/1 1 2"));
  EXPECT_THAT(
      differences(R"([{"name":"a","v":1},{"name":"b"}])", R"([{"name":"b"},{"name":"a","v":2}])"),
      ElementsAre("/0/v 1 2"));
}

TEST(Diff, SurvivesDeepValues) {
  const std::string open(128, '[');
  const std::string close(128, ']');
  EXPECT_EQ(differences((open + '1' + close).c_str(), (open + '2' + close).c_str()).size(), 1U);
}

TEST(Diff, IsQuickOnLargeValues) {
  Json left = Json::array();
  for (int index = 0; index < 20'000; ++index) {
    left.push_back({{"metadata", {{"name", "web-" + std::to_string(index)}}},
                    {"spec", {{"replicas", index}}}});
  }
  Json right = left;
  right[10'000]["spec"]["replicas"] = -1;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(diff(left, right).size(), 1U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace dr::data
