#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/backup/backup_store.hpp"
#include "common/lkg/lkg_store.hpp"

// One end of `push` and `pull`: the sealed directories of a repository, as archives.
namespace dr::backup {

enum class Form { backup, lkg };      // an entry of the BackupStore, or of the LKG history
std::string_view name_of(Form form);  // "backup", "LKG"

// Throws Error(usage) when `text` is not an id of that form.
std::string parse_id(Form form, std::string_view text);
std::vector<std::string> local_ids(const std::filesystem::path& root, Form form);  // oldest first
std::filesystem::path local_path(const std::filesystem::path& root, Form form, std::string_view id);

// A sealed directory as one archive (common/os/archive.hpp), SHA256SUMS among its files, and the
// signature of an LKG that has one.
struct Packed {
  State state = State::complete;
  std::string archive;
};
// Throws Error(failed) when there is none of that id, Error(integrity) when it is damaged.
Packed pack(const std::filesystem::path& root, Form form, const std::string& id);

struct Adopted {
  State state = State::complete;
  bool was_there = false;  // with the same content
  std::size_t files = 0;
};
// Adds an archive to the repository, after every check that a directory on disk gets, for an LKG
// those of `lkgs`; `source` names it in errors. Throws Error(integrity) when it is damaged or not
// signed as it must be, or another one of that id is there, or a damaged one: then nothing was
// changed.
Adopted adopt(const std::filesystem::path& root, const lkg::LkgStore& lkgs, Form form,
              const std::string& id, std::string_view archive, std::string_view source);

}  // namespace dr::backup
