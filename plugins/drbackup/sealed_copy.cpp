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

void check_lkg(const std::string& id, const Files& files) {
  const auto manifest = files.find(std::string(lkg::k_manifest_name));
  const auto metadata = files.find(std::string(lkg::k_metadata_name));
  if (manifest == files.end() || metadata == files.end() || files.size() != 2) {
    throw Error(ExitCode::integrity, fmt::format("LKG {} does not hold exactly {} and {}", id,
                                                 lkg::k_manifest_name, lkg::k_metadata_name));
  }
  const lkg::Lkg lkg = lkg::parse_lkg({manifest->second, metadata->second});
  if (lkg.id != id) {
    throw Error(ExitCode::integrity,
                fmt::format("LKG {} calls itself \"{}\"", id, printable(lkg.id)));
  }
}

// Holds the files to what they must be, beyond their checksums.
State checked(Form form, const std::string& id, const Files& files) {
  if (form == Form::backup) return state_of(parse_backup(backup_id_of(id), files));
  check_lkg(id, files);
  return State::complete;
}

Files with_checksums(Files files) {
  Files sums;
  for (const auto& [name, bytes] : files) sums[name] = os::sha256_hex(bytes);
  files[k_checksums] = os::format_checksums(sums);
  return files;
}

// The files that SHA256SUMS among them proves, without it.
Files without_checksums(Files files, std::string_view source) {
  const auto refuse = [source](std::string_view name, std::string_view how) {
    throw Error(ExitCode::integrity,
                fmt::format("{}: {} {}", printable(source), printable(name), how));
  };
  const auto list = files.extract(k_checksums);
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
  return files;
}

// A damaged one here is not replaced, but must not be taken for a damaged copy either.
void expect_intact(Form form, const std::string& id, const fs::path& directory) {
  try {
    os::read_sealed_dir(directory);
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
    for (const auto& [name, bytes] : files) writer.add(name, bytes);
    writer.commit();
  } else if (os::read_sealed_dir(target) != files) {
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
  const Files files = os::read_sealed_dir(local_path(root, form, id));
  Packed packed{checked(form, id, files), os::write_archive(id, with_checksums(files))};
  // What could not be read back must not be taken for a copy.
  try {
    os::read_archive(packed.archive, id, "its archive");
  } catch (const Error& error) {
    throw error.while_doing(fmt::format("failed to pack {} {}", name_of(form), id))
        .as(ExitCode::failed);
  }
  return packed;
}

Adopted adopt(const fs::path& root, Form form, const std::string& id, std::string_view archive,
              std::string_view source) {
  const Files files = without_checksums(os::read_archive(archive, id, source), source);
  Adopted adopted;
  adopted.files = files.size();
  try {
    adopted.state = checked(form, id, files);
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
