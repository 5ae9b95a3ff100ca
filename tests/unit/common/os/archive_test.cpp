#include "common/os/archive.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <clocale>
#include <optional>

#include "common/base/error.hpp"
#include "common/os/atomic_file.hpp"
#include "common/os/process_runner.hpp"
#include "common/os/sealed_dir.hpp"
#include "common/os/sha256.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::os {
namespace {

using testing::HasSubstr;
using Files = std::map<std::string, std::string>;

constexpr std::size_t k_block = 512;

Files with_checksums(Files files) {
  Files sums;
  for (const auto& [name, bytes] : files) sums[name] = sha256_hex(bytes);
  files[std::string(k_checksums_name)] = format_checksums(sums);
  return files;
}

const Files k_small = with_checksums({{"a.yaml", "kind: ConfigMap\n"}, {"b.json", "{}"}});

// The cause of the refusal, or nothing when the archive is accepted.
std::optional<std::string> refusal(std::string_view bytes, std::size_t max_bytes = 1 << 20) {
  try {
    read_archive(bytes, "id", "gs://b/id.tar", max_bytes);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::integrity) << error.what();
    EXPECT_THAT(error.what(), HasSubstr("gs://b/id.tar: "));
    return error.what();
  }
  return std::nullopt;
}

// What a reader sees of damaged bytes: refused by the archive or by the checksums within, else the
// files.
std::optional<Files> verified(std::string_view bytes) {
  try {
    Files files = read_archive(bytes, "id", "x");
    const auto list = files.find(std::string(k_checksums_name));
    if (list == files.end()) return std::nullopt;
    const Files sums = parse_checksums(list->second);
    if (sums.size() + 1 != files.size()) return std::nullopt;
    for (const auto& [name, sum] : sums) {
      if (!files.contains(name) || sha256_hex(files.at(name)) != sum) return std::nullopt;
    }
    return files;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::integrity) << error.what();
    return std::nullopt;
  }
}

// One entry of a hand-made tar file: a ustar header and the padded content.
std::string entry(const std::string& path, char type = '0', const std::string& content = "x",
                  const std::string& link = {}) {
  std::string header(k_block, '\0');
  const auto put = [&header](std::size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
  };
  put(0, path);
  put(100, "000644 ");
  put(108, "000000 ");
  put(116, "000000 ");
  put(124, fmt::format("{:011o} ", content.size()));
  put(136, "00000000000 ");
  put(148, "        ");
  put(156, std::string(1, type));
  put(157, link);
  put(257, std::string("ustar\00000", 8));
  put(329, "000000 ");
  put(337, "000000 ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  std::string padded = content;
  padded.resize((content.size() + k_block - 1) / k_block * k_block, '\0');
  return header + padded;
}

const std::string k_end(2 * k_block, '\0');

TEST(Archive, GoesThereAndBack) {
  const Files files{{"SHA256SUMS", "sums"},
                    {"empty", ""},
                    {"binary", std::string("\0\xff\n", 3)},
                    {"block", std::string(k_block, 'x')},
                    {"role__system:reader.yaml", "a"},
                    {std::string(255, 'l'), "long"},
                    {"b\xc3\xbc" + std::string(120, 'x'), "not ASCII, and long"},
                    {"big", std::string(3'000'000, 'y')}};
  EXPECT_EQ(read_archive(write_archive("20260102T030405Z", files), "20260102T030405Z", "x"), files);
}

// A push of the same backup from another machine must find the same bytes.
TEST(Archive, IsTheSameBytesInEveryLocale) {
  const Files files{{"a", "1"}, {"b\xc3\xbc", "2"}};
  const std::string bytes = write_archive("id", files);
  ASSERT_NE(std::setlocale(LC_ALL, "C.UTF-8"), nullptr);
  const std::string in_utf8 = write_archive("id", files);
  const Files read_in_utf8 = read_archive(bytes, "id", "x");
  std::setlocale(LC_ALL, "C");
  EXPECT_EQ(in_utf8, bytes);
  EXPECT_EQ(read_in_utf8, files);
}

// No owner, no time, and nothing but a header and the padded content for each file.
TEST(Archive, HoldsNothingOfTheMachine) {
  EXPECT_EQ(write_archive("id", {{"a", "x"}, {"b", "y"}}),
            entry("id/a", '0', "x") + entry("id/b", '0', "y") + k_end);
}

// An operator must be able to unpack a copy without our tools.
TEST(Archive, TheUsualToolUnpacksIt) {
  const test::TempDir dir;
  write_file(dir.path() / "id.tar", write_archive("id", k_small));
  SystemProcessRunner runner;
  Command command{"/bin/sh",
                  {"-c", "cd \"$1\" && tar -xf id.tar && cd id && sha256sum --strict -c SHA256SUMS",
                   "sh", dir.path().string()},
                  {},
                  {}};
  command.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C"};
  const ProcessResult result = runner.run(command);
  EXPECT_EQ(result.out, "a.yaml: OK\nb.json: OK\n");
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.exit_code, 0);
}

