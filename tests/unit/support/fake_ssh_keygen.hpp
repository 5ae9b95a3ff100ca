#pragma once

#include <algorithm>
#include <string>

#include "common/os/atomic_file.hpp"
#include "common/os/environment.hpp"
#include "common/os/sha256.hpp"
#include "tests/unit/support/fake_process_runner.hpp"

namespace dr::test {

inline const std::string k_armor_begin = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQAAA";
inline const std::string k_armor_end = "\n-----END SSH SIGNATURE-----\n";

// The signature of a text that fake_ssh_keygen() holds good.
inline std::string fake_signature(const std::string& text) {
  return k_armor_begin + os::sha256_hex(text) + k_armor_end;
}

// A handler of FakeProcessRunner: an ssh-keygen that knows one signer.
inline os::ProcessResult fake_ssh_keygen(const os::Command& command) {
  if (command.args.at(1) == "find-principals") return succeeded("alice@floor\n");
  const auto signature = std::ranges::find(command.args, "-s") + 1;
  if (os::read_file(*signature) != fake_signature(command.input))
    return failed(255, "incorrect signature");
  return succeeded("Good \"x\" signature for alice@floor with ED25519 key SHA256:abc\n");
}

}  // namespace dr::test
