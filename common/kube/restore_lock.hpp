#pragma once

#include <optional>
#include <string>

#include "common/kube/kill_switch.hpp"
#include "common/kube/kubectl.hpp"
#include "common/os/clock.hpp"

namespace dr::kube {

inline constexpr std::string_view k_lock_name = "agenttrader-dr";

// Who holds a lock: "jane@laptop/4711", the user of the kubeconfig, the host and the process.
struct LockHolder {
  std::string user;
  std::string host;
  int process = 0;

  std::string text() const;
};

// One restore of a namespace at a time: Lease/agenttrader-dr in it, as client-go's leader election
// uses one. It ends by itself when nobody renews it for 90 s, so a restore that was killed on
// another host is in the way for no longer; one of this host whose process is gone is taken over at
// once. Hosts whose clocks differ by more than that can take a lock that lives: its holder notices
// at its next renewal and stops.
class RestoreLock {
 public:
  RestoreLock(const Kubectl& kubectl, const Halted& halted, const os::Clock& clock,
              LockHolder self);

  // Returns a warning when RBAC forbids Leases: the restore goes on without. Throws Error(refused)
  // that names the holder, Error(failed) when it cannot be told.
  std::optional<std::string> take();

  // Renews it when that is due, every 20 s. Throws Error(incomplete) when it is lost.
  void renew();

  // Gives it back; a warning when that fails, since it then ends by itself only. Throws no Error.
  std::optional<std::string> release();

 private:
  Json body() const;
  bool adopt(const Json& lease);  // it is ours: remember its version
  bool is_over(const Json& lease) const;
  [[noreturn]] void refuse(const Json& lease) const;
  Reply create() const;
  Reply replace(const Json& lease) const;
  Reply read() const;
  Reply reply_of(const os::ProcessResult& result) const;

  const Kubectl& m_kubectl;
  const os::Clock& m_clock;
  std::string m_ns;
  std::string m_path;
  LockHolder m_self;
  std::optional<Json> m_held;
  std::chrono::steady_clock::time_point m_renewed{};
};

}  // namespace dr::kube
