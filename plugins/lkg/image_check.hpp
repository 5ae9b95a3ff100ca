#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/registry/check.hpp"

namespace dr::lkg {

// Looks the images of an LKG up; empty when nobody asked for it.
using ImageCheck = std::function<std::vector<registry::ImageCheck>()>;

// A line for each image that nobody could tell of, with how old the knowledge is. Throws
// Error(refused) naming the images that are gone: pods that need them would never start.
std::vector<std::string> require_images(const ImageCheck& check);

}  // namespace dr::lkg
