#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.hpp"
#include "common/data/json.hpp"
#include "common/kube/object.hpp"

namespace dr::backup {

inline constexpr std::string_view k_index_name = "backup.json";
inline constexpr std::string_view k_readme_name = "README.md";

// "<YYYYMMDDTHHMMSSZ>": unique, and sorted by time.
class BackupId {
 public:
  static std::optional<BackupId> parse(std::string_view text);
  explicit BackupId(UtcTime time);
  const std::string& text() const { return m_text; }
  UtcTime time() const { return m_time; }
  auto operator<=>(const BackupId& other) const { return m_time <=> other.m_time; }
  bool operator==(const BackupId& other) const { return m_time == other.m_time; }

 private:
  UtcTime m_time;
  std::string m_text;
};

enum class Outcome { ok, absent, forbidden, error };
std::string_view name_of(Outcome outcome);
std::optional<Outcome> parse_outcome(std::string_view text);

// What became of one resource of the API server.
struct Coverage {
  std::string resource;              // "deployments.apps", "configmaps"; "widgets.example.com"
  std::string api_version;           // "apps/v1"
  std::string kind;                  // "Deployment"
  std::string short_name;            // prefix of its files: "deploy", or "<plural>.<group>"
  std::vector<std::string> aliases;  // kubectl's short names
  Outcome outcome = Outcome::ok;
  std::size_t count = 0;  // objects in the backup
  std::string message;    // kubectl's words, of `forbidden` and `error`

  bool readable() const { return outcome == Outcome::ok || outcome == Outcome::absent; }
};
// "ok 12", "absent", "forbidden", "error: <message>".
std::string text_of(const Coverage& coverage);

// What the user asked for; empty lists: everything. A kind is named as kubectl takes it: kind,
// plural, plural.group or short name, in any case.
struct Selection {
  std::vector<std::string> kinds;    // --kinds: a backup of these only is partial
  std::vector<std::string> exclude;  // --exclude: KIND or KIND/GLOB
};

struct Provenance {
  std::string ns;
  std::string context;
  std::string cluster;         // its name in the kubeconfig
  std::string cluster_uid;     // of namespace kube-system; empty when it may not be read
  std::string server_version;  // empty when it may not be read
  std::string git_sha;         // or "UNKNOWN"
  std::string tool_version;
};

// An API group that discovery could not ask, such as "metrics.k8s.io/v1beta1".
struct DeadGroup {
  std::string group_version;
  std::string message;
  bool derived_only = false;  // it serves nothing that a backup would hold
};

// What a restore keeps before it writes is in the form of a backup: of the objects, those that it
// was about to change and those that its LKG does not hold, then every pod and the warning events.
struct Evidence {
  std::string lkg;         // id; empty for one that the incumbent scripts made
  std::string restore_id;  // of the run
};

// What a backup holds, on disk or not: the state of one namespace as far as it could be read.
struct Backup {
  BackupId id;
  Provenance provenance;
  Selection selection;
  std::vector<Coverage> coverage;  // by resource
  std::vector<DeadGroup> dead_groups;
  std::vector<std::string> warnings;   // such as "ConfigMap/x: key \"y\" looks like a credential"
  std::vector<Json> objects;           // as kube::captured leaves them; by file name
  std::optional<Evidence> evidence{};  // pods and events are then whole, but for managedFields

  // Every kind could be read, or was not there to be read.
  bool complete() const;
  // Only some kinds or objects were asked for: it does not stand for the namespace.
  bool partial() const { return !selection.kinds.empty() || evidence.has_value(); }
  const Coverage* coverage_of(const Json& object) const;
  // Those that KIND/NAME names, KIND in any form that kubectl takes.
  std::vector<const Json*> find(std::string_view kind, std::string_view name) const;
};

// The kind is named so: kind, plural, plural.group or short name, in any case.
bool is_named(const Coverage& coverage, std::string_view word);

// The file of an object: "<short>__<name>.yaml"; a name that would be longer than 255 bytes is cut
// and told apart by a hash.
std::string file_name(const Coverage& coverage, const Json& object);

// An object as the index lists it.
struct IndexedObject {
  std::string kind;
  std::string name;
  Coverage coverage;
};
struct Index {
  std::vector<Coverage> coverage;
  std::vector<IndexedObject> objects;
};
// What an index lists, for suggestions: nothing is held to the files. Throws Error(integrity).
Index read_index(const BackupId& id, const std::string& text);

// The files of a backup, by name, and back. parse_backup holds everything in them to everything
// else: the index to the directory's name, each file to its index entry and its name, the counts to
// the coverage; no Secret, no other namespace (cluster-scoped objects in evidence alone), no
// duplicate. Throws Error(integrity) naming the file.
std::map<std::string, std::string> files_of(const Backup& backup);
Backup parse_backup(const BackupId& id, const std::map<std::string, std::string>& files);

}  // namespace dr::backup
