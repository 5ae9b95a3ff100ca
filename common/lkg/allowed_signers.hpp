#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "common/lkg/lkg.hpp"
#include "common/os/environment.hpp"
#include "common/os/process_runner.hpp"
#include "common/os/ssh_keygen.hpp"

namespace dr::lkg {

inline constexpr std::string_view k_allowed_signers_name = "allowed_signers";
// What the signatures are for (ssh-keygen -n): one of git, of a file or of a login is none of an
// LKG.
inline constexpr std::string_view k_signature_domain = "agenttrader-dr-lkg";

// Who may sign LKGs: a file in the form of "ALLOWED SIGNERS" in ssh-keygen(1).
class AllowedSigners {
 public:
  AllowedSigners(std::filesystem::path file, const os::Environment& environment,
                 os::ProcessRunner& runner);

  // Who signed it, by a key that the file holds good at the time in its id. Throws Error(integrity)
  // when nobody did, or when the file could be anybody's; Error(usage) without ssh-keygen.
  os::SshSigner check(const std::string& id, const LkgFiles& files) const;

 private:
  std::filesystem::path m_file;
  const os::Environment& m_environment;
  os::ProcessRunner& m_runner;
};

// The file of `directory`, which is ops/lkg, when anything has its name: then signatures are
// compulsory.
std::optional<std::filesystem::path> find_allowed_signers(const std::filesystem::path& directory);

}  // namespace dr::lkg
