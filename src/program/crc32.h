// The checksum of zip, gzip and PNG, which the standard libraries of most languages compute (zlib's crc32).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace spasne {

/// Remainders modulo the polynomial x^32 + x^26 + ... + 1, whose bits are 0xEDB88320, the highest power last (RFC
/// 1952).
class Crc32 {
 public:
  void add(const void* data, size_t size) {
    static const std::array<uint32_t, 256> TABLE = of_each_byte();
    const unsigned char* bytes = static_cast<const unsigned char*>(data);
    for (size_t i = 0; i < size; ++i) rest_ = TABLE[(rest_ ^ bytes[i]) & 0xFF] ^ (rest_ >> 8);
  }

  uint32_t value() const { return ~rest_; }

 private:
  static std::array<uint32_t, 256> of_each_byte() {
    std::array<uint32_t, 256> table;
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint32_t rest = byte;
      for (int bit = 0; bit < 8; ++bit) rest = rest & 1 ? 0xEDB88320u ^ (rest >> 1) : rest >> 1;
      table[byte] = rest;
    }
    return table;
  }

  uint32_t rest_ = ~uint32_t{0};
};

}  // namespace spasne
