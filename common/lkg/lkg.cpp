#include "common/lkg/lkg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/base/time.hpp"
#include "common/data/yaml_codec.hpp"
#include "common/kube/image_ref.hpp"
#include "common/kube/kill_switch.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/pin.hpp"
#include "common/lkg/volatile_objects.hpp"
#include "common/os/sealed_dir.hpp"
#include "common/os/sha256.hpp"

namespace dr::lkg {
namespace {

constexpr std::size_t k_id_hex = 8;
constexpr std::size_t k_timestamp_length = 16;  // 20260102T030405Z

[[noreturn]] void refuse(const std::string& cause) {
  throw Error(ExitCode::integrity, cause,
              "restore the files of ops/lkg from version control, or use --from with a kept LKG");
}

// JSON is YAML, and our own manifests are JSON: read strictly as such when it begins like it.
std::vector<Json> documents_of(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '{')
    return {data::read_json(text, k_manifest_name)};
  return data::read_yaml(text, k_manifest_name);
}

std::vector<Json> objects_of(const std::string& text) {
  std::vector<Json> objects;
  for (auto& document : documents_of(text)) {
    if (data::string_at(document, {"kind"}) == "List") {
      for (const auto& item : data::array_or_empty(document, {"items"})) objects.push_back(item);
    } else {
      objects.push_back(std::move(document));
    }
  }
  return objects;
}

bool is_by_digest(const Json& object, const std::string& image) {
  try {
    return kube::ImageRef::parse(image).digest.has_value();
  } catch (const Error& error) {
    throw error.while_doing(kube::display(object));
  }
}

void check_images(const Json& object) {
  const Json* pod_template = kube::pod_template_of(object);
  if (pod_template == nullptr) return;
  for (const auto& image : kube::images_of(*pod_template)) {
    if (!is_by_digest(object, image)) {
      refuse(fmt::format("{}: image {} is not pinned to a digest", kube::display(object), image));
    }
  }
}

void check_switch(const Json& object) {
  const auto* held = kube::held_value(kube::key_of(object));
  if (held != nullptr && kube::is_released(*held, object)) {
    refuse(
        fmt::format("{}: /data/{} is not \"{}\"", kube::display(object), held->key, held->value));
  }
}

bool is_recorded(const Lkg& lkg, const Json& object) {
  return std::any_of(lkg.custom_kinds.begin(), lkg.custom_kinds.end(), [&](const auto* kind) {
    return kind->kind == data::string_at(object, {"kind"}) &&
           kind->api_version == data::string_at(object, {"apiVersion"});
  });
}

const kube::Kind& checked_kind(const Lkg& lkg, const Json& object) {
  if (is_recorded(lkg, object)) return kube::kind_of(object);
  const kube::Kind* kind = kube::find_kind(data::string_at(object, {"kind"}));
  if (kind == nullptr || kind->capture == kube::Capture::never || kube::is_custom(object))
    refuse(kube::display(object) + " does not belong into an LKG");
  if (data::string_at(object, {"apiVersion"}) != kind->api_version) {
    refuse(fmt::format("{}: /apiVersion: expected {}", kube::display(object), kind->api_version));
  }
  return *kind;
}

void check_object(const Lkg& lkg, const Json& object) {
  const std::string what = kube::display(object);
  const kube::Kind& kind = checked_kind(lkg, object);
  if (kind.namespaced && data::string_or(object, {"metadata", "namespace"}, "") != lkg.ns) {
    refuse(fmt::format("{}: /metadata/namespace: expected {}", what, lkg.ns));
  }
  if (kind.kind == "Namespace" && kube::name_of(object) != lkg.ns) {
    refuse(fmt::format("{}: expected namespace {}", what, lkg.ns));
  }
  check_switch(object);
  check_images(object);
}

void check_objects(const Lkg& lkg) {
  if (lkg.objects.empty()) refuse(std::string(k_manifest_name) + " holds no object");
  std::set<kube::ObjectKey> seen;
  for (const auto& object : lkg.objects) {
    check_object(lkg, object);
    if (!seen.insert(kube::key_of(object)).second)
      refuse(kube::display(object) + " is there twice");
  }
}

void check_own(const Lkg& lkg, const LkgFiles& files) {
  const auto id = LkgId::parse(lkg.id);
  const std::string sum = os::sha256_hex(files.manifest);
  if (data::string_at(lkg.metadata, {"manifest", "sha256"}) != sum) {
    refuse(fmt::format("{} is not the one that {} describes: its SHA-256 is {}", k_manifest_name,
                       k_metadata_name, sum));
  }
  if (!id || !std::string_view(lkg.id).ends_with(sum.substr(0, k_id_hex))) {
    refuse(fmt::format("{}: /id: \"{}\" is not the id of this manifest", k_metadata_name, lkg.id));
  }
  if (lkg.find("ConfigMap", kube::k_switch_name) == nullptr) {
    refuse(fmt::format("{} holds no ConfigMap/{}", k_manifest_name, kube::k_switch_name));
  }
  if (lkg.find("Namespace", lkg.ns) == nullptr) {
    refuse(fmt::format("{} holds no Namespace/{}", k_manifest_name, lkg.ns));
  }
}

bool is_word(std::string_view text, std::string_view letters) {
  return !text.empty() && text.find_first_not_of(letters) == std::string_view::npos;
}

// They become parts of API paths.
void read_custom_kinds(Lkg& lkg) {
  for (const auto& entry : data::array_or_empty(lkg.metadata, {"custom_resources"})) {
    const auto& api_version = data::string_at(entry, {"apiVersion"});
    const auto& kind = data::string_at(entry, {"kind"});
    const auto& plural = data::string_at(entry, {"plural"});
    const auto group = kube::group_of(api_version);
    const bool good =
        is_word(plural, "abcdefghijklmnopqrstuvwxyz0123456789-") &&
        is_word(api_version.substr(group.size()), "/abcdefghijklmnopqrstuvwxyz0123456789") &&
        is_word(group, "abcdefghijklmnopqrstuvwxyz0123456789-.") &&
        api_version.find('/') == api_version.rfind('/') && !kube::is_builtin_group(group);
    if (!good) {
      refuse(fmt::format("{}: /custom_resources: {} {} is no kind of custom resources",
                         k_metadata_name, printable(api_version), printable(kind)));
    }
    lkg.custom_kinds.push_back(&kube::learn_kind(api_version, kind, plural));
  }
}

void read_metadata(Lkg& lkg, const std::string& text) {
  lkg.metadata = data::read_json(text, k_metadata_name);
  if (!lkg.metadata.is_object()) refuse(std::string(k_metadata_name) + ": expected an object");
  lkg.ns = data::string_at(lkg.metadata, {"namespace"});
  VolatileObjects::of_metadata(lkg.metadata);  // a restore must not stumble over them
  if (!data::has(lkg.metadata, {"schema"})) {
    lkg.warnings.emplace_back(
        "this LKG was made by the incumbent scripts: it has no checksum and no cluster identity, "
        "and may lack objects; "
        "capture a new one once the floor is good");
    return;
  }
  const auto schema = data::integer_or(lkg.metadata, {"schema"}, 0);
  if (schema != k_schema) {
    refuse(fmt::format("{}: /schema: {} is not one that this version reads ({})", k_metadata_name,
                       schema, k_schema));
  }
  lkg.id = data::string_at(lkg.metadata, {"id"});
  lkg.cluster_uid = data::string_at(lkg.metadata, {"cluster", "uid"});
  lkg.server_version = data::string_or(lkg.metadata, {"cluster", "server_version"}, "");
  read_custom_kinds(lkg);
}

}  // namespace

