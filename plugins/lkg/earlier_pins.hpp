#pragma once

#include <optional>
#include <vector>

#include "common/kube/pin.hpp"
#include "plugins/lkg/capture.hpp"

namespace dr::lkg {

// The pins of `key` in the newest earlier LKG whose pod template is the same as `pod_template` but
// for them; nullopt when no earlier LKG knows it.
std::optional<std::vector<kube::PinnedImage>> pins_of_earlier_lkg(const EarlierLkgs& earlier,
                                                                  const kube::ObjectKey& key,
                                                                  const Json& pod_template);

}  // namespace dr::lkg
