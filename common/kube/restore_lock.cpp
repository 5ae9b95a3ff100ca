#include "common/kube/restore_lock.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/base/time.hpp"
#include "common/kube/object.hpp"
#include "common/os/identity.hpp"

namespace dr::kube {
namespace {

constexpr std::chrono::seconds k_duration{90};
constexpr std::chrono::seconds k_renew_after{20};
constexpr int k_tries = 3;
constexpr Millis k_pause{300};

const std::string k_object = "Lease/" + std::string(k_lock_name);

// metav1.MicroTime wants the fraction.
std::string micro_time(UtcTime time) {
  std::string text = rfc3339(time);
  text.insert(text.size() - 1, ".000000");
  return text;
}

std::string holder_of(const Json& lease) {
  return printable(data::string_or(lease, {"spec", "holderIdentity"}, ""));
}

// The process id of a holder "user@host/4711" on `host`; 0 for any other.
int process_on(const std::string& holder, const std::string& host) {
  const std::string infix = "@" + host + "/";
  const auto at = holder.rfind(infix);
  if (at == std::string::npos) return 0;
  const std::string_view digits = std::string_view(holder).substr(at + infix.size());
  int process = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), process);
  return error == std::errc{} && end == digits.end() && process > 0 ? process : 0;
}

std::optional<UtcTime> end_of(const Json& lease) {
  const auto renewed = parse_rfc3339(data::string_or(lease, {"spec", "renewTime"}, ""));
  if (!renewed) return std::nullopt;
  const auto seconds = data::integer_or(lease, {"spec", "leaseDurationSeconds"}, 0);
  return *renewed + std::chrono::seconds(seconds);
}

}  // namespace

std::string LockHolder::text() const {
  return fmt::format("{}@{}/{}", user, host, process);
}

RestoreLock::RestoreLock(const Kubectl& kubectl, const Halted& halted, const os::Clock& clock,
                         LockHolder self)
    : m_kubectl(kubectl),
      m_clock(clock),
      m_ns(halted.ns()),
      m_path(
          fmt::format("/apis/coordination.k8s.io/v1/namespaces/{}/leases/{}", m_ns, k_lock_name)),
      m_self(std::move(self)) {}

Json RestoreLock::body() const {
  const std::string now = micro_time(m_clock.now());
  return {{"apiVersion", "coordination.k8s.io/v1"},
          {"kind", "Lease"},
          {"metadata", {{"name", k_lock_name}, {"namespace", m_ns}}},
          {"spec",
           {{"holderIdentity", m_self.text()},
            {"leaseDurationSeconds", k_duration.count()},
            {"acquireTime", now},
            {"renewTime", now}}}};
}

Reply RestoreLock::reply_of(const os::ProcessResult& result) const {
  return m_kubectl.reply_of(result, k_object);
}

Reply RestoreLock::create() const {
  return reply_of(m_kubectl.urgent({"create", "-f", "-", "-o", "json"}, data::write_json(body())));
}

// Fenced by the version that was read: of two that take over, one wins.
Reply RestoreLock::replace(const Json& lease) const {
  Json wanted = body();
  for (const char* name : {"uid", "resourceVersion"})
    wanted["metadata"][name] = data::string_at(lease, {"metadata", name});
  if (holder_of(lease) == m_self.text())
    wanted["spec"]["acquireTime"] = data::string_or(lease, {"spec", "acquireTime"}, "");
  return reply_of(m_kubectl.urgent({"replace", "-f", "-", "-o", "json"}, data::write_json(wanted)));
}

Reply RestoreLock::read() const {
  return reply_of(m_kubectl.urgent({"get", "--raw", m_path}));
}

bool RestoreLock::adopt(const Json& lease) {
  if (holder_of(lease) != m_self.text()) return false;
  resource_version_of(lease);
  m_held = lease;
  m_renewed = m_clock.steady();
  return true;
}

bool RestoreLock::is_over(const Json& lease) const {
  const std::string holder = holder_of(lease);
  if (holder.empty()) return true;
  const int process = process_on(holder, m_self.host);
  if (process > 0 && !os::may_be_running(process)) return true;
  const auto end = end_of(lease);
  return end && *end < m_clock.now();
}

void RestoreLock::refuse(const Json& lease) const {
  const auto end = end_of(lease);
  throw Error(
      ExitCode::refused,
      fmt::format("another restore of namespace {} is at work: {} holds {} since {}", m_ns,
                  holder_of(lease), k_object,
                  printable(data::string_or(lease, {"spec", "acquireTime"}, "?"))),
      fmt::format("let it end, or stop it; a restore that has died holds the Lease until {}",
                  end ? rfc3339(*end) : "it is deleted"));
}

std::optional<std::string> RestoreLock::take() {
  std::string last;
  for (int attempt = 0; attempt < k_tries; ++attempt) {
    if (attempt > 0) m_kubectl.wait(k_pause);
    const Reply made = create();
    if (!made.error && adopt(made.value)) return std::nullopt;
    if (made.error && made.error->reason == ApiReason::forbidden) {
      return fmt::format("{} may not be written, so a second restore would not be refused: {}",
                         k_object, made.error->text);
    }
    last = made.error ? made.error->text : "another answer than the Lease";
    const Reply present = read();  // the reply may be lost, the Lease may be there
    if (present.error) continue;
    if (adopt(present.value)) return std::nullopt;
    if (!is_over(present.value)) refuse(present.value);
    const Reply taken = replace(present.value);
    if (!taken.error && adopt(taken.value)) return std::nullopt;
    if (taken.error) last = taken.error->text;
  }
  throw Error(ExitCode::failed, "failed to take " + k_object + ": " + last,
              "mend the cause that the API server names, then run the restore again");
}

void RestoreLock::renew() {
  if (!m_held || m_clock.steady() - m_renewed < k_renew_after) return;
  const Reply renewed = replace(*m_held);
  if (!renewed.error && adopt(renewed.value)) return;
  const Reply present = read();
  if (!present.error && adopt(present.value)) return;
  const bool lost = !present.error || present.error->reason == ApiReason::not_found;
  if (!lost && m_clock.steady() - m_renewed < k_duration) return;  // it still holds
  m_held.reset();
  throw Error(ExitCode::incomplete,
              present.error ? k_object + " could not be renewed: " + present.error->text
                            : k_object + " was taken over by " + holder_of(present.value),
              "see that no other restore of this namespace is at work, then run the restore again");
}

std::optional<std::string> RestoreLock::release() {
  if (!m_held) return std::nullopt;
  const Json lease = *std::exchange(m_held, std::nullopt);
  const Json options = {
      {"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"preconditions", {{"uid", uid_of(lease)}}}};
  std::string cause;
  try {
    const auto result =
        m_kubectl.urgent({"delete", "--raw", m_path, "-f", "-"}, data::write_json(options));
    if (result.ok()) return std::nullopt;
    const ApiError error = api_error_of(result);
    if (error.reason == ApiReason::not_found) return std::nullopt;
    cause = error.text;
  } catch (const Error& error) {  // kubectl has gone
    cause = error.what();
  }
  return fmt::format("{} could not be released, it ends by itself within {}: {}", k_object,
                     format_duration(k_duration), cause);
}

}  // namespace dr::kube
