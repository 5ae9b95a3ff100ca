#include "common/base/time.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dr {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;

const UtcTime k_time = sys_days(std::chrono::year(2026) / 1 / 2) + 3h + 4min + 5s;

TEST(Rfc3339, WritesUtcWithoutFraction) {
  EXPECT_EQ(rfc3339(k_time), "2026-01-02T03:04:05Z");
  EXPECT_EQ(rfc3339(UtcTime{}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(rfc3339(UtcTime{} - 1s), "1969-12-31T23:59:59Z");
}

TEST(Rfc3339, ReadsOffsetsAndCutsFractions) {
  for (const std::string text :
       {"2026-01-02T03:04:05Z", "2026-01-02T03:04:05.999999999Z", "2026-01-02T03:04:05.1Z",
        "2026-01-02T04:04:05+01:00", "2026-01-01T21:34:05-05:30", "2026-01-02T03:04:05.5+00:00"}) {
    EXPECT_EQ(parse_rfc3339(text), k_time) << text;
  }
  EXPECT_EQ(parse_rfc3339("2024-02-29T00:00:00Z"), sys_days(std::chrono::year(2024) / 2 / 29));
}

TEST(Rfc3339, RefusesAnythingElse) {
  for (const std::string text : {"",
                                 "2026-01-02",
                                 "2026-01-02T03:04:05",
                                 "2026-01-02 03:04:05Z",
                                 "2026-01-02t03:04:05z",
                                 "2026-1-2T03:04:05Z",
                                 "2026-13-01T00:00:00Z",
                                 "2026-00-01T00:00:00Z",
                                 "2026-02-29T00:00:00Z",
                                 "2026-01-00T00:00:00Z",
                                 "2026-01-02T24:00:00Z",
                                 "2026-01-02T03:60:00Z",
                                 "2026-01-02T03:04:60Z",
                                 "2026-01-02T03:04:05.Z",
                                 "2026-01-02T03:04:05Zx",
                                 " 2026-01-02T03:04:05Z",
                                 "2026-01-02T03:04:05+0100",
                                 "2026-01-02T03:04:05+24:00",
                                 "2026-01-02T03:04:05+01:60",
                                 "2026-01-02T03:04:05*01:00",
                                 "-026-01-02T03:04:05Z",
                                 "+2026-01-02T03:04:05Z",
                                 "0000-01-01T00:00:00+00:01",
                                 "9999-12-31T23:59:59-00:01",
                                 "20260102T030405Z"}) {
    EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
  }
}

TEST(TimestampId, GoesThereAndBack) {
  EXPECT_EQ(timestamp_id(k_time), "20260102T030405Z");
  EXPECT_EQ(parse_timestamp_id("20260102T030405Z"), k_time);
}

TEST(TimestampId, RefusesAnythingElse) {
  for (const std::string text : {"", "20260102T030405", "20260230T030405Z", "20260102T250405Z",
                                 "20260102T030405Z-2", "2026-01-02T03:04:05Z", "../0102T030405Z"}) {
    EXPECT_EQ(parse_timestamp_id(text), std::nullopt) << text;
  }
}

TEST(ParseDuration, ReadsGoDurations) {
  struct Case {
    std::string text;
    Millis value;
  };
  const Case cases[] = {
      {"0", 0ms},
      {"0s", 0ms},
      {"300s", 300s},
      {"1m30s", 90s},
      {"1.5h", 90min},
      {"250ms", 250ms},
      {"1h0m0.5s", 3600s + 500ms},
      {".5s", 500ms},
      {"1.s", 1s},
      {"1000h", 1000h},
      {"2m2m", 4min},
      {"30s1h", 1h + 30s},
      {"007s", 7s},
      {"1.23456s", 1234ms},
      {"0.1h", 6min},
      {"0.000000000000001h", 0ms},
  };
  for (const auto& [text, value] : cases) EXPECT_EQ(parse_duration(text), value) << text;
}

TEST(ParseDuration, RefusesAnythingElse) {
  for (const std::string text : {"",       "5",
                                 "00",     "s",
                                 ".s",     ".",
                                 "-1s",    "-0",
                                 "+1s",    "1 s",
                                 " 1s",    "1s ",
                                 "1d",     "1us",
                                 "1ns",    "1µs",
                                 "1S",     "1e3s",
                                 "1001h",  "1000h1ms",
                                 "60001m", "99999999999999999999s",
                                 "1.2.3s", "1,5s",
                                 "1m30",   "0x1s",
                                 "infs"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(FormatDuration, ShowsTheTwoLargestUnits) {
  struct Case {
    Millis value;
    std::string text;
  };
  const Case cases[] = {
      {0ms, "0s"},          {340ms, "340ms"},
      {999ms, "999ms"},     {1s, "1.0s"},
      {12345ms, "12.3s"},   {59999ms, "59.9s"},
      {1min, "1m00s"},      {4min + 5s, "4m05s"},
      {1h - 1ms, "59m59s"}, {2h + 3min, "2h03m"},
      {24h - 1s, "23h59m"}, {76h + 59min, "3d04h"},
      {-90s, "-1m30s"},     {Millis::max(), "106751991167d07h"},
  };
  for (const auto& [value, text] : cases) EXPECT_EQ(format_duration(value), text);
  EXPECT_EQ(format_duration(Millis::min()), "-" + format_duration(Millis::max()));
}

}  // namespace
}  // namespace dr
