#include "common/os/sha256.hpp"

#include <sodium.h>

#include <array>

#include "common/base/error.hpp"

namespace dr::os {

std::string sha256_hex(std::string_view bytes) {
  static const bool is_ready = sodium_init() >= 0;
  if (!is_ready) throw Error(ExitCode::failed, "failed to start libsodium");

  std::array<unsigned char, crypto_hash_sha256_BYTES> sum{};
  crypto_hash_sha256(sum.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size());

  std::array<char, crypto_hash_sha256_BYTES * 2 + 1> hex{};
  return sodium_bin2hex(hex.data(), hex.size(), sum.data(), sum.size());
}

}  // namespace dr::os
