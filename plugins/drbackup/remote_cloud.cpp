#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/data/json.hpp"
#include "common/os/atomic_file.hpp"
#include "common/os/private_dir.hpp"
#include "plugins/drbackup/remote.hpp"

// What `gcloud storage` does and prints was measured with version 528 against an emulator.
namespace dr::backup {
namespace {

using gcloud::GcloudError;
using gcloud::Reason;

constexpr std::size_t k_max_bytes = std::size_t{2} << 30;

// An object as the store describes it.
struct Stored {
  std::uintmax_t bytes = 0;
  std::string crc32c;
};
using Listing = std::map<std::string, Stored>;  // by name, without the folder

std::uintmax_t number_of(const std::string& text) {
  std::uintmax_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) return number;
  throw Error(ExitCode::failed, "a size in it is not a number");
}

Listing parse_listing(const std::string& text) {
  const Json list = data::read_json(text, "the listing of the store");
  if (!list.is_array()) throw Error(ExitCode::failed, "the listing of the store is no list");
  Listing listing;
  for (const Json& object : list) {
    const std::string& name = data::string_at(object, {"metadata", "name"});
    listing[name.substr(name.rfind('/') + 1)] = {
        number_of(data::string_at(object, {"metadata", "size"})),
        data::string_at(object, {"metadata", "crc32c"})};
  }
  return listing;
}

// Such an answer of `cp` means that it sent nothing, and that a listing would fail too.
bool is_hopeless(const GcloudError& error) {
  return error.reason == Reason::not_found || error.reason == Reason::unauthenticated ||
         error.reason == Reason::usage;
}

std::string step_of(const GcloudError& error) {
  if (error.reason == Reason::not_found) return "check the bucket's name; a push makes none";
  return std::string(gcloud::next_step_of(error.reason));
}

class CloudRemote final : public Remote {
 public:
  CloudRemote(Destination destination, gcloud::Gcloud gcloud, Millis timeout)
      : m_destination(std::move(destination)), m_gcloud(std::move(gcloud)), m_timeout(timeout) {}

  std::vector<Added> add(Form form, std::span<const Upload> uploads) const override;
  std::optional<std::string> fetch(Form form, const std::string& id) const override;
  std::vector<std::string> ids(Form form) const override;

 private:
  // What one push came to know.
  struct Knowledge {
    std::optional<GcloudError> copy_error;
    std::set<std::string> uploaded;  // URLs, also when others failed
    std::optional<Listing> listing;
    std::string listing_error;
  };

  Knowledge copy(Form form, std::span<const Upload> uploads) const;
  // Throws Error(failed).
  Listing list(Form form) const;
  Added judge(Form form, const Upload& upload, const Knowledge& knowledge) const;

