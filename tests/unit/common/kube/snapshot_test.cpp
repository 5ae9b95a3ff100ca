#include "common/kube/snapshot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.hpp"
#include "tests/unit/common/kube/api_fixture.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::string k_exact = "?resourceVersion=7&resourceVersionMatch=Exact";
const std::string k_maps = k_core_path + "configmaps";
const std::string k_pods = k_core_path + "pods";
const std::string k_exact_pods = k_pods + k_exact;
const std::string k_deployments = "/apis/apps/v1/namespaces/trading-floor/deployments";
const std::string k_forbidden =
    "Error from server (Forbidden): pods is forbidden: User \"jane\" cannot list resource "
    "\"pods\"\n";

class SnapshotTest : public testing::Test {
 protected:
  SnapshotTest() {
    put_all("");
    put_all(k_exact);
    for (const auto& path : {k_pods, k_exact_pods})
      api.put(path, raw_list({make_object("v1", "Pod", "p")}, "7"));
  }

  // A quiet namespace at version 7.
  void put_all(const std::string& query) {
    api.put(k_maps + query, raw_list({make_object("v1", "ConfigMap", "c")}, "7"));
    api.put(k_deployments + query, raw_list({make_deployment("web", 1)}, "7"));
  }

  Snapshot read() {
    const std::vector<const Kind*> kinds = {find_kind("ConfigMap"), find_kind("Deployment"),
                                            find_kind("Pod")};
    return read_snapshot(api.kubectl(), "trading-floor", kinds);
  }

  Error error() {
    try {
      read();
    } catch (const Error& error) {
      return error;
    }
    return {ExitCode::ok, "nothing was thrown"};
  }

  FakeApi api;
};

// One moment for all kinds: the first list names it, the others are read at exactly that one.
TEST_F(SnapshotTest, ReadsEveryListAtTheVersionOfTheFirst) {
  const Snapshot snapshot = read();
  EXPECT_THAT(api.reads(), ElementsAre(k_maps, k_deployments + k_exact, k_exact_pods));
  EXPECT_EQ(snapshot.resource_version(), "7");
  EXPECT_THAT(snapshot.of("ConfigMap"), SizeIs(1));
  EXPECT_THAT(snapshot.of("Pod"), SizeIs(1));
}

// Raw lists leave the type of their items out, and everything behind them asks for it.
TEST_F(SnapshotTest, FillsInTheTypeOfItems) {
  const Snapshot snapshot = read();
  ASSERT_NE(snapshot.find("Deployment", "web"), nullptr);
  EXPECT_EQ(snapshot.find("Deployment", "web")->at("kind"), "Deployment");
  EXPECT_EQ(snapshot.find("Deployment", "web")->at("apiVersion"), "apps/v1");
  EXPECT_EQ(snapshot.find("ConfigMap", "c")->at("apiVersion"), "v1");
  EXPECT_EQ(snapshot.find("Deployment", "other"), nullptr);
  EXPECT_THAT(snapshot.of("Service"), IsEmpty());
}

// Whoever looks an object up does so for each of thousands.
TEST_F(SnapshotTest, FindsObjectsInWhateverOrderTheyCame) {
  const auto named = [](const char* name) { return make_object("v1", "ConfigMap", name); };
  api.put(k_maps, raw_list({named("b"), named("d"), named("a"), named("c")}, "7"));
  const Snapshot snapshot = read();
  for (const char* name : {"a", "b", "c", "d"}) {
    ASSERT_NE(snapshot.find("ConfigMap", name), nullptr) << name;
    EXPECT_EQ(name_of(*snapshot.find("ConfigMap", name)), name);
  }
  for (const char* name : {"", "bb", "e"}) EXPECT_EQ(snapshot.find("ConfigMap", name), nullptr);
}

TEST_F(SnapshotTest, AnEmptyListIsAnEmptyKind) {
  api.put(k_exact_pods, Json{{"metadata", {{"resourceVersion", "7"}}}, {"items", nullptr}});
  EXPECT_THAT(read().of("Pod"), IsEmpty());
}

// --- Through the proxy, where a list is read while it comes

class StreamedSnapshotTest : public SnapshotTest {
 protected:
  StreamedSnapshotTest() {
    api.runner().serves_proxies = true;
    api.kubectl().open_proxy();
  }

