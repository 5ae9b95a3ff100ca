#include "common/registry/lkg_forecast.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "common/base/error.hpp"

namespace dr::registry {
namespace {

gcloud::Call describe_call(const Repository& repository) {
  return {{"artifacts", "repositories", "describe", repository.name,
           "--location=" + repository.location, "--project=" + repository.project,
           "--format=json"}};
}

Retention retention_of(const gcloud::Answer& answer) {
  Retention retention;
  if (answer.error) {
    retention.not_understood = "failed to read the cleanup policies: " + answer.error->text;
    return retention;
  }
  try {
    return parse_retention(data::read_json(answer.out, "the repository's description"));
  } catch (const Error& error) {
    retention.not_understood = error.what();
    return retention;
  }
}

std::map<Repository, Retention> read_retentions(const LiveSearch& search,
                                                const gcloud::Gcloud& gcloud) {
  std::vector<gcloud::Call> calls;
  for (const auto& [repository, listing] : search.listings) {
    calls.push_back(describe_call(repository));
  }
  const auto answers = gcloud.run_all(calls);
  std::map<Repository, Retention> retentions;
  auto answer = answers.begin();
  for (const auto& [repository, listing] : search.listings) {
    retentions.emplace(repository, retention_of(*answer++));
  }
  return retentions;
}

Forecast not_present(const Finding& finding) {
  const bool missing = finding.verdict == Verdict::missing;
  return {missing ? Outlook::missing : Outlook::unknown, std::nullopt, {}, finding.reason};
}

}  // namespace

LkgForecast forecast_lkg(const lkg::Lkg& lkg, const gcloud::Gcloud& gcloud, UtcTime now) {
  auto images = images_of(lkg);
  const auto search = search_live(registry_images_of(images), gcloud);
  const auto retentions = read_retentions(search, gcloud);
  LkgForecast result;
  for (auto& image : images) {
    const Finding finding =
        image.registry ? search.findings.at(image.registry->text()) : not_searched(image);
    Forecast forecast = not_present(finding);
    if (finding.verdict == Verdict::present) {
      const Repository& repository = image.registry->repository;
      forecast = registry::forecast(*image.registry, search.listings.at(repository).images,
                                    retentions.at(repository), now);
    }
    if (forecast.outlook == Outlook::deletable) result.earliest = now;
    if (forecast.from)
      result.earliest = std::min(result.earliest.value_or(*forecast.from), *forecast.from);
    result.images.push_back({std::move(image), std::move(forecast)});
  }
  return result;
}

ExitCode exit_code_of(const LkgForecast& forecast) {
  ExitCode code = ExitCode::ok;
  for (const auto& image : forecast.images) {
    const Outlook outlook = image.forecast.outlook;
    if (outlook == Outlook::unknown) code = worse(code, ExitCode::incomplete);
    if (outlook == Outlook::missing || outlook == Outlook::deletable) {
      code = worse(code, ExitCode::failed);
    }
  }
  return code;
}

}  // namespace dr::registry
