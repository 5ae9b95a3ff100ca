#pragma once

#include <optional>
#include <vector>

#include "common/base/exit_code.hpp"
#include "common/base/time.hpp"
#include "common/gcloud/gcloud.hpp"
#include "common/lkg/lkg.hpp"
#include "common/registry/check.hpp"
#include "common/registry/retention.hpp"

namespace dr::registry {

struct ImageForecast {
  LkgImage image;
  Forecast forecast;
};

// How long the images of an LKG stay.
struct LkgForecast {
  std::vector<ImageForecast> images;
  // The first time at which one of them may be deleted; nullopt when none ever may, as far as
  // known.
  std::optional<UtcTime> earliest;
};

// Two calls for each repository: its listing, and its policies.
LkgForecast forecast_lkg(const lkg::Lkg& lkg, const gcloud::Gcloud& gcloud, UtcTime now);

// failed when an image is missing or may be deleted now, incomplete when one is unknown, else ok.
ExitCode exit_code_of(const LkgForecast& forecast);

}  // namespace dr::registry
