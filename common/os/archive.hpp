#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace dr::os {

// One tar file (POSIX pax) that holds a flat directory under its name: "<name>/<file>". The same
// files give the same bytes on every machine: sorted, no owner, no time, mode 0644. Any tar unpacks
// it.
std::string write_archive(std::string_view name, const std::map<std::string, std::string>& files);

// Reads that form and nothing else: Error(integrity) "<source>: <cause>" on another directory name
// than `name`, a path with more or fewer parts, a name that is not plain (sealed_dir.hpp), anything
// but regular files, a duplicate, no file at all, bytes after the end, a truncated or damaged
// archive, or more than `max_bytes` of content.
std::map<std::string, std::string> read_archive(std::string_view bytes, std::string_view name,
                                                std::string_view source,
                                                std::size_t max_bytes = std::size_t{1} << 30);

// CRC-32C (RFC 3720) as Cloud Storage reports it: base64 of the four bytes, big-endian.
std::string crc32c_base64(std::string_view bytes);

}  // namespace dr::os
