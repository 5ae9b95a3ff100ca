#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plugins/drbackup/remote.hpp"

// Copies between a repository and a Remote.
namespace dr::backup {

// What became of one archive of a push.
struct Copy {
  std::string id;
  std::string object;          // where the copy is, or would be
  std::optional<State> state;  // of what was copied; not when it is damaged
  std::uintmax_t bytes = 0;    // of the archive
  std::string crc32c;
  Added result;
};

// Sends the sealed directories of those ids, each after every check; a damaged one is not sent.
// Throws Error(failed) before anything is sent when one is not there.
std::vector<Copy> push(const std::filesystem::path& root, Form form,
                       std::span<const std::string> ids, const Destination& destination,
                       const Remote& remote);

// The exit code of a push: the highest danger; `incomplete` when only some of the copies failed.
ExitCode code_of(std::span<const Copy> copies);

struct Pulled {
  std::string object;
  std::uintmax_t bytes = 0;
  Adopted adopted;
};

// Fetches one archive and adds it to the repository. Throws Error(failed) when it is not there
// (the next step names what is) or cannot be fetched, Error(integrity) as adopt() does.
Pulled pull(const std::filesystem::path& root, const lkg::LkgStore& lkgs, Form form,
            const std::string& id, const Destination& destination, const Remote& remote);

}  // namespace dr::backup
