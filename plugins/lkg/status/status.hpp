#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time.hpp"
#include "common/kube/halt_proof.hpp"
#include "common/lkg/ledger.hpp"
#include "plugins/lkg/drift.hpp"

// What `kubectl lkg status` knows of a namespace and of the files that would bring it back. Nothing
// here decides: that is judge() in verdict.hpp.
namespace dr::lkg {

// One part of a status: what was read, or why it could not be. A part that is neither was not
// looked for.
template <typename T>
struct Part {
  std::optional<T> value;
  std::string unknown;           // empty when it was read
  std::optional<UtcTime> as_of;  // `value` is of an earlier look, for `unknown`

  bool is_known() const { return value.has_value() && unknown.empty(); }
  bool is_unknown() const { return !unknown.empty(); }
};

struct SwitchStatus {
  bool namespace_exists = true;
  std::optional<std::string> value;  // of EXECUTION_HALTED; nullopt: there is none
  std::string objection;             // why it does not count as halted although it reads "1"
  std::string manager;               // who wrote it last, by managedFields; may be empty
  std::string written;               // when, RFC 3339; may be empty
  std::vector<kube::HaltProof> proofs;
  std::string unproven;  // why no proof could be made; empty when it could
  std::string safety;    // what the second switch reads, when it is there and does not halt

  bool is_halted() const;  // reads "1", and nothing speaks against it
  std::size_t proven() const;
  bool is_proven() const;  // halted, and so is every container that takes the switch
};

// Of a file that others rely on.
enum class FileState { intact, damaged, absent };
std::string_view name_of(FileState state);

enum class Cluster { same, another, unknown };
std::string_view name_of(Cluster cluster);

struct LkgStatus {
  FileState state = FileState::absent;
  std::string damage;             // of `damaged`: what is wrong
  std::string intact_in_history;  // of `damaged`: the newest kept one that is whole
  std::string id;                 // empty for one of the incumbent scripts
  std::optional<UtcTime> captured;
  std::string ns;
  std::string cluster_name;  // as its capture's kubeconfig called it
  Cluster cluster = Cluster::unknown;
  std::size_t objects = 0;
  std::vector<std::string> warnings;
};

struct DriftRow {
  DriftKind kind = DriftKind::changed;
  std::string object;
  std::string pointer;  // of the first difference; empty for a whole object
  std::size_t differences = 0;
  std::string by{};  // who wrote what is first, and when; empty of a missing object
};
struct DriftStatus {
  std::size_t compared = 0;
  std::vector<DriftRow> rows;

  std::size_t count(DriftKind kind) const;
};

// Whether the pods of a workload run the images of the LKG.
enum class Digests {
  equal,
  other,
  unknown,    // a container has not started yet
  no_pods,    // nothing runs
  not_in_lkg  // nothing to compare with
};
std::string_view name_of(Digests digests);

struct WorkloadStatus {
  std::string object;
  std::int64_t wanted = 0;
  std::int64_t ready = 0;
  bool settled = false;
  std::string reason;  // why it is not settled, with the trouble of its first pod
  Digests digests = Digests::unknown;

  bool is_good() const { return settled && digests != Digests::other; }
};

// The images of the LKG in the inventory of Artifact Registry.
struct ImagesStatus {
  FileState inventory = FileState::absent;
  std::string damage;
  std::optional<UtcTime> taken;
  std::size_t present = 0;
  std::size_t unknown = 0;  // in particular: not in the inventory, or of another registry
  std::vector<std::string> not_found;  // of those, the ones that a whole listing does not have
};

struct BackupsStatus {
  std::string newest_complete;  // id; empty: there is none
  std::optional<UtcTime> taken;
  bool damaged = false;  // one that is newer is
  std::string newer;     // what is wrong with a newer one; empty: nothing
};

// What the ledger tells of restores.
struct RestoresStatus {
  struct Drill {
    UtcTime time{};
    int exit_code = 0;
    std::optional<Millis> verified_after;
  };

  FileState ledger = FileState::absent;
  std::string damage;
  std::optional<ExpectedTime> expected;
  std::optional<Drill> last_drill;
};

// docs/deploy/kill-switch-fence.yaml.
struct FenceStatus {
  bool held = false;                 // the namespace carries the label
  std::vector<std::string> missing;  // of the four objects, those that are not there or do not deny

  bool is_installed() const { return missing.empty(); }
  bool is_active() const { return held && is_installed(); }
};

struct Status {
  UtcTime time{};
  std::string ns;
  std::string context;
  std::string server;
  std::string unreachable;  // why the API server does not answer; empty when it does
  Part<SwitchStatus> kill_switch;
  Part<LkgStatus> lkg;
  Part<DriftStatus> drift;
  Part<std::vector<WorkloadStatus>> workloads;
  Part<ImagesStatus> images;
  Part<BackupsStatus> backups;
  Part<RestoresStatus> restores;
  Part<FenceStatus> fence;
  Part<std::vector<std::string>> gitops;  // who owns objects of the namespace
};

// For --watch: what could not be read now stays as it was seen last, marked with that time.
void keep_last_seen(Status& now, const Status& before);

}  // namespace dr::lkg
