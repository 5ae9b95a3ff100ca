#include "common/os/archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/crc.hpp>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/os/sealed_dir.hpp"

namespace dr::os {
namespace {

constexpr std::size_t k_block = 512;
constexpr std::size_t k_trailer = 2 * k_block;  // how a tar file ends: two blocks of zeros
constexpr std::size_t k_size_at = 124;          // of the size in a header, octal
constexpr std::size_t k_size_digits = 11;
constexpr std::size_t k_type_at = 156;  // '0': a file, 'x': more about the file that follows
constexpr mode_t k_mode = 0644;

struct ArchiveDeleter {
  void operator()(archive* handle) const { archive_free(handle); }
};
using Handle = std::unique_ptr<archive, ArchiveDeleter>;

struct EntryDeleter {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};
using Entry = std::unique_ptr<archive_entry, EntryDeleter>;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// libarchive's own words.
std::string words_of(archive* handle) {
  const char* words = archive_error_string(handle);
  return words == nullptr ? "it is no tar file" : printable(words);
}

// --- Writing

la_ssize_t append(archive* /*handle*/, void* out, const void* bytes, std::size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

void expect_ok(archive* handle, int status, std::string_view name) {
  if (status == ARCHIVE_OK) return;
  throw Error(ExitCode::failed,
              fmt::format("failed to archive {}: {}", printable(name), words_of(handle)));
}

void write_entry(archive* handle, const std::string& path, std::string_view bytes) {
  const Entry entry(archive_entry_new());
  if (!entry) throw std::bad_alloc();
  archive_entry_set_pathname(entry.get(), path.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), k_mode);
  archive_entry_set_mtime(entry.get(), 0, 0);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
  expect_ok(handle, archive_write_header(handle, entry.get()), path);
  if (archive_write_data(handle, bytes.data(), bytes.size()) !=
      static_cast<la_ssize_t>(bytes.size())) {
    expect_ok(handle, ARCHIVE_FATAL, path);
  }
}

// --- Reading

[[noreturn]] void refuse(std::string_view source, std::string_view cause) {
  throw Error(ExitCode::integrity, fmt::format("{}: {}", printable(source), cause));
}

bool is_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

// The size that a header block says, or more than any archive has.
std::size_t size_in(std::string_view header) {
  std::size_t size = 0;
  for (const char digit : header.substr(k_size_at, k_size_digits)) {
    if (digit < '0' || digit > '7') return SIZE_MAX;
    size = size * 8 + static_cast<std::size_t>(digit - '0');
  }
  return size;
}

// libarchive is generous: the end of the bytes is the end of the archive for it, it ignores what
// follows an end, and it knows headers that no archive of ours has. So the blocks are walked here:
// two types, zeros between entries, and the end, once.
void expect_whole(std::string_view bytes, std::string_view source) {
  while (!bytes.empty() && bytes.front() != '\0') {
    if (bytes.size() < k_block) refuse(source, "the archive is cut off");
    const char type = bytes[k_type_at];
    if (type != '0' && type != 'x') refuse(source, "the archive holds more than regular files");
    const std::size_t size = size_in(bytes);
    bytes.remove_prefix(k_block);
    if (size > bytes.size()) refuse(source, "the archive is cut off or damaged");
    bytes.remove_prefix(size);
    const std::size_t padding = (k_block - size % k_block) % k_block;
    if (padding > bytes.size()) refuse(source, "the archive is cut off");
    if (!is_zero(bytes.substr(0, padding))) refuse(source, "the archive is damaged");
    bytes.remove_prefix(padding);
  }
  if (bytes.size() < k_trailer) refuse(source, "the archive is cut off");
  if (!is_zero(bytes.substr(0, k_trailer))) refuse(source, "the archive is damaged");
  if (bytes.size() > k_trailer) refuse(source, "there are bytes after the end of the archive");
}

// The file's name without the directory.
std::string name_in(archive_entry* entry, std::string_view directory, std::string_view source) {
  const char* text = archive_entry_pathname(entry);
  const std::string_view path = text == nullptr ? "" : text;
  const std::string prefix = fmt::format("{}/", directory);
  if (!path.starts_with(prefix) || !is_plain_name(path.substr(prefix.size()))) {
    refuse(source, fmt::format("\"{}\" is not a plain file in {}", printable(path), directory));
  }
  if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr ||
      archive_entry_sparse_count(entry) > 0) {
    refuse(source, fmt::format("{} is not a regular file", printable(path)));
  }
  return std::string(path.substr(prefix.size()));
}

std::string content_of(archive* handle, archive_entry* entry, std::size_t max_bytes,
                       std::string_view source) {
  const la_int64_t size = archive_entry_size_is_set(entry) != 0 ? archive_entry_size(entry) : -1;
  if (size < 0 || std::cmp_greater(size, max_bytes)) refuse(source, "the content is too large");
  std::string bytes(static_cast<std::size_t>(size), '\0');
  std::size_t length = 0;
  while (length < bytes.size()) {
    const la_ssize_t count =
        archive_read_data(handle, bytes.data() + length, bytes.size() - length);
    if (count < 0) refuse(source, words_of(handle));
    if (count == 0) refuse(source, "the archive is cut off");
    length += static_cast<std::size_t>(count);
  }
  return bytes;
}

Handle open_reader(std::string_view bytes, std::string_view source) {
  Handle handle(archive_read_new());
  if (!handle) throw std::bad_alloc();
  if (archive_read_support_format_tar(handle.get()) != ARCHIVE_OK ||
      archive_read_open_memory(handle.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    refuse(source, words_of(handle.get()));
  }
  return handle;
}

}  // namespace

std::string write_archive(std::string_view name, const std::map<std::string, std::string>& files) {
  if (!is_plain_name(name) || files.empty()) {
    throw Error(ExitCode::failed,
                fmt::format("failed to archive {}: no name or no files", printable(name)));
  }
  std::string out;
  const Handle handle(archive_write_new());
  if (!handle) throw std::bad_alloc();
  expect_ok(handle.get(), archive_write_set_format_pax_restricted(handle.get()), name);
  // Names are bytes: without this, what is written would depend on the locale.
  const bool ascii = std::all_of(files.begin(), files.end(),
                                 [](const auto& file) { return is_ascii(file.first); });
  if (!ascii || !is_ascii(name)) {
    expect_ok(handle.get(),
              archive_write_set_format_option(handle.get(), "pax", "hdrcharset", "BINARY"), name);
  }
  expect_ok(handle.get(), archive_write_set_bytes_per_block(handle.get(), 0), name);
  expect_ok(handle.get(), archive_write_open(handle.get(), &out, nullptr, append, nullptr), name);
  for (const auto& [file, bytes] : files) {
    if (!is_plain_name(file)) {
      throw Error(ExitCode::failed, fmt::format("failed to archive {}: {} is not a plain name",
                                                printable(name), printable(file)));
    }
    write_entry(handle.get(), fmt::format("{}/{}", name, file), bytes);
  }
  expect_ok(handle.get(), archive_write_close(handle.get()), name);
  return out;
}

std::map<std::string, std::string> read_archive(std::string_view bytes, std::string_view name,
                                                std::string_view source, std::size_t max_bytes) {
  expect_whole(bytes, source);
  // Nothing is compressed: more content than there are bytes is a lie of a pax header, which must
  // not be given the memory.
  max_bytes = std::min(max_bytes, bytes.size());
  const Handle handle = open_reader(bytes, source);
  std::map<std::string, std::string> files;
  archive_entry* entry = nullptr;
  int status = archive_read_next_header(handle.get(), &entry);
  for (; status == ARCHIVE_OK; status = archive_read_next_header(handle.get(), &entry)) {
    std::string file = name_in(entry, name, source);
    std::string content = content_of(handle.get(), entry, max_bytes, source);
    max_bytes -= content.size();
    if (files.contains(file)) refuse(source, printable(file) + " is there twice");
    files.emplace(std::move(file), std::move(content));
  }
  if (status != ARCHIVE_EOF) refuse(source, words_of(handle.get()));
  if (files.empty()) refuse(source, "the archive holds no file");
  return files;
}

std::string crc32c_base64(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  const std::uint64_t bits = std::uint64_t{crc.checksum()} << 4;  // six digits of six bits
  constexpr std::string_view k_digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (int shift = 30; shift >= 0; shift -= 6) text += k_digits[(bits >> shift) & 0x3F];
  return text + "==";
}

}  // namespace dr::os