  Snapshot read_pods_first() {
    const std::vector<const Kind*> kinds = {find_kind("Pod"), find_kind("ConfigMap"),
                                            find_kind("Deployment")};
    return read_snapshot(api.kubectl(), "trading-floor", kinds);
  }
  std::vector<std::string> fetched() {
    std::vector<std::string> targets;
    for (const auto& fetch : api.runner().fetches()) targets.push_back(fetch.target);
    return targets;
  }
};

// In one round: the pods take longest, and say what to ask the others for before they end.
TEST_F(StreamedSnapshotTest, AsksForTheOthersAsSoonAsTheFirstTellsItsVersion) {
  const Snapshot snapshot = read_pods_first();
  EXPECT_EQ(snapshot.resource_version(), "7");
  EXPECT_THAT(snapshot.of("Pod"), SizeIs(1));
  EXPECT_NE(snapshot.find("Deployment", "web"), nullptr);
  EXPECT_THAT(fetched(), ElementsAre(k_pods, k_maps + k_exact, k_deployments + k_exact));
}

// The second answer is of another moment, and of that one the others must be too.
TEST_F(StreamedSnapshotTest, ReadsTheOthersAnewWhenTheFirstHadToBeReadAnew) {
  int reads = 0;
  api.on_read = [&](const std::string& path) -> os::ProcessResult {
    if (path != k_pods) return {};
    std::string text =
        data::write_json(raw_list({make_object("v1", "Pod", "p")}, reads == 0 ? "6" : "7"));
    if (++reads == 1) text.resize(text.size() / 2);
    return succeeded(text);
  };
  for (const auto& path : {k_maps, k_deployments})
    api.put(path + "?resourceVersion=6&resourceVersionMatch=Exact", raw_list({}, "6"));
  const Snapshot snapshot = read_pods_first();
  EXPECT_EQ(reads, 2);
  EXPECT_EQ(snapshot.resource_version(), "7");
  EXPECT_NE(snapshot.find("Deployment", "web"), nullptr);
}

// Half of the pods would prove half of the images.
TEST_F(SnapshotTest, AListWhoseEndIsMissingIsAnError) {
  Json list = raw_list({make_object("v1", "Pod", "a")}, "7");
  list["metadata"]["continue"] = "z";
  api.put(k_exact_pods, list);
  EXPECT_EQ(error().code(), ExitCode::failed);
  EXPECT_THAT(error().what(), HasSubstr("failed to list pods: its end is missing"));
}

// A capture keeps of a pod what it asks for: detail_test.cpp.
TEST_F(SnapshotTest, KeepsLittleOfAPodInABriefRead) {
  Json pod = make_object("v1", "Pod", "p");
  pod["metadata"]["managedFields"] = Json::array({Json::object()});
  pod["spec"] = {{"nodeName", "n"}, {"tolerations", Json::array()}};
  api.put(k_exact_pods, raw_list({pod}, "7"));
  Json map = make_object("v1", "ConfigMap", "c");
  map["metadata"]["managedFields"] = Json::array({Json::object()});
  api.put(k_maps, raw_list({map}, "7"));
  const std::vector<const Kind*> kinds = {find_kind("ConfigMap"), find_kind("Pod")};
  const Snapshot brief = read_snapshot(api.kubectl(), "trading-floor", kinds, {}, Detail::brief);
  EXPECT_EQ(brief.of("Pod").front().at("spec"), Json({{"nodeName", "n"}}));
  EXPECT_FALSE(brief.of("ConfigMap").front().at("metadata").contains("managedFields"));
  const Snapshot whole = read_snapshot(api.kubectl(), "trading-floor", kinds, {}, Detail::whole);
  EXPECT_TRUE(whole.of("Pod").front().at("spec").contains("tolerations"));
  EXPECT_FALSE(whole.of("Pod").front().at("metadata").contains("managedFields"));
  EXPECT_TRUE(whole.of("ConfigMap").front().at("metadata").contains("managedFields"));
}

// --- Where the server cannot read at one version, two collections must agree

struct Refusal {
  const char* name;
  os::ProcessResult answer;
};

