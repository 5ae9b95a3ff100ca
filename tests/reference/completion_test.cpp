// Every verb, flag, argument and value that help names is completed by the real programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "common/base/text.hpp"
#include "common/lkg/lkg_store.hpp"
#include "tests/reference/programs.hpp"
#include "tests/unit/common/backup/backup_builder.hpp"
#include "tests/unit/common/lkg/lkg_builder.hpp"
#include "tests/unit/support/fake_clock.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr {
namespace {

namespace fs = std::filesystem;

constexpr const char* k_number = "a number";
constexpr const char* k_duration = "a length of time";
constexpr const char* k_identity = "neither the kubeconfig nor a read of ours lists it";
constexpr const char* k_registry = "only gcloud knows it, and takes seconds to say so";

// The flags whose values nothing can suggest, and why.
const std::map<std::string, const char*> k_free_text = {
    {"--as", k_identity},
    {"--as-group", k_identity},
    {"--as-uid", k_identity},
    {"--as-user-extra", k_identity},
    {"--event-limit", k_number},
    {"--expect-plan", "the hash that a plan has shown to the user"},
    {"--keep", k_number},
    {"--keep-daily", k_number},
    {"--keep-last", k_number},
    {"--keep-monthly", k_number},
    {"--keep-weekly", k_number},
    {"--location", k_registry},
    {"--max-age", k_duration},
    {"--namespace-prefix", "the beginning of a name that is not there yet"},
    {"--note", "a sentence"},
    {"--password", "a secret"},
    {"--project", k_registry},
    {"--repos", k_registry},
    {"--request-timeout", k_duration},
    {"--rpo-backup", k_duration},
    {"--rpo-inventory", k_duration},
    {"--rpo-lkg", k_duration},
    {"--server", "an address that overrides the kubeconfig's"},
    {"--soak", k_duration},
    {"--timeout", k_duration},
    {"--tls-server-name", "a name that overrides the address"},
    {"--token", "a secret"},
    {"--username", "goes with --password"},
    {"--wait", k_duration},
};

using Words = std::vector<std::string>;

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

struct Answer {
  std::set<std::string> values;
  std::string first;
  std::string directive;

  bool helps() const { return !values.empty() || directive == ":0" || directive == ":16"; }
};

// In a directory that has something of everything: an LKG, a backup, copies of both, a kubeconfig.
class CompletionOfAll : public testing::Test {
 protected:
  void SetUp() override {
    m_runner.handler = [](const os::Command&) {
      return test::succeeded(R"({"items":[{"metadata":{"name":"trading-floor"}}]})");
    };
    m_runner.on_sleep = [this](Millis duration) { m_clock.advance(duration); };
    write("kubeconfig",
          "contexts: [{name: prod}]\nclusters: [{name: c1}]\nusers: [{name: operator}]\n");
    write("kubectl", "#!/bin/sh\n");
    fs::permissions(m_root.path() / "kubectl", fs::perms::owner_all);
    const auto objects = test::small_floor();
    lkg::LkgStore(m_root.path())
        .publish(
            test::lkg_files(objects).manifest,
            [&](const lkg::LkgId& id) {
              return test::lkg_files(objects, Json::object(), id.time()).metadata;
            },
            lkg::k_default_keep, m_clock, m_runner);
    const backup::Backup backup = test::small_backup();
    for (const auto& [name, text] : backup::files_of(backup)) {
      write(fs::path("audit_artifacts/cluster_backup") / backup.id.text() / name, text);
    }
    write(fs::path("copies/cluster_backup") / (backup.id.text() + ".tar"), "");
  }

  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((m_root.path() / file).parent_path());
    std::ofstream(m_root.path() / file) << text;
  }

