#include "common/lkg/lkg.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "common/base/error.hpp"
#include "common/data/yaml_codec.hpp"
#include "tests/unit/common/lkg/lkg_builder.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The words of the refusal, which must be one of integrity.
std::string refusal_of(const LkgFiles& files) {
  try {
    parse_lkg(files);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::integrity) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "accepted";
  return {};
}

const Json k_incumbent = {
    {"schema", nullptr}, {"id", nullptr}, {"cluster", nullptr}, {"manifest", nullptr}};

// --- Our own form

TEST(Lkg, HoldsWhatItsFilesSay) {
  // Protects what every verb reads: identity, namespace, order and content.
  const Lkg lkg = make_lkg(small_floor());
  EXPECT_THAT(lkg.id, testing::StartsWith("20260101T000000Z-"));
  EXPECT_EQ(lkg.ns, "trading-floor");
  EXPECT_EQ(lkg.cluster_uid, "cluster-a");
  EXPECT_THAT(lkg.warnings, IsEmpty());
  EXPECT_THAT(displays_of(lkg.objects),
              ElementsAre("Namespace/trading-floor", "ConfigMap/agenttrader-kill-switch",
                          "Deployment/web"));
  ASSERT_NE(lkg.find("Deployment", "web"), nullptr);
  EXPECT_EQ(lkg.find("StatefulSet", "web"), nullptr);
}

TEST(Lkg, KnowsWhatItsCaptureLeftOut) {
  // Protects diff and prune from taking what was left out on record for an extra.
  const Lkg lkg = make_lkg(
      small_floor(), {{"left_out", Json::array({{{"object", "CronJob/tick"}, {"reason", "x"}}})}});
  EXPECT_TRUE(lkg.left_out({"batch/v1", "CronJob", k_floor, "tick"}));
  EXPECT_FALSE(lkg.left_out({"batch/v1", "CronJob", k_floor, "tock"}));
}

TEST(Lkg, HoldsTheCustomResourcesThatItsMetadataRecords) {
  // Protects what operators run by: it is part of the floor, and told from kinds of the same name.
  auto objects = small_floor();
  objects.push_back(make_object("serving.example.com/v1", "Service", "web"));
  const Lkg lkg = make_lkg(
      objects, {{"custom_resources", Json::array({{{"apiVersion", "serving.example.com/v1"},
                                                   {"kind", "Service"},
                                                   {"plural", "services"}}})}});
  ASSERT_EQ(lkg.custom_kinds.size(), 1U);
  EXPECT_EQ(lkg.custom_kinds[0]->name(), "services.serving.example.com");
  EXPECT_NE(lkg.find("Service.serving.example.com", "web"), nullptr);
  EXPECT_EQ(lkg.find("Service", "web"), nullptr);
}

// --- Refusals

struct Damage {
  std::string name;
  std::function<void(std::vector<Json>& objects, Json& metadata_changes)> inflict;
  std::string words;  // the refusal names at least this
};

void PrintTo(const Damage& damage, std::ostream* out) {
  *out << damage.name;
}

class LkgDamage : public testing::TestWithParam<Damage> {};

TEST_P(LkgDamage, IsRefusedByName) {
  // Protects a restore from writing a manifest that is incomplete, foreign, unpinned or unhalting.
  std::vector<Json> objects = small_floor();
  Json changes = Json::object();
  GetParam().inflict(objects, changes);
  EXPECT_THAT(refusal_of(lkg_files(objects, changes)), HasSubstr(GetParam().words));
}

// As the metadata records a kind of custom resources.
Json custom_resources(const std::string& api_version, const std::string& plural) {
  return {{"custom_resources",
           Json::array({{{"apiVersion", api_version}, {"kind", "Widget"}, {"plural", plural}}})}};
}

Json& web_spec(std::vector<Json>& objects) {
  return objects.at(2)["spec"]["template"]["spec"];
}

