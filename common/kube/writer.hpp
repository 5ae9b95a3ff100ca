#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/data/json.hpp"
#include "common/kube/kill_switch.hpp"
#include "common/kube/kubectl.hpp"
#include "common/kube/object.hpp"

namespace dr::kube {

// What became of each object of a stream: those without an entry in `errors` were written.
struct WriteResult {
  std::map<ObjectKey, ApiError> errors;
  bool ok() const { return errors.empty(); }
};

// Writes to the namespace whose halt was proven. Every call is one kubectl process, whatever the
// number of objects; an empty list is no process. Objects go as separate JSON documents: for a List
// kubectl falls back to its old client-side check, refuses good objects and then sends nothing
// (measured on 1.36). The switch itself is refused here (std::logic_error): only KillSwitch writes
// it.
class Writer {
 public:
  Writer(const Kubectl& kubectl, const Halted& halted);

  // PUT of objects that exist, fenced by the resourceVersion and uid in each body. Removes what
  // others added, which server-side apply cannot.
  WriteResult replace(const std::vector<Json>& bodies) const;

  // Server-side apply with force, as field manager agenttrader-dr: creates, and takes ownership.
  WriteResult apply(const std::vector<Json>& bodies) const;

  // POST; for objects that server-side apply would refuse.
  WriteResult create(const std::vector<Json>& bodies) const;

  // DELETE of objects as they were read, each fenced by its uid and resourceVersion: ApiReason
  // conflict when another one has its name, or it changed. What they own goes with them, in the
  // background. Without an entry in `errors`: gone or going. kubectl sends no fences with several,
  // and the API has no request for several, so this is a process each, Kubectl::k_parallel at a
  // time.
  WriteResult remove(const std::vector<Json>& objects) const;

  // DELETE of one incarnation of a pod. True when it is gone or going; false when another one has
  // its name now.
  bool delete_pod(const std::string& name, const std::string& uid) const;

  // POST of Secrets that are not there, by one kubectl. A drill alone has any: with the keys that
  // workloads name, and empty values. Throws Error(failed).
  void create_secrets(const std::vector<Json>& secrets) const;

  // The same writes, tried: the API server admits and validates each, and keeps nothing. It needs
  // no halt, as no call of it is without the word for that.
  class DryRun {
   public:
    explicit DryRun(const Kubectl& kubectl) : m_kubectl(kubectl) {}
    WriteResult replace(const std::vector<Json>& bodies) const;
    WriteResult apply(const std::vector<Json>& bodies) const;
    WriteResult create(const std::vector<Json>& bodies) const;
    WriteResult remove(const std::vector<Json>& objects) const;

   private:
    const Kubectl& m_kubectl;
  };

 private:
  static WriteResult send(const Kubectl& kubectl, std::vector<std::string> args,
                          const std::vector<Json>& bodies);
  static WriteResult remove(const Kubectl& kubectl, const std::vector<Json>& objects,
                            const Json& options);
  static os::Command removal(const Kubectl& kubectl, const std::string& path, Json options,
                             Json preconditions);

  const Kubectl& m_kubectl;
};

// The result of a kubectl write with -o name: objects are written when stdout names them; for each
// other one the error block of stderr that names it, else the blocks that name none of the objects.
WriteResult parse_write(const os::ProcessResult& result, const std::vector<Json>& bodies);

}  // namespace dr::kube