std::optional<LkgId> LkgId::parse(std::string_view text) {
  if (text.size() != k_timestamp_length + 1 + k_id_hex || text[k_timestamp_length] != '-')
    return std::nullopt;
  const auto time = parse_timestamp_id(text.substr(0, k_timestamp_length));
  const auto hex = text.substr(k_timestamp_length + 1);
  if (!time || hex.find_first_not_of("0123456789abcdef") != std::string_view::npos)
    return std::nullopt;
  return LkgId(*time, hex);
}

LkgId::LkgId(UtcTime time, std::string_view manifest_sha256)
    : m_time(time),
      m_text(timestamp_id(time).append("-").append(manifest_sha256.substr(0, k_id_hex))) {}

const Json* Lkg::find(std::string_view type, std::string_view name) const {
  const auto object = std::find_if(objects.begin(), objects.end(), [&](const Json& candidate) {
    return kube::key_of(candidate).type() == type && kube::name_of(candidate) == name;
  });
  return object == objects.end() ? nullptr : &*object;
}

void Lkg::require_namespace(const std::string& other) const {
  if (other == ns) return;
  throw Error(ExitCode::usage, fmt::format("the LKG is of namespace {}, not of {}", ns, other),
              "add -n " + ns);
}

bool Lkg::left_out(const kube::ObjectKey& key) const {
  const auto& entries = data::array_or_empty(metadata, {"left_out"});
  return std::any_of(entries.begin(), entries.end(), [&](const Json& entry) {
    return data::string_at(entry, {"object"}) == key.display();
  });
}

std::string checksums_of(const LkgFiles& files) {
  return os::format_checksums({{std::string(k_manifest_name), os::sha256_hex(files.manifest)},
                               {std::string(k_metadata_name), os::sha256_hex(files.metadata)}});
}

LkgFiles files_of(std::map<std::string, std::string> contents, std::string_view id) {
  auto manifest = contents.extract(std::string(k_manifest_name));
  auto metadata = contents.extract(std::string(k_metadata_name));
  auto signature = contents.extract(std::string(os::k_signature_name));
  if (manifest.empty() || metadata.empty() || !contents.empty()) {
    throw Error(ExitCode::integrity, fmt::format("LKG {} does not hold exactly {} and {}", id,
                                                 k_manifest_name, k_metadata_name));
  }
  LkgFiles files{std::move(manifest.mapped()), std::move(metadata.mapped())};
  if (!signature.empty()) files.signature = std::move(signature.mapped());
  return files;
}

Lkg parse_lkg(const LkgFiles& files) {
  try {
    Lkg lkg;
    lkg.is_signed = files.signature.has_value();
    read_metadata(lkg, files.metadata);
    lkg.objects = objects_of(files.manifest);
    check_objects(lkg);
    if (data::has(lkg.metadata, {"schema"})) check_own(lkg, files);
    return lkg;
  } catch (const Error& error) {
    throw error.as(ExitCode::integrity);
  }
}

}  // namespace dr::lkg
