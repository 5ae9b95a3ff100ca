#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/data/json.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/object.hpp"
#include "common/os/clock.hpp"
#include "common/os/ssh_keygen.hpp"

namespace dr::lkg {

inline constexpr std::string_view k_manifest_name = "lkg_manifest.yaml";
inline constexpr std::string_view k_metadata_name = "lkg_metadata.json";
inline constexpr int k_schema = 1;

// "<YYYYMMDDTHHMMSSZ>-<first 8 hex digits of the manifest's SHA-256>": unique, and sorted by time.
class LkgId {
 public:
  static std::optional<LkgId> parse(std::string_view text);
  LkgId(UtcTime time, std::string_view manifest_sha256);
  const std::string& text() const { return m_text; }
  UtcTime time() const { return m_time; }
  auto operator<=>(const LkgId& other) const { return m_text <=> other.m_text; }
  bool operator==(const LkgId& other) const { return m_text == other.m_text; }

 private:
  UtcTime m_time;
  std::string m_text;
};

// The files of an LKG as they are on disk. SHA256SUMS is not among them, since it follows from the
// two.
struct LkgFiles {
  std::string manifest;
  std::string metadata;
  std::optional<std::string> signature = std::nullopt;  // SHA256SUMS.sig, when there is one
};
std::string checksums_of(const LkgFiles& files);  // the text of SHA256SUMS
// Those of a sealed directory (common/os/sealed_dir.hpp). Throws Error(integrity) when it holds
// anything else; `id` names it.
LkgFiles files_of(std::map<std::string, std::string> contents, std::string_view id);

// A last known good state that passed every offline check.
struct Lkg {
  std::string id;  // empty for one that the incumbent scripts made
  std::string ns;
  std::string cluster_uid;  // UID of namespace kube-system where it was captured; empty when it was
                            // not recorded
  std::string server_version;  // of the API server there, "v1.36.3"; empty when it was not recorded
  std::vector<Json> objects;   // in manifest order
  std::vector<const kube::Kind*> custom_kinds;  // of the custom resources among them, as recorded
  Json metadata;
  bool is_signed = false;               // it has a signature
  std::optional<os::SshSigner> signer;  // who made it; only of one that was checked
  std::vector<std::string> warnings;    // what an LKG of the incumbent scripts lacks

  // By type, "Deployment" or "Widget.example.com".
  const Json* find(std::string_view type, std::string_view name) const;
  // Throws Error(usage) when a command is about another namespace.
  void require_namespace(const std::string& other) const;
  // The capture left the object out on purpose or for want of a digest, so it is neither drift nor
  // an extra.
  bool left_out(const kube::ObjectKey& key) const;
};

// Reads and checks an LKG without a cluster: shape, one namespace, no duplicate, no Secret and no
// kind outside the table but the custom ones that its metadata records, every workload image by
// digest, the switch at "1" (absent only in an LKG of the incumbent scripts), and the manifest's
// checksum in the metadata; but not the signature (LkgStore::check). Throws Error(integrity) naming
// the object and the pointer.
Lkg parse_lkg(const LkgFiles& files);

}  // namespace dr::lkg
