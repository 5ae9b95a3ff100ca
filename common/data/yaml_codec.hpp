#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/data/json.hpp"

namespace dr::data {

// Block YAML of a JSON value, keys sorted, with a final newline. Strings that any YAML 1.1 or 1.2
// reader could take for something else are quoted, so that reading the text back gives the same
// value, type by type.
std::string write_yaml(const Json& value);

// All documents of a text; empty ones are left out. Types are those of the YAML 1.2 core schema.
// Refused with Error(failed) "<source>: <cause> at line L column C": duplicate keys, anchors and
// aliases, merge keys, tags other than the core ones, keys that are not strings, plain scalars that
// YAML 1.1 (kubectl's dialect) reads as another type (yes, no, on, off, y, n, 0o17, 010, 1_000,
// 1e3, 12:30:45, 2026-01-02), a document after the first without "---", control characters and line
// breaks other than LF and CRLF that are not escaped, depth and size over the limits, invalid
// UTF-8. No error quotes a value.
std::vector<Json> read_yaml(std::string_view text, std::string_view source,
                            const JsonLimits& limits = {});

}  // namespace dr::data
