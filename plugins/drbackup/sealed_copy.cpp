#include "plugins/drbackup/sealed_copy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/lkg/lkg_store.hpp"
#include "common/os/archive.hpp"
#include "common/os/atomic_file.hpp"
#include "common/os/sealed_dir.hpp"
#include "common/os/sha256.hpp"

namespace dr::backup {
namespace {

namespace fs = std::filesystem;
using Files = std::map<std::string, std::string>;

const std::string k_checksums(os::k_checksums_name);
const std::string k_signature(os::k_signature_name);

fs::path lkg_history(const fs::path& root) {
  return lkg::LkgStore(root).directory() / "history";
}

BackupId backup_id_of(const std::string& id) {
  return BackupId::parse(parse_id(Form::backup, id)).value();
}

State state_of(const Backup& backup) {
  if (!backup.complete()) return State::incomplete;
  return backup.partial() ? State::partial : State::complete;
}

os::SignatureFile signature_of(Form form) {
  return form == Form::lkg ? os::SignatureFile::allow : os::SignatureFile::refuse;
}

void expect_id(const lkg::Lkg& lkg, const std::string& id) {
  if (lkg.id != id) {
    throw Error(ExitCode::integrity,
                fmt::format("LKG {} calls itself \"{}\"", id, printable(lkg.id)));
  }
}

Files with_checksums(Files files) {
  Files sums;
  for (const auto& [name, bytes] : files) {
    if (name != k_signature) sums[name] = os::sha256_hex(bytes);
  }
  files[k_checksums] = os::format_checksums(sums);
  return files;
}

// The files that SHA256SUMS among them proves, without it, and the signature of an LKG.
Files without_checksums(Form form, Files files, std::string_view source) {
  const auto refuse = [source](std::string_view name, std::string_view how) {
    throw Error(ExitCode::integrity,
                fmt::format("{}: {} {}", printable(source), printable(name), how));
  };
  const auto list = files.extract(k_checksums);
  auto signature = form == Form::lkg ? files.extract(k_signature) : Files::node_type();
  if (list.empty()) refuse(k_checksums, "is missing");
  Files sums;
  try {
    sums = os::parse_checksums(list.mapped());
  } catch (const Error& error) {
    throw error.while_doing(fmt::format("{}: {}", printable(source), k_checksums));
  }
  for (const auto& [name, bytes] : files) {
    const auto sum = sums.find(name);
    if (sum == sums.end()) refuse(name, "is not listed in SHA256SUMS");
    if (os::sha256_hex(bytes) != sum->second) refuse(name, "does not match its SHA-256 checksum");
  }
  for (const auto& [name, sum] : sums) {
    if (!files.contains(name)) refuse(name, "is missing");
  }
  if (!signature.empty()) files.insert(std::move(signature));
  return files;
}

// A damaged one here is not replaced, but must not be taken for a damaged copy either.
void expect_intact(Form form, const std::string& id, const fs::path& directory) {
  try {
    os::read_sealed_dir(directory, signature_of(form));
  } catch (const Error& error) {
    if (error.code() != ExitCode::integrity) throw;
    const std::string path = shell_quoted(directory.string());
    throw Error(ExitCode::integrity,
                fmt::format("the {} of that id here is damaged: {}", name_of(form), error.what()),
                fmt::format("move it away, then pull {} again: mv {} {}.damaged", id, path, path));
  }
}

void adopt_lkg(const fs::path& root, const std::string& id, const Files& files) {
  const fs::path target = local_path(root, Form::lkg, id);
  const os::FileLock lock(lkg_history(root) / ".lock");
  if (!fs::exists(fs::symlink_status(target))) {
    os::SealedDirWriter writer(target);
    const lkg::LkgFiles parts = lkg::files_of(files, id);
    writer.add(lkg::k_manifest_name, parts.manifest);
    writer.add(lkg::k_metadata_name, parts.metadata);
    writer.commit(parts.signature);
  } else if (os::read_sealed_dir(target, os::SignatureFile::allow) != files) {
    throw Error(ExitCode::integrity, "LKG " + id + " is there already, with another content",
                "look at both; nothing was changed");
  }
}

}  // namespace

std::string_view name_of(Form form) {
  return form == Form::backup ? "backup" : "LKG";
}

std::string parse_id(Form form, std::string_view text) {
  const bool valid = form == Form::backup ? BackupId::parse(text).has_value()
                                          : lkg::LkgId::parse(text).has_value();
  if (valid) return std::string(text);
  throw Error(ExitCode::usage,
              fmt::format("\"{}\" is not the id of {}", printable(text),
                          form == Form::backup ? "a backup" : "an LKG"),
              form == Form::backup ? "ids of backups look like 20260102T030405Z"
                                   : "ids of LKGs look like 20260102T030405Z-0a1b2c3d");
}

std::vector<std::string> local_ids(const fs::path& root, Form form) {
  std::vector<std::string> ids;
  if (form == Form::backup) {
    for (const auto& id : backups_of(root).ids()) ids.push_back(id.text());
  } else {
    for (const auto& id : lkg::LkgStore(root).history()) ids.push_back(id.text());
  }
  return ids;
}

fs::path local_path(const fs::path& root, Form form, std::string_view id) {
  return (form == Form::backup ? backups_of(root).directory() : lkg_history(root)) / id;
}

Packed pack(const fs::path& root, Form form, const std::string& id) {
  const auto ids = local_ids(root, form);
  if (std::ranges::find(ids, id) == ids.end()) {
    const fs::path store = local_path(root, form, id).parent_path();
    throw Error(ExitCode::failed,
                fmt::format("failed to read {} {}: there is none", name_of(form), id),
                form == Form::backup
                    ? std::string("`kubectl drbackup list` lists what there is")
                    : fmt::format("`ls {}` lists what there is", shell_quoted(store.string())));
  }
  const Files files = os::read_sealed_dir(local_path(root, form, id), signature_of(form));
  Packed packed;
  if (form == Form::backup) {
    packed.state = state_of(parse_backup(backup_id_of(id), files));
  } else {
    // Whose it is, matters where it is used, not where it is kept.
    expect_id(lkg::parse_lkg(lkg::files_of(files, id)), id);
  }
  packed.archive = os::write_archive(id, with_checksums(files));
  // What could not be read back must not be taken for a copy.
  try {
    os::read_archive(packed.archive, id, "its archive");
  } catch (const Error& error) {
    throw error.while_doing(fmt::format("failed to pack {} {}", name_of(form), id))
        .as(ExitCode::failed);
  }
  return packed;
}

Adopted adopt(const fs::path& root, const lkg::LkgStore& lkgs, Form form, const std::string& id,
              std::string_view archive, std::string_view source) {
  const Files files = without_checksums(form, os::read_archive(archive, id, source), source);
  Adopted adopted;
  adopted.files = files.size();
  try {
    if (form == Form::backup) {
      adopted.state = state_of(parse_backup(backup_id_of(id), files));
    } else {
      expect_id(lkgs.check(lkg::files_of(files, id)), id);
    }
  } catch (const Error& error) {
    throw error.while_doing(printable(source));
  }
  const fs::path directory = local_path(root, form, id);
  adopted.was_there = fs::exists(fs::symlink_status(directory));
  if (adopted.was_there) expect_intact(form, id, directory);
  if (form == Form::backup) {
    backups_of(root).adopt(backup_id_of(id), files);
  } else {
    adopt_lkg(root, id, files);
  }
  return adopted;
}

}  // namespace dr::backup
