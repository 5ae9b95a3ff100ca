#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "common/base/text.hpp"
#include "common/kube/references.hpp"
#include "plugins/lkg/restore/restore.hpp"

namespace dr::lkg {
namespace {

void refuse_terminating(const RestoreRun& run) {
  if (!run.live.ns) {
    throw Error(ExitCode::refused, "namespace " + run.lkg.ns + " vanished after the halt",
                "run the restore again");
  }
  if (data::has(*run.live.ns, {"metadata", "deletionTimestamp"})) {
    throw Error(ExitCode::refused, "namespace " + run.lkg.ns + " is being deleted",
                fmt::format("wait until it is gone (`kubectl wait --for=delete ns/{} "
                            "--timeout=5m`), then run the restore "
                            "again",
                            run.lkg.ns));
  }
  for (const auto& object : run.lkg.objects) {
    const auto key = kube::key_of(object);
    const Json* live = run.live.find(key);
    if (live == nullptr || !data::has(*live, {"metadata", "deletionTimestamp"})) continue;
    throw Error(
        ExitCode::refused, key.display() + " is being deleted",
        "wait until it is gone, or remove the finalizer that holds it, then run the restore again");
  }
}

// Before any write: half of an LKG must not be restored because an operator is not there yet.
void refuse_unserved(const Live& live) {
  std::vector<std::string> missing;
  for (const auto* kind : live.snapshot.unserved())
    missing.push_back(fmt::format("{} ({})", kind->name(), kind->api_version));
  if (missing.empty()) return;
  throw Error(ExitCode::refused,
              "the API server does not serve what the LKG holds: " + join(missing, ", "),
              "install the named CustomResourceDefinitions in a release that serves these versions "
              "(as a rule, install their operator), then run the restore again");
}

}  // namespace

std::vector<std::string> missing_secrets(const Lkg& lkg, const kube::Kubectl& kubectl) {
  const auto needed = kube::references_of(lkg.objects).secrets;
  if (needed.empty()) return {};
  // A table: the server sends names, types and counts, but no data.
  const auto listed = kubectl.read({"get", "secrets", "--no-headers"});
  if (!listed.ok()) {
    return {"Secrets could not be listed, so missing ones are not known: " +
            kube::api_error_of(listed).text};
  }
  std::set<std::string> present;
  for (const auto& line : split(listed.out, '\n')) present.insert(line.substr(0, line.find(' ')));
  std::vector<std::string> missing;
  for (const auto& [name, keys] : needed) {
    if (present.contains(name)) continue;
    const std::vector<std::string> key_names(keys.begin(), keys.end());
    missing.push_back(
        fmt::format("Secret/{} is missing{}: create it, pods that need it will not start", name,
                    keys.empty() ? "" : " (keys: " + join(key_names, ", ") + ")"));
  }
  return missing;
}

void preflight(RestoreRun& run) {
  run.live = read_live(run.kubectl, run.lkg);
  refuse_unserved(run.live);
  refuse_terminating(run);
  auto warnings = missing_secrets(run.lkg, run.kubectl);
  std::ranges::move(require_images(run.options.check_images), std::back_inserter(warnings));
  for (auto& warning : warnings) warn(run, std::move(warning));
}

}  // namespace dr::lkg
