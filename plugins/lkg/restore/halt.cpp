#include <fmt/format.h>

#include <utility>

#include "common/kube/field_rules.hpp"
#include "plugins/lkg/restore/restore.hpp"

namespace dr::lkg {
namespace {

Json namespace_object(const Lkg& lkg) {
  if (const Json* object = lkg.find("Namespace", lkg.ns))
    return kube::creation(*object, kube::Allocated::drop);
  return {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", lkg.ns}}}};
}

}  // namespace

void warn(RestoreRun& run, std::string warning) {
  run.progress("warning: " + warning);
  run.result.warnings.push_back(std::move(warning));
}

void halt(RestoreRun& run) {
  run.kubectl.open_proxy();  // starts beside the halt, which does not wait for it
  if (!run.namespace_exists) {
    run.kill_switch.create_namespace(namespace_object(run.lkg));
    run.result.changed.push_back("Namespace/" + run.lkg.ns + " created");
    run.progress("namespace created");
  }
  run.halted = run.kill_switch.halt();
  run.result.halted_at = rfc3339(run.clock.now());
  run.progress(fmt::format("halted: {}=\"1\" read back (resourceVersion {})", kube::k_switch_key,
                           run.halted->resource_version()));
  run.watch.emplace(run.kubectl, *run.halted);
  if (run.kill_switch.hold_safety()) {
    run.progress(fmt::format("ConfigMap/{} set to {}=\"{}\"", kube::k_safety_name,
                             kube::k_safety_key, kube::k_safety_halted));
  }
}

void require_halted(RestoreRun& run) {
  run.kill_switch.require_unchanged(*run.halted);
  run.watch->keep();
  run.lock->renew();
}

void lock(RestoreRun& run) {
  run.lock.emplace(run.kubectl, *run.halted, run.clock, run.options.holder);
  if (auto warning = run.lock->take()) warn(run, std::move(*warning));
  if (run.options.furnish) run.options.furnish(kube::Writer(run.kubectl, *run.halted));
}

void unlock(RestoreRun& run) {
  if (auto warning = run.lock->release()) warn(run, std::move(*warning));
}

}  // namespace dr::lkg
