#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace dr::os {

inline constexpr std::string_view k_checksums_name = "SHA256SUMS";
// A signature of SHA256SUMS: the one file of a sealed directory that SHA256SUMS cannot list.
inline constexpr std::string_view k_signature_name = "SHA256SUMS.sig";

// Whether a file of a sealed directory, and of an archive of one, may have that name: not empty, no
// '.' in front, no slash or control character.
bool is_plain_name(std::string_view name);

// The text of a SHA256SUMS file for `sha256sum -c`: "<hex>  <name>\n", sorted by name. Keys are
// names, values hex sums.
std::string format_checksums(const std::map<std::string, std::string>& sums);
// Reads that form and nothing else: throws Error(integrity) naming the line on anything malformed,
// a name that is not plain, a duplicate, or no line at all.
std::map<std::string, std::string> parse_checksums(std::string_view text);

// A directory that appears whole or not at all: files are collected under a hidden name beside
// `target` (".<name>.partial-<pid>"), synced, sealed with SHA256SUMS, and renamed in place by
// commit(). One writer a parent directory at a time: process ids mean nothing across containers, so
// runs that share a disk need a FileLock.
class SealedDirWriter {
 public:
  // Makes the parent when missing and removes what dead runs left beside the target, whatever
  // theirs was.
  // Throws Error(failed) when the target exists already.
  explicit SealedDirWriter(std::filesystem::path target);
  ~SealedDirWriter();  // removes everything that was not committed
  SealedDirWriter(const SealedDirWriter&) = delete;
  SealedDirWriter& operator=(const SealedDirWriter&) = delete;

  void add(std::string_view name, std::string_view bytes);  // a plain file name; each name once
  // `signature`, when there is one, becomes SHA256SUMS.sig.
  void commit(const std::optional<std::string>& signature = std::nullopt);

 private:
  void sync_files() const;

  std::filesystem::path m_target;
  std::filesystem::path m_partial;
  std::map<std::string, std::string> m_sums;
  bool m_committed = false;
};

// Throws Error(integrity) when every user of the machine may put files into a directory, or change
// a file: sums tell that files belong together, not whose they are. One that is not there is fine.
void refuse_foreign_writers(const std::filesystem::path& path);

// Whether SHA256SUMS.sig may be in a sealed directory. Nobody has checked it there.
enum class SignatureFile { refuse, allow };

// Reads a sealed directory: file name to content, without SHA256SUMS. Throws Error(integrity)
// naming the file that is missing, extra, altered or not a regular file, or because of
// refuse_foreign_writers; and Error(failed) when `dir` itself cannot be read.
std::map<std::string, std::string> read_sealed_dir(const std::filesystem::path& dir,
                                                   SignatureFile signature = SignatureFile::refuse);

}  // namespace dr::os
