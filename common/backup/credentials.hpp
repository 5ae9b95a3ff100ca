#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/data/json.hpp"

namespace dr::backup {

// One line for each value that looks like a credential where it does not belong: in a ConfigMap, or
// literally in the environment of a pod or its template. By the name of its key ("DB_PASSWORD",
// "apiKey"), unless the value is empty, a boolean, a number, a duration, a path or a reference such
// as ${X}; or by the form of the value (a private key, a token of a known service, a URL with a
// password). Names the object and the key, never the value. Lines are in the order of `objects`.
std::vector<std::string> credential_warnings(const std::vector<Json>& objects);

// A line of free text, such as one of a log; what says instead that it was left out, when it may
// tell a credential: by the form of a value, or as the value of such a key ("password=...").
std::string without_credentials(std::string_view line);

}  // namespace dr::backup
