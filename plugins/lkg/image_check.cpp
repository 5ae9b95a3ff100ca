#include "plugins/lkg/image_check.hpp"

#include <fmt/format.h>

#include <set>
#include <string>

#include "common/base/text.hpp"
#include "common/base/time.hpp"

namespace dr::lkg {
namespace {

constexpr const char* k_name = "images";

std::string as_of(const registry::ImageCheck& one) {
  return one.as_of ? fmt::format(" ({} of {})", one.source, rfc3339(*one.as_of)) : "";
}

Check unknown(const registry::ImageCheck& one) {
  return {k_name, Verdict::warn, one.image.component,
          fmt::format("image {} of {} may be gone: {}{}", one.image.reference, one.image.component,
                      one.finding.reason, as_of(one)),
          one.finding.next_step};
}

}  // namespace

std::vector<Check> check_images(const ImageCheck& look_up) {
  if (!look_up) return {};
  std::vector<Check> found;
  std::vector<std::string> gone;
  std::string next_step;
  std::set<std::string> seen;
  for (const auto& one : look_up()) {
    if (!seen.insert(one.image.reference).second) continue;
    if (one.finding.verdict == registry::Verdict::unknown) found.push_back(unknown(one));
    if (one.finding.verdict != registry::Verdict::missing) continue;
    gone.push_back(fmt::format("{} ({})", one.image.reference, one.image.component));
    next_step = one.finding.next_step;
  }
  if (!gone.empty()) {
    found.push_back({k_name, Verdict::stop, "",
                     "the registry no longer has images of the LKG: " + join(gone, ", "),
                     next_step});
  }
  return or_ok(std::move(found), k_name, fmt::format("all {} are there", seen.size()));
}

}  // namespace dr::lkg
