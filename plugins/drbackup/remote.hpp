#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/exit_code.hpp"
#include "common/base/time.hpp"
#include "common/gcloud/gcloud.hpp"
#include "plugins/drbackup/sealed_copy.hpp"

// The other end of `push` and `pull`: where durable copies are kept.
namespace dr::backup {

// gs://BUCKET[/PREFIX] or a directory. The copies in it are <to>/cluster_backup/<id>.tar and
// <to>/lkg/<id>.tar.
class Destination {
 public:
  // Throws Error(usage) on a bucket that cannot exist, a prefix with wildcards or odd characters,
  // another scheme, and nothing.
  static Destination parse(std::string_view text);

  bool in_cloud() const { return m_in_cloud; }
  std::string folder(Form form) const;
  std::string object(Form form, std::string_view id) const;

 private:
  Destination(std::string base, bool in_cloud) : m_base(std::move(base)), m_in_cloud(in_cloud) {}

  std::string m_base;  // without a slash at the end
  bool m_in_cloud;
};

// The archive of one copy, in a file of this machine.
struct Upload {
  std::string id;
  std::filesystem::path file;
  std::uintmax_t bytes = 0;
  std::string crc32c;  // as os::crc32c_base64 gives it
};

enum class CopyOutcome {
  uploaded,
  already_there,  // the same bytes, which another push brought
  different,      // other bytes under its name: never replaced
  failed,         // it is not there
  unknown,        // it may be there, but could not be compared
  damaged,        // here, so that it was not sent
};
std::string_view name_of(CopyOutcome outcome);
ExitCode code_of(CopyOutcome outcome);

struct Added {
  CopyOutcome outcome = CopyOutcome::unknown;
  std::string message;    // of the last four
  std::string next_step;  // of those, or empty
};

// Holds copies, which are only ever added.
class Remote {
 public:
  virtual ~Remote() = default;
  // Adds the archives and compares what is there then, in order.
  virtual std::vector<Added> add(Form form, std::span<const Upload> uploads) const = 0;
  // The archive, or nullopt when it is not there. Throws Error(failed).
  virtual std::optional<std::string> fetch(Form form, const std::string& id) const = 0;
  // What there is, oldest first. Throws Error(failed).
  virtual std::vector<std::string> ids(Form form) const = 0;
};

std::unique_ptr<Remote> directory_remote(Destination destination);
// In Cloud Storage, by `gcloud storage`: two processes for add(), each with its own deadline.
std::unique_ptr<Remote> cloud_remote(Destination destination, gcloud::Gcloud gcloud,
                                     Millis timeout);

// The ids among the names of a folder, sorted; other files are none of ours.
std::vector<std::string> ids_in(Form form, std::span<const std::string> names);

}  // namespace dr::backup