INSTANTIATE_TEST_SUITE_P(
    Objects, LkgDamage,
    testing::Values(
        Damage{"empty", [](auto& objects, Json&) { objects.clear(); }, "holds no object"},
        Damage{"duplicate", [](auto& objects, Json&) { objects.push_back(objects[2]); },
               "Deployment/web is there twice"},
        Damage{"secret",
               [](auto& objects, Json&) { objects.push_back(make_object("v1", "Secret", "s")); },
               "Secret/s does not belong"},
        Damage{"pod",
               [](auto& objects, Json&) { objects.push_back(make_object("v1", "Pod", "p")); },
               "Pod/p does not belong"},
        Damage{"custom_resource_that_is_not_recorded",
               [](auto& objects, Json&) {
                 objects.push_back(make_object("shop.example.com/v1", "Widget", "w"));
               },
               "Widget.shop.example.com/w does not belong"},
        Damage{"custom_resource_of_another_version",
               [](auto& objects, Json& changes) {
                 objects.push_back(make_object("shop.example.com/v2", "Widget", "w"));
                 changes = custom_resources("shop.example.com/v1", "widgets");
               },
               "Widget.shop.example.com/w does not belong"},
        Damage{"nested_list",
               [](auto& objects, Json&) {
                 objects.push_back({{"apiVersion", "v1"}, {"kind", "List"}});
               },
               "List/? does not belong"},
        Damage{"other_version",
               [](auto& objects, Json&) { objects[2]["apiVersion"] = "apps/v1beta1"; },
               "Deployment/web: /apiVersion: expected apps/v1"},
        Damage{"tag", [](auto& o, Json&) { web_spec(o)["containers"][0]["image"] = "web:1"; },
               "Deployment/web: image web:1 is not pinned"},
        Damage{"tag_of_init_container",
               [](auto& objects, Json&) {
                 web_spec(objects)["initContainers"] = Json::array({make_container("i", "init:1")});
               },
               "Deployment/web: image init:1 is not pinned"},
        Damage{"malformed_image",
               [](auto& o, Json&) { web_spec(o)["containers"][0]["image"] = "Web@sha256:0"; },
               "Deployment/web"},
        Damage{"other_namespace",
               [](auto& objects, Json&) { objects[2]["metadata"]["namespace"] = "other"; },
               "Deployment/web: /metadata/namespace: expected trading-floor"},
        Damage{"no_namespace",
               [](auto& objects, Json&) { objects[2]["metadata"].erase("namespace"); },
               "Deployment/web: /metadata/namespace"},
        Damage{"namespace_of_another_name",
               [](auto& objects, Json&) { objects[0]["metadata"]["name"] = "other"; },
               "Namespace/other: expected namespace trading-floor"},
        Damage{"without_namespace_object",
               [](auto& objects, Json&) { objects.erase(objects.begin()); },
               "holds no Namespace/trading-floor"},
        Damage{"switch_0",
               [](auto& objects, Json&) { objects[1]["data"]["EXECUTION_HALTED"] = "0"; },
               "ConfigMap/agenttrader-kill-switch: /data/EXECUTION_HALTED is not \"1\""},
        Damage{"switch_true",
               [](auto& objects, Json&) { objects[1]["data"]["EXECUTION_HALTED"] = "true"; },
               "is not \"1\""},
        Damage{"switch_number",
               [](auto& objects, Json&) { objects[1]["data"]["EXECUTION_HALTED"] = 1; },
               "ConfigMap/agenttrader-kill-switch"},
        Damage{"switch_without_key", [](auto& objects, Json&) { objects[1].erase("data"); },
               "is not \"1\""},
        Damage{"without_switch", [](auto& objects, Json&) { objects.erase(objects.begin() + 1); },
               "holds no ConfigMap/agenttrader-kill-switch"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Metadata, LkgDamage,
    testing::Values(
        Damage{"checksum",
               [](auto&, Json& changes) { changes["manifest"]["sha256"] = std::string(64, '0'); },
               "lkg_manifest.yaml is not the one"},
        Damage{"no_checksum", [](auto&, Json& changes) { changes["manifest"] = nullptr; },
               "/manifest"},
        Damage{"id", [](auto&, Json& changes) { changes["id"] = "20260101T000000Z-00000000"; },
               "/id: \"20260101T000000Z-00000000\" is not the id"},
        Damage{"malformed_id", [](auto&, Json& changes) { changes["id"] = "latest"; },
               "\"latest\""},
        Damage{"newer_schema", [](auto&, Json& changes) { changes["schema"] = 2; }, "/schema: 2"},
        Damage{"without_cluster", [](auto&, Json& changes) { changes["cluster"] = nullptr; },
               "/cluster"},
        Damage{"without_namespace", [](auto&, Json& changes) { changes["namespace"] = nullptr; },
               "/namespace"},
        Damage{"custom_plural_that_leads_elsewhere",
               [](auto&, Json& changes) {
                 changes = custom_resources("shop.example.com/v1", "../secrets");
               },
               "/custom_resources: shop.example.com/v1 Widget"},
        Damage{"custom_version_that_leads_elsewhere",
               [](auto&, Json& changes) {
                 changes = custom_resources("shop.example.com/v1/../x", "widgets");
               },
               "/custom_resources"},
        Damage{"custom_kind_of_a_built_in_group",
               [](auto&, Json& changes) { changes = custom_resources("batch/v1", "jobs"); },
               "/custom_resources"},
        Damage{"volatile_rule_of_another_type",
               [](auto&, Json& changes) { changes["volatile"] = Json::array({1}); }, "volatile"}),
    [](const auto& test) { return test.param.name; });

TEST(Lkg, RefusesATruncatedManifest) {
  // Protects against a half-copied file, at any place that the cut may fall.
  const LkgFiles whole = lkg_files(small_floor());
  for (const double part : {0.0, 0.1, 0.5, 0.99}) {
    LkgFiles files = whole;
    files.manifest.resize(
        static_cast<std::size_t>(static_cast<double>(whole.manifest.size()) * part));
    EXPECT_NE(refusal_of(files), "");
  }
}

TEST(Lkg, RefusesDuplicateKeysInEitherFile) {
  // Protects against texts that two readers understand in two ways.
  LkgFiles files = lkg_files(small_floor());
  EXPECT_THAT(refusal_of({R"({"kind":"List","kind":"List"})", files.metadata}),
              HasSubstr("lkg_manifest.yaml"));
  EXPECT_THAT(refusal_of({files.manifest, R"({"schema":1,"schema":1})"}),
              HasSubstr("lkg_metadata.json"));
}

TEST(Lkg, RefusesMetadataThatIsNoObject) {
  // Protects against reading an array or a scalar as an incumbent LKG, which would check less.
  EXPECT_THAT(refusal_of({lkg_files(small_floor()).manifest, "[]"}),
              HasSubstr("lkg_metadata.json"));
}

// --- The incumbent's form

enum class Form { json_list, yaml_list, yaml_documents };

class LkgOfTheIncumbent : public testing::TestWithParam<Form> {
 protected:
  static LkgFiles files(const std::vector<Json>& objects) {
    LkgFiles files = lkg_files(objects, k_incumbent);
    if (GetParam() == Form::json_list) return files;
    const Json list = data::read_json(files.manifest, "manifest");
    files.manifest.clear();
    if (GetParam() == Form::yaml_list) {
      files.manifest = data::write_yaml(list);
    } else {
      for (const auto& item : list.at("items")) files.manifest += "---\n" + data::write_yaml(item);
    }
    return files;
  }
};

TEST_P(LkgOfTheIncumbent, IsAcceptedWithAWarning) {
  // Protects the LKG that stands in the repository today: it must stay restorable.
  const Lkg lkg = parse_lkg(files(small_floor()));
  EXPECT_EQ(lkg.id, "");
  EXPECT_EQ(lkg.cluster_uid, "");
  EXPECT_EQ(lkg.objects.size(), 3U);
  EXPECT_THAT(lkg.warnings, ElementsAre(HasSubstr("incumbent scripts")));
}

TEST_P(LkgOfTheIncumbent, MayLackSwitchAndNamespace) {
  // Protects manifests from before the switch was captured: the restore writes the switch itself.
  EXPECT_EQ(parse_lkg(files({small_floor().at(2)})).objects.size(), 1U);
}

TEST_P(LkgOfTheIncumbent, IsHeldToTheSameRules) {
  // Protects against the incumbent's faults: a digest check passed by an empty or tagged manifest.
  std::vector<Json> objects = small_floor();
  objects[1]["data"]["EXECUTION_HALTED"] = "0";
  EXPECT_THAT(refusal_of(files(objects)), HasSubstr("is not \"1\""));
  EXPECT_THAT(refusal_of(files({make_deployment("web", 1)})), HasSubstr("web:1 is not pinned"));
  EXPECT_THAT(refusal_of(files({})), HasSubstr("holds no object"));
}

INSTANTIATE_TEST_SUITE_P(Forms, LkgOfTheIncumbent,
                         testing::Values(Form::json_list, Form::yaml_list, Form::yaml_documents));

// --- Ids

TEST(LkgId, IsTimeAndStartOfTheChecksum) {
  // Protects the names of the history's directories, which scripts sort.
  const LkgId id(k_captured_at, "0123456789abcdef");
  EXPECT_EQ(id.text(), "20260101T000000Z-01234567");
  const auto parsed = LkgId::parse(id.text());
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(*parsed, id);
  EXPECT_EQ(parsed->time(), k_captured_at);
}

TEST(LkgId, SortsByTime) {
  // Protects "newest": the checksum must not decide before the time does.
  const LkgId earlier(k_captured_at, "ffffffff");
  const LkgId later(k_captured_at + std::chrono::seconds(1), "00000000");
  EXPECT_LT(earlier, later);
}

TEST(LkgId, RefusesAnythingElse) {
  // Protects the history from foreign directories, and --from from paths.
  for (const char* text :
       {"", "20260101T000000Z", "20260101T000000Z-0123456", "20260101T000000Z-012345678",
        "20260101T000000Z-0123456G", "20260101T000000Z-ABCDEF01", "20261301T000000Z-01234567",
        "20260101T000000Z_01234567", "../../../../../etc/passwd"}) {
    EXPECT_FALSE(LkgId::parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace dr::lkg
