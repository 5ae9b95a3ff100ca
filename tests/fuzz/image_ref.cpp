// Image references, and the images of Artifact Registry among them.
#include "common/kube/image_ref.hpp"

#include "common/registry/repository.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace dr;

namespace {

std::string text_of(const kube::ImageRef& ref) {
  std::string text = ref.name;
  if (!ref.tag.empty()) text += ":" + ref.tag;
  if (ref.digest) text += "@" + ref.digest->text();
  return text;
}

void check_registry(const kube::ImageRef& ref) {
  const auto repository = registry::Repository::of(ref);
  const auto image = registry::RegistryImage::parse(ref);
  fuzz::require(!image || repository == image->repository, "an image is in its repository");
  if (!image) return;
  const auto again = registry::RegistryImage::parse(kube::ImageRef::parse(image->text()));
  fuzz::require(again && again->text() == image->text(), "a registry's image comes back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text = fuzz::text_of(bytes, size);
  const auto ref = fuzz::accepted(ExitCode::failed, [&] { return kube::ImageRef::parse(text); });
  if (!ref) return 0;
  fuzz::require(fuzz::is_harmless(text), "a reference is plain text");
  fuzz::require(text_of(*ref) == text, "the parts are the whole");
  const std::string repository = ref->repository();
  if (repository.size() <= 255)  // what is added may make it too long
    fuzz::require(kube::ImageRef::parse(repository).repository() == repository,
                  "a completed name is complete");
  if (ref->digest) {
    const auto pinned = kube::ImageRef::parse(ref->pinned_to(*ref->digest));
    fuzz::require(pinned.name == ref->name && pinned.digest == ref->digest,
                  "a pinned reference is of the same image");
  }
  check_registry(*ref);
  return 0;
}