  Destination m_destination;
  gcloud::Gcloud m_gcloud;
  Millis m_timeout;
};

// The lines of the CSV file that `cp --manifest-path` wrote which say OK. Our URLs hold no comma.
std::set<std::string> uploaded_in(const std::filesystem::path& manifest) {
  std::set<std::string> urls;
  std::error_code ignored;  // a copy that did not start has none
  if (!std::filesystem::exists(manifest, ignored)) return urls;
  for (const std::string& line : split(os::read_file(manifest), '\n')) {
    const auto begin = line.find(",gs://");
    const auto end = begin == std::string::npos ? begin : line.find(',', begin + 1);
    if (end == std::string::npos || line.find(",OK,", end) == std::string::npos) continue;
    urls.insert(line.substr(begin + 1, end - begin - 1));
  }
  return urls;
}

CloudRemote::Knowledge CloudRemote::copy(Form form, std::span<const Upload> uploads) const {
  const os::PrivateDir scratch;
  const std::filesystem::path manifest = scratch.path() / "manifest.csv";
  // Generation 0: only where nothing is. --no-clobber would skip in silence.
  std::vector<std::string> args = {"storage", "cp", "--if-generation-match=0",
                                   "--continue-on-error", "--manifest-path=" + manifest.string()};
  for (const Upload& upload : uploads) args.push_back(upload.file.string());
  args.push_back(m_destination.folder(form) + "/");
  Knowledge knowledge;
  knowledge.copy_error = m_gcloud.run({std::move(args), m_timeout}).error;
  knowledge.uploaded = uploaded_in(manifest);
  return knowledge;
}

Listing CloudRemote::list(Form form) const {
  const std::string folder = m_destination.folder(form);
  const auto answer = m_gcloud.run({{"storage", "ls", "--json", folder + "/*.tar"}, m_timeout});
  if (!answer.error) return parse_listing(answer.out);
  // Nothing below the prefix is an answer; no bucket is none.
  if (answer.error->text.find("matched no objects") != std::string::npos) return {};
  throw Error(ExitCode::failed, fmt::format("failed to list {}: {}", folder, answer.error->text),
              step_of(*answer.error));
}

Added CloudRemote::judge(Form form, const Upload& upload, const Knowledge& knowledge) const {
  const auto& error = knowledge.copy_error;
  const std::string step =
      error ? step_of(*error) : "push it again: what is there is only compared";
  if (!knowledge.listing) {
    const bool refused = error && (is_hopeless(*error) || error->reason == Reason::forbidden);
    std::string message = error ? error->text : "";
    if (!message.empty() && !knowledge.listing_error.empty()) message += "; ";
    message += knowledge.listing_error;
    return {refused ? CopyOutcome::failed : CopyOutcome::unknown, std::move(message), step};
  }
  const std::string object = m_destination.object(form, upload.id);
  const auto stored = knowledge.listing->find(upload.file.filename().string());
  if (stored == knowledge.listing->end()) {
    return {CopyOutcome::failed, error ? error->text : "the store does not list it", step};
  }
  if (stored->second.bytes != upload.bytes || stored->second.crc32c != upload.crc32c) {
    return {
        CopyOutcome::different, "another object of that name is there",
        fmt::format("look at it: `gcloud storage cat {} | tar -tv`; nothing was replaced", object)};
  }
  const bool is_new = !error || knowledge.uploaded.contains(object);
  return {is_new ? CopyOutcome::uploaded : CopyOutcome::already_there, {}, {}};
}

std::vector<Added> CloudRemote::add(Form form, std::span<const Upload> uploads) const {
  Knowledge knowledge = copy(form, uploads);
  if (!knowledge.copy_error || !is_hopeless(*knowledge.copy_error)) {
    try {
      knowledge.listing = list(form);
    } catch (const Error& error) {
      knowledge.listing_error = error.what();
    }
  }
  std::vector<Added> added;
  for (const Upload& upload : uploads) added.push_back(judge(form, upload, knowledge));
  return added;
}

std::optional<std::string> CloudRemote::fetch(Form form, const std::string& id) const {
  const os::PrivateDir scratch;
  const std::filesystem::path file = scratch.path() / (id + ".tar");
  const std::string object = m_destination.object(form, id);
  const auto answer = m_gcloud.run({{"storage", "cp", object, file.string()}, m_timeout});
  if (!answer.error) return os::read_file(file, k_max_bytes);
  if (answer.error->text.find("matched no objects") != std::string::npos) return std::nullopt;
  throw Error(ExitCode::failed, fmt::format("failed to fetch {}: {}", object, answer.error->text),
              step_of(*answer.error));
}

std::vector<std::string> CloudRemote::ids(Form form) const {
  std::vector<std::string> names;
  for (const auto& [name, stored] : list(form)) names.push_back(name);
  return ids_in(form, names);
}

}  // namespace

std::unique_ptr<Remote> cloud_remote(Destination destination, gcloud::Gcloud gcloud,
                                     Millis timeout) {
  return std::make_unique<CloudRemote>(std::move(destination), std::move(gcloud), timeout);
}

}  // namespace dr::backup
