#pragma once

#include <filesystem>
#include <optional>

#include "common/lkg/lkg_store.hpp"
#include "plugins/lkg/status/status.hpp"

namespace dr::lkg {

// What a repository holds for the namespace: the LKG, whether the inventory has its images, the
// backups and the ledger. Contacts no cluster; throws no Error for what cannot be read.
struct DiskFacts {
  std::optional<Lkg> lkg;  // when it is intact and of that namespace
  Part<LkgStatus> lkg_status;
  Part<ImagesStatus> images;
  Part<BackupsStatus> backups;
  Part<RestoresStatus> restores;
};
DiskFacts read_disk(const std::filesystem::path& root, const std::string& ns, const LkgStore& lkgs);

}  // namespace dr::lkg
