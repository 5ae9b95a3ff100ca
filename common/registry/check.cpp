#include "common/registry/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/object.hpp"
#include "common/kube/pin.hpp"

namespace dr::registry {
namespace {

constexpr std::string_view k_rebuild =
    "rebuild and push the image, deploy it, then capture a new LKG: `kubectl lkg capture`";

Finding present(const ListedImage& listed) {
  Finding finding;
  finding.verdict = Verdict::present;
  finding.listed = listed;
  return finding;
}

Finding unknown(std::string reason, std::string_view next_step) {
  Finding finding;
  finding.reason = std::move(reason);
  finding.next_step = next_step;
  return finding;
}

// `artifacts docker images describe` would not do: it also fails when another API is closed to us.
gcloud::Call describe_call(const RegistryImage& image) {
  return call_about(image.repository, {"artifacts", "versions", "describe", image.digest.text(),
                                       "--package=" + image.package});
}

bool describes(const std::string& out, const RegistryImage& image) {
  try {
    const Json version = data::read_json(out, "its description");
    return data::string_or(version, {"name"}, "").ends_with("/versions/" + image.digest.text());
  } catch (const Error&) {
    return false;  // the caller reports an answer that is none
  }
}

Finding finding_of(const gcloud::Answer& answer, const RegistryImage& image) {
  Finding finding;
  if (!answer.error && describes(answer.out, image)) {
    finding.verdict = Verdict::present;
    return finding;
  }
  if (answer.error && answer.error->reason == gcloud::Reason::not_found) {
    finding.verdict = Verdict::missing;
    finding.reason = "Artifact Registry does not have it";
    finding.next_step = k_rebuild;
    return finding;
  }
  const auto error = answer.error.value_or(
      gcloud::GcloudError{gcloud::Reason::transport, "the answer is no description of it"});
  return unknown(error.text, gcloud::next_step_of(error.reason));
}

// A repository that is gone is listed as NOT_FOUND; each of its images is asked for all the same.
bool needs_describe(const Listing& listing) {
  return !listing.error || listing.error->reason == gcloud::Reason::not_found;
}

std::vector<Repository> repositories_of(const std::vector<RegistryImage>& images) {
  std::set<Repository> repositories;
  for (const auto& image : images) repositories.insert(image.repository);
  return {repositories.begin(), repositories.end()};
}

void confirm(const std::vector<RegistryImage>& absent, LiveSearch& search,
             const gcloud::Gcloud& gcloud) {
  std::vector<gcloud::Call> calls;
  for (const auto& image : absent) calls.push_back(describe_call(image));
  const auto answers = gcloud.run_all(calls);
  for (std::size_t i = 0; i < absent.size(); ++i) {
    Finding finding = finding_of(answers[i], absent[i]);
    if (finding.verdict != Verdict::present) {
      for (const auto& [repository, listing] : search.listings) {
        std::ranges::copy(other_names_of(listing.images, absent[i]),
                          std::back_inserter(finding.other_names));
      }
    }
    search.findings[absent[i].text()] = std::move(finding);
  }
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::present:
      return "present";
    case Verdict::missing:
      return "missing";
    case Verdict::unknown:
      break;
  }
  return "unknown";
}

std::vector<LkgImage> images_of(const lkg::Lkg& lkg) {
  std::vector<LkgImage> images;
  for (const auto& object : lkg.objects) {
    const Json* pod_template = kube::pod_template_of(object);
    if (pod_template == nullptr) continue;
    // An LKG has every image by digest, and such an image is its own pin.
    for (auto& pin : kube::pin_images(*pod_template, {})) {
      const auto ref = kube::ImageRef::parse(pin.pinned);
      images.push_back({kube::display(object), std::move(pin.container), std::move(pin.pinned),
                        RegistryImage::parse(ref)});
    }
  }
  return images;
}

std::vector<RegistryImage> registry_images_of(const std::vector<LkgImage>& images) {
  std::map<std::string, RegistryImage> unique;
  for (const auto& image : images) {
    if (image.registry) unique.emplace(image.registry->text(), *image.registry);
  }
  std::vector<RegistryImage> list;
  for (auto& [text, image] : unique) list.push_back(std::move(image));
  return list;
}

Finding not_searched(const LkgImage& image) {
  const std::string host = split(image.reference, '/').front();
  return unknown(fmt::format("{} is not a repository of Artifact Registry", printable(host)),
                 "check that registry by hand");
}

Finding find_in(const Inventory& inventory, const RegistryImage& image) {
  if (std::string gap = inventory.gap(image.repository); !gap.empty()) {
    return unknown(std::move(gap),
                   "run `kubectl arsnap check --live`, or take a new inventory that covers it");
  }
  if (const auto* listed = find_image(inventory.images, image)) return present(*listed);
  Finding finding =
      unknown("it is not in the inventory; only the registry can tell that it is gone",
              "run `kubectl arsnap check --live`");
  finding.other_names = other_names_of(inventory.images, image);
  return finding;
}

LiveSearch search_live(const std::vector<RegistryImage>& images, const gcloud::Gcloud& gcloud) {
  LiveSearch search;
  const auto repositories = repositories_of(images);
  auto listings = list_repositories(repositories, gcloud);
  for (std::size_t i = 0; i < repositories.size(); ++i) {
    search.listings.emplace(repositories[i], std::move(listings[i]));
  }
  std::vector<RegistryImage> absent;
  for (const auto& image : images) {
    const Listing& listing = search.listings.at(image.repository);
    if (const auto* listed = find_image(listing.images, image)) {
      search.findings[image.text()] = present(*listed);
    } else if (needs_describe(listing)) {
      absent.push_back(image);
    } else {
      search.findings[image.text()] =
          unknown(listing.error->text, gcloud::next_step_of(listing.error->reason));
    }
  }
  confirm(absent, search, gcloud);
  return search;
}

std::vector<ImageCheck> check_images(const lkg::Lkg& lkg, const Inventory& inventory) {
  std::vector<ImageCheck> checks;
  for (auto& image : images_of(lkg)) {
    if (image.registry) {
      Finding finding = find_in(inventory, *image.registry);
      checks.push_back({std::move(image), std::move(finding), "inventory", inventory.time});
    } else {
      Finding finding = not_searched(image);
      checks.push_back({std::move(image), std::move(finding), "", std::nullopt});
    }
  }
  return checks;
}

std::vector<ImageCheck> check_images_live(const lkg::Lkg& lkg, const gcloud::Gcloud& gcloud,
                                          UtcTime now) {
  auto images = images_of(lkg);
  const auto search = search_live(registry_images_of(images), gcloud);
  std::vector<ImageCheck> checks;
  for (auto& image : images) {
    if (image.registry) {
      const Finding& finding = search.findings.at(image.registry->text());
      checks.push_back({std::move(image), finding, "registry", now});
    } else {
      Finding finding = not_searched(image);
      checks.push_back({std::move(image), std::move(finding), "", std::nullopt});
    }
  }
  return checks;
}

ExitCode exit_code_of(const std::vector<ImageCheck>& checks) {
  ExitCode code = ExitCode::ok;
  for (const auto& check : checks) {
    if (check.finding.verdict == Verdict::missing) code = worse(code, ExitCode::failed);
    if (check.finding.verdict == Verdict::unknown) code = worse(code, ExitCode::incomplete);
  }
  return code;
}

}  // namespace dr::registry
