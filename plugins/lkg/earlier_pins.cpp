#include "plugins/lkg/earlier_pins.hpp"

#include <algorithm>
#include <utility>

namespace dr::lkg {
namespace {

// What an LKG's metadata says of the images of one component.
std::vector<kube::PinnedImage> recorded_pins(const Lkg& lkg, const kube::ObjectKey& key) {
  std::vector<kube::PinnedImage> pins;
  for (const auto& entry : data::array_or_empty(lkg.metadata, {"images"})) {
    if (data::string_at(entry, {"kind"}) != key.kind ||
        data::string_at(entry, {"name"}) != key.name)
      continue;
    kube::PinnedImage pin;
    pin.container = data::string_at(entry, {"container"});
    pin.init = data::boolean_or(entry, {"init"}, false);
    pin.original = data::string_at(entry, {"original"});
    pin.pinned = data::string_at(entry, {"pinned"});
    pins.push_back(std::move(pin));
  }
  return pins;
}

// The records name the same containers with the same images, so that every pin has its place.
bool fits(const std::vector<kube::PinnedImage>& pins, const Json& pod_template) {
  const auto wanted = kube::pin_images(pod_template, {});
  return std::equal(pins.begin(), pins.end(), wanted.begin(), wanted.end(),
                    [](const kube::PinnedImage& pin, const kube::PinnedImage& image) {
                      return pin.container == image.container && pin.init == image.init &&
                             pin.original == image.original;
                    });
}

}  // namespace

std::optional<std::vector<kube::PinnedImage>> pins_of_earlier_lkg(const EarlierLkgs& earlier,
                                                                  const kube::ObjectKey& key,
                                                                  const Json& pod_template) {
  std::optional<std::vector<kube::PinnedImage>> found;
  earlier([&](const Lkg& lkg) {
    const Json* object = lkg.find(key.type(), key.name);
    auto pins = recorded_pins(lkg, key);
    if (object == nullptr || pins.empty() || !fits(pins, pod_template)) return false;
    Json pinned = pod_template;
    kube::apply_pins(pinned, pins);
    if (pinned != *kube::pod_template_of(*object)) return false;
    found = std::move(pins);
    return true;
  });
  return found;
}

}  // namespace dr::lkg
