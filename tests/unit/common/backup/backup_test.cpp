#include "common/backup/backup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/error.hpp"
#include "tests/unit/common/backup/backup_builder.hpp"

namespace dr::backup {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::SizeIs;
using Files = std::map<std::string, std::string>;

ExitCode code_of_parse(const Files& files, const std::string& id = "20260102T030405Z") {
  try {
    parse_backup(backup_id(id), files);
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::ok;
}

TEST(BackupFiles, OneFileAnObjectNamedByShortNameAndName) {
  EXPECT_THAT(
      files_of(small_backup()),
      ElementsAre(Key("README.md"), Key("backup.json"), Key("cm__a.yaml"), Key("cm__b.yaml"),
                  Key("deploy__web.yaml"), Key("widgets.example.com__w.yaml")));
}

TEST(BackupFiles, ReadBackAsTheyWere) {
  Backup backup = small_backup();
  backup.coverage.push_back(
      coverage("roles.rbac.authorization.k8s.io", "rbac.authorization.k8s.io/v1", "Role", "role"));
  backup.coverage.back().outcome = Outcome::forbidden;
  backup.coverage.back().message = "Error from server (Forbidden): no";
  backup.dead_groups = {{"metrics.k8s.io/v1beta1", "down", true}};
  backup.selection.exclude = {"cm/x-*"};
  backup.warnings = {"ConfigMap/a: key \"x\" looks like a credential"};
  const Backup read = parse_backup(backup.id, files_of(backup));
  EXPECT_EQ(read.objects, backup.objects);
  EXPECT_EQ(files_of(read), files_of(backup));
  EXPECT_FALSE(read.complete());
}

// A backup of what a restore was about to change: a PriorityClass and a pod are part of it.
Backup small_evidence() {
  Backup backup = small_backup();
  backup.evidence = {"20260101T000000Z-0a1b2c3d", "20260102T030405Z-11111111"};
  Json priority = kept("scheduling.k8s.io/v1", "PriorityClass", "trading");
  priority["metadata"].erase("namespace");
  backup.coverage.push_back(
      coverage("priorityclasses.scheduling.k8s.io", "scheduling.k8s.io/v1", "PriorityClass", "pc"));
  backup.coverage.push_back(coverage("pods", "v1", "Pod", "pod"));
  backup.coverage[3].count = 1;
  backup.coverage[4].count = 1;
  backup.objects.push_back(priority);
  backup.objects.push_back(kept("v1", "Pod", "web-0", {{"status", {{"phase", "Failed"}}}}));
  return backup;
}

TEST(BackupFiles, EvidenceIsReadBackAndNeverPassesForABackup) {
  const Backup evidence = small_evidence();
  const auto files = files_of(evidence);
  const Backup read = parse_backup(evidence.id, files);
  EXPECT_EQ(files_of(read), files);
  EXPECT_TRUE(read.partial());
  EXPECT_EQ(read.evidence->restore_id, "20260102T030405Z-11111111");
  EXPECT_EQ(read.evidence->lkg, "20260101T000000Z-0a1b2c3d");
  EXPECT_THAT(files.at("README.md"), HasSubstr("kubectl drbackup diff DIRECTORY live"));
  EXPECT_THAT(files.at("README.md"), HasSubstr("| restore id | 20260102T030405Z-11111111 |"));
}

TEST(BackupFiles, OnlyEvidenceHoldsWhatIsInNoNamespace) {
  Backup backup = small_evidence();
  backup.evidence.reset();
  EXPECT_EQ(code_of_parse(files_of(backup)), ExitCode::integrity);
  Backup evidence = small_evidence();
  evidence.objects.back()["metadata"].erase("namespace");
  EXPECT_EQ(code_of_parse(files_of(evidence)), ExitCode::integrity);
}

// Completion reads the index alone.
TEST(BackupFiles, TheIndexTellsKindsAndObjectsByItself) {
  const std::string text = files_of(small_backup()).at("backup.json");
  const Index index = read_index(backup_id(), text);
  EXPECT_EQ(index.coverage.size(), 3U);
  std::vector<std::string> words;
  for (const auto& object : index.objects) {
    words.push_back(object.coverage.short_name + "=" + object.kind + "/" + object.name);
  }
  EXPECT_THAT(words, ElementsAre("cm=ConfigMap/a", "cm=ConfigMap/b", "deploy=Deployment/web",
                                 "widgets.example.com=Widget/w"));
  EXPECT_THROW(read_index(backup_id("20260103T030405Z"), text), Error);
  for (const std::string damaged : {"{}", "{", "[]"}) {
    try {
      read_index(backup_id(), damaged);
      ADD_FAILURE() << damaged;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::integrity) << damaged;
    }
  }
}

TEST(BackupFiles, UnchangedObjectsGiveTheSameFilesButTheirTimes) {
  // So that git diff between two backups shows drift only.
  Files first = files_of(small_backup("20260102T030405Z"));
  Files second = files_of(small_backup("20260103T030405Z"));
  EXPECT_NE(first.at("backup.json"), second.at("backup.json"));
  for (const char* name : {"backup.json", "README.md"}) {
    std::string& text = second.at(name);
    for (const auto& [later, earlier] :
         {std::pair{"20260103T", "20260102T"}, std::pair{"2026-01-03T", "2026-01-02T"}}) {
      for (auto at = text.find(later); at != std::string::npos; at = text.find(later))
        text.replace(at, std::string(later).size(), earlier);
    }
  }
  EXPECT_EQ(first, second);
}

TEST(BackupFiles, EveryMissingExtraOrForeignFileIsDamage) {
  const Files good = files_of(small_backup());
  ASSERT_EQ(code_of_parse(good), ExitCode::ok);
  for (const auto& [name, text] : good) {
    Files files = good;
    files.erase(name);
    EXPECT_EQ(code_of_parse(files), ExitCode::integrity) << name << " missing";
    files = good;
    files[name] = "";
    if (name != "README.md") {
      EXPECT_EQ(code_of_parse(files), ExitCode::integrity) << name << " empty";
    }
  }
  Files files = good;
  files["cm__c.yaml"] = files["cm__a.yaml"];
  EXPECT_EQ(code_of_parse(files), ExitCode::integrity);
}

TEST(BackupFiles, SwappedRenamedAndForeignObjectsAreDamage) {
  const Files good = files_of(small_backup());
  Files files = good;
  std::swap(files["cm__a.yaml"], files["cm__b.yaml"]);
  EXPECT_EQ(code_of_parse(files), ExitCode::integrity) << "swapped";
  EXPECT_EQ(code_of_parse(good, "20260102T030406Z"), ExitCode::integrity) << "renamed directory";
  files = good;
  std::string& text = files["cm__a.yaml"];
  text.replace(text.find("trading-floor"), 13, "another-floor");
  EXPECT_EQ(code_of_parse(files), ExitCode::integrity) << "another namespace";
}

TEST(BackupFiles, ASecretIsNeverReadBack) {
  Backup backup = small_backup();
  backup.coverage.push_back(coverage("secrets", "v1", "Secret", "secret"));
  backup.coverage.back().count = 1;
  backup.objects.push_back(kept("v1", "Secret", "s"));
  EXPECT_EQ(code_of_parse(files_of(backup)), ExitCode::integrity);
}

TEST(BackupFiles, ACountThatDoesNotFitIsDamage) {
  Backup backup = small_backup();
  backup.coverage[0].count = 3;
  EXPECT_EQ(code_of_parse(files_of(backup)), ExitCode::integrity);
}

TEST(FileName, LongNamesAreCutAndToldApart) {
  // NAME_MAX is 255 bytes, names of objects go up to 253.
  const auto widgets =
      coverage("widgets.example.com", "example.com/v1", "Widget", "widgets.example.com");
  const std::string name(250, 'n');
  const auto a = file_name(widgets, kept("example.com/v1", "Widget", name + "a"));
  const auto b = file_name(widgets, kept("example.com/v1", "Widget", name + "b"));
  EXPECT_THAT(a, SizeIs(255));
  EXPECT_NE(a, b);
  EXPECT_THAT(a, HasSubstr("widgets.example.com__nnn"));
}

TEST(BackupState, OnlyOkAndAbsentAreComplete) {
  Backup backup = small_backup();
  EXPECT_TRUE(backup.complete());
  backup.coverage[1].outcome = Outcome::absent;
  EXPECT_TRUE(backup.complete());
  for (const Outcome outcome : {Outcome::forbidden, Outcome::error}) {
    backup.coverage[1].outcome = outcome;
    EXPECT_FALSE(backup.complete());
  }
  backup = small_backup();
  backup.dead_groups = {{"metrics.k8s.io/v1beta1", "down", true}};
  EXPECT_TRUE(backup.complete());
  backup.dead_groups.push_back({"shop.example.com/v1", "down", false});
  EXPECT_FALSE(backup.complete());
}

TEST(BackupFind, TakesKindsAsKubectlDoes) {
  Backup backup = small_backup();
  backup.coverage[2].aliases = {"wd"};
  for (const char* kind : {"cm", "configmap", "configmaps", "ConfigMap", "CONFIGMAPS"})
    EXPECT_THAT(backup.find(kind, "a"), SizeIs(1)) << kind;
  for (const char* kind : {"wd", "widget", "widgets", "widgets.example.com"})
    EXPECT_THAT(backup.find(kind, "w"), SizeIs(1)) << kind;
  EXPECT_THAT(backup.find("deploy", "a"), SizeIs(0));
}

}  // namespace
}  // namespace dr::backup