TEST(Archive, EveryTruncationIsRefused) {
  const std::string bytes = write_archive("id", k_small);
  ASSERT_FALSE(refusal(bytes));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_TRUE(refusal(std::string_view(bytes).substr(0, length))) << length;
  }
}

// A file of zeros looks like the end of an archive, to libarchive too.
TEST(Archive, EveryTruncationOfZerosIsRefused) {
  const std::string bytes = write_archive("id", {{"zeros", std::string(3 * k_block, '\0')}});
  ASSERT_FALSE(refusal(bytes));
  for (std::size_t length = 0; length < bytes.size(); length += k_block / 2) {
    EXPECT_TRUE(refusal(std::string_view(bytes).substr(0, length))) << length;
  }
}

// Those that change nothing that we read (a blank after a number) may pass; the content never may.
TEST(Archive, NoFlippedBitChangesWhatIsRead) {
  const std::string bytes = write_archive("id", k_small);
  ASSERT_EQ(verified(bytes), k_small);
  std::size_t accepted = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const auto files = verified(damaged);
    if (!files) continue;
    ++accepted;
    EXPECT_EQ(*files, k_small) << "bit " << bit;
  }
  EXPECT_LT(accepted, 100U);  // of 32768
}

TEST(Archive, RefusesEverythingThatIsNotItsForm) {
  ASSERT_FALSE(refusal(entry("id/a") + k_end));
  EXPECT_THAT(refusal(entry("other/a") + k_end), testing::Optional(HasSubstr("not a plain file")));
  EXPECT_THAT(refusal(entry("id/../a") + k_end), testing::Optional(HasSubstr("not a plain file")));
  for (const std::string path : {"a", "/id/a", "./id/a", "id", "id/", "id//a", "id/a/b", "id/..",
                                 "id/.hidden", "ida/a", "id/a\nb", "id/a\x7f", "../id/a"}) {
    EXPECT_TRUE(refusal(entry(path) + k_end)) << path;
  }
  for (const char type : std::string("12345678DKLNSVgx")) {
    EXPECT_TRUE(refusal(entry("id/a", type, "", "id/b") + k_end)) << type;
    EXPECT_TRUE(refusal(entry("id/b") + entry("id/a", type, "", "id/b") + k_end)) << type;
  }
  EXPECT_THAT(refusal(entry("id/a") + entry("id/a") + k_end),
              testing::Optional(HasSubstr("a is there twice")));
  EXPECT_THAT(refusal(k_end), testing::Optional(HasSubstr("no file")));
  EXPECT_THAT(refusal(""), testing::Optional(HasSubstr("cut off")));
  EXPECT_TRUE(refusal("not a tar file at all" + std::string(2 * k_block, 'x')));
}

TEST(Archive, RefusesWhatFollowsTheEnd) {
  const std::string whole = entry("id/a") + k_end;
  EXPECT_THAT(refusal(whole + "x"), testing::Optional(HasSubstr("after the end")));
  EXPECT_THAT(refusal(whole + std::string(k_block, '\0')),
              testing::Optional(HasSubstr("after the end")));
  EXPECT_THAT(refusal(whole + whole), testing::Optional(HasSubstr("after the end")));
  // One block of zeros is no end, so the entry behind it is not hidden.
  EXPECT_TRUE(refusal(entry("id/a") + std::string(k_block, '\0') + whole));
}

// An archive from outside must not fill the memory.
TEST(Archive, RefusesMoreContentThanAsked) {
  const std::string bytes = write_archive("id", {{"a", "1234"}, {"b", "5678"}});
  EXPECT_FALSE(refusal(bytes, 8));
  EXPECT_THAT(refusal(bytes, 7), testing::Optional(HasSubstr("too large")));
  // A pax header may say any size, and memory is given before the content is read.
  const std::string more = "19 size=1000000000\n";
  EXPECT_THAT(refusal(entry("id/x", 'x', more) + entry("id/a") + k_end, std::size_t{1} << 30),
              testing::Optional(HasSubstr("too large")));
  std::string huge = entry("id/a");
  huge.replace(124, 11, "77777777777");
  EXPECT_TRUE(refusal(huge + k_end));
}

TEST(Archive, WritesPlainNamesOnly) {
  for (const std::string name : {"", ".a", "a/b", "..", "a\nb"}) {
    EXPECT_THROW(write_archive(name, {{"a", ""}}), Error) << name;
    EXPECT_THROW(write_archive("id", {{name, ""}}), Error) << name;
  }
  EXPECT_THROW(write_archive("id", {}), Error);
}

// RFC 3720 appendix B.4, in the form of Cloud Storage; the last one as its client reported it.
TEST(Crc32c, KnownValues) {
  EXPECT_EQ(crc32c_base64(""), "AAAAAA==");
  EXPECT_EQ(crc32c_base64("123456789"), "4waSgw==");
  EXPECT_EQ(crc32c_base64(std::string(32, '\0')), "ipE2qg==");
  EXPECT_EQ(crc32c_base64(std::string(32, '\xff')), "YqirQw==");
  EXPECT_EQ(crc32c_base64("hello 1\n"), "SUm0aw==");
}

}  // namespace
}  // namespace dr::os
