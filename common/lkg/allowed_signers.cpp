#include "common/lkg/allowed_signers.hpp"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "common/base/error.hpp"
#include "common/os/sealed_dir.hpp"

namespace dr::lkg {
namespace {

namespace fs = std::filesystem;

// Who can change the file can sign.
void expect_trusted(const fs::path& file) {
  std::error_code ignored;
  if (fs::symlink_status(file, ignored).type() != fs::file_type::regular) {
    throw Error(ExitCode::integrity, file.string() + " is not a regular file",
                "restore it from version control");
  }
  os::refuse_foreign_writers(file);
  os::refuse_foreign_writers(file.parent_path());
}

}  // namespace

AllowedSigners::AllowedSigners(fs::path file, const os::Environment& environment,
                               os::ProcessRunner& runner)
    : m_file(std::move(file)), m_environment(environment), m_runner(runner) {}

os::SshSigner AllowedSigners::check(const std::string& id, const LkgFiles& files) const {
  const auto parsed = LkgId::parse(id);
  const std::string name = "LKG " + (parsed ? id : "of the incumbent scripts");
  if (!files.signature || !parsed) {
    throw Error(ExitCode::integrity,
                fmt::format("{} is not signed (it has no {}), and {} asks for that", name,
                            os::k_signature_name, m_file.string()),
                "use one that is signed (`kubectl lkg history list`, --from), or find out who made "
                "this one and sign it (docs/signing.md)");
  }
  expect_trusted(m_file);
  const os::SshKeygen keygen(m_environment, m_runner);
  try {
    return keygen.verify(m_file, k_signature_domain, checksums_of(files), *files.signature,
                         parsed->time());
  } catch (const Error& error) {
    const std::string what = fmt::format("{} of {}", os::k_signature_name, name);
    if (error.code() != ExitCode::integrity) throw error.while_doing("failed to check " + what);
    throw Error(
        ExitCode::integrity,
        fmt::format("{} is not a good signature by {}: {}", what, m_file.string(), error.what()),
        "use another one (`kubectl lkg history list`, --from), or find out who made this "
        "one (docs/signing.md)");
  }
}

std::optional<fs::path> find_allowed_signers(const fs::path& directory) {
  fs::path file = directory / k_allowed_signers_name;
  std::error_code ignored;
  if (fs::symlink_status(file, ignored).type() == fs::file_type::not_found) return std::nullopt;
  return file;
}

}  // namespace dr::lkg
