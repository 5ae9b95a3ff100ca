#include "common/registry/protect.hpp"

#include <algorithm>
#include <utility>

#include "common/base/error.hpp"

namespace dr::registry {
namespace {

constexpr std::size_t k_digits_in_tag = 12;

// `artifacts tags` does not escape the slash of a nested package, other commands do (measured with
// gcloud 528).
std::string escaped(const std::string& package) {
  std::string text;
  for (const char c : package) {
    if (c == '/') {
      text += "%2F";
    } else {
      text += c;
    }
  }
  return text;
}

// Not `docker tags add`: it deletes the tag before it makes it anew.
gcloud::Call tag_call(const TagStep& step) {
  const std::string verb = step.action == TagAction::create ? "create" : "update";
  return call_about(step.image.repository,
                    {"artifacts", "tags", verb, step.tag, "--version=" + step.image.digest.text(),
                     "--package=" + escaped(step.image.package)});
}

bool carries(const ListedImage& listed, const std::string& tag) {
  const auto tags = listed.tags();
  return std::ranges::find(tags, tag) != tags.end();
}

bool is_elsewhere(const std::vector<ListedImage>& images, const TagStep& step) {
  return std::ranges::any_of(images, [&](const ListedImage& listed) {
    return listed.name() == step.image.name() && carries(listed, step.tag);
  });
}

TagStep plan_tag(const RegistryImage& image, const LiveSearch& search) {
  const Finding& finding = search.findings.at(image.text());
  TagStep step{image, lkg_tag(image.digest), finding.verdict, {}, false, {}, {}, false};
  if (finding.verdict != Verdict::present) {
    step.reason = finding.reason;
    step.next_step = finding.next_step;
    return step;
  }
  step.may_be_part =
      finding.listed && !finding.listed->is_index() && finding.listed->tags().empty();
  step.carries_tag = finding.listed && carries(*finding.listed, step.tag);
  if (step.carries_tag) return step;
  const auto& images = search.listings.at(image.repository).images;
  step.action = is_elsewhere(images, step) ? TagAction::move : TagAction::create;
  return step;
}

// The tag as gcloud prints it after a write: on which version it is.
bool is_on(const std::string& out, const kube::Digest& digest) {
  try {
    const Json tag = data::read_json(out, "the tag");
    return data::string_or(tag, {"version"}, "").ends_with("/versions/" + digest.text());
  } catch (const Error&) {
    return false;  // the caller reports an answer that is none
  }
}

// Runs the steps that have an action, and returns those whose tag exists already.
std::vector<TagStep*> run_steps(const std::vector<TagStep*>& steps, const gcloud::Gcloud& gcloud) {
  std::vector<gcloud::Call> calls;
  for (const auto* step : steps) calls.push_back(tag_call(*step));
  const auto answers = gcloud.run_all(calls);
  std::vector<TagStep*> existing;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    TagStep& step = *steps[i];
    const auto& error = answers[i].error;
    step.carries_tag = !error && is_on(answers[i].out, step.image.digest);
    if (step.carries_tag) continue;
    step.reason = error ? error->text : "gcloud did not say that the tag is on the digest";
    step.next_step = gcloud::next_step_of(error ? error->reason : gcloud::Reason::transport);
    if (error && error->reason == gcloud::Reason::already_exists) existing.push_back(&step);
  }
  return existing;
}

}  // namespace

std::string lkg_tag(const kube::Digest& digest) {
  const std::string digits = digest.text().substr(digest.text().find(':') + 1);
  return "lkg-" + digits.substr(0, k_digits_in_tag);
}

std::string_view name_of(TagAction action) {
  switch (action) {
    case TagAction::create:
      return "create";
    case TagAction::move:
      return "move";
    case TagAction::none:
      break;
  }
  return "none";
}

std::vector<TagStep> plan_tags(const std::vector<RegistryImage>& images, const LiveSearch& search) {
  std::vector<TagStep> steps;
  for (const auto& image : images) steps.push_back(plan_tag(image, search));
  return steps;
}

std::vector<TagStep> apply_tags(std::vector<TagStep> steps, const gcloud::Gcloud& gcloud) {
  std::vector<TagStep*> open;
  for (auto& step : steps) {
    if (step.action != TagAction::none) open.push_back(&step);
  }
  const auto existing = run_steps(open, gcloud);
  if (existing.empty()) return steps;
  std::vector<RegistryImage> images;
  for (const auto* step : existing) images.push_back(step->image);
  const auto planned = plan_tags(images, search_live(images, gcloud));
  open.clear();
  for (std::size_t i = 0; i < existing.size(); ++i) {
    // What still has to be created, although it exists, is left with its error.
    if (planned[i].action == TagAction::create) continue;
    *existing[i] = planned[i];
    if (planned[i].action == TagAction::move) open.push_back(existing[i]);
  }
  run_steps(open, gcloud);
  return steps;
}

}  // namespace dr::registry
