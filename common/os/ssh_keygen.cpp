#include "common/os/ssh_keygen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/os/file_io.hpp"
#include "common/os/private_dir.hpp"

namespace dr::os {
namespace {

constexpr Millis k_human_limit{120'000};  // to find the passphrase, or to touch the key
constexpr Millis k_check_limit{10'000};

// The begin of every signature: magic and version 1 as base64 (ssh-keygen also takes version 0).
constexpr std::string_view k_armor_begin = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQAAA";
constexpr std::string_view k_armor_end = "\n-----END SSH SIGNATURE-----\n";
constexpr std::string_view k_base64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\n";

// ssh-keygen overlooks other white space, and whatever follows the end. Held to the one form that
// it writes, no bit of the file is free.
bool is_armored(std::string_view signature) {
  if (!signature.starts_with(k_armor_begin) || !signature.ends_with(k_armor_end)) return false;
  signature.remove_prefix(k_armor_begin.size());
  signature.remove_suffix(std::min(signature.size(), k_armor_end.size()));
  return !signature.empty() && signature.find_first_not_of(k_base64) == std::string_view::npos &&
         signature.find("\n\n") == std::string_view::npos && signature.back() != '\n';
}

std::string words_of(const ProcessResult& result) {
  const std::string words = printable(trimmed(result.err));
  if (result.timed_out) return "ssh-keygen did not end in time; " + words;
  return words.empty() ? "ssh-keygen gave no reason" : words;
}

// It ended by itself, and said no.
bool is_verdict(const ProcessResult& result) {
  return result.signal == 0 && !result.timed_out && !result.truncated && !result.pipe_held;
}

[[noreturn]] void refuse(const ProcessResult& result) {
  throw Error(is_verdict(result) ? ExitCode::integrity : ExitCode::failed, words_of(result));
}

// Of `Good "domain" signature for PRINCIPAL with ED25519 key SHA256:...`.
std::string key_of(std::string_view line) {
  constexpr std::string_view k_with = " with ", k_key = " key ";
  line = trimmed(line);
  const auto with = line.rfind(k_with);
  if (with == std::string_view::npos) return "unknown";
  std::string key = printable(line.substr(with + k_with.size()));
  if (const auto at = key.find(k_key); at != std::string::npos) key.replace(at, k_key.size(), " ");
  return key;
}

std::string time_argument(UtcTime time) {
  std::string text = timestamp_id(time);  // 20260102T030405Z
  text.erase(8, 1);
  text.pop_back();  // older ones do not know the Z; TZ says the same
  return "-Overify-time=" + text;
}

}  // namespace

SshKeygen::SshKeygen(const Environment& environment, ProcessRunner& runner)
    : m_environment(environment.for_child({{"LC_ALL", "C"}, {"TZ", "UTC0"}}, {})),
      m_runner(runner) {
  const auto program = environment.find_program("ssh-keygen");
  if (!program) {
    throw Error(ExitCode::usage, "there is no ssh-keygen in PATH, which signatures need",
                "install the OpenSSH client (Debian: openssh-client)");
  }
  m_program = *program;
}

Command SshKeygen::command(std::vector<std::string> args) const {
  Command command;
  command.program = m_program;
  command.args = std::move(args);
  command.environment = m_environment;
  command.timeout = k_check_limit;
  return command;
}

std::string SshKeygen::sign(const std::filesystem::path& key, std::string_view domain,
                            std::string_view bytes) const {
  Command sign = command({"-Y", "sign", "-f", key.string(), "-n", std::string(domain)});
  sign.input = bytes;
  sign.on_terminal = true;
  sign.timeout = k_human_limit;
  const ProcessResult result = m_runner.run(sign);
  if (result.ok() && is_armored(result.out)) return result.out;
  throw Error(ExitCode::failed,
              fmt::format("failed to sign with {}: {}", printable(key.string()), words_of(result)));
}

SshSigner SshKeygen::verify(const std::filesystem::path& allowed_signers, std::string_view domain,
                            std::string_view bytes, std::string_view signature,
                            UtcTime time) const {
  if (!is_armored(signature)) throw Error(ExitCode::integrity, "it has not the form of one");
  const PrivateDir folder;  // ssh-keygen takes the signature from a file alone
  const std::filesystem::path file = folder.path() / "signature";
  write_new_file(file, signature, std::nullopt, Sync::later);
  const std::string when = time_argument(time);
  const ProcessResult found = m_runner.run(command(
      {"-Y", "find-principals", "-s", file.string(), "-f", allowed_signers.string(), when}));
  if (!found.ok()) refuse(found);
  ProcessResult result;
  for (const auto& principal : split(found.out, '\n')) {
    if (principal.empty()) continue;
    Command verify = command({"-Y", "verify", "-f", allowed_signers.string(), "-I", principal, "-n",
                              std::string(domain), "-s", file.string(), when});
    verify.input = bytes;
    result = m_runner.run(verify);
    if (result.ok()) return {printable(principal), key_of(result.out)};
  }
  refuse(result);
}

}  // namespace dr::os
