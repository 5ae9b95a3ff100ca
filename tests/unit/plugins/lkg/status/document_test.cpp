#include "plugins/lkg/status/document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.hpp"
#include "tests/unit/plugins/lkg/status/status_builder.hpp"

namespace dr::lkg {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TEST(StatusMetrics, AreInTheTextFormat) {
  const auto lines = split(status_metrics(test::good_status()), '\n');
  EXPECT_THAT(lines, Contains("# TYPE kubectl_lkg_halt_proven gauge"));
  EXPECT_THAT(lines, Contains("kubectl_lkg_halt_proven{namespace=\"trading-floor\"} 1"));
  EXPECT_THAT(lines, Contains("kubectl_lkg_lkg_captured_timestamp_seconds{namespace=\"trading-"
                              "floor\"} 1767315845"));
  EXPECT_THAT(lines, Contains("kubectl_lkg_workload_pods_ready{namespace=\"trading-floor\","
                              "workload=\"Deployment/engine\"} 2"));
  EXPECT_THAT(lines,
              Contains("kubectl_lkg_restore_seconds{namespace=\"trading-floor\",of=\"worst\"} "
                       "190"));
  EXPECT_THAT(lines, Contains("kubectl_lkg_drift_objects{namespace=\"trading-floor\",drift="
                              "\"changed\"} 0"));
}

// A monitor must not take the absence of knowledge for a 0, nor for a 1.
TEST(StatusMetrics, HaveNoneOfWhatIsUnknownButSaySo) {
  const std::string text = status_metrics(test::down_status());
  EXPECT_THAT(text, HasSubstr("kubectl_lkg_up{namespace=\"trading-floor\",part=\"switch\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("kubectl_lkg_up{namespace=\"trading-floor\",part=\"lkg\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("halt_proven")));
  EXPECT_THAT(text, Not(HasSubstr("drift_objects")));
  EXPECT_THAT(text, HasSubstr("kubectl_lkg_backup_timestamp_seconds"));
}

TEST(StatusMetrics, EscapeLabels) {
  Status status = test::good_status();
  status.workloads.value->front().object = "Deployment/a\"b\\c\nd";
  EXPECT_THAT(status_metrics(status), HasSubstr(R"(workload="Deployment/a\"b\\c\nd")"));
}

TEST(StatusJson, HasNullForWhatIsUnknownAndNamesIt) {
  Status status = test::down_status();
  keep_last_seen(status, test::good_status());
  const Json document = status_json(status, {"switch: unknown"});
  EXPECT_TRUE(document.at("switch").is_null());
  EXPECT_EQ(document.at("gaps").at(0).at("part"), "switch");
  EXPECT_EQ(document.at("verdict").at("halt"), "unknown");
  EXPECT_EQ(document.at("lkg").at("state"), "intact");
  EXPECT_EQ(document.at("problems"), Json::array({"switch: unknown"}));
}

}  // namespace
}  // namespace dr::lkg
