#include "plugins/drbackup/collect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/error.hpp"
#include "tests/unit/common/backup/backup_builder.hpp"
#include "tests/unit/common/kube/api_fixture.hpp"

namespace dr::backup {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

const std::string k_widgets_path = "/apis/example.com/v1/namespaces/trading-floor/widgets";

class CollectTest : public testing::Test {
 protected:
  CollectTest() {
    m_api.answer_with("api-resources",
                      succeeded("configmaps cm v1 true ConfigMap get,list\n"
                                "secrets v1 true Secret get,list\n"
                                "pods po v1 true Pod get,list\n"
                                "widgets wd example.com/v1 true Widget get,list\n"));
    m_api.put("/apis", {{"groups", Json::array()}});
    m_api.put("/api/v1/namespaces/trading-floor", make_object("v1", "Namespace", "trading-floor"));
    m_api.put("/api/v1/namespaces/kube-system", make_object("v1", "Namespace", "kube-system"));
    m_api.put("/version", {{"gitVersion", "v1.36.3"}});
    m_api.put(
        k_core_path + "configmaps",
        raw_list({make_object("v1", "ConfigMap", "a"), make_object("v1", "ConfigMap", "b")}, "7"));
    m_api.put(k_widgets_path, raw_list({make_object("example.com/v1", "Widget", "w")}, "7"));
  }

  Backup collected(const Selection& selection = {}) {
    return collect(m_api.kubectl(), selection, backup_id());
  }
  std::string outcome_of(const std::string& resource) {
    for (const auto& one : collected().coverage) {
      if (one.resource == resource) return text_of(one);
    }
    return "not covered";
  }
  std::string failure() {
    try {
      collected();
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }

  FakeApi m_api;
};

TEST_F(CollectTest, ReadsEachKindOnceAndNeverASecret) {
  const Backup backup = collected();
  EXPECT_TRUE(backup.complete());
  EXPECT_THAT(backup.objects, SizeIs(3));
  EXPECT_EQ(backup.provenance.cluster_uid, "uid-Namespace-kube-system");
  EXPECT_THAT(m_api.reads(),
              ElementsAre("/api/v1/namespaces/trading-floor", "/api/v1/namespaces/kube-system",
                          "/version", "/apis", k_core_path + "configmaps", k_widgets_path));
}

TEST_F(CollectTest, ObjectsAreStrippedAndHaveTheirType) {
  const Backup backup = collected();
  EXPECT_EQ(backup.objects.front(), kept("v1", "ConfigMap", "a"));
  EXPECT_EQ(backup.objects.back(), kept("example.com/v1", "Widget", "w"));
}

TEST_F(CollectTest, EachFailureIsAnOutcomeAndHarmsNothingElse) {
  struct Case {
    std::string words;
    std::string outcome;
  };
  for (const auto& [words, outcome] :
       {Case{"Error from server (Forbidden): widgets.example.com is forbidden\n", "forbidden"},
        Case{"Error from server (NotFound): the server could not find it\n", "absent"},
        Case{"Error from server (ServiceUnavailable): unable\n", "error: "},
        Case{"Unable to connect to the server: dial tcp: connection refused\n", "error: "}}) {
    m_api.refuse(k_widgets_path, words);
    EXPECT_THAT(outcome_of("widgets.example.com"), HasSubstr(outcome)) << words;
    EXPECT_EQ(outcome_of("configmaps"), "ok 2") << words;
    EXPECT_EQ(collected().complete(), outcome == "absent") << words;
  }
}

TEST_F(CollectTest, AnAnswerThatIsNoWholeListIsAnError) {
  for (const char* answer :
       {"", "<html>", "{\"items\": [", R"({"items": {}})", "{}", "[]",
        R"({"items": [{"metadata": {}}]})", R"({"metadata": {"continue": "abc"}, "items": []})"}) {
    m_api.answer_with(k_widgets_path, succeeded(answer));
    EXPECT_THAT(outcome_of("widgets.example.com"), HasSubstr("error: ")) << answer;
    EXPECT_FALSE(collected().complete()) << answer;
  }
}

TEST_F(CollectTest, ANamespaceThatDoesNotExistIsNotAnEmptyBackup) {
  // Protects against "complete: 0 objects" after a typing error: lists are empty then, not refused.
  m_api.refuse("/api/v1/namespaces/trading-floor",
               "Error from server (NotFound): namespaces \"trading-floor\" not found\n");
  EXPECT_THAT(failure(), HasSubstr("does not exist"));
  m_api.refuse("/api/v1/namespaces/trading-floor", "Error from server (Forbidden): forbidden\n");
  EXPECT_EQ(failure(), "");
  m_api.put(k_core_path + "configmaps", raw_list({}, "7"));
  m_api.put(k_widgets_path, raw_list({}, "7"));
  EXPECT_THAT(failure(), HasSubstr("may not be read, and is empty"));
}

TEST_F(CollectTest, AClusterThatHidesItsIdentityIsBackedUp) {
  // A Role in one namespace does not reach kube-system.
  m_api.refuse("/api/v1/namespaces/kube-system", "Error from server (Forbidden): forbidden\n");
  EXPECT_TRUE(collected().complete());
  EXPECT_EQ(collected().provenance.cluster_uid, "");
}

TEST_F(CollectTest, ObjectsThatAreBeingDeletedAreNamed) {
  Json dying = make_object("v1", "ConfigMap", "a");
  dying["metadata"]["deletionTimestamp"] = "2026-01-02T03:00:00Z";
  m_api.put(k_core_path + "configmaps", raw_list({dying}, "7"));
  EXPECT_THAT(collected().warnings, ElementsAre("ConfigMap/a is being deleted"));
}

TEST_F(CollectTest, ExcludedObjectsAreNeitherKeptNorCounted) {
  const Backup backup = collected({{}, {"cm/a"}});
  EXPECT_THAT(backup.objects, SizeIs(2));
  EXPECT_EQ(text_of(backup.coverage.front()), "ok 1");
}

}  // namespace
}  // namespace dr::backup