  Answer complete(const cli::Program& program, const Words& words) {
    std::ostringstream out;
    std::ostringstream err;
    cli::Terminal terminal{out, err, "kubectl " + program.name};
    const os::Environment environment({{"PATH", m_root.path().string()},
                                       {"KUBECONFIG", (m_root.path() / "kubeconfig").string()}});
    cli::Runtime runtime{m_runner, m_clock, environment, terminal};
    cli::run(Words{"__complete"} + words, program, runtime, m_root.path());
    Answer answer;
    Words lines = split(out.str(), '\n');
    std::erase(lines, "");
    if (lines.empty()) return answer;
    answer.directive = lines.back();
    lines.pop_back();
    for (std::string& line : lines) line.resize(std::min(line.find('\t'), line.size()));
    answer.values.insert(lines.begin(), lines.end());
    if (!lines.empty()) answer.first = lines.front();
    return answer;
  }

  // Those that must be given, with a value.
  Words required_flags(const cli::Page& page) const {
    Words flags;
    for (const std::string& word : split(page.usage, ' ')) {
      if (word.starts_with("--"))
        flags.push_back(word.substr(0, word.find('=') + 1) + (m_root.path() / "copies").string());
    }
    return flags;
  }

  void expect_value(const cli::Program& program, const Words& verb, const cli::FlagText& flag) {
    if (flag.default_value == "false") return;  // takes no value
    const std::string name = flag.names.substr(flag.names.find("--"));
    const bool helps = complete(program, verb + Words{name, ""}).helps();
    m_free_text.erase(name);
    EXPECT_NE(helps, k_free_text.contains(name))
        << join(verb, " ") << " " << name
        << (helps ? " is completed, and on the list of free text" : " has no candidates");
  }

  void expect_arguments(const cli::Program& program, const cli::Page& page, Words words) {
    words = words + required_flags(page);
    for (const auto& [name, meaning] : page.arguments) {
      const Answer answer = complete(program, words + Words{""});
      EXPECT_TRUE(answer.helps()) << join(words, " ") << ": " << name << " has no candidates";
      words.push_back(answer.values.empty() ? "a-file" : answer.first);
    }
  }

  test::TempDir m_root;
  test::FakeClock m_clock{test::k_captured_at};
  test::FakeProcessRunner m_runner;
  std::map<std::string, const char*> m_free_text = k_free_text;  // not met yet
};

// Returns how many flags it looked for.
std::size_t expect_offered(const cli::Page& page, const std::vector<cli::FlagText>& flags,
                           const Answer& offered) {
  for (const auto& flag : flags) {
    for (const std::string& name : split(flag.names, ',')) {
      EXPECT_TRUE(offered.values.contains(std::string(trimmed(name))))
          << page.name << " does not offer " << name;
    }
  }
  return flags.size();
}

// The words of "kubectl lkg history show" after the plugin.
Words verb_of(const cli::Page& page) {
  const Words words = split(page.name, ' ');
  return {words.begin() + 2, words.end()};
}

TEST_F(CompletionOfAll, OffersAllThatHelpNamesAndTheValuesOfAllFlags) {
  std::size_t flags = 0;
  for (const auto& program : test::all_programs()) {
    const auto pages = test::command_line(program)->pages();
    const auto global =
        std::ranges::find(pages, "kubectl " + program.name + " options", &cli::Page::name);
    ASSERT_NE(global, pages.end());
    for (const cli::Page& page : pages) {
      const Words verb = verb_of(page);
      const Answer verbs = complete(program, verb + Words{""});
      for (const auto& list : page.commands) {
        for (const auto& [name, summary] : list.commands)
          EXPECT_TRUE(verbs.values.contains(name)) << page.name << " does not offer " << name;
      }
      if (verb.empty()) continue;
      const Answer offered = complete(program, verb + Words{"-"});
      flags += expect_offered(page, page.flags, offered);
      flags += expect_offered(page, global->flags, offered);
      // Those of all commands are the own ones of `options`.
      for (const auto& flag : page.flags) expect_value(program, verb, flag);
      expect_arguments(program, page, verb);
    }
  }
  EXPECT_GT(flags, 500U);
  for (const auto& [name, why] : m_free_text) ADD_FAILURE() << name << " is no flag: " << why;
}

}  // namespace
}  // namespace dr
