# An SBOM in SPDX 2.3 of a release, from the lines that release_package.sh writes, one fact each:
#   library PLATFORM SOURCE=VERSION LICENCE HOMEPAGE SHA256-OF-DSC | zig PLATFORM VERSION LICENCE
#   archive PLATFORM PROGRAM FILE SHA256
def id: "SPDXRef-" + gsub("[^A-Za-z0-9.]+"; "-");
def package($id; $name; $version; $licence): {
  SPDXID: $id, name: $name, versionInfo: $version, filesAnalyzed: false,
  licenseConcluded: $licence, licenseDeclared: $licence, copyrightText: "NOASSERTION"};
def checksum($sum): {checksums: [{algorithm: "SHA256", checksumValue: $sum}]};
def purl($locator): {externalRefs: [
  {referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: $locator}]};

[inputs / "\t"] as $facts
| ([$facts[] | select(.[0] == "library")
   | (.[2] / "=") as [$name, $version]
   | {platform: .[1]} + package(.[2] | id; $name; $version; .[3]) + checksum(.[5])
     # Epochs are not part of a file's name.
     + {packageFileName: "\($name)_\($version | sub("^[0-9]+:"; "")).dsc",
        downloadLocation: "https://snapshot.debian.org/package/\($name)/\($version)/"}
     + (if .[4] == "" then {} else {homepage: .[4]} end)
     + purl("pkg:deb/debian/\($name)@\($version | @uri)?arch=source")]
  + [$facts[] | select(.[0] == "zig")
   | {platform: .[1]} + package("ziglang=\(.[2])" | id; "ziglang"; .[2]; .[3])
     + {comment: "The C++ runtime of LLVM that this compiler carries.",
        downloadLocation: "https://pypi.org/project/ziglang/\(.[2])/"} + purl("pkg:pypi/ziglang@\(.[2])")])
  as $linked
| [$facts[] | select(.[0] == "archive")
   | {platform: .[1]} + package(.[3] | id; .[2]; $version | ltrimstr("v"); "Apache-2.0") + checksum(.[4])
     + {packageFileName: .[3], downloadLocation: "\($url)/\(.[3])", homepage: $project, primaryPackagePurpose: "ARCHIVE"}]
  as $archives
| {spdxVersion: "SPDX-2.3", dataLicense: "CC0-1.0", SPDXID: "SPDXRef-DOCUMENT", name: "agenttrader-dr-\($version)",
   documentNamespace: "\($project)/spdx/\($version)/\($archives | map(.checksums[0].checksumValue[0:8]) | join("-"))",
   creationInfo: {created: $created, creators: ["Tool: agenttrader-dr/scripts/release.sh"]},
   packages: ($archives + ($linked | unique_by(.SPDXID)) | map(del(.platform))),
   relationships: [
     ($archives[] | {spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: .SPDXID}),
     ($archives[] as $archive | $linked[] | select(.platform == $archive.platform)
       | {spdxElementId: $archive.SPDXID, relationshipType: "STATIC_LINK", relatedSpdxElement: .SPDXID})]}
