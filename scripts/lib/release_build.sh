# shellcheck shell=bash disable=SC2154 # setup.sh sets what is not set here
# release_build.sh: builds the plugins of a release, self-contained, for a platform.  For what sources setup.sh first.
# shellcheck source=scripts/lib/release_libraries.sh
. "$repository/scripts/lib/release_libraries.sh"
# shellcheck source=scripts/lib/release_facts.sh
. "$repository/scripts/lib/release_facts.sh"

zig_version=0.17.0 # without a version in the target it would ask for a newer macOS than engineers have

# Installs zig, and makes the compilers of a macOS target as programs of one word, for CMake.  Their names tell ccache what
# kind they are.
make_zig() { # FOLDER TARGET COMPILERS
  local tool command text
  if [ ! -x "$1/ziglang/zig" ]; then
    python3 -m pip --version >/dev/null 2>&1 || install_packages python3-pip
    rm -rf "$1" "$1.part"
    stage "zig $zig_version" python3 -m pip install --quiet --target "$1.part" "ziglang==$zig_version" ||
      give_up "could not install zig $zig_version from PyPI" "Is there a network?"
    mv "$1.part" "$1"
  fi
  mkdir -p "$3"
  for tool in "clang:cc -target $2" "clang++:c++ -target $2" ar:ar ranlib:ranlib; do
    command=${tool#*:} tool=$3/${tool%%:*}
    text=$(printf '#!/bin/sh\nexport ZIG_GLOBAL_CACHE_DIR="%s"\nexec "%s" %s "$@"' "$1/cache" "$1/ziglang/zig" "$command")
    [ "$(cat "$tool" 2>/dev/null)" != "$text" ] || continue # ccache compares its time
    echo "$text" >"$tool.part"
    chmod +x "$tool.part"
    mv "$tool.part" "$tool"
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
  local name=${1/\//-} compiler release_zig='' target=x86_64-macos.11.0
  install_packages "${build_packages[@]}" dpkg-dev
  mkdir -p "$release_cache"
  case $1 in
    linux/amd64) compiler=$(g++ --version | head -n 1) ;;
    linux/arm64)
      install_packages g++-aarch64-linux-gnu
      compiler=$(aarch64-linux-gnu-g++ --version | head -n 1)
      ;;
    darwin/amd64 | darwin/arm64)
      compiler="zig $zig_version"
      [ "$1" = darwin/amd64 ] || target=aarch64-macos.11.0
      release_zig=${release_cache%/*}/ziglang-$zig_version/$target
      (flock 9 && make_zig "${release_zig%/*}" "$target" "$release_zig") 9>"$release_cache/.lock" || return
      ;;
    *) give_up "no such platform: $1" "linux/amd64, linux/arm64, darwin/amd64 and darwin/arm64 are there." ;;
  esac
  release_libraries "$name" "$compiler" || return
  stage "build (release-$name)" compile_platform "$name" "$2" "$REPLY"
}
