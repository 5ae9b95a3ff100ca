#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.hpp"
#include "common/os/environment.hpp"
#include "common/os/process_runner.hpp"

namespace dr::os {

// Who made a signature, by the file of allowed signers.
struct SshSigner {
  std::string principal;
  std::string key;  // type and fingerprint: "ED25519 SHA256:..."
};

// Signatures of OpenSSH (`ssh-keygen -Y`, format SSHSIG), as git makes them.
class SshKeygen {
 public:
  // Throws Error(usage) when there is no ssh-keygen.
  SshKeygen(const Environment& environment, ProcessRunner& runner);

  // Signs `bytes` for the purpose `domain` (-n). `key` is a private key, or a public one whose
  // private half an agent or a hardware key has. May ask on the terminal for a passphrase or a PIN.
  // Throws Error(failed) in ssh-keygen's words.
  std::string sign(const std::filesystem::path& key, std::string_view domain,
                   std::string_view bytes) const;

  // Throws Error(integrity), in ssh-keygen's words, unless `signature` is of these bytes for this
  // purpose, by a key that `allowed_signers` holds good at `time`; Error(failed) when ssh-keygen
  // came to no verdict.
  SshSigner verify(const std::filesystem::path& allowed_signers, std::string_view domain,
                   std::string_view bytes, std::string_view signature, UtcTime time) const;

 private:
  Command command(std::vector<std::string> args) const;

  std::filesystem::path m_program;
  std::vector<std::string> m_environment;
  ProcessRunner& m_runner;
};

}  // namespace dr::os