// Compaction may pass the version meanwhile; another store may answer at its own one. A mix of
// moments taken for one would make an LKG of objects that never existed together.
TEST_F(SnapshotTest, CollectsTwiceWhereTheVersionCannotBeRead) {
  const std::vector<Refusal> refusals = {
      {"expired", failed(1,
                         "Error from server (Expired): The resourceVersion for the provided "
                         "list is too old.\n")},
      {"in the future", failed(1,
                               "Error from server (Timeout): Timeout: Too large resource "
                               "version: 7, current: 3\n")},
      {"another version",
       succeeded(data::write_json(raw_list({make_object("v1", "Pod", "stale")}, "8")))}};
  for (const Refusal& refusal : refusals) {
    SCOPED_TRACE(refusal.name);
    api.answer_with(k_exact_pods, refusal.answer);
    const std::size_t before = api.reads().size();
    const Snapshot snapshot = read();
    EXPECT_EQ(snapshot.resource_version(), "");
    EXPECT_NE(snapshot.find("Pod", "p"), nullptr);
    EXPECT_EQ(snapshot.find("Pod", "stale"), nullptr);
    EXPECT_EQ(api.reads().size() - before, 3U + 2U * 3U);
    EXPECT_THAT(api.runner().sleeps(), IsEmpty());
  }
}

// A list without a version cannot name a moment.
TEST_F(SnapshotTest, CollectsTwiceWhereTheFirstListNamesNoVersion) {
  api.put(k_maps, raw_list({make_object("v1", "ConfigMap", "c")}, ""));
  EXPECT_EQ(read().resource_version(), "");
  EXPECT_THAT(api.reads(), Not(Contains(HasSubstr("resourceVersion="))));
  EXPECT_THAT(api.reads(), SizeIs(1 + 2 * 3));
}

// Collections are compared by incarnation and version of every object: a status that moved counts.
TEST_F(SnapshotTest, CollectsUntilTwoAgree) {
  api.refuse(k_exact_pods, "Error from server (Expired): too old\n");
  int collections = 0;
  api.on_read = [&](const std::string& path) -> os::ProcessResult {
    if (path != k_pods) return {};
    Json pod = make_object("v1", "Pod", "p");
    if (++collections < 3) pod["metadata"]["resourceVersion"] = std::to_string(collections);
    return succeeded(data::write_json(raw_list({pod}, "9")));
  };
  read();
  EXPECT_EQ(collections, 4) << "1, 2, 1, 1: the last two agree";
  EXPECT_THAT(api.runner().sleeps(), SizeIs(2));
}

TEST_F(SnapshotTest, GivesUpOnANamespaceThatNeverRests) {
  api.refuse(k_exact_pods, "Error from server (Expired): too old\n");
  int reads = 0;
  api.on_read = [&](const std::string& path) -> os::ProcessResult {
    if (path != k_pods) return {};
    Json pod = make_object("v1", "Pod", "p");
    pod["metadata"]["uid"] = std::to_string(++reads);
    return succeeded(data::write_json(raw_list({pod}, "9")));
  };
  EXPECT_EQ(error().code(), ExitCode::failed);
  EXPECT_EQ(reads, 5);
}

// --- Whole or none

// An LKG without a kind that could not be read would look complete.
TEST_F(SnapshotTest, AnUnreadableKindIsAnErrorThatNamesIt) {
  api.refuse(k_exact_pods, k_forbidden);
  EXPECT_EQ(error().code(), ExitCode::failed);
  EXPECT_THAT(error().what(), AllOf(HasSubstr("failed to list pods"), HasSubstr("jane")));
  EXPECT_THAT(error().next_step(),
              HasSubstr("[{apiGroups: [\"\"], resources: [pods], verbs: [list]}]"));
  // All of them, so that they are granted once.
  api.refuse(k_deployments + k_exact, k_forbidden);
  EXPECT_THAT(error().what(), HasSubstr("failed to list deployments.apps, pods: "));
  EXPECT_THAT(error().next_step(),
              HasSubstr("[{apiGroups: [\"\"], resources: [pods], verbs: [list]}, "
                        "{apiGroups: [\"apps\"], resources: [deployments], verbs: [list]}]"));

  api.refuse(k_maps, "The connection to the server 10.0.0.1:6443 was refused\n");
  EXPECT_THAT(error().what(), HasSubstr("failed to list configmaps"));
  EXPECT_THAT(error().next_step(), HasSubstr("check the connection"));
}

