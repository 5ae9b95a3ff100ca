# The toolchain of a release build (scripts/lib/release_build.sh): Debian's g++ for Linux, zig for macOS. Nothing of the
# machine's own libraries is found, only what release_libraries.sh put into DR_PREFIX.
#   DR_PLATFORM  linux-amd64, linux-arm64, darwin-amd64 or darwin-arm64
#   DR_PREFIX    the libraries, built for it
#   DR_ZIG       for macOS: the folder of zig's wrappers
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES DR_PLATFORM DR_PREFIX DR_ZIG)

if(DR_PLATFORM MATCHES arm64)
  set(CMAKE_SYSTEM_PROCESSOR aarch64)
else()
  set(CMAKE_SYSTEM_PROCESSOR x86_64)
endif()

if(DR_PLATFORM MATCHES linux)
  set(CMAKE_SYSTEM_NAME Linux)
  set(CMAKE_C_COMPILER ${CMAKE_SYSTEM_PROCESSOR}-linux-gnu-gcc)
  set(CMAKE_CXX_COMPILER ${CMAKE_SYSTEM_PROCESSOR}-linux-gnu-g++)
else()
  set(CMAKE_SYSTEM_NAME Darwin)
  set(CMAKE_C_COMPILER ${DR_ZIG}/clang)
  set(CMAKE_CXX_COMPILER ${DR_ZIG}/clang++)
  set(CMAKE_AR ${DR_ZIG}/ar CACHE FILEPATH "")
  set(CMAKE_RANLIB ${DR_ZIG}/ranlib CACHE FILEPATH "")
  set(CMAKE_INSTALL_NAME_TOOL true CACHE FILEPATH "") # CMake insists on one; nothing here has a name to change
  set(CMAKE_OSX_SYSROOT "" CACHE PATH "")
endif()

set(CMAKE_FIND_ROOT_PATH ${DR_PREFIX})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} ${DR_PREFIX}/lib/pkgconfig)
set(Boost_NO_BOOST_CMAKE ON) # of Boost the headers are enough

# The same bytes wherever the sources and the dependencies are, and whether ccache has made the paths relative or not.
set(flags "-fPIE -ffunction-sections -fdata-sections -ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -ffile-prefix-map=../..=.")
string(APPEND flags " -ffile-prefix-map=${DR_PREFIX}=libraries")
foreach(language C CXX)
  set(CMAKE_${language}_FLAGS_INIT "${flags}")
  set(CMAKE_${language}_FLAGS_RELEASE "-O2 -DNDEBUG" CACHE STRING "")
endforeach()
