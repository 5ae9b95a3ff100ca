#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plugins/lkg/health_cluster.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::HasSubstr;
using testing::Not;

TEST(HealthHtml, DrawsTheTimelineToScale) {
  HealthFacts facts = small_floor().gather();
  facts.timeline = {
      {"journal", "restore-1.jsonl"},
      {"lkg", "L"},
      {"namespace", "trading-floor"},
      {"ms", 1000},
      {"exitCode", 0},
      {"deadline", nullptr},
      {"bars",
       Json::array(
           {{{"lane", "phase"}, {"name", "halt"}, {"from", 500}, {"to", 750}, {"good", true}}})}};
  EXPECT_THAT(health_html(facts, nullptr),
              HasSubstr("<rect class=\"b\" x=\"670\" y=\"0\" width=\"165\" height=\"12\" "
                        "data-name=\"phase halt\" data-from=\"500\" data-to=\"750\">"));
}

TEST(HealthHtml, LetsNothingFromOutsideAddMarkup) {
  HealthCluster cluster;
  cluster.put(k_events_path, list_with({make_event("e1", "web", "2026-01-02T03:00:00Z",
                                                   "\x1b[31m<script>a & \"b\"</script>")}));
  const std::string html = health_html(cluster.gather(), nullptr);
  EXPECT_THAT(html, HasSubstr("<td>&lt;script&gt;a &amp; &quot;b&quot;&lt;/script&gt;</td>"));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace dr::lkg
