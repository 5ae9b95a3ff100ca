#pragma once

#include <string>

#include "common/lkg/volatile_objects.hpp"
#include "plugins/lkg/restore/plan.hpp"

namespace dr::lkg {

// Makes the bodies that a restore sends for one object of an LKG.
class Bodies {
 public:
  Bodies(const Lkg& lkg, kube::Allocated allocated, std::string restore_id);

  // For a replace of the object as `live` is now; CronJobs suspended, the template stamped when the
  // plan says so.
  Json replacement(const PlannedObject& planned, const Json& live) const;
  // For an object that is not there.
  Json creation(const PlannedObject& planned) const;
  // For the server-side apply that follows a replace: the same content without fences, status and
  // what other writers keep in the metadata (finalizers, the revision that a controller may have
  // counted up since).
  static Json applied(const Json& written, const PlannedObject& planned);

  // Otherwise it is created by POST: server-side apply would refuse or change a string of it, or,
  // as it has no fence, set back data that a program has written meanwhile.
  bool is_applicable(const PlannedObject& planned) const;
  // A custom resource: of one that is replaced, the record (managedFields) counts what the server
  // filled in as set by us; an apply tells the two apart (is_set_by_somebody).
  bool is_applied_again(const PlannedObject& planned) const;

 private:
  void finish(const PlannedObject& planned, Json& body) const;

  const Lkg& m_lkg;
  kube::Allocated m_allocated;
  std::string m_restore_id;
  VolatileObjects m_volatile;
};

}  // namespace dr::lkg
