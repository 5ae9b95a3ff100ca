#include "common/base/text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dr {
namespace {

using std::string_literals::operator""s;

struct Case {
  std::string in;
  std::string out;
};

TEST(Printable, KeepsPlainAndUnicodeText) {
  for (const std::string& text : {""s, "web-0 is up"s, "Grüße, 世界 🚀"s, "a\xC2\xA0z"s}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(Printable, TurnsBreaksIntoOneBlank) {
  const Case cases[] = {
      {"a\nb", "a b"},     {"a\r\nb", "a b"},     {"a\tb", "a b"},
      {"a\n\n\tb", "a b"}, {"a\xC2\x85z", "a z"}, {"a\xE2\x80\xA8z\xE2\x80\xA9", "a z "},
      {"a\v\fb", "a b"},   {"a b", "a b"},        {"a  b", "a  b"},
  };
  for (const auto& [in, out] : cases) EXPECT_EQ(printable(in), out) << in;
}

// A name or message from a cluster must not paint, move or retitle the operator's terminal.
TEST(Printable, RemovesEscapeSequences) {
  const Case cases[] = {
      {"\x1b[31mred\x1b[0m", "red"},
      {"a\x1b[2J\x1b[1;1Hz", "az"},
      {"a\x1b[?25lz", "az"},
      {"a\x1b]0;title\az", "az"},
      {"a\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\z", "alinkz"},
      {"a\x1bP1$r\x1b\\z", "az"},
      {"a\x1b_app\x1b\\z", "az"},
      {"a\x1b(Bz", "az"},
      {"a\x1b"
       "7z",
       "az"},
      {"a\x1b", "a"},
      {"a\x1b[", "a"},
      {"a\x1b[31", "a"},
      {"a\x1b\x1b[31mz", "az"},
      {"a\xC2\x9B"
       "31mz",
       "az"},  // C1 CSI
      {"a\xC2\x9D"
       "0;title\xC2\x9Cz",
       "az"},  // C1 OSC and ST
      {"a\x1b\xC3\xA9", "a\xC3\xA9"},
  };
  for (const auto& [in, out] : cases) EXPECT_EQ(printable(in), out) << testing::PrintToString(in);
}

// An open control string must not hide what comes after it, such as the real cause of an error.
TEST(Printable, ShowsTheTextAfterAnUnterminatedString) {
  EXPECT_EQ(printable("a\x1b]0;the rest"), "a0;the rest");
  EXPECT_EQ(printable("a\xC2\x9Dthe rest"), "athe rest");
}

TEST(Printable, RemovesControlCharacters) {
  EXPECT_EQ(printable("a\0b"s), "ab");
  EXPECT_EQ(printable("a\a\b\x7fz"), "az");
  EXPECT_EQ(printable("a\xC2\x80\xC2\x9Fz"), "az");
}

// Trojan source: text that reads differently from what it is.
TEST(Printable, RemovesBidirectionalControls) {
  for (const std::string control :
       {"\xD8\x9C", "\xE2\x80\x8E", "\xE2\x80\x8F", "\xE2\x80\xAA", "\xE2\x80\xAB", "\xE2\x80\xAC",
        "\xE2\x80\xAD", "\xE2\x80\xAE", "\xE2\x81\xA6", "\xE2\x81\xA7", "\xE2\x81\xA8",
        "\xE2\x81\xA9"}) {
    EXPECT_EQ(printable("a" + control + "z"), "az") << testing::PrintToString(control);
  }
}

TEST(Printable, ReplacesInvalidUtf8) {
  const std::string x = "\xEF\xBF\xBD";
  const Case cases[] = {
      {"a\x80z", "a" + x + "z"},  // a lone continuation
      {"a\xFFz", "a" + x + "z"},
      {"a\x9B"
       "31mz",
       "a" + x + "31mz"},  // a raw C1 byte
      {"a\xC3", "a" + x},  // cut off
      {"a\xE2\x82", "a" + x + x},
      {"a\xC0\xAF", "a" + x + x},  // too long a form of '/'
      {"a\xE0\x80\xAF", "a" + x + x + x},
      {"a\xED\xA0\x80", "a" + x + x + x},          // a surrogate
      {"a\xF4\x90\x80\x80", "a" + x + x + x + x},  // past U+10FFFF
      {"a\xC3(z", "a" + x + "(z"},
  };
  for (const auto& [in, out] : cases) EXPECT_EQ(printable(in), out) << testing::PrintToString(in);
}

TEST(ShellQuoted, QuotesOnlyWhatNeedsIt) {
  const Case cases[] = {
      {"kubectl", "kubectl"},
      {"--context=a/b:c", "--context=a/b:c"},
      {"", "''"},
      {"a b", "'a b'"},
      {"it's", R"('it'\''s')"},
      {"$(rm -rf /)", "'$(rm -rf /)'"},
      {"a;b", "'a;b'"},
      {"~", "'~'"},
      {"*", "'*'"},
      {"a\nb", "'a\nb'"},
      {"é", "'é'"},
  };
  for (const auto& [in, out] : cases) EXPECT_EQ(shell_quoted(in), out);
}

TEST(Join, PutsTheSeparatorBetween) {
  EXPECT_EQ(join(std::vector<std::string>{}, ", "), "");
  EXPECT_EQ(join(std::vector<std::string>{"a"}, ", "), "a");
  EXPECT_EQ(join(std::vector<std::string>{"", "a", "a"}, ", "), ", a, a");
}

TEST(Split, KeepsEmptyParts) {
  using Parts = std::vector<std::string>;
  EXPECT_EQ(split("", ','), Parts{});
  EXPECT_EQ(split("a", ','), Parts{"a"});
  EXPECT_EQ(split("a,b", ','), (Parts{"a", "b"}));
  EXPECT_EQ(split(",a,,", ','), (Parts{"", "a", "", ""}));
}

// What is shown comes from a cluster: each of these took minutes when the time grew with the
// square.
TEST(Printable, AMebibyteOfUnfinishedEscapesTakesNoTime) {
  std::string text;
  while (text.size() < (1U << 20U)) text += "\x1b]0;";
  EXPECT_EQ(printable(text).size(), text.size() / 4 * 2);
}

TEST(Printable, AControlStringLongerThanAnyTerminalTakesHidesNothing) {
  const std::string hidden(5000, 'x');
  EXPECT_EQ(printable("\x1b]" + hidden + "\a"), hidden);
}

TEST(Trimmed, CutsWhiteSpaceAtBothEnds) {
  EXPECT_EQ(trimmed(" \t\r\na b\v\f\n"), "a b");
  EXPECT_EQ(trimmed("a"), "a");
  EXPECT_EQ(trimmed(" \n"), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(Nearest, FindsATypo) {
  const std::vector<std::string> verbs{"save", "diff", "rollback", "list", "verify"};
  const Case cases[] = {
      {"savee", "save"},
      {"rolback", "rollback"},
      {"rollabck", "rollback"},
      {"rolbakc", "rollback"},
      {"lsit", "list"},
      {"lis", "list"},
      {"verfy", "verify"},
      {"list", "list"},
      {"lit", "list"},
      {"foo", ""},
      {"rolbk", ""},
      {"", ""},
      {"dxfx", ""},  // 2 away is too far for a short word
  };
  for (const auto& [in, out] : cases) EXPECT_EQ(nearest(in, verbs), out) << in;
}

TEST(Nearest, PrefersTheCloserAndThenTheFirst) {
  EXPECT_EQ(nearest("capture", std::vector<std::string>{"captures1", "captured"}), "captured");
  EXPECT_EQ(nearest("ba", std::vector<std::string>{"bb", "bc"}), "bb");
  EXPECT_EQ(nearest("ba", std::vector<std::string>{}), "");
}

TEST(IsDnsLabel, FollowsRfc1123) {
  const std::vector<std::string> good{"a", "0", "kube-system", "a--b", std::string(63, 'x')};
  for (const std::string& name : good) EXPECT_TRUE(is_dns_label(name)) << name;

  const std::vector<std::string> bad{"",    "-a",  "a-",  "A", "a.b",
                                     "a_b", "a/b", "a b", "é", std::string(64, 'x')};
  for (const std::string& name : bad) EXPECT_FALSE(is_dns_label(name)) << name;
}

struct Glob {
  std::string pattern;
  std::string name;
  bool matches;
};

void PrintTo(const Glob& glob, std::ostream* out) {
  *out << glob.pattern << " on " << glob.name;
}

class GlobMatch : public testing::TestWithParam<Glob> {};

TEST_P(GlobMatch, IsDecided) {
  // Protects the wildcards: anchored at both ends, nothing but '*' and '?' is special.
  EXPECT_EQ(glob_matches(GetParam().pattern, GetParam().name), GetParam().matches);
}

INSTANTIATE_TEST_SUITE_P(Forms, GlobMatch,
                         testing::Values(Glob{"a*", "abc", true}, Glob{"a*", "ba", false},
                                         Glob{"*c", "abc", true}, Glob{"a?c", "abc", true},
                                         Glob{"a?c", "ac", false}, Glob{"a*b*c", "aXbYbZc", true},
                                         Glob{"a*b*c", "aXbYbZ", false}, Glob{"*", "", true},
                                         Glob{"", "", true}, Glob{"", "a", false},
                                         Glob{"a**", "a", true}, Glob{"a.c", "abc", false},
                                         Glob{"[a]", "a", false}, Glob{"abc", "ab", false}));

}  // namespace
}  // namespace dr
