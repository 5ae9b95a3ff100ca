#include "common/os/sealed_dir.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/os/file_io.hpp"
#include "common/os/sha256.hpp"

namespace dr::os {
namespace {

constexpr std::size_t k_hex_length = 64;
constexpr std::string_view k_separator = "  ";
constexpr std::size_t k_max_file_bytes = std::size_t{256} << 20;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '\x7f';
}

bool is_hex_sum(std::string_view text) {
  return text.size() == k_hex_length &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

[[noreturn]] void throw_damaged(const std::filesystem::path& dir, std::string_view name,
                                std::string_view how) {
  throw Error(ExitCode::integrity, fmt::format("{} {}", printable((dir / name).string()), how));
}

constexpr std::string_view k_partial = ".partial-";

std::filesystem::path partial_of(const std::filesystem::path& target) {
  return dir_of(target) / fmt::format(".{}{}{}", target.filename().string(), k_partial, ::getpid());
}

// Our own process id counts as dead too: a container often gives every run the same one.
bool is_dead(std::string_view pid_text) {
  pid_t pid = 0;
  const auto [end, error] =
      std::from_chars(pid_text.data(), pid_text.data() + pid_text.size(), pid);
  if (error != std::errc{} || end != pid_text.data() + pid_text.size() || pid <= 0) return false;
  return pid == ::getpid() || (::kill(pid, 0) != 0 && errno == ESRCH);
}

bool is_leftover(std::string_view name) {
  const auto at = name.rfind(k_partial);
  return name.starts_with('.') && at != std::string_view::npos && at > 1 &&
         is_dead(name.substr(at + k_partial.size()));
}

void remove_leftovers(const std::filesystem::path& dir) {
  std::vector<std::filesystem::path> dead;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (is_leftover(entry.path().filename().string())) dead.push_back(entry.path());
  }
  // One that another user owns may stay: it is hidden, and no reason to write nothing today.
  std::error_code ignored;
  for (const std::filesystem::path& path : dead) std::filesystem::remove_all(path, ignored);
}

void refuse_existing(const std::filesystem::path& target) {
  if (std::filesystem::exists(std::filesystem::symlink_status(target))) {
    throw Error(ExitCode::failed, "failed to create " + target.string() + ": it exists already");
  }
}

// The names in `dir`; each must be a regular file.
std::set<std::string> list_files(const std::filesystem::path& dir) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    const std::string name = entry.path().filename().string();
    if (!std::filesystem::is_regular_file(entry.symlink_status())) {
      throw_damaged(dir, name, "is not a regular file");
    }
    names.insert(name);
  }
  return names;
}

std::map<std::string, std::string> read_checksums(const std::filesystem::path& dir) {
  const std::filesystem::path path = dir / k_checksums_name;
  const std::string text = read_regular_file(path, k_max_file_bytes, Links::refuse);
  try {
    return parse_checksums(text);
  } catch (const Error& error) {
    throw error.while_doing(printable(path.string()));
  }
}

// std::filesystem reports with its own exception; above this floor there is one type only.
template <class Work>
auto with_our_errors(const std::string& doing, const Work& work) {
  try {
    return work();
  } catch (const std::filesystem::filesystem_error& error) {
    throw Error(ExitCode::failed, doing + ": " + error.code().message());
  }
}

std::map<std::string, std::string> read_verified(const std::filesystem::path& dir,
                                                 SignatureFile signature) {
  std::set<std::string> names = list_files(dir);
  const bool is_signed =
      signature == SignatureFile::allow && names.erase(std::string(k_signature_name)) > 0;
  if (names.erase(std::string(k_checksums_name)) == 0) {
    throw_damaged(dir, k_checksums_name, "is missing");
  }
  const std::map<std::string, std::string> sums = read_checksums(dir);
  for (const std::string& name : names) {
    if (!sums.contains(name)) throw_damaged(dir, name, "is not listed in SHA256SUMS");
  }
  std::map<std::string, std::string> files;
  for (const auto& [name, sum] : sums) {
    if (!names.contains(name)) throw_damaged(dir, name, "is missing");
    std::string bytes = read_regular_file(dir / name, k_max_file_bytes, Links::refuse);
    if (sha256_hex(bytes) != sum) throw_damaged(dir, name, "does not match its SHA-256 checksum");
    files.emplace(name, std::move(bytes));
  }
  if (is_signed) {
    files.emplace(k_signature_name,
                  read_regular_file(dir / k_signature_name, k_max_file_bytes, Links::refuse));
  }
  return files;
}

}  // namespace

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string_view::npos &&
         std::none_of(name.begin(), name.end(), is_control);
}

