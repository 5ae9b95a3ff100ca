#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/os/atomic_file.hpp"
#include "common/os/create_file.hpp"
#include "plugins/drbackup/remote.hpp"

namespace dr::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_max_bytes = std::size_t{2} << 30;

class DirectoryRemote final : public Remote {
 public:
  explicit DirectoryRemote(Destination destination) : m_destination(std::move(destination)) {}

  std::vector<Added> add(Form form, std::span<const Upload> uploads) const override {
    std::vector<Added> added;
    for (const Upload& upload : uploads) added.push_back(add_one(form, upload));
    return added;
  }

  std::optional<std::string> fetch(Form form, const std::string& id) const override {
    const fs::path path = m_destination.object(form, id);
    std::error_code ignored;  // what cannot be looked at, read_file tells
    if (fs::status(path, ignored).type() == fs::file_type::not_found) return std::nullopt;
    return os::read_file(path, k_max_bytes);
  }

  std::vector<std::string> ids(Form form) const override {
    const fs::path folder = m_destination.folder(form);
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      names.push_back(entry->path().filename().string());
    }
    if (error && error != std::errc::no_such_file_or_directory) {
      throw Error(ExitCode::failed,
                  fmt::format("failed to list {}: {}", folder.string(), error.message()));
    }
    return ids_in(form, names);
  }

 private:
  Added add_one(Form form, const Upload& upload) const {
    const fs::path path = m_destination.object(form, upload.id);
    try {
      const std::string bytes = os::read_file(upload.file, k_max_bytes);
      const bool is_new = os::create_file(path, bytes);
      if (os::read_file(path, k_max_bytes) == bytes)
        return {is_new ? CopyOutcome::uploaded : CopyOutcome::already_there, {}, {}};
      return {CopyOutcome::different, "another file of that name is there",
              fmt::format("look at it: `tar -tvf {}`; nothing was replaced",
                          shell_quoted(path.string()))};
    } catch (const Error& error) {
      return {CopyOutcome::failed, error.what(), error.next_step()};
    }
  }

  Destination m_destination;
};

}  // namespace

std::unique_ptr<Remote> directory_remote(Destination destination) {
  return std::make_unique<DirectoryRemote>(std::move(destination));
}

}  // namespace dr::backup
