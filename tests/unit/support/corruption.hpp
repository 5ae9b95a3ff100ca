#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>

#include "common/os/atomic_file.hpp"

namespace dr::test {

// Flips each bit of the file, then cuts it at each length, and calls `check` with what was done, in
// place: a file that is cut and written anew is flushed by the file system each time. Whole again
// afterwards. Ends with the first fatal failure of `check`.
template <class Check>
void each_flip_and_cut(const std::filesystem::path& path, const Check& check) {
  const std::string good = os::read_file(path);
  {
    std::fstream bytes(path, std::ios::binary | std::ios::in | std::ios::out);
    const auto put = [&](std::size_t at, char byte) {
      bytes.seekp(static_cast<std::streamoff>(at)).put(byte).flush();
    };
    for (std::size_t at = 0; at < good.size(); ++at) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        put(at, static_cast<char>(static_cast<unsigned char>(good[at]) ^ (1U << bit)));
        check("bit " + std::to_string(bit) + " of byte " + std::to_string(at));
        if (testing::Test::HasFatalFailure()) return;
      }
      put(at, good[at]);
    }
  }
  for (std::size_t size = good.size(); size-- > 0;) {
    std::filesystem::resize_file(path, size);
    check("cut at " + std::to_string(size));
    if (testing::Test::HasFatalFailure()) return;
  }
  std::ofstream(path, std::ios::binary | std::ios::trunc) << good;
}

}  // namespace dr::test
