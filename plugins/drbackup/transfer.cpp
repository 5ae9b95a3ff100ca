#include "plugins/drbackup/transfer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/os/archive.hpp"
#include "common/os/atomic_file.hpp"
#include "common/os/private_dir.hpp"

namespace dr::backup {
namespace {

constexpr std::size_t k_shown_ids = 5;

bool is_there(const Copy& copy) {
  return code_of(copy.result.outcome) == ExitCode::ok;
}

// Packs one sealed directory into a file named like its object; nullopt when it is damaged, which
// `copy` then says.
std::optional<Upload> stage(const std::filesystem::path& root, Form form, Copy& copy,
                            const std::filesystem::path& folder) {
  try {
    const Packed packed = pack(root, form, copy.id);
    copy.state = packed.state;
    copy.bytes = packed.archive.size();
    copy.crc32c = os::crc32c_base64(packed.archive);
    Upload upload{copy.id, folder / (copy.id + ".tar"), copy.bytes, copy.crc32c};
    os::write_file(upload.file, packed.archive);
    return upload;
  } catch (const Error& error) {
    if (error.code() != ExitCode::integrity) throw;
    copy.result = {CopyOutcome::damaged, error.what(),
                   "it was not sent; pull an intact copy, or make a new one"};
    return std::nullopt;
  }
}

// What a user may want instead of a copy that is not there.
std::string what_is_there(Form form, const Destination& destination, const Remote& remote) {
  std::vector<std::string> ids = remote.ids(form);
  if (ids.empty()) return fmt::format("{} holds none", destination.folder(form));
  const std::size_t count = ids.size();
  std::ranges::reverse(ids);
  if (count > k_shown_ids) ids.resize(k_shown_ids);
  return fmt::format("{} holds {}{}", destination.folder(form), join(ids, ", "),
                     count > k_shown_ids ? fmt::format(" and {} older", count - k_shown_ids) : "");
}

}  // namespace

std::vector<Copy> push(const std::filesystem::path& root, Form form,
                       std::span<const std::string> ids, const Destination& destination,
                       const Remote& remote) {
  const os::PrivateDir folder;
  std::vector<Copy> copies;
  std::vector<Upload> uploads;
  for (const std::string& id : ids) {
    copies.push_back({id, destination.object(form, id), {}, 0, {}, {}});
    if (auto upload = stage(root, form, copies.back(), folder.path()))
      uploads.push_back(std::move(*upload));
  }
  if (uploads.empty()) return copies;
  auto results = remote.add(form, uploads);
  auto result = results.begin();
  for (Copy& copy : copies) {
    if (copy.result.outcome != CopyOutcome::damaged) copy.result = std::move(*result++);
  }
  return copies;
}

ExitCode code_of(std::span<const Copy> copies) {
  ExitCode code = ExitCode::ok;
  for (const Copy& copy : copies) code = worse(code, code_of(copy.result.outcome));
  const bool some = std::ranges::any_of(copies, is_there);
  return code == ExitCode::failed && some ? ExitCode::incomplete : code;
}

Pulled pull(const std::filesystem::path& root, const lkg::LkgStore& lkgs, Form form,
            const std::string& id, const Destination& destination, const Remote& remote) {
  const std::string object = destination.object(form, id);
  const auto archive = remote.fetch(form, id);
  if (!archive) {
    throw Error(ExitCode::failed,
                fmt::format("failed to pull {} {}: there is no {}", name_of(form), id, object),
                what_is_there(form, destination, remote));
  }
  return {object, archive->size(), adopt(root, lkgs, form, id, *archive, object)};
}

}  // namespace dr::backup