// An LKG without a kind that the server does not have would be restored without it elsewhere.
TEST_F(SnapshotTest, AKindThatTheServerDoesNotServeIsRefused) {
  api.refuse(k_deployments + k_exact,
             "Error from server (NotFound): the server could not find the requested resource\n");
  EXPECT_EQ(error().code(), ExitCode::refused);
  EXPECT_THAT(error().what(), HasSubstr("does not serve deployments of apps/v1"));
}

// The definition of a custom kind may be gone: a restore names it, and a comparison goes on.
TEST_F(SnapshotTest, ACustomKindThatIsNotServedIsEmptyAndNamed) {
  const Kind& widget = learn_kind("example.com/v1", "Widget", "widgets");
  const std::string path = "/apis/example.com/v1/namespaces/trading-floor/widgets";
  const std::vector<const Kind*> kinds = {find_kind("ConfigMap"), &widget};
  const auto read = [&] { return read_snapshot(api.kubectl(), "trading-floor", kinds); };
  api.put(path + k_exact, raw_list({make_object("", "", "one")}, "7"));
  EXPECT_THAT(read().unserved(), IsEmpty());
  EXPECT_EQ(read().find("Widget.example.com", "one")->at("apiVersion"), "example.com/v1");
  for (const auto& one : {path, path + k_exact}) {
    api.refuse(one,
               "Error from server (NotFound): the server could not find the requested resource\n");
  }
  EXPECT_THAT(read().unserved(), ElementsAre(&widget));
  EXPECT_THAT(read().of("Widget.example.com"), IsEmpty());
  EXPECT_EQ(read().resource_version(), "7");
  api.refuse(path + k_exact, k_forbidden);
  EXPECT_THROW(read(), Error);
}

// Also while everything is collected twice.
TEST_F(SnapshotTest, AnUnreadableKindIsAnErrorInACollection) {
  api.refuse(k_deployments + k_exact, "Error from server (Expired): too old\n");
  api.refuse(k_pods, k_forbidden);
  EXPECT_THAT(error().what(), HasSubstr("failed to list pods"));
}

// A valid list in stdout of a kubectl that failed is not to be trusted (measured: forbidden gives
// an empty List).
TEST_F(SnapshotTest, OutputOfAFailedReadIsNotUsed) {
  os::ProcessResult result = failed(1, k_forbidden);
  result.out = data::write_json(raw_list({}, "7"));
  api.answer_with(k_exact_pods, result);
  EXPECT_EQ(error().code(), ExitCode::failed);
}

TEST_F(SnapshotTest, AListThatIsNoListIsAnError) {
  api.put(k_exact_pods, Json{{"metadata", {{"resourceVersion", "7"}}}, {"items", 1}});
  EXPECT_THAT(error().what(), HasSubstr("/items: expected an array"));
  api.put(k_exact_pods,
          Json{{"metadata", {{"resourceVersion", "7"}}}, {"items", {Json::object(), 1}}});
  EXPECT_THAT(error().what(), HasSubstr("failed to list pods: /items/1: expected an object"));
  for (const char* text : {R"({"metadata": {"resourceVer)", "{}"}) {
    api.answer_with(k_exact_pods, succeeded(text));
    EXPECT_EQ(error().code(), ExitCode::failed) << text;
  }
}

// --- Kinds

// Secrets are never listed, and what explains pods is read but not captured.
TEST(SnapshotKinds, AreThoseOfTheTable) {
  std::vector<std::string_view> captured;
  for (const Kind* kind : captured_kinds()) captured.push_back(kind->kind);
  EXPECT_THAT(captured, AllOf(Contains("Deployment"), Contains("CronJob"), Not(Contains("Pod")),
                              Not(Contains("Namespace")), Not(Contains("PriorityClass")),
                              Not(Contains("Secret"))));
  std::vector<std::string_view> all;
  for (const Kind* kind : captured_and_derived_kinds()) all.push_back(kind->kind);
  EXPECT_THAT(all, AllOf(Contains("Pod"), Contains("ReplicaSet"), Contains("ControllerRevision"),
                         Contains("Job"), Not(Contains("Secret"))));
  EXPECT_EQ(all.size(), captured.size() + 4);
  EXPECT_EQ(all.front(), "Pod") << "what takes longest begins first";
}

}  // namespace
}  // namespace dr::kube
