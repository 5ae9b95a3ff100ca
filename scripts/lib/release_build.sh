# shellcheck shell=bash disable=SC2154 # setup.sh sets what is not set here
# release_build.sh: builds the plugins of a release, self-contained, for a platform.  For what sources setup.sh first.
# shellcheck source=scripts/lib/release_libraries.sh
. "$repository/scripts/lib/release_libraries.sh"
# shellcheck source=scripts/lib/release_facts.sh
. "$repository/scripts/lib/release_facts.sh"

zig_version=0.17.0

# Makes the compilers of a macOS target, as programs of one word for CMake; sets release_zig to their folder.  ccache takes
# the kind of a compiler from its name.
find_zig() { # ARCH
  local arch=aarch64 folder=$release_cache/../ziglang-$zig_version tool
  [ "$1" = arm64 ] || arch=x86_64
  if [ ! -x "$folder/ziglang/zig" ]; then
    python3 -m pip --version >/dev/null 2>&1 || install_packages python3-pip
    stage "zig $zig_version" python3 -m pip install --quiet --target "$folder" "ziglang==$zig_version" ||
      give_up "could not install zig $zig_version from PyPI" "Is there a network?"
  fi
  folder=$(cd "$folder" && pwd)
  release_zig=$folder/$arch-macos
  mkdir -p "$release_zig"
  for tool in clang:cc clang++:c++ ar:ar ranlib:ranlib; do
    [ ! -x "$release_zig/${tool%:*}" ] || continue
    {
      printf '#!/bin/sh\nexport ZIG_GLOBAL_CACHE_DIR="%s"\nexec "%s" %s' "$folder/cache" "$folder/ziglang/zig" "${tool#*:}"
      # Without a version zig asks for a newer macOS than engineers have.
      case ${tool#*:} in cc | c++) printf ' -target %s-macos.11.0' "$arch" ;; esac
      printf ' "$@"\n'
    } >"$release_zig/.part"
    chmod +x "$release_zig/.part"
    mv "$release_zig/.part" "$release_zig/${tool%:*}"
  done
}

compile_platform() { # OS-ARCH VERSION LIBRARIES
  local build=build/release-$1 fresh=()
  # Other libraries or another compiler: CMake would remember where the old ones were.
  [ "$(readlink "$build/libraries")" = "$3" ] || fresh=(--fresh)
  mkdir -p "$build"
  # A link in the tree: to ccache they are at the same place in every clone, whatever their version is.
  ln -sfn "$3" "$build/libraries"
  cmake "${fresh[@]}" -G Ninja -S . -B "$build" --toolchain scripts/lib/toolchains/platform.cmake \
    -DDR_PLATFORM="$1" -DDR_PREFIX="$repository/$build/libraries" -DDR_ZIG="${release_zig:-}" -DCMAKE_BUILD_TYPE=Release \
    -DDR_TESTS=OFF -DDR_SELF_CONTAINED=ON -DDR_VERSION="$2" &&
    cmake --build "$build"
}

# Leaves kubectl-lkg, kubectl-drbackup and kubectl-arsnap in build/release-OS-ARCH/bin.
# PLATFORM: linux/amd64, linux/arm64, darwin/amd64 or darwin/arm64.  VERSION: without a "v", such as 0.1.0.
build_platform() { # PLATFORM VERSION
  local name=${1/\//-} compiler release_zig=''
  install_packages "${build_packages[@]}" dpkg-dev
  case $1 in
    linux/amd64) compiler=$(g++ --version | head -n 1) ;;
    linux/arm64)
      install_packages g++-aarch64-linux-gnu
      compiler=$(aarch64-linux-gnu-g++ --version | head -n 1)
      ;;
    darwin/amd64 | darwin/arm64) find_zig "${1#*/}"; compiler="zig $zig_version" ;;
    *) give_up "no such platform: $1" "linux/amd64, linux/arm64, darwin/amd64 and darwin/arm64 are there." ;;
  esac
  release_libraries "$name" "$compiler" || return
  stage "build (release-$name)" compile_platform "$name" "$2" "$REPLY"
}