std::string format_checksums(const std::map<std::string, std::string>& sums) {
  std::string text;
  for (const auto& [name, sum] : sums) text += fmt::format("{}{}{}\n", sum, k_separator, name);
  return text;
}

std::map<std::string, std::string> parse_checksums(std::string_view text) {
  std::map<std::string, std::string> sums;
  for (int number = 1; !text.empty(); ++number) {
    const auto refuse = [number](std::string_view why) {
      throw Error(ExitCode::integrity, fmt::format("line {} {}", number, why));
    };
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) refuse("is cut off");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const std::string_view sum = line.substr(0, k_hex_length);
    if (!is_hex_sum(sum) || line.substr(k_hex_length, k_separator.size()) != k_separator) {
      refuse("is not a SHA-256 checksum, two blanks and a file name");
    }
    const std::string_view name = line.substr(k_hex_length + k_separator.size());
    if (!is_plain_name(name)) refuse("does not name a plain file");
    if (!sums.emplace(name, sum).second) refuse("names a file once more");
  }
  if (sums.empty()) throw Error(ExitCode::integrity, "no line at all");
  return sums;
}

SealedDirWriter::SealedDirWriter(std::filesystem::path target)
    : m_target(target.has_filename() ? std::move(target) : target.parent_path()),
      m_partial(partial_of(m_target)) {
  make_dirs(dir_of(m_target));
  with_our_errors("failed to create " + m_target.string(), [&] {
    refuse_existing(m_target);
    remove_leftovers(dir_of(m_target));
  });
  if (::mkdir(m_partial.c_str(), 0777) != 0) throw_errno("failed to create " + m_partial.string());
}

SealedDirWriter::~SealedDirWriter() {
  std::error_code ignored;
  if (!m_committed) std::filesystem::remove_all(m_partial, ignored);
}

void SealedDirWriter::add(std::string_view name, std::string_view bytes) {
  const std::string doing =
      fmt::format("failed to add {} to {}", printable(name), m_target.string());
  if (m_committed) throw Error(ExitCode::failed, doing + ": it is sealed already");
  if (!is_plain_name(name) || name == k_checksums_name || name == k_signature_name) {
    throw Error(ExitCode::failed, doing + ": not a name for a file in a sealed directory");
  }
  if (m_sums.contains(std::string(name))) {
    throw Error(ExitCode::failed, doing + ": it is there already");
  }
  write_new_file(m_partial / name, bytes, std::nullopt, Sync::later);
  m_sums.emplace(name, sha256_hex(bytes));
}

// One by one, each of the many files of a backup waits for the disk (600 files: 0.31 s, after a
// common flush 0.16 s). A few files do without: the flush also waits for what others write.
void SealedDirWriter::sync_files() const {
  constexpr std::size_t k_few = 16;
  if (m_sums.size() > k_few) flush_file_system(m_partial);
  for (const auto& [name, sum] : m_sums) sync_file(m_partial / name);
}

void SealedDirWriter::commit(const std::optional<std::string>& signature) {
  const std::string doing = "failed to commit " + m_target.string();
  if (m_committed) throw Error(ExitCode::failed, doing + ": it is sealed already");
  if (m_sums.empty()) throw Error(ExitCode::failed, doing + ": it holds no file");
  sync_files();
  if (signature) write_new_file(m_partial / k_signature_name, *signature);
  write_new_file(m_partial / k_checksums_name, format_checksums(m_sums));
  sync_dir(m_partial);
  // rename() itself refuses a directory with files in it, so that no race can lose a sealed one.
  with_our_errors(doing, [&] { refuse_existing(m_target); });
  if (::rename(m_partial.c_str(), m_target.c_str()) != 0) throw_errno(doing);
  m_committed = true;
  sync_dir(dir_of(m_target));
}

void refuse_foreign_writers(const std::filesystem::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 || (status.st_mode & S_IWOTH) == 0) return;
  throw Error(ExitCode::integrity,
              fmt::format("{} may be written by every user", printable(path.string())),
              fmt::format("look at what is in it, then `chmod o-w {}`", printable(path.string())));
}

std::map<std::string, std::string> read_sealed_dir(const std::filesystem::path& dir,
                                                   SignatureFile signature) {
  refuse_foreign_writers(dir);
  return with_our_errors("failed to read " + dir.string(),
                         [&] { return read_verified(dir, signature); });
}

}  // namespace dr::os
