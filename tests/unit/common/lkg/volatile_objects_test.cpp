#include "common/lkg/volatile_objects.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "common/base/error.hpp"
#include "common/os/atomic_file.hpp"
#include "tests/unit/common/lkg/lkg_builder.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string k_default = "ConfigMap/agenttrader-heartbeat-*";

TEST(VolatileObjects, ReadsRulesCommentsAndBlankLines) {
  // Protects the file's form.
  const auto volatiles =
      VolatileObjects::parse("# beats\n\n  ConfigMap/beat-?  # one digit\r\nService/*\n");
  EXPECT_THAT(volatiles.rules(), ElementsAre("ConfigMap/beat-?", "Service/*"));
}

class VolatileRule : public testing::TestWithParam<std::string> {};

TEST_P(VolatileRule, IsRefusedWithItsLine) {
  // Protects against a typing mistake that would silently compare, or spare, the wrong objects.
  try {
    VolatileObjects::parse("ConfigMap/good\n" + GetParam());
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::failed);
    EXPECT_THAT(error.what(), HasSubstr("line 2"));
  }
}

INSTANTIATE_TEST_SUITE_P(Mistakes, VolatileRule,
                         testing::Values("ConfigMap", "ConfigMap/", "/beat", "Configmap/beat",
                                         "Secret/x", "*/beat"));

TEST(VolatileObjects, WithoutFileCoversHeartbeats) {
  // Protects the floor as it is: its programs rewrite the heartbeats every few seconds.
  const TempDir dir;
  EXPECT_THAT(VolatileObjects::load(dir.path()).rules(), ElementsAre(k_default));
  os::write_file(dir.path() / "volatile", "# none\n");
  EXPECT_THAT(VolatileObjects::load(dir.path()).rules(), IsEmpty());
}

TEST(VolatileObjects, AreThoseOfTheCapture) {
  // Protects a restore from rules that changed since the capture.
  EXPECT_THAT(VolatileObjects::of_metadata(Json::object()).rules(), ElementsAre(k_default));
  EXPECT_THAT(VolatileObjects::of_metadata({{"volatile", Json::array()}}).rules(), IsEmpty());
  EXPECT_THAT(VolatileObjects::of_metadata({{"volatile", {"Service/*"}}}).rules(),
              ElementsAre("Service/*"));
  EXPECT_THROW(VolatileObjects::of_metadata({{"volatile", Json::array({1})}}), Error);
}

TEST(VolatileObjects, CoverByKindAndName) {
  // Protects the switch and every other ConfigMap from being taken for a heartbeat.
  const auto volatiles = VolatileObjects::parse(k_default);
  EXPECT_TRUE(volatiles.covers(make_config_map("agenttrader-heartbeat-web", "t", "1")));
  EXPECT_FALSE(volatiles.covers(make_switch()));
  EXPECT_FALSE(volatiles.covers(make_object("v1", "Service", "agenttrader-heartbeat-web")));
}

}  // namespace
}  // namespace dr::lkg
