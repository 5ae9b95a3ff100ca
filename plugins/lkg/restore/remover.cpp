#include "plugins/lkg/restore/remover.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "common/base/text.hpp"
#include "plugins/lkg/restore/extras.hpp"
#include "plugins/lkg/restore/read_again.hpp"

namespace dr::lkg {
namespace {

// A status that moves refuses a fenced delete, as it does a replace.
constexpr int k_passes = 8;
constexpr Millis k_pause{300};
constexpr std::chrono::seconds k_gone_within{60};

std::string what_holds(const Json& object) {
  std::vector<std::string> finalizers;
  for (const auto& finalizer : data::array_or_empty(object, {"metadata", "finalizers"}))
    finalizers.push_back(finalizer.get<std::string>());
  if (finalizers.empty()) return "the API server has not removed it yet";
  return "it waits for its finalizer " + join(finalizers, ", ");
}

class Remover {
 public:
  Remover(RestoreRun& run, const kube::Writer& writer) : m_run(run), m_writer(writer) {}

  std::map<kube::ObjectKey, std::string> remove(std::vector<Incarnation> doomed) {
    for (int pass = 0; pass < k_passes && !doomed.empty(); ++pass) {
      if (pass > 0) m_run.kubectl.wait(k_pause);
      doomed = delete_pass(doomed);
    }
    for (const auto& one : doomed) {
      m_failures[one.key] =
          fmt::format("it changed during every one of {} tries to delete it", k_passes);
    }
    await();
    return std::move(m_failures);
  }

 private:
  // Returns those that changed between the read and the delete.
  std::vector<Incarnation> delete_pass(const std::vector<Incarnation>& doomed) {
    const auto present = read(doomed);
    require_halted(m_run);
    std::vector<Json> objects;
    for (std::size_t i = 0; i < doomed.size(); ++i) {
      if (!present[i]) continue;
      if (auto reason = why_never_deleted(*present[i], m_run.live); !reason.empty()) {
        m_failures[doomed[i].key] = std::move(reason);
      } else {
        objects.push_back(*present[i]);
      }
    }
    const auto outcome = m_writer.remove(objects);
    std::vector<Incarnation> again;
    for (const auto& object : objects) {
      Incarnation one{kube::key_of(object), kube::uid_of(object)};
      const auto error = outcome.errors.find(one.key);
      if (error == outcome.errors.end()) {
        m_going.push_back(std::move(one));
      } else if (error->second.reason == kube::ApiReason::conflict) {
        again.push_back(std::move(one));
      } else {
        m_failures[one.key] = error->second.text;
      }
    }
    return again;
  }

  void await() {
    const auto deadline = m_run.clock.steady() + k_gone_within;
    while (!m_going.empty()) {
      const auto present = read(m_going);
      require_halted(m_run);
      std::vector<Incarnation> left;
      for (std::size_t i = 0; i < m_going.size(); ++i) {
        if (!present[i]) continue;
        left.push_back(m_going[i]);
        if (m_run.clock.steady() < deadline) continue;
        m_failures[m_going[i].key] =
            fmt::format("it is deleted, and not gone within {}: {}",
                        format_duration(Millis(k_gone_within)), what_holds(*present[i]));
      }
      if (m_run.clock.steady() >= deadline) return;
      m_going = std::move(left);
      if (!m_going.empty()) m_run.kubectl.wait(k_pause);
    }
  }

  // Each as it is now; nullopt when it is gone, whoever has its name now.
  std::vector<std::optional<Json>> read(const std::vector<Incarnation>& incarnations) const {
    std::vector<kube::ObjectKey> keys;
    for (const auto& one : incarnations) keys.push_back(one.key);
    auto present = read_again(m_run, keys);
    std::vector<std::optional<Json>> objects;
    for (const auto& one : incarnations) {
      const auto found = present.find(one.key);
      const bool is_there = found != present.end() && kube::uid_of(found->second) == one.uid;
      objects.push_back(is_there ? std::optional<Json>(std::move(found->second)) : std::nullopt);
    }
    return objects;
  }

  RestoreRun& m_run;
  const kube::Writer& m_writer;
  std::vector<Incarnation> m_going;
  std::map<kube::ObjectKey, std::string> m_failures;
};

}  // namespace

std::map<kube::ObjectKey, std::string> remove_and_wait(RestoreRun& run, const kube::Writer& writer,
                                                       std::vector<Incarnation> doomed) {
  return Remover(run, writer).remove(std::move(doomed));
}

}  // namespace dr::lkg
