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

std::string text_of(const registry::ImageCheck& one) {
  return fmt::format("{} ({})", one.image.reference, one.image.component);
}

}  // namespace

std::vector<Check> check_images(const ImageCheck& look_up) {
  if (!look_up) return {};
  ByCause unknown;
  std::vector<std::string> gone;
  std::string next_step;
  std::set<std::string> seen;
  for (const auto& one : look_up()) {
    if (!seen.insert(one.image.reference).second) continue;
    if (one.finding.verdict == registry::Verdict::unknown) {
      unknown.add(one.finding.reason,
                  {k_name, Verdict::warn, text_of(one),
                   "{} may be gone: " + one.finding.reason + as_of(one), one.finding.next_step});
    }
    if (one.finding.verdict != registry::Verdict::missing) continue;
    gone.push_back(text_of(one));
    next_step = one.finding.next_step;
  }
  std::vector<Check> found = unknown.rows();
  if (!gone.empty()) {
    found.push_back({k_name, Verdict::stop, "",
                     "the registry no longer has images of the LKG: " + join(gone, ", "),
                     next_step});
  }
  return or_ok(std::move(found), k_name, fmt::format("all {} are there", seen.size()));
}

}  // namespace dr::lkg
