#pragma once

#include <string>
#include <vector>

#include "common/data/json.hpp"
#include "common/kube/image_ref.hpp"

namespace dr::kube {

// One image of a pod template and what it is pinned to.
struct PinnedImage {
  std::string container;
  bool init = false;     // an init container or a native sidecar
  std::string original;  // as the template writes it
  std::string pinned;    // name@sha256:...; empty when it could not be pinned
  std::string refusal;   // why not: names the pod, the node and what was seen; empty when pinned
  std::vector<std::string>
      notes;  // for the metadata, such as "an index: pods on amd64 and arm64 run the same digest"
  std::vector<std::string> pods;  // that proved it
};

// Pins every container of a pod template to the digest that the given pods run (they must be the
// healthy pods of its newest revision, or the successful pod of a CronJob's Job). Never asks a
// registry, never reads status.image.
//  - an image that has a digest already is kept as it is;
//  - a pod whose container image differs from the template's text refuses (a webhook or an in-place
//  patch changed it);
//  - an imageID counts when its container runs now, or, for a plain init container or a Job's
//  container, ended with 0;
//  - an imageID that names no repository digest is unusable; another pod may still cover the
//  container;
//  - usable digests that differ between pods refuse, and so does a repository other than the
//  template's;
//  - an image volume (volumes[].image) that is not by digest refuses, under the volume's name.
std::vector<PinnedImage> pin_images(const Json& pod_template, const std::vector<const Json*>& pods);

// Writes the pins into the template. Every entry must be pinned.
void apply_pins(Json& pod_template, const std::vector<PinnedImage>& pins);

// Every image of a pod template: containers, init containers, image volumes.
std::vector<std::string> images_of(const Json& pod_template);

}  // namespace dr::kube
