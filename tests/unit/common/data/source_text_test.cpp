#include "common/data/source_text.hpp"

#include <gmock/gmock.h>

#include <string>

#include "common/base/error.hpp"

namespace dr::data {
namespace {

using testing::ThrowsMessage;

TEST(SourceText, CountsLinesAndCharactersFromOne) {
  const SourceText source{"a\n\xC3\xA4\xF0\x9F\x98\x80x", "file"};
  EXPECT_THAT([&] { source.refuse("bad", 0); },
              ThrowsMessage<Error>("file: bad at line 1 column 1"));
  EXPECT_THAT([&] { source.refuse("bad", 1); },
              ThrowsMessage<Error>("file: bad at line 1 column 2"));
  EXPECT_THAT([&] { source.refuse("bad", 2); },
              ThrowsMessage<Error>("file: bad at line 2 column 1"));
  EXPECT_THAT([&] { source.refuse("bad", 8); },
              ThrowsMessage<Error>("file: bad at line 2 column 3"));
  EXPECT_THAT([&] { source.refuse("bad", 99); },
              ThrowsMessage<Error>("file: bad at line 2 column 4"));
}

TEST(SourceText, HoldsTheSizeLimit) {
  const SourceText source{"abc", "file"};
  EXPECT_NO_THROW(source.require_size(3));
  EXPECT_THROW(source.require_size(2), Error);
}

TEST(DecodeUtf8, TakesTheWholeRange) {
  const std::string text(
      "\0A\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 20);
  std::size_t at = 0;
  for (const char32_t expected :
       {U'\0', U'A', U'\x80', U'\x7FF', U'\x800', U'\xFFFF', U'\x10000', U'\x10FFFF'}) {
    EXPECT_EQ(decode_utf8(text, at), expected);
  }
  EXPECT_EQ(at, text.size());
}

TEST(DecodeUtf8, RefusesMalformedSequencesAndStays) {
  for (const char* text : {"\x80", "\xBF", "\xC0\xAF", "\xC1\xBF", "\xC3", "\xC3x", "\xE0\x9F\xBF",
                           "\xED\xA0\x80", "\xED\xBF\xBF", "\xE2\x82", "\xF0\x8F\xBF\xBF",
                           "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xFF"}) {
    std::size_t at = 0;
    EXPECT_EQ(decode_utf8(text, at), std::nullopt) << text;
    EXPECT_EQ(at, 0U);
  }
}

}  // namespace
}  // namespace dr::data
