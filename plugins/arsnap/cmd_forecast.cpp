#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "common/cli/table.hpp"
#include "common/cli/verb.hpp"
#include "common/registry/lkg_forecast.hpp"
#include "plugins/arsnap/cmd_support.hpp"
#include "plugins/arsnap/commands.hpp"

namespace dr::arsnap {
namespace {

using registry::LkgForecast;
using registry::Outlook;

Json json_of(const LkgForecast& forecast) {
  Json list = Json::array();
  for (const auto& [image, outlook] : forecast.images) {
    Json entry = {{"component", image.component},
                  {"container", image.container},
                  {"reference", image.reference},
                  {"outlook", name_of(outlook.outlook)},
                  {"reason", outlook.reason}};
    if (outlook.from) entry["from"] = rfc3339(*outlook.from);
    if (!outlook.policy.empty()) entry["policy"] = outlook.policy;
    list.push_back(std::move(entry));
  }
  return list;
}

std::string text_of(const LkgForecast& forecast, UtcTime now) {
  cli::Table table({"COMPONENT", "CONTAINER", "OUTLOOK", "FROM", "POLICY", "IMAGE", "REASON"});
  bool all_known = true;
  for (const auto& [image, outlook] : forecast.images) {
    all_known = all_known && outlook.outlook != Outlook::unknown;
    table.add({image.component, image.container, std::string(name_of(outlook.outlook)),
               outlook.from ? rfc3339(*outlook.from) : "", outlook.policy, image.reference,
               outlook.reason});
  }
  std::string summary = "no cleanup policy deletes an image of the LKG";
  if (forecast.earliest) {
    summary = *forecast.earliest <= now
                  ? "an image of the LKG may be deleted any time"
                  : fmt::format("the first image of the LKG may be deleted from {} on",
                                rfc3339(*forecast.earliest));
  }
  return table.text() + summary + (all_known ? "" : ", as far as is known") + "\n";
}

ExitCode run(const cli::LkgSource& source, cli::Runtime& runtime,
             const cli::GlobalOptions& globals) {
  const auto lkg = read_lkg(source, runtime, globals);
  const UtcTime now = runtime.clock.now();
  const auto forecast = registry::forecast_lkg(lkg, cli::make_gcloud(runtime, globals), now);
  Json document = {{"lkg", lkg.id}, {"namespace", lkg.ns}, {"images", json_of(forecast)}};
  if (forecast.earliest) document["earliest"] = rfc3339(*forecast.earliest);
  cli::print_result(runtime, globals, "ForecastReport", std::move(document),
                    text_of(forecast, now));
  return exit_code_of(forecast);
}

}  // namespace

cli::CommandSpec forecast_command() {
  return {"forecast", "Tell how long the images of an LKG stay in the registry",
          "Read the cleanup policies of the repositories and tell for each image of the LKG "
          "whether it is kept, may be deleted now, or from which time on, if nobody pushes or "
          "tags meanwhile. A policy that is not understood makes it unknown. Exit code 0: kept, "
          "for now at least; 1: one may be deleted now or is missing; 4: one is unknown. Contacts "
          "no cluster.",
          "  # Until when can the current LKG be restored?\n  kubectl arsnap forecast",
          [](CLI::App& app) -> cli::Action {
            auto source = std::make_shared<cli::LkgSource>();
            cli::add_lkg_source(app, *source);
            return [source](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
              return run(*source, runtime, globals);
            };
          }};
}

}  // namespace dr::arsnap
