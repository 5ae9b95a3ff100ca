#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/lkg/allowed_signers.hpp"
#include "common/lkg/lkg.hpp"
#include "common/os/process_runner.hpp"

namespace dr::lkg {

inline constexpr std::size_t k_default_keep = 30;  // and the fewest that a user may ask for

// Makes the signature of a text of SHA256SUMS; empty: none is made.
using Sign = std::function<std::string(const std::string& checksums)>;

// The LKGs of a repository under <root>/ops/lkg: the current one in three files, and every one that
// was captured, whole, in history/<id>/. What is there is never edited, only added and pruned.
//
// Publishing writes the history entry first, then the manifest, the metadata, the signature (or it
// removes the old one), and SHA256SUMS last: where SHA256SUMS fits, so does the signature.
// So files that each equal, byte for byte, those of kept entries, but not those of the newest, are
// an interrupted publish: the newest whole entry is the current LKG, and the next publish mends it.
// An older LKG that somebody puts back is therefore not used (name it to be restored by its id).
// Any other mismatch is damage, and so is anything but plain files in directories that not
// everybody may write.
class LkgStore {
 public:
  // With `signers` an LKG that they have not signed is not believed.
  explicit LkgStore(const std::filesystem::path& root,
                    std::optional<AllowedSigners> signers = std::nullopt);

  // The current LKG, or `id` of the history. Throws Error(failed) when there is none,
  // Error(integrity) when it is damaged or not signed as it must be.
  Lkg load() const;
  Lkg load(const std::string& id) const;
  // Every check of an LKG that load() makes, of one that is elsewhere.
  Lkg check(const LkgFiles& files) const;
  bool wants_signatures() const { return m_signers.has_value(); }

  std::vector<LkgId> history() const;  // oldest first

  // Publishes an LKG made of `manifest` and the metadata that `metadata_for` makes for its id, with
  // the signature that `sign` makes of its SHA256SUMS, then prunes the history to the newest
  // `keep`. Holds the store's lock, and waits for the next second when an entry of this second
  // exists, so that ids stay unique and sorted. Throws Error(failed), or Error(refused) when the
  // signers of this store would not believe it; the old LKG then stays the current one.
  LkgId publish(const std::string& manifest,
                const std::function<std::string(const LkgId&)>& metadata_for, std::size_t keep,
                const os::Clock& clock, os::ProcessRunner& runner, const Sign& sign = {}) const;

  // Removes entries of the history, under the store's lock; a crash leaves each one whole or gone.
  void remove(const std::vector<LkgId>& ids) const;

  std::filesystem::path directory() const { return m_directory; }

 private:
  Lkg load_interrupted() const;
  std::optional<os::SshSigner> checked_signer(const std::string& id, const LkgFiles& files) const;
  void refuse_unbelievable(const LkgId& id, const LkgFiles& files) const;
  void publish_files(const LkgId& id, const LkgFiles& files) const;
  void prune(std::size_t keep) const;

  std::filesystem::path m_directory;
  std::optional<AllowedSigners> m_signers;
};

// Two explicit files (--manifest, --metadata), with no checksum file beside them to hold them to.
Lkg load_files(const std::filesystem::path& manifest, const std::filesystem::path& metadata);

}  // namespace dr::lkg
