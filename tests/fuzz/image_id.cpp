// What container runtimes report as imageID: a digest that a registry can serve, or nothing.
#include "common/kube/image_ref.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace dr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text = fuzz::text_of(bytes, size);
  const auto image = kube::RunningImage::parse(text);
  if (!image) return 0;
  const std::string name = image->repository + "@" + image->digest.text();
  fuzz::require(text.ends_with(image->digest.text()), "the digest is the one that was reported");
  fuzz::require(kube::Digest::parse(image->digest.text()) == image->digest, "a digest comes back");
  const auto again = kube::RunningImage::parse(name);
  const bool too_long = image->repository.size() > 255;  // what is added may make it so
  fuzz::require(too_long || (again && again->repository == image->repository &&
                             again->digest == image->digest),
                "a running image comes back");
  return 0;
}
