#include "common/kube/pin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/object.hpp"

namespace dr::kube {
namespace {

// The two lists of containers of a pod spec, and where the pod's status speaks of each.
struct ContainerList {
  std::string_view member;
  std::string_view statuses;
  bool init;
};

constexpr std::array k_container_lists = {
    ContainerList{"containers", "containerStatuses", false},
    ContainerList{"initContainers", "initContainerStatuses", true}};

// A container of the template under examination.
struct Subject {
  const ContainerList& list;
  std::string name;
  std::string image;
  bool may_have_ended;  // a plain init container or a Job's container: having ended with 0 is as
                        // good as running
};

Subject subject_of(const ContainerList& list, const Json& container, const Json& pod_template) {
  const std::string& name = data::string_at(container, {"name"});
  const std::string& image = data::string_at(container, {"image"});
  const bool is_job =
      data::string_or(pod_template, {"spec", "restartPolicy"}, "Always") != "Always";
  const bool is_sidecar = data::string_or(container, {"restartPolicy"}, "") == "Always";
  return {list, name, image, is_job || (list.init && !is_sidecar)};
}

const Json* find_named(const Json::array_t& items, const std::string& name) {
  const auto found = std::find_if(items.begin(), items.end(), [&name](const Json& item) {
    return data::string_at(item, {"name"}) == name;
  });
  return found == items.end() ? nullptr : &*found;
}

// --- What one pod says about a container

struct Sighting {
  const Json* pod;
  std::string seen;                   // for messages
  std::optional<RunningImage> image;  // when the pod proves one
};

// The image in the pod's spec, when it is not the template's: its containers then prove nothing
// about the template.
std::optional<Sighting> find_alteration(const Subject& subject, const Json& pod) {
  const Json* container =
      find_named(data::array_or_empty(pod, {"spec", subject.list.member}), subject.name);
  if (container == nullptr) return Sighting{&pod, "has no such container", {}};
  const std::string image = data::string_or(*container, {"image"}, "");
  if (image == subject.image) return std::nullopt;
  return Sighting{&pod, fmt::format("has image \"{}\"", image), {}};
}

// While a container waits or has crashed, its imageID is still that of the instance before.
std::string distrust(const Subject& subject, const Json& status) {
  if (data::has(status, {"state", "running"})) return {};
  if (const Json* ended = data::find(status, {"state", "terminated"})) {
    const std::int64_t exit_code = data::integer_or(*ended, {"exitCode"}, -1);
    if (subject.may_have_ended && exit_code == 0) return {};
    return fmt::format("ended with exit code {}", exit_code);
  }
  return fmt::format("waits ({})",
                     data::string_or(status, {"state", "waiting", "reason"}, "no reason given"));
}

Sighting sight(const Subject& subject, const Json& pod) {
  const Json* status =
      find_named(data::array_or_empty(pod, {"status", subject.list.statuses}), subject.name);
  if (status == nullptr) return {&pod, "has no container status", {}};
  std::string doubt = distrust(subject, *status);
  if (!doubt.empty()) return {&pod, std::move(doubt), {}};
  const std::string image_id = data::string_or(*status, {"imageID"}, "");
  std::optional<RunningImage> image = RunningImage::parse(image_id);
  if (!image) return {&pod, fmt::format("imageID \"{}\" names no repository digest", image_id), {}};
  std::string seen = fmt::format("runs {}@{}", image->repository, image->digest.text());
  return {&pod, std::move(seen), std::move(image)};
}

// "pod web-1 on node-a runs x, and 2 more; pod web-4 on node-b runs y": what was seen once each, so
// that a line about a hundred pods stays a line.
std::string describe(const std::vector<Sighting>& sightings) {
  struct Group {
    const Sighting* first;
    std::size_t more;
  };
  std::vector<Group> groups;
  for (const Sighting& sighting : sightings) {
    const auto same = std::find_if(groups.begin(), groups.end(), [&sighting](const Group& group) {
      return group.first->seen == sighting.seen;
    });
    if (same == groups.end()) {
      groups.push_back({&sighting, 0});
    } else {
      ++same->more;
    }
  }
  std::vector<std::string> parts;
  for (const Group& group : groups) {
    const Json& pod = *group.first->pod;
    parts.push_back(fmt::format("pod {} on {} {}", name_of(pod),
                                data::string_or(pod, {"spec", "nodeName"}, "no node"),
                                group.first->seen));
    if (group.more > 0) parts.back() += fmt::format(", and {} more", group.more);
  }
  return printable(join(parts, "; "));
}

// --- The verdict on one container

// What the pods say about one container, by what it is good for.
struct Evidence {
  std::vector<Sighting> altered;
  std::vector<Sighting> usable;
  std::vector<Sighting> unusable;
};

Evidence gather(const Subject& subject, const std::vector<const Json*>& pods) {
  Evidence evidence;
  for (const Json* pod : pods) {
    if (std::optional<Sighting> altered = find_alteration(subject, *pod)) {
      evidence.altered.push_back(*std::move(altered));
      continue;
    }
    Sighting sighting = sight(subject, *pod);
    (sighting.image ? evidence.usable : evidence.unusable).push_back(std::move(sighting));
  }
  return evidence;
}

std::vector<Sighting> only(const std::vector<Sighting>& sightings, auto predicate) {
  std::vector<Sighting> matching;
  std::copy_if(sightings.begin(), sightings.end(), std::back_inserter(matching),
               [&predicate](const Sighting& sighting) { return predicate(*sighting.image); });
  return matching;
}

void add_proof(PinnedImage& pin, const std::vector<Sighting>& sightings) {
  for (const Sighting& sighting : sightings) pin.pods.push_back(name_of(*sighting.pod));
}

// A digest in the template decides by itself; runtimes may report another one for the same image
// (index or manifest).
void keep_digest(PinnedImage& pin, const Digest& digest, const Evidence& evidence) {
  pin.pinned = pin.original;
  const auto is_same = [&digest](const RunningImage& image) { return image.digest == digest; };
  const auto is_other = [&digest](const RunningImage& image) { return image.digest != digest; };
  add_proof(pin, only(evidence.usable, is_same));
  const std::vector<Sighting> others = only(evidence.usable, is_other);
  if (!others.empty()) pin.notes.push_back("reported under another digest: " + describe(others));
}

std::string refusal_of(const ImageRef& ref, const Evidence& evidence) {
  if (evidence.usable.empty()) {
    return evidence.unusable.empty() ? "no pod runs it"
                                     : "no pod proves a digest: " + describe(evidence.unusable);
  }
  const Digest& digest = evidence.usable.front().image->digest;
  const auto is_other = [&digest](const RunningImage& image) { return image.digest != digest; };
  if (!only(evidence.usable, is_other).empty()) {
    return "the pods run different digests: " + describe(evidence.usable);
  }
  const std::string repository = ref.repository();
  const std::vector<Sighting> foreign = only(
      evidence.usable, [&](const RunningImage& image) { return image.repository != repository; });
  if (foreign.empty()) return {};
  return fmt::format("not an image of {}: {}", repository, describe(foreign));
}

void decide(PinnedImage& pin, const Evidence& evidence) {
  if (!evidence.altered.empty()) {
    pin.refusal = fmt::format("the template says \"{}\", but {}", printable(pin.original),
                              describe(evidence.altered));
    return;
  }
  const ImageRef ref = ImageRef::parse(pin.original);
  if (ref.digest) {
    keep_digest(pin, *ref.digest, evidence);
    return;
  }
  pin.refusal = refusal_of(ref, evidence);
  if (!pin.refusal.empty()) return;
  pin.pinned = ref.pinned_to(evidence.usable.front().image->digest);
  add_proof(pin, evidence.usable);
  if (!evidence.unusable.empty()) {
    pin.notes.push_back("proved by other pods: " + describe(evidence.unusable));
  }
}

PinnedImage pin_container(const Subject& subject, const std::vector<const Json*>& pods) {
  PinnedImage pin;
  pin.container = subject.name;
  pin.init = subject.list.init;
  pin.original = subject.image;
  try {
    decide(pin, gather(subject, pods));
  } catch (const Error& error) {
    pin.refusal = error.what();
  }
  return pin;
}

// --- Image volumes

std::vector<const Json*> image_volumes_of(const Json& pod_template) {
  std::vector<const Json*> volumes;
  for (const Json& volume : data::array_or_empty(pod_template, {"spec", "volumes"})) {
    if (data::has(volume, {"image"})) volumes.push_back(&volume);
  }
  return volumes;
}

const std::string& image_of_volume(const Json& volume) {
  return data::string_at(volume, {"image", "reference"});
}

// Pods do not report what an image volume holds (KEP-5365 is alpha), so that only the template can
// name its digest.
PinnedImage pin_volume(const Json& volume) {
  PinnedImage pin;
  pin.container = data::string_at(volume, {"name"});
  pin.original = image_of_volume(volume);
  try {
    if (ImageRef::parse(pin.original).digest) {
      pin.pinned = pin.original;
    } else {
      pin.refusal =
          fmt::format("image volume \"{}\" is not by digest, and no pod reports its digest",
                      printable(pin.original));
    }
  } catch (const Error& error) {
    pin.refusal = error.what();
  }
  return pin;
}

// --- Applying

// A volume may bear a container's name, so the image decides too; a pin of another image is not
// this container's.
const PinnedImage& pin_of(const Json& container, bool init, const std::vector<PinnedImage>& pins) {
  const std::string& name = data::string_at(container, {"name"});
  const std::string& image = data::string_at(container, {"image"});
  const auto found = std::find_if(pins.begin(), pins.end(), [&](const PinnedImage& pin) {
    return pin.container == name && pin.init == init && pin.original == image;
  });
  if (found == pins.end()) {
    throw Error(ExitCode::failed,
                fmt::format("no pin for container {} with image \"{}\"", name, printable(image)));
  }
  return *found;
}

}  // namespace

std::vector<PinnedImage> pin_images(const Json& pod_template,
                                    const std::vector<const Json*>& pods) {
  std::vector<PinnedImage> pins;
  for (const ContainerList& list : k_container_lists) {
    for (const Json& container : data::array_or_empty(pod_template, {"spec", list.member})) {
      pins.push_back(pin_container(subject_of(list, container, pod_template), pods));
    }
  }
  for (const Json* volume : image_volumes_of(pod_template)) pins.push_back(pin_volume(*volume));
  return pins;
}

void apply_pins(Json& pod_template, const std::vector<PinnedImage>& pins) {
  for (const PinnedImage& pin : pins) {
    if (pin.pinned.empty()) {
      throw Error(ExitCode::failed,
                  fmt::format("container {} is not pinned: {}", pin.container, pin.refusal));
    }
  }
  Json pinned = pod_template;
  for (const ContainerList& list : k_container_lists) {
    if (!data::has(pinned, {"spec", list.member})) continue;
    for (Json& container : pinned.at("spec").at(list.member)) {
      container["image"] = pin_of(container, list.init, pins).pinned;
    }
  }
  pod_template = std::move(pinned);
}

std::vector<std::string> images_of(const Json& pod_template) {
  std::vector<std::string> images;
  for (const ContainerList& list : k_container_lists) {
    for (const Json& container : data::array_or_empty(pod_template, {"spec", list.member})) {
      images.push_back(data::string_at(container, {"image"}));
    }
  }
  for (const Json* volume : image_volumes_of(pod_template)) {
    images.push_back(image_of_volume(*volume));
  }
  return images;
}

}  // namespace dr::kube
