#pragma once

#include <string>
#include <vector>

#include "common/kube/cluster_facts.hpp"
#include "common/lkg/lkg.hpp"
#include "plugins/lkg/image_check.hpp"
#include "plugins/lkg/live.hpp"
#include "plugins/lkg/restore/plan.hpp"

namespace dr::lkg {

// What the checks of a preflight are about.
struct Scene {
  const Lkg& lkg;
  const Live& live;
  const Plan& plan;  // what is written decides what is in the way of it
  const kube::ClusterFacts& cluster;
  const ImageCheck& images;
  bool is_halted = false;  // by this very run, which needs no more rights where nothing is written
};

// The plan has the object written; what is right already is in nobody's way.
bool is_written(const PlannedObject& planned);
// It is written, and pods are started for it: a workload of at least one replica.
bool starts_pods(const PlannedObject& planned);

// The workloads and CronJobs, which hold a pod template.
std::vector<const PlannedObject*> with_templates(const Plan& plan);

// Of the Namespace as it will be: the live labels, the LKG's for one that is created.
Json namespace_labels(const Scene& scene);

// Whether a label selector takes these labels; an absent or empty one takes all. Throws
// Error(failed) on a malformed one.
bool selects(const Json* selector, const Json& labels);

}  // namespace dr::lkg
