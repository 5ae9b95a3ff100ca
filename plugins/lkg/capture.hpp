#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/kube/pin.hpp"
#include "common/lkg/lkg.hpp"
#include "plugins/lkg/live.hpp"

namespace dr::lkg {

// An object, and why.
struct Finding {
  std::string object;  // "Deployment/web"
  std::string reason;
  std::string next_step;
};

// The images of one workload or CronJob.
struct ComponentImages {
  kube::ObjectKey key;
  std::string source;  // what proved them: "pods", "digest", "job", "earlier-lkg", "registry"
  std::vector<kube::PinnedImage> images;
};

struct CaptureOptions {
  std::vector<std::string> exclude;  // KIND/NAME
  bool skip_scaled_to_zero = false;  // leaving out what never ran is deliberate
};

// What a capture makes of a namespace.
struct CaptureResult {
  std::vector<Json> objects;  // as the manifest holds them, in order
  std::vector<ComponentImages> components;
  std::vector<Finding> refusals;  // running but not good: no LKG
  std::vector<Finding>
      left_out;  // cannot be pinned because nothing of it has run: the LKG is incomplete
  std::vector<Finding> excluded;  // left out on the operator's word
  // Workloads whose replicas belong to a HorizontalPodAutoscaler, and how many ran.
  std::map<std::string, std::int64_t> autoscaled;
  std::vector<const kube::Kind*> custom_kinds;  // those that were looked for
  std::string resource_version;                 // at which all was read; empty: at no single one
};

// Earlier LKGs, newest first, one at a time until `visit` returns true: what never ran may be
// pinned as in one of them.
using EarlierLkgs = std::function<void(const std::function<bool(const Lkg&)>& visit)>;

// The digest that the registry has for the tag of an image, or nullopt when it cannot tell.
using RegistryDigest = std::function<std::optional<kube::Digest>(const kube::ImageRef& ref)>;

CaptureResult capture_objects(const Live& live, const CaptureOptions& options,
                              const EarlierLkgs& earlier, const RegistryDigest& registry);

// Workloads whose rollout is not settled yet; a capture waits for them, and refuses when they stay
// so.
std::vector<Finding> unsettled(const Live& live, const CaptureOptions& options);

}  // namespace dr::lkg
