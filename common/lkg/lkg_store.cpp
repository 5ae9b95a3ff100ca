#include "common/lkg/lkg_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "common/base/error.hpp"
#include "common/os/atomic_file.hpp"
#include "common/os/pruned_dir.hpp"
#include "common/os/sealed_dir.hpp"
#include "common/os/sha256.hpp"

namespace dr::lkg {
namespace {

namespace fs = std::filesystem;

const std::string k_capture_step =
    "capture one with `kubectl lkg capture`, or restore ops/lkg from version control";

constexpr std::size_t k_max_file_bytes = std::size_t{256} << 20;  // a thousand times a usual one

// A link, a device or a FIFO in place of a file could be read as something else each time.
std::optional<std::string> read_if_there(const fs::path& path) {
  std::error_code ignored;
  const auto refuse = [&](const std::string& why) {
    throw Error(ExitCode::integrity, path.string() + " is " + why,
                "restore ops/lkg from version control");
  };
  const auto type = fs::symlink_status(path, ignored).type();
  if (type == fs::file_type::not_found) return std::nullopt;
  if (type != fs::file_type::regular) refuse("not a regular file");
  if (fs::file_size(path, ignored) > k_max_file_bytes) refuse("too large for an LKG");
  return os::read_file(path, k_max_file_bytes);
}

// A part of a published LKG that is absent, or is the same in some kept generation.
using Parts = std::map<std::string, std::optional<std::string>>;

Parts read_parts(const fs::path& directory) {
  Parts parts;
  for (const auto name : {k_manifest_name, k_metadata_name, os::k_checksums_name}) {
    parts[std::string(name)] = read_if_there(directory / name);
  }
  return parts;
}

bool fits(const Parts& parts) {
  std::map<std::string, std::string> sums;
  for (const auto& [name, text] : parts) {
    if (!text) return false;
    if (name != os::k_checksums_name) sums[name] = os::sha256_hex(*text);
  }
  return *parts.at(std::string(os::k_checksums_name)) == os::format_checksums(sums);
}

}  // namespace

LkgStore::LkgStore(const fs::path& root, std::optional<AllowedSigners> signers)
    : m_directory(root / "ops" / "lkg"), m_signers(std::move(signers)) {}

std::vector<LkgId> LkgStore::history() const {
  std::vector<LkgId> ids;
  std::error_code error;
  for (fs::directory_iterator entry(m_directory / "history", error), end; !error && entry != end;
       entry.increment(error)) {
    if (auto id = LkgId::parse(entry->path().filename().string())) ids.push_back(std::move(*id));
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw Error(ExitCode::failed, fmt::format("failed to list {}: {}",
                                              (m_directory / "history").string(), error.message()));
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

Lkg LkgStore::load(const std::string& id) const {
  const auto kept = history();
  const bool known =
      std::any_of(kept.begin(), kept.end(), [&](const LkgId& one) { return one.text() == id; });
  if (!known) {
    throw Error(ExitCode::failed, "failed to load LKG " + id + ": the history does not hold it",
                "`ls " + (m_directory / "history").string() + "` lists the kept ones");
  }
  Lkg lkg = check(
      files_of(os::read_sealed_dir(m_directory / "history" / id, os::SignatureFile::allow), id));
  if (lkg.id != id) {
    throw Error(ExitCode::integrity,
                fmt::format("LKG {} in the history calls itself {}", id, lkg.id));
  }
  return lkg;
}

// What a store was opened without, it cannot take for granted later.
std::optional<os::SshSigner> LkgStore::checked_signer(const std::string& id,
                                                      const LkgFiles& files) const {
  if (m_signers) return m_signers->check(id, files);
  if (!find_allowed_signers(m_directory)) return std::nullopt;
  throw Error(ExitCode::integrity,
              fmt::format("the signature of LKG {} was not checked, although there is {}", id,
                          (m_directory / k_allowed_signers_name).string()),
              "run the command again");
}

Lkg LkgStore::check(const LkgFiles& files) const {
  Lkg lkg = parse_lkg(files);
  lkg.signer = checked_signer(lkg.id, files);
  return lkg;
}

Lkg LkgStore::load() const {
  for (const auto& directory : {m_directory, m_directory / "history"})
    os::refuse_foreign_writers(directory);
  Parts parts = read_parts(m_directory);
  const auto& manifest = parts.at(std::string(k_manifest_name));
  const auto& metadata = parts.at(std::string(k_metadata_name));
  const auto& sums = parts.at(std::string(os::k_checksums_name));
  if (!manifest && !metadata && !sums && history().empty()) {
    throw Error(ExitCode::failed,
                "failed to load the LKG: there is none in " + m_directory.string(), k_capture_step);
  }
  if (fits(parts)) {
    const LkgFiles files{*manifest, *metadata, read_if_there(m_directory / os::k_signature_name)};
    Lkg lkg = parse_lkg(files);
    const auto kept = history();
    if (lkg.id.empty() || kept.empty() || lkg.id >= kept.back().text()) {
      lkg.signer = checked_signer(lkg.id, files);
      return lkg;
    }
  }
  if (manifest && metadata && !sums) {
    // The incumbent scripts write no checksums; whether it is one of theirs stands in the metadata.
    const LkgFiles files{*manifest, *metadata};
    if (parse_lkg(files).id.empty()) return check(files);
  }
  return load_interrupted();
}

Lkg LkgStore::load_interrupted() const {
  const Parts parts = read_parts(m_directory);
  std::optional<Lkg> newest;
  std::map<std::string, bool> explained;
  for (const auto& [name, text] : parts) explained[name] = !text.has_value();
  auto ids = history();
  std::reverse(ids.begin(), ids.end());
  for (const auto& id : ids) {
    for (const auto& [name, text] : read_parts(m_directory / "history" / id.text())) {
      if (text && text == parts.at(name)) explained[name] = true;
    }
    if (!newest) newest = load(id.text());
  }
  for (const auto& [name, known] : explained) {
    if (known && newest) continue;
    const std::string path = (m_directory / name).string();
    throw Error(ExitCode::integrity,
                fits(parts)
                    ? fmt::format("{} is older than LKG {} of the history, which does not "
                                  "hold it: somebody put it there",
                                  path, newest->id)
                    : fmt::format("{} is damaged: it does not fit {}", path, os::k_checksums_name),
                "restore ops/lkg from version control, or name a kept LKG with --from");
  }
  newest->warnings.push_back(
      fmt::format("the last publish was interrupted, or an older LKG was put back: using LKG {} of "
                  "the history; the next capture mends the files",
                  newest->id));
  return std::move(*newest);
}

void LkgStore::refuse_unbelievable(const LkgId& id, const LkgFiles& files) const {
  try {
    checked_signer(id.text(), files);
  } catch (const Error& error) {
    if (error.code() != ExitCode::integrity) throw;
    throw Error(ExitCode::refused, std::string("nobody would believe the new LKG: ") + error.what(),
                "capture it with --sign and a key that is allowed");
  }
}

LkgId LkgStore::publish(const std::string& manifest,
                        const std::function<std::string(const LkgId&)>& metadata_for,
                        std::size_t keep, const os::Clock& clock, os::ProcessRunner& runner,
                        const Sign& sign) const {
  std::error_code error;
  fs::create_directories(m_directory / "history", error);
  if (error) {
    throw Error(ExitCode::failed,
                fmt::format("failed to create {}: {}", m_directory.string(), error.message()));
  }
  const os::FileLock lock(m_directory / "history" / ".lock");
  os::remove_pruned(m_directory / "history");
  const auto kept = history();
  const auto newest = kept.empty() ? std::nullopt : std::optional(kept.back().time());
  const LkgId id(os::second_after(newest, clock, runner), os::sha256_hex(manifest));
  LkgFiles files{manifest, metadata_for(id)};
  if (sign) files.signature = sign(checksums_of(files));
  refuse_unbelievable(id, files);
  publish_files(id, files);
  prune(keep);
  return id;
}

void LkgStore::publish_files(const LkgId& id, const LkgFiles& files) const {
  os::SealedDirWriter entry(m_directory / "history" / id.text());
  entry.add(k_manifest_name, files.manifest);
  entry.add(k_metadata_name, files.metadata);
  entry.commit(files.signature);
  os::write_file(m_directory / k_manifest_name, files.manifest);
  os::write_file(m_directory / k_metadata_name, files.metadata);
  const fs::path signature = m_directory / os::k_signature_name;
  if (files.signature) {
    os::write_file(signature, *files.signature);
  } else {
    os::remove_file(signature);
  }
  os::write_file(m_directory / os::k_checksums_name, checksums_of(files));
}

void LkgStore::prune(std::size_t keep) const {
  const auto ids = history();
  for (std::size_t i = 0; i + keep < ids.size(); ++i)
    os::prune_dir(m_directory / "history" / ids[i].text());
}

void LkgStore::remove(const std::vector<LkgId>& ids) const {
  if (ids.empty()) return;
  const os::FileLock lock(m_directory / "history" / ".lock");
  os::remove_pruned(m_directory / "history");
  for (const auto& id : ids) os::prune_dir(m_directory / "history" / id.text());
}

Lkg load_files(const fs::path& manifest, const fs::path& metadata) {
  return parse_lkg({os::read_file(manifest), os::read_file(metadata)});
}

}  // namespace dr::lkg
