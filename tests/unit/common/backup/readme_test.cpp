#include "common/backup/readme.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.hpp"

namespace dr::backup {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Backup sample(std::string_view id = "20261124T010203Z") {
  Backup backup{BackupId::parse(id).value(), {}, {}, {}, {}, {}, {}};
  backup.provenance = {"trading-floor", "gke_prod", "prod-east", "uid-1",
                       "v1.36.3",       "0a1b2c3",  "0.1.0"};
  Coverage deployments;
  deployments.resource = "deployments.apps";
  deployments.short_name = "deploy";
  deployments.count = 12;
  Coverage widgets;
  widgets.resource = "widgets.example.com";
  widgets.short_name = "widgets.example.com";
  widgets.outcome = Outcome::absent;
  backup.coverage = {deployments, widgets};
  return backup;
}

// The facts of the runbook's README, which people grep for.
TEST(ReadmeOf, HoldsTheFacts) {
  const std::string readme = readme_of(sample());
  EXPECT_THAT(readme, StartsWith("# Backup of namespace trading-floor\n"));
  for (const char* row :
       {"| time (UTC) | 2026-11-24T01:02:03Z |\n", "| namespace | trading-floor |\n",
        "| context | gke_prod |\n", "| cluster | prod-east |\n", "| cluster UID | uid-1 |\n",
        "| git sha | 0a1b2c3 |\n", "| objects | 0 |\n", "| deployments.apps | deploy__ | ok 12 |\n",
        "| widgets.example.com | widgets.example.com__ | absent |\n"}) {
    EXPECT_THAT(readme, HasSubstr(row));
  }
  for (const char* word : {"NOT WHOLE", "INCOMPLETE", "PARTIAL", "ONLY SOME", "LEFT OUT"}) {
    EXPECT_THAT(readme, Not(HasSubstr(word)));
  }
}

TEST(ReadmeOf, LeavesOutFactsThatAreUnknown) {
  Backup backup = sample();
  backup.provenance.cluster_uid.clear();
  backup.provenance.context.clear();
  EXPECT_THAT(readme_of(backup), Not(HasSubstr("cluster UID")));
  EXPECT_THAT(readme_of(backup), Not(HasSubstr("--context")));
}

TEST(ReadmeOf, SaysAtItsTopWhatIsMissingAndWhy) {
  Backup backup = sample();
  backup.coverage[0].outcome = Outcome::error;
  backup.coverage[0].message = "the server\nis | out";
  backup.coverage[1].outcome = Outcome::forbidden;
  backup.coverage[1].message = "User \"ops\" cannot list";
  backup.dead_groups = {{"dead.example.com/v1", "503", false},
                        {"metrics.k8s.io/v1beta1", "down", true}};
  const std::string readme = readme_of(backup);
  EXPECT_THAT(readme, StartsWith("# INCOMPLETE BACKUP of namespace trading-floor\n\n"
                                 "**THIS BACKUP IS NOT WHOLE."));
  const std::string top = readme.substr(0, readme.find("| fact "));
  EXPECT_THAT(top, HasSubstr("- deployments.apps: error: the server is \\| out\n"
                             "- widgets.example.com: forbidden: User \"ops\" cannot list\n"
                             "- every kind of API dead.example.com/v1: 503\n\n"));
  EXPECT_THAT(top, Not(HasSubstr("metrics.k8s.io")));
  EXPECT_THAT(readme, HasSubstr("API metrics.k8s.io/v1beta1 did not answer (down)."));
}

// A group that serves nothing of a backup does not make it look incomplete.
TEST(ReadmeOf, ADerivedGroupThatIsDownIsNoGap) {
  Backup backup = sample();
  backup.dead_groups = {{"metrics.k8s.io/v1beta1", "down", true}};
  EXPECT_THAT(readme_of(backup), StartsWith("# Backup of"));
}

TEST(ReadmeOf, SaysAtItsTopWhatWasAskedFor) {
  Backup backup = sample();
  backup.selection = {{"deploy", "svc"}, {"cm/agenttrader-heartbeat-*"}};
  const std::string readme = readme_of(backup);
  EXPECT_THAT(readme, StartsWith("# PARTIAL BACKUP of namespace trading-floor\n\n"
                                 "**ONLY SOME KINDS WERE ASKED FOR:** deploy, svc.\n\n"
                                 "**LEFT OUT ON REQUEST:** cm/agenttrader-heartbeat-\\*.\n\n"));
}

// Whoever puts one object back by hand has not halted trading: the page must say so first.
TEST(ReadmeOf, TellsHowToUseItByHandSafely) {
  Backup backup = sample();
  backup.provenance.context = "my context";
  const std::string readme = readme_of(backup);
  EXPECT_THAT(readme, HasSubstr("sha256sum --strict -c SHA256SUMS"));
  EXPECT_THAT(readme, HasSubstr("git diff --no-index"));
  const auto halt = readme.find("kubectl lkg halt --context 'my context' -n trading-floor");
  const auto replace = readme.find("kubectl --context 'my context' -n trading-floor replace -f");
  ASSERT_NE(halt, std::string::npos);
  ASSERT_NE(replace, std::string::npos);
  EXPECT_LT(halt, replace);
  EXPECT_THAT(readme, HasSubstr("leave `cm__agenttrader-kill-switch.yaml` alone"));
}

TEST(ReadmeOf, ListsTheWarnings) {
  Backup backup = sample();
  EXPECT_THAT(readme_of(backup), Not(HasSubstr("## Warnings")));
  backup.warnings = {"ConfigMap/app: key \"password\" looks like a credential by its name"};
  EXPECT_THAT(readme_of(backup),
              HasSubstr("## Warnings\n\n- ConfigMap/app: key \"password\" looks like"));
}

// `git diff --no-index A B` must show drift only.
TEST(ReadmeOf, DiffersBetweenTwoBackupsInTheTimeOnly) {
  const auto first = split(readme_of(sample("20261123T010203Z")), '\n');
  const auto second = split(readme_of(sample("20261124T040506Z")), '\n');
  ASSERT_EQ(first.size(), second.size());
  for (std::size_t line = 0; line < first.size(); ++line) {
    if (first[line] == second[line]) continue;
    EXPECT_EQ(first[line], "| time (UTC) | 2026-11-23T01:02:03Z |");
    EXPECT_EQ(second[line], "| time (UTC) | 2026-11-24T04:05:06Z |");
  }
  EXPECT_NE(first, second);
}

// What comes from outside is shown as it is, and never as markup or terminal control.
TEST(ReadmeOf, ShowsHostileTextLiterally) {
  Backup backup = sample();
  backup.provenance.cluster = "a|b<script>\x1b[2J`x`";
  EXPECT_THAT(readme_of(backup), HasSubstr("| cluster | a\\|b\\<script\\>\\`x\\` |\n"));
}

}  // namespace
}  // namespace dr::backup
