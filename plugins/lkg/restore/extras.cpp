#include "plugins/lkg/restore/extras.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/text.hpp"
#include "common/kube/kill_switch.hpp"
#include "common/kube/kinds.hpp"

namespace dr::lkg {
namespace {

bool is_owned_by(const Json& object, const std::string& uid) {
  const auto& owners = data::array_or_empty(object, {"metadata", "ownerReferences"});
  return std::any_of(owners.begin(), owners.end(),
                     [&](const Json& owner) { return data::string_or(owner, {"uid"}, "") == uid; });
}

// The garbage collector deletes what names a deleted object as its owner, claims of a StatefulSet
// with whenDeleted: Delete among them.
const Json* dependent_of(const std::string& uid, const Live& live) {
  for (const auto& kind : kube::kinds()) {
    if (kind.capture != kube::Capture::always) continue;
    for (const auto& object : live.snapshot.of(kind.kind)) {
      if (is_owned_by(object, uid)) return &object;
    }
  }
  return nullptr;
}

// Who made it: the first manager of the object itself. Times are whole seconds; of those of one
// second the maker is the one with most fields, as a controller only adds to what it finds.
std::string maker_of(const Json& object) {
  std::string manager;
  std::string earliest;
  std::size_t most = 0;
  for (const auto& entry : data::array_or_empty(object, {"metadata", "managedFields"})) {
    if (data::has(entry, {"subresource"})) continue;
    const std::string time = data::string_or(entry, {"time"}, "");
    const std::size_t fields = entry.value("fieldsV1", Json()).flatten().size();
    if (!manager.empty() && (time > earliest || (time == earliest && fields <= most))) continue;
    manager = data::string_or(entry, {"manager"}, "");
    earliest = time;
    most = fields;
  }
  return manager;
}

std::string owner_of(const Json& object) {
  for (const auto& owner : data::array_or_empty(object, {"metadata", "ownerReferences"}))
    return data::string_or(owner, {"kind"}, "") + "/" + data::string_or(owner, {"name"}, "");
  return maker_of(object);
}

std::string why_not_pruned(const Json& object, const Live& live) {
  if (!data::array_or_empty(object, {"metadata", "ownerReferences"}).empty())
    return owner_of(object) + " owns it";
  if (data::has(object, {"metadata", "deletionTimestamp"})) return "it is being deleted already";
  // The controller manager makes it anew, and pods that run as it lose their tokens.
  if (kube::key_of(object).display() == "ServiceAccount/default") return "every namespace has one";
  return why_never_deleted(object, live);
}

}  // namespace

std::string why_never_deleted(const Json& object, const Live& live) {
  const auto key = kube::key_of(object);
  if (kube::held_value(key) != nullptr) return "it halts trading";
  if (key.kind == "Namespace") return "everything would go with it";
  if (key.kind == "PersistentVolumeClaim") return "its data would go with it";
  if (key.kind == "PriorityClass") return "other namespaces use it too";
  if (!service_of_endpoints(object).empty()) return "its Service may have no other endpoints";
  if (data::string_or(object, {"spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"},
                      "") == "Delete") {
    return "its PersistentVolumeClaims would go with it: set "
           "/spec/persistentVolumeClaimRetentionPolicy/whenDeleted to Retain first";
  }
  if (const Json* dependent = dependent_of(kube::uid_of(object), live))
    return fmt::format("{} would go with it: it names it as its owner", kube::display(*dependent));
  return {};
}

Extra extra_of(const Json& object, const Live& live) {
  return {kube::key_of(object),
          kube::uid_of(object),
          owner_of(object),
          data::string_or(object, {"metadata", "creationTimestamp"}, ""),
          kube::pod_template_of(object) != nullptr,
          why_not_pruned(object, live)};
}

std::string origin_text(const Extra& extra, UtcTime now) {
  std::string text = extra.runs_pods ? "runs pods, " : "";
  text += extra.owner.empty() ? "of unknown origin" : "of " + printable(extra.owner);
  if (const auto created = parse_rfc3339(extra.created))
    text += fmt::format(", {} old", format_duration(std::max(Millis(0), Millis(now - *created))));
  return text;
}

}  // namespace dr::lkg
