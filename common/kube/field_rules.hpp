#pragma once

#include <span>
#include <string_view>

#include "common/data/json.hpp"

namespace dr::kube {

enum class Verdict {
  strip,  // the server's own: not captured, not compared, not sent
  carry,  // another writer's: not captured, not compared; a write keeps what the live object has
  adopt,  // captured where it is ours; where an LKG has none, not compared, and a write keeps the
          // live value
  allocated,  // given out by one cluster: captured, compared and sent there; on another cluster as
              // `carry`
};

// One row: where, and what to do there, and why.
struct FieldRule {
  std::string_view kind;  // "*" for every kind
  // JSON pointer pattern: a token "*" is any member or element, a final "prefix*" any member that
  // begins so (written with ~1 for a slash), and a leading "{template}" stands for the kind's pod
  // template.
  std::string_view pointer;
  Verdict verdict;
  std::string_view reason;
};

std::span<const FieldRule> field_rules();

// Annotation of a pod template that a restore sets to replace the pods of a workload.
inline constexpr std::string_view k_restore_id_annotation = "agenttrader.dev/restore-id";

// `live` as an LKG or a backup keeps it: without what the rules strip or carry, without nulls
// (custom resources keep theirs), and without annotations or labels maps that this emptied. Never
// drops another empty map or list (emptyDir:
// {}, podSelector: {} and "" have meanings).
Json captured(const Json& live);

// Whether allocated values (node ports) of an LKG hold on the cluster at hand.
enum class Allocated { keep, drop };

// The two sides as they are compared: both as captured, allocated fields dropped on both if so
// said, and fields to adopt removed from `live` where `lkg` has none. What differs then is drift.
struct Comparable {
  Json lkg;
  Json live;
};
Comparable comparable(const Json& lkg, const Json& live, Allocated allocated);

// The body that a replace sends: the LKG object with resourceVersion and uid of `live` as fences,
// and with everything the rules carry or adopt from `live`.
Json replacement(const Json& lkg, const Json& live, Allocated allocated);

// The body of an object that does not exist yet.
Json creation(const Json& lkg, Allocated allocated);

}  // namespace dr::kube
