// The screen of `kubectl lkg status`, as a terminal of 80 and of 120 columns shows it: the files in
// screens/. DR_ACCEPT=1 writes them instead of comparing.
#include "plugins/lkg/status/screen.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/unit/plugins/lkg/status/status_builder.hpp"

namespace dr::lkg {
namespace {

// What is in colour is in brackets, with its tone.
std::string shown(const Status& status, std::size_t columns) {
  static constexpr const char* k_tones[] = {"", "good", "warning", "bad"};
  std::string text;
  for (const auto& line : screen_of(status, columns)) {
    const auto tone = static_cast<std::size_t>(line.tone);
    text += line.label;
    text += tone == 0 || line.head.empty()
                ? line.head
                : "[" + std::string(k_tones[tone]) + ": " + line.head + "]";
    text += line.rest + "\n";
  }
  return text;
}

void expect_screen(const std::string& name, const Status& status, std::size_t columns) {
  const auto file = std::filesystem::path(DR_SCREENS) / (name + ".txt");
  if (std::getenv("DR_ACCEPT") != nullptr) std::ofstream(file) << shown(status, columns);
  std::ifstream golden(file);
  EXPECT_EQ(shown(status, columns), std::string(std::istreambuf_iterator<char>(golden), {}))
      << file << " is old: look at the difference, and run with DR_ACCEPT=1";
}

TEST(Screen, OfAGoodFloorIsShortAndHasOneColour) {
  expect_screen("good-80", test::good_status(), 80);
  expect_screen("good-120", test::good_status(), 120);
}

TEST(Screen, OfAFloorThatMayTradeSaysSoFirst) {
  expect_screen("bad-80", test::bad_status(), 80);
  expect_screen("bad-120", test::bad_status(), 120);
}

TEST(Screen, WithoutAnApiServerShowsWhatIsOnDisk) {
  expect_screen("down-80", test::down_status(), 80);
}

// --watch: the last good look, with its age, and the verdict of now.
TEST(Screen, OfAFailedLookKeepsWhatWasSeenLast) {
  Status now = test::down_status();
  now.time += std::chrono::minutes(2);
  keep_last_seen(now, test::good_status());
  expect_screen("kept-120", now, 120);
  Status later = test::down_status();
  later.time = now.time + std::chrono::minutes(1);
  keep_last_seen(later, now);
  EXPECT_NE(shown(later, 120).find("3m00s ago it was:"), std::string::npos) << shown(later, 120);
}

// Whatever the cluster says.
TEST(Screen, NeverExceedsItsSize) {
  Status worst = test::bad_status();
  const std::string sentence = "failed to list roles: " + std::string(300, 'x') + " \x1b[31m\n ü";
  worst.lkg.value->cluster_name = sentence;
  worst.context = sentence;
  worst.backups.value->newer = sentence;
  for (auto& row : *worst.workloads.value) row.reason = sentence;
  Status unknown = worst;
  unknown.kill_switch.unknown = unknown.drift.unknown = unknown.workloads.unknown =
      unknown.lkg.unknown = unknown.fence.unknown = sentence;
  for (const Status& status : {worst, unknown}) {
    for (const std::size_t columns : {80U, 100U, 300U}) {
      const auto lines = screen_of(status, columns);
      EXPECT_LE(lines.size(), k_screen_lines);
      for (const auto& line : lines) {
        const std::string text = line.label + line.head + line.rest;
        EXPECT_LE(text.size(), std::min(columns, k_screen_columns) + 1) << text;  // ü is two bytes
        EXPECT_EQ(text.find_first_of("\x1b\n"), std::string::npos) << text;
      }
    }
  }
}

}  // namespace
}  // namespace dr::lkg
