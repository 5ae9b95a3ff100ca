#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dr::kube {

// "sha256:" and 64 lower-case hexadecimal digits; nothing else is a digest for us.
class Digest {
 public:
  static std::optional<Digest> parse(std::string_view text);
  const std::string& text() const { return m_text; }  // with "sha256:"
  bool operator==(const Digest&) const = default;

 private:
  explicit Digest(std::string text) : m_text(std::move(text)) {}
  std::string m_text;
};

// A container image reference, name[:tag][@digest], as a pod template writes it.
struct ImageRef {
  std::string name;  // as written, without tag and digest: "us-docker.pkg.dev/p/r/web", "nginx"
  std::string tag;   // empty when there is none
  std::optional<Digest> digest;

  // Throws Error(failed) naming the text on anything that is not a reference
  // (distribution/reference grammar: lower-case path components, an optional host with port, a tag
  // of at most 128 characters, a sha256 digest).
  static ImageRef parse(std::string_view text);

  // The name as container runtimes complete it: docker.io and library/ added, index.docker.io made
  // docker.io.
  std::string repository() const;
  std::string pinned_to(const Digest& d) const { return name + "@" + d.text(); }
};

// What a container runtime reports in status.containerStatuses[].imageID (k8s-semantics:
// containerd, CRI-O, dockershim). Only "repository@sha256:<64 hex>", with or without
// "docker-pullable://", names something a registry can serve; a bare digest is the image's
// configuration and pins nothing.
struct RunningImage {
  std::string repository;  // completed as in ImageRef::repository
  Digest digest;
  static std::optional<RunningImage> parse(std::string_view image_id);
};

}  // namespace dr::kube
