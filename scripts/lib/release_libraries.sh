# shellcheck shell=bash disable=SC2154 # setup.sh sets what is not set here
# release_libraries.sh: the libraries of a release, static and for its platform, built from Debian's sources of the
# installed packages, so that a release has the code that the tests ran with.  For release_build.sh, which sources it.
release_cache=${XDG_CACHE_HOME:-$HOME/.cache}/agenttrader-dr/release
release_packages=(libyaml-cpp-dev libfmt-dev libsodium-dev libarchive-dev)

# "libfmt-dev" -> "fmtlib=9.1.0+ds1-2"
source_of() { dpkg-query --show --showformat='${source:Package}=${source:Version}' "$1"; }
source_folder() { local name; name=$(source_of "$1"); echo "$release_cache/sources/$name"; }

# Sets apt_options to those of an apt with lists of its own, which know the sources: the system's stay as they are.
source_apt() {
  local apt=$release_cache/apt system=/etc/apt/sources.list.d/debian.sources
  mkdir -p "$apt"/{parts,lists/partial,cache/archives/partial}
  if [ -e "$system" ]; then
    sed 's/^Types: .*/Types: deb-src/' "$system" >"$apt/parts/debian.sources"
  else
    sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >"$apt/parts/debian.list"
  fi
  apt_options=(-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$apt/parts" -o Dir::State::lists="$apt/lists"
    -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root)
}

# Fetches the missing sources.  apt checks signature and sums.
fetch_sources() { # PACKAGE...
  local package folder missing=() unpacked=$release_cache/apt/unpacked apt_options
  for package in "$@"; do
    [ -d "$(source_folder "$package")" ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  mkdir -p "$release_cache/sources"
  source_apt
  apt-get "${apt_options[@]}" update || return
  for package in "${missing[@]}"; do
    folder=$(source_folder "$package")
    rm -rf "$unpacked"
    mkdir "$unpacked"
    (cd "$unpacked" && apt-get "${apt_options[@]}" --only-source source "$(source_of "$package")") &&
      mv "$unpacked"/*/ "$folder" || return
  done
}

# Configures the build of one library; sets `build` to its folder.
configure_library() { # PLATFORM PREFIX SOURCE OPTION...
  local platform=$1 prefix=$2 source=$3; shift 3
  build=$prefix/build/${source##*/}
  cmake -G Ninja -S "$source" -B "$build" --toolchain "$repository/scripts/lib/toolchains/platform.cmake" \
    -DDR_PLATFORM="$platform" -DDR_PREFIX="$prefix" -DDR_ZIG="${release_zig:-}" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_SHARED_LIBS=OFF "$@"
}
install_library() { configure_library "$@" && cmake --build "$build" && cmake --install "$build"; }

# What Debian has as headers only, which serve every platform.  /usr/include itself would bring the machine's own libc.
release_headers() { # PREFIX
  local name
  mkdir -p "$1/include" "$1/share/cmake"
  for name in boost CLI nlohmann sodium sodium.h; do ln -sfn "/usr/include/$name" "$1/include/$name"; done
  cp -r /usr/share/cmake/{CLI11,nlohmann_json} "$1/share/cmake/" # they find the headers from where they are
}

build_libraries() { # PLATFORM PREFIX
  local build option off=() sodium archive
  sodium=$(source_folder libsodium-dev) archive=$(source_folder libarchive-dev)
  # Tar files in memory are all that we use of libarchive.
  for option in ACL BZip2 CAT CNG CPIO EXPAT ICONV LIBB2 LIBXML2 LZ4 LZMA OPENSSL TAR TEST XATTR ZLIB ZSTD; do
    off+=("-DENABLE_$option=OFF")
  done
  rm -rf "$2"
  release_headers "$2" &&
    install_library "$1" "$2" "$(source_folder libfmt-dev)" -DFMT_TEST=OFF -DFMT_DOC=OFF &&
    install_library "$1" "$2" "$(source_folder libyaml-cpp-dev)" \
      -DYAML_CPP_BUILD_CONTRIB=OFF -DYAML_CPP_BUILD_TOOLS=OFF -DYAML_CPP_BUILD_TESTS=OFF &&
    install_library "$1" "$2" "$repository/scripts/lib/toolchains/libsodium" \
      -DDR_SODIUM="$sodium" -DDR_SODIUM_VERSION="${sodium##*=}" &&
    configure_library "$1" "$2" "$archive" -DPOSIX_REGEX_LIB=NONE "${off[@]}" &&
    cmake --build "$build" --target archive_static && # it would install a shared one as well
    cp "$build/libarchive/libarchive.a" "$2/lib/" &&
    cp "$archive"/libarchive/{archive,archive_entry}.h "$2/include/" &&
    rm -rf "$2/build" &&
    touch "$2/.complete"
}

# Sets REPLY to the folder of a platform's libraries, which are built when they are missing.  Its name changes with the
# versions, the compiler and the recipe.
release_libraries() { # PLATFORM COMPILER-VERSION
  local key package
  key=$({
    echo "$2"
    for package in "${release_packages[@]}" libboost1.81-dev libcli11-dev nlohmann-json3-dev; do source_of "$package"; echo; done
    declare -f release_headers configure_library install_library build_libraries
    cat "$repository"/scripts/lib/toolchains/{platform.cmake,libsodium/CMakeLists.txt}
  } | sha256sum)
  REPLY=$release_cache/$1-${key:0:12}
  [ ! -e "$REPLY/.complete" ] || return 0
  mkdir -p "$release_cache"
  (
    flock 9 # another run may build them
    [ ! -e "$REPLY/.complete" ] || exit 0
    stage "sources of libraries" fetch_sources "${release_packages[@]}" ||
      give_up "could not fetch the sources of: ${release_packages[*]}" "Is there a network, and are these packages up to date?"
    stage "libraries $1" build_libraries "$1" "$REPLY"
  ) 9>"$release_cache/.lock"
}
