#include "common/data/yaml_scalar.hpp"

#include <gmock/gmock.h>

#include <cstdint>

#include "common/base/error.hpp"

namespace dr::data {
namespace {

using testing::HasSubstr;

TEST(ResolvePlain, TypesWhatBothVersionsAgreeOn) {
  EXPECT_EQ(resolve_plain("true").value, Json(true));
  EXPECT_EQ(resolve_plain("FALSE").value, Json(false));
  EXPECT_EQ(resolve_plain("0").value.dump(), "0");
  EXPECT_EQ(resolve_plain("-17").value.dump(), "-17");
  EXPECT_EQ(resolve_plain("18446744073709551615").value.dump(), "18446744073709551615");
  EXPECT_EQ(resolve_plain("0x1F").value.dump(), "31");
  EXPECT_EQ(resolve_plain("1.50").value.dump(), "1.5");
  EXPECT_EQ(resolve_plain("-1.0e+20").value.dump(), "-1e+20");
}

TEST(ResolvePlain, LeavesStringsAlone) {
  for (const char* text : {"a",
                           "web-1",
                           "100m",
                           "1Gi",
                           "1.2.3",
                           "10.0.0.1",
                           "8080:80",
                           "1:60",
                           "0xg",
                           "0b2",
                           "0o8",
                           "1e",
                           "e3",
                           ".",
                           "-",
                           "+",
                           "...a",
                           "yEs",
                           "tRUE",
                           "nan",
                           "Infinity",
                           "2026-01",
                           "2026-01-02-backup",
                           "2026-1-2x",
                           "12-30",
                           "v1",
                           "a=b",
                           "<",
                           "_1",
                           "-_1",
                           "1 2",
                           "0.1.2",
                           "::1",
                           "1:2:x"}) {
    const PlainScalar scalar = resolve_plain(text);
    EXPECT_EQ(scalar.refusal, "") << text;
    EXPECT_EQ(scalar.value, Json(text));
  }
}

TEST(ResolvePlain, RefusesWhatTheVersionsReadDifferently) {
  for (const char* text : {"y",
                           "Y",
                           "yes",
                           "Yes",
                           "YES",
                           "n",
                           "N",
                           "no",
                           "No",
                           "NO",
                           "on",
                           "On",
                           "ON",
                           "off",
                           "Off",
                           "OFF",
                           "0o17",
                           "-0o17",
                           "010",
                           "-007",
                           "08",
                           "00",
                           "+1",
                           "+1.5",
                           "1_000",
                           "1_0.5",
                           "0b101",
                           "-0x1F",
                           "0x1_F",
                           "0X1F",
                           "1e3",
                           "1.5e3",
                           "1E+3",
                           ".5",
                           "5.",
                           "01.5",
                           "12:30",
                           "12:30:45",
                           "-1:30",
                           "1:30.5",
                           "2026-01-02",
                           "2026-1-2",
                           "2026-01-02T03:04:05Z",
                           "2026-01-02 03:04:05",
                           "="}) {
    EXPECT_THAT(resolve_plain(text).refusal, HasSubstr("YAML 1.1 and 1.2")) << text;
  }
}

TEST(ResolvePlain, RefusesNumbersThatJsonCannotHold) {
  for (const char* text : {".inf", "-.Inf", "+.INF", ".nan", ".NaN", "1.0e+400"}) {
    EXPECT_THAT(resolve_plain(text).refusal, HasSubstr("JSON cannot hold")) << text;
  }
  for (const char* text : {"18446744073709551616", "-9223372036854775809", "0x10000000000000000"}) {
    EXPECT_THAT(resolve_plain(text).refusal, HasSubstr("64 bits")) << text;
  }
}

TEST(ResolvePlain, RefusesMergeKeys) {
  EXPECT_EQ(resolve_plain("<<").refusal, "a merge key");
}

TEST(ResolvePlain, SurvivesLongText) {
  EXPECT_NE(resolve_plain(std::string(1'000'000, '1')).refusal, "");
  EXPECT_EQ(resolve_plain(std::string(1'000'000, 'x')).refusal, "");
}

TEST(StringScalar, LeavesOnlySafeStringsPlain) {
  for (const char* text :
       {"web", "apps/v1", "app.kubernetes.io/name", "a-b_c", "yesterday", "nullable", "e3"}) {
    EXPECT_EQ(string_scalar(text), text);
  }
  for (const char* text :
       {"",   " ",          "1",          "1.5",      "yes", "oN",  "Y",        "NULL",
        "~",  "true",       "NaN",        "Infinity", "a:",  "a b", "a#",       "-a",
        "a-", "nginx:1.25", "2026-01-02", "---",      "<<",  "=",   "\xC3\xA4", "0x1F"}) {
    EXPECT_EQ(string_scalar(text), '"' + std::string(text) + '"');
  }
}

TEST(StringScalar, EscapesWhatReadersLose) {
  EXPECT_EQ(string_scalar("a\"b\\c\n\t\r"), R"("a\"b\\c\n\t\r")");
  EXPECT_EQ(string_scalar(std::string("\0\x04\x1B\x7F", 4)), R"("\x00\x04\x1b\x7f")");
  EXPECT_EQ(string_scalar("\xC2\x80\xC2\x85\xC2\x9F"), R"("\x80\x85\x9f")");
  EXPECT_EQ(string_scalar("\xE2\x80\xA8\xE2\x80\xA9\xEF\xBB\xBF\xEF\xBF\xBE\xEF\xBF\xBF"),
            R"("\u2028\u2029\ufeff\ufffe\uffff")");
  EXPECT_EQ(string_scalar("\xF0\x9F\x98\x80\xF0\x9F\xBF\xBE"),
            "\"\xF0\x9F\x98\x80\xF0\x9F\xBF\xBE\"");
}

TEST(StringScalar, RefusesStringsThatAreNotUtf8) {
  EXPECT_THROW(string_scalar("\xFF"), Error);
  EXPECT_THROW(fits_literal_block("\xFF\n"), Error);
}

TEST(FitsLiteralBlock, TakesOnlyWhatComesBackExactly) {
  for (const char* text :
       {"a\n", "a\nb\n", "a\n\nb\n", "a\n  b\n", "a\tb\n", "--- a\n", "#!/bin/sh\nexit 0\n"}) {
    EXPECT_TRUE(fits_literal_block(text)) << text;
  }
  for (const char* text :
       {"", "\n", "a", "a\nb", "a\n\n", "\na\n", " a\n", "\ta\n", "a\n\tb\n", "a \n", "a\n \nb\n",
        "a\r\nb\n", "a\x7F\n", "\xC2\x85\n", "\xEF\xBB\xBF\n", "\xEF\xB7\x90\n"}) {
    EXPECT_FALSE(fits_literal_block(text)) << text;
  }
}

TEST(NumberScalar, GivesExponentsThePointThatYaml11Needs) {
  EXPECT_EQ(number_scalar(1e20), "1.0e+20");
  EXPECT_EQ(number_scalar(1.5e-7), "1.5e-07");
  EXPECT_EQ(number_scalar(1.0), "1.0");
  EXPECT_EQ(number_scalar(0.1), "0.1");
  EXPECT_EQ(number_scalar(std::uint64_t{18446744073709551615U}), "18446744073709551615");
}

}  // namespace
}  // namespace dr::data
