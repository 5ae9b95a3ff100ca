#include <fmt/format.h>

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

void halt(RestoreRun& run) {
  if (!run.namespace_exists) {
    run.kill_switch.create_namespace(namespace_object(run.lkg));
    run.result.changed.push_back("Namespace/" + run.lkg.ns + " created");
    run.progress("namespace created");
  }
  run.halted = run.kill_switch.halt();
  run.result.halted_at = rfc3339(run.clock.now());
  run.progress(fmt::format("halted: {}=\"1\" read back (resourceVersion {})", kube::k_switch_key,
                           run.halted->resource_version()));
}

}  // namespace dr::lkg
