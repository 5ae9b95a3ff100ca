#include "plugins/lkg/preflight/preflight.hpp"

#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "plugins/lkg/preflight/admission.hpp"
#include "plugins/lkg/preflight/nodes.hpp"
#include "plugins/lkg/preflight/objects.hpp"
#include "plugins/lkg/preflight/references.hpp"
#include "plugins/lkg/preflight/rights.hpp"
#include "plugins/lkg/preflight/webhooks.hpp"

namespace dr::lkg {
namespace {

constexpr const char* k_nodes = "/api/v1/nodes";
constexpr const char* k_services = "/api/v1/services";
constexpr const char* k_validating =
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
constexpr const char* k_mutating =
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

// The answers of one parallel batch, by path.
std::map<std::string, kube::Reply> read_batch(const std::vector<std::string>& paths,
                                              const kube::Kubectl& kubectl) {
  auto replies = kubectl.get_all(paths);
  std::map<std::string, kube::Reply> answers;
  for (std::size_t i = 0; i < paths.size(); ++i) answers[paths[i]] = std::move(replies[i]);
  return answers;
}

// Those of some of the paths, by what they stand for.
std::map<std::string, kube::Reply> picked(const std::map<std::string, std::string>& paths,
                                          const std::map<std::string, kube::Reply>& answers) {
  std::map<std::string, kube::Reply> result;
  for (const auto& [name, path] : paths) result[name] = answers.at(path);
  return result;
}

void add(std::vector<Check>& checks, std::vector<Check> more) {
  std::move(more.begin(), more.end(), std::back_inserter(checks));
}

}  // namespace

std::vector<Check> check_preflight(const Scene& scene, const kube::Kubectl& kubectl) {
  const auto classes = class_lists(scene);
  const auto versions = version_paths(scene.lkg);
  std::vector<std::string> paths = {k_nodes, k_validating, k_mutating};
  for (const auto& [kind, path] : classes) paths.push_back(path);
  for (const auto& [version, path] : versions) paths.push_back(path);
  if (needs_node_ports(scene)) paths.emplace_back(k_services);
  const auto answers = read_batch(paths, kubectl);

  std::vector<Json> trials = rights_to_review(scene);
  for (auto& pod : pods_to_rehearse(scene)) trials.push_back(std::move(pod));
  const Rehearsal rehearsal = rehearse(trials, kubectl);

  std::vector<Check> checks = {check_identity(scene), check_integrity(scene.lkg)};
  add(checks, check_kinds(scene, picked(versions, answers)));
  add(checks, check_terminating(scene));
  add(checks, check_owners(scene));
  add(checks, check_rights(scene, rehearsal));
  add(checks, check_references(scene, picked(classes, answers), kubectl));
  add(checks, check_images(scene.images));
  add(checks, check_webhooks(scene, answers.at(k_validating), answers.at(k_mutating), kubectl));
  add(checks, check_admission(scene, rehearsal));
  add(checks, check_nodes(scene, answers.at(k_nodes), kubectl));
  const auto services = answers.find(k_services);
  if (services != answers.end()) add(checks, check_node_ports(scene, services->second));
  return checks;
}

}  // namespace dr::lkg
