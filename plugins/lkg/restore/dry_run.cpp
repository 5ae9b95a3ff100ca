#include "plugins/lkg/restore/dry_run.hpp"

#include <utility>

#include "common/kube/kill_switch.hpp"
#include "plugins/lkg/restore/bodies.hpp"

namespace dr::lkg {
namespace {

constexpr std::string_view k_stamp = "dry-run";

class Trier {
 public:
  Trier(const Lkg& lkg, const Live& live, const Plan& plan, const kube::Writer::DryRun& writer)
      : m_live(live),
        m_plan(plan),
        m_writer(writer),
        m_bodies(lkg, plan.allocated, std::string(k_stamp)) {}

  std::vector<Trial> run() {
    for (const auto& planned : m_plan.objects) sort(planned);
    for (const auto& extra : m_plan.extras) {
      if (m_plan.deletes(extra)) m_deleted.push_back(*m_live.find(extra.key));
    }
    report("replace", m_replaced, m_writer.replace(m_replaced));
    report("create", m_applied, m_writer.apply(m_applied));
    report("create", m_created, m_writer.create(m_created));
    report("delete", m_deleted, m_writer.remove(m_deleted));
    return std::move(m_trials);
  }

 private:
  void sort(const PlannedObject& planned) {
    const auto& key = planned.drift.key;
    if (kube::is_switch(key)) return;
    switch (planned.action) {
      case Action::same:
      case Action::blocked:
        return;
      case Action::change:
      case Action::restart:
      case Action::hold:
        m_replaced.push_back(unfenced(m_bodies.replacement(planned, *planned.drift.live)));
        return;
      case Action::recreate:
        m_deleted.push_back(*planned.drift.live);
        unknown(key, "a dry run cannot create it while it is there");
        return;
      case Action::create:
        if (!m_live.ns && !key.ns.empty()) {
          unknown(key, "a dry run cannot look into a namespace that is not there");
        } else {
          (m_bodies.is_applicable(planned) ? m_applied : m_created)
              .push_back(m_bodies.creation(planned));
        }
        return;
    }
  }

  // A status that moves is no answer.
  static Json unfenced(Json body) {
    body["metadata"].erase("resourceVersion");
    return body;
  }

  void unknown(const kube::ObjectKey& key, std::string why) {
    m_trials.push_back({key, "create", "unknown", std::move(why)});
  }

  void report(std::string_view write, const std::vector<Json>& bodies,
              const kube::WriteResult& outcome) {
    for (const auto& body : bodies) {
      const auto key = kube::key_of(body);
      const auto error = outcome.errors.find(key);
      if (error == outcome.errors.end()) {
        m_trials.push_back({key, write, "accepted", {}});
      } else {
        m_trials.push_back({key, write, answer_of(error->second), error->second.text});
      }
    }
  }

  static std::string_view answer_of(const kube::ApiError& error) {
    switch (error.reason) {
      case kube::ApiReason::timeout:
      case kube::ApiReason::unreachable:
      case kube::ApiReason::conflict:
      case kube::ApiReason::too_many:
        return "unknown";
      default:
        return "refused";
    }
  }

  const Live& m_live;
  const Plan& m_plan;
  const kube::Writer::DryRun& m_writer;
  Bodies m_bodies;
  std::vector<Json> m_replaced, m_applied, m_created, m_deleted;
  std::vector<Trial> m_trials;
};

}  // namespace

std::vector<Trial> try_writes(const Lkg& lkg, const Live& live, const Plan& plan,
                              const kube::Writer::DryRun& writer) {
  return Trier(lkg, live, plan, writer).run();
}

}  // namespace dr::lkg
