#include "plugins/lkg/metadata.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/os/sha256.hpp"
#include "tests/unit/common/lkg/lkg_builder.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::EndsWith;

struct Written {
  std::string manifest;
  std::string text;
  Json metadata;
};

Written write(const std::vector<Json>& objects, const CaptureOptions& options = {}) {
  const Live live = live_to_capture(objects);
  const auto result =
      capture_objects(live, options, [](const auto&) {}, [](const auto&) { return std::nullopt; });
  const std::string manifest = manifest_text(result.objects);
  Provenance provenance;
  provenance.target = {"floor-context", "floor-cluster", "jane", "https://floor:6443", "", k_floor};
  provenance.cluster = {"cluster-a", "v1.36.3"};
  provenance.git_sha = "0a1b2c3d";
  provenance.build_id = "42";
  provenance.note = "good";
  provenance.tool_version = "1.2.3";
  provenance.volatile_rules = {"ConfigMap/beat-*"};
  const std::string text =
      metadata_text(LkgId(k_captured_at, os::sha256_hex(manifest)), manifest, result, provenance);
  return {manifest, text, data::read_json(text, "metadata")};
}

TEST(Metadata, PassesTheChecksOfItsReader) {
  // Protects the pair of writer and reader: what a capture writes must load.
  const Written written = write(small_floor());
  const Lkg lkg = parse_lkg({written.manifest, written.text});
  EXPECT_EQ(lkg.objects.size(), 3U);
  EXPECT_EQ(lkg.cluster_uid, "cluster-a");
}

TEST(Metadata, ManifestIsOneListForKubectl) {
  // Protects the restore by hand: one JSON List, sorted keys, indent 2, final newline.
  const std::string manifest = write(small_floor()).manifest;
  EXPECT_THAT(manifest, testing::StartsWith("{\n  \"apiVersion\": \"v1\",\n  \"items\": ["));
  EXPECT_THAT(manifest, EndsWith("  \"kind\": \"List\"\n}\n"));
}

TEST(Metadata, KeepsTheIncumbentsKeys) {
  // Protects the repository's other tools, which read these keys with these meanings.
  const Json metadata = write(small_floor()).metadata;
  EXPECT_EQ(metadata.at("timestamp_utc"), "2026-01-01T00:00:00Z");
  EXPECT_EQ(metadata.at("git_sha"), "0a1b2c3d");
  EXPECT_EQ(metadata.at("build_id"), "42");
  EXPECT_EQ(metadata.at("cluster_name"), "floor-cluster");
  EXPECT_EQ(metadata.at("kubectl_context"), "floor-context");
  EXPECT_EQ(metadata.at("namespace"), "trading-floor");
  EXPECT_EQ(metadata.at("components"),
            Json::array(
                {{{"kind", "Deployment"},
                  {"name", "web"},
                  {"namespace", "trading-floor"},
                  {"containers", Json::array({{{"container", "web"}, {"image", k_by_digest}}})}}}));
  const Json& posture = metadata.at("safety_posture");
  EXPECT_EQ(posture.at("execution_halted"), true);
  EXPECT_EQ(posture.at("kill_switch"), Json({{"configmap", "agenttrader-kill-switch"},
                                             {"key", "EXECUTION_HALTED"},
                                             {"value", "1"}}));
}

TEST(Metadata, ListsEveryModeThatContainersSet) {
  // Protects the safety posture: what modes the floor ran in.
  auto objects = small_floor();
  objects[2]["spec"]["template"]["spec"]["containers"][0]["env"] =
      Json::array({{{"name", "AGENT_MODE"}, {"value", "paper"}},
                   {{"name", "TRADING_MODE"}, {"valueFrom", {{"fieldRef", Json::object()}}}}});
  objects.push_back(make_deployment("agent", 0, k_by_digest));
  objects.back()["spec"]["template"]["spec"]["containers"][0]["env"] =
      Json::array({{{"name", "AGENT_MODE"}, {"value", "live"}}});
  const Json modes = write(objects).metadata.at("safety_posture").at("agent_mode_defaults");
  EXPECT_EQ(modes, Json({{"AGENT_MODE", {"live", "paper"}},
                         {"EXECUTION_MODE", Json::array()},
                         {"PAPER_TRADING", Json::array()},
                         {"SHADOW_MODE", Json::array()},
                         {"TRADING_MODE", {"valueFrom"}}}));
}

