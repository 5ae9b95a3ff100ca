#include "plugins/lkg/image_check.hpp"

#include <fmt/format.h>

#include <set>

#include "common/base/error.hpp"
#include "common/base/text.hpp"

namespace dr::lkg {

std::vector<std::string> require_images(const ImageCheck& check) {
  std::vector<std::string> warnings;
  std::vector<std::string> gone;
  std::string next_step;
  std::set<std::string> seen;
  if (!check) return warnings;
  for (const auto& one : check()) {
    const auto& finding = one.finding;
    if (finding.verdict == registry::Verdict::present || !seen.insert(one.image.reference).second)
      continue;
    if (finding.verdict == registry::Verdict::missing) {
      gone.push_back(fmt::format("{} ({})", one.image.reference, one.image.component));
      next_step = finding.next_step;
      continue;
    }
    warnings.push_back(
        fmt::format("image {} of {} may be gone: {}{}", one.image.reference, one.image.component,
                    finding.reason,
                    one.as_of ? fmt::format(" ({} of {})", one.source, rfc3339(*one.as_of)) : ""));
  }
  if (!gone.empty()) {
    throw Error(ExitCode::refused,
                "the registry no longer has images of the LKG: " + join(gone, ", "), next_step);
  }
  return warnings;
}

}  // namespace dr::lkg
