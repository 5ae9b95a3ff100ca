#pragma once

#include <functional>
#include <vector>

#include "common/registry/check.hpp"
#include "plugins/lkg/preflight/check.hpp"

namespace dr::lkg {

// Looks the images of an LKG up; empty when nobody asked for it.
using ImageCheck = std::function<std::vector<registry::ImageCheck>()>;

// A stop naming the images that are gone, since pods that need them would never start, and a warn
// for each that nobody could tell of, with how old the knowledge is. No row where nobody asked.
std::vector<Check> check_images(const ImageCheck& look_up);

}  // namespace dr::lkg