TEST(Metadata, RecordsChecksumsRulesAndTool) {
  // Protects our own keys, which verify, diff and restore rest on.
  const Written written = write(small_floor());
  EXPECT_EQ(written.metadata.at("manifest"), Json({{"sha256", os::sha256_hex(written.manifest)},
                                                   {"bytes", written.manifest.size()},
                                                   {"objects", 3}}));
  EXPECT_EQ(written.metadata.at("volatile"), Json({"ConfigMap/beat-*"}));
  EXPECT_EQ(written.metadata.at("cluster"),
            Json({{"uid", "cluster-a"}, {"server_version", "v1.36.3"}}));
  EXPECT_EQ(written.metadata.at("tool").at("version"), "1.2.3");
  EXPECT_EQ(written.metadata.at("note"), "good");
}

TEST(Metadata, ListsEverythingLeftOutHoweverItCame) {
  // Protects later diffs: nothing that was left out on record may count as an extra.
  auto objects = small_floor();
  objects.push_back(make_deployment("agent", 0));
  objects.push_back(make_config_map("odd", "k", "v"));
  const Written written = write(objects, {{"ConfigMap/odd"}, false});
  const Lkg lkg = parse_lkg({written.manifest, written.text});
  EXPECT_TRUE(lkg.left_out({"apps/v1", "Deployment", k_floor, "agent"}));
  EXPECT_TRUE(lkg.left_out({"v1", "ConfigMap", k_floor, "odd"}));
}

TEST(Metadata, NamesSecretsButHoldsNoValue) {
  // Protects secrets: names and keys alone help the rebuild of a floor.
  auto objects = small_floor();
  objects[2]["spec"]["template"]["spec"]["containers"][0]["env"] = Json::array(
      {{{"name", "TOKEN"},
        {"valueFrom", {{"secretKeyRef", {{"name", "trader-secrets"}, {"key", "token"}}}}}}});
  EXPECT_EQ(write(objects).metadata.at("references").at("secrets"),
            Json::array({{{"name", "trader-secrets"}, {"keys", {"token"}}}}));
}

TEST(Metadata, CountsEveryKind) {
  // Protects "what does this LKG cover": a kind with no object is there with 0, not missing.
  const Json coverage = write(small_floor()).metadata.at("coverage");
  EXPECT_THAT(coverage, testing::Contains(
                            Json({{"resource", "deployments"}, {"outcome", "ok"}, {"count", 1}})));
  EXPECT_THAT(coverage,
              testing::Contains(Json({{"resource", "cronjobs"}, {"outcome", "ok"}, {"count", 0}})));
}

class MetadataCharacter : public testing::TestWithParam<std::string> {};

TEST_P(MetadataCharacter, IsCapturedAndNamed) {
  // Protects texts that server-side apply refuses or changes: kept exactly, and told to the reader.
  auto objects = small_floor();
  objects.push_back(make_config_map("text", "k", "a" + GetParam() + "b"));
  const Written written = write(objects);
  EXPECT_EQ(written.metadata.at("not_applicable_by_hand"), Json({"ConfigMap/text"}));
  EXPECT_EQ(*parse_lkg({written.manifest, written.text}).find("ConfigMap", "text"),
            kube::captured(objects.back()));
}

INSTANTIATE_TEST_SUITE_P(Characters, MetadataCharacter,
                         testing::Values("\x7f", "\xc2\x80", "\xc2\x85", "\xc2\x9f",
                                         "\xef\xbb\xbf"));

TEST(Metadata, OrdinaryTextIsApplicableByHand) {
  // Protects against naming what is fine: umlauts, no-break spaces, line breaks, emoji.
  auto objects = small_floor();
  objects.push_back(make_config_map("text", "k", "\xc3\xa4 \xc2\xa0 \n\t \xf0\x9f\x9a\x80"));
  EXPECT_EQ(write(objects).metadata.at("not_applicable_by_hand"), Json::array());
}

}  // namespace
}  // namespace dr::lkg
