#pragma once

// Bodies encoded as servers do it, by the libraries' own encoders.

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace distaff {

inline std::string deflated(std::string_view plain, int bits) {
  z_stream z{};
  deflateInit2(&z, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&z, plain.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  z.avail_in = static_cast<uInt>(plain.size());
  z.next_out = reinterpret_cast<Bytef*>(packed.data());
  z.avail_out = static_cast<uInt>(packed.size());
  deflate(&z, Z_FINISH);
  packed.resize(z.total_out);
  deflateEnd(&z);
  return packed;
}

inline std::string gzipped(std::string_view plain) { return deflated(plain, 16 + MAX_WBITS); }
inline std::string zlibbed(std::string_view plain) { return deflated(plain, MAX_WBITS); }
inline std::string bare_deflated(std::string_view plain) { return deflated(plain, -MAX_WBITS); }

inline std::string brotlied(std::string_view plain) {
  std::string packed(BrotliEncoderMaxCompressedSize(plain.size()) + 64, '\0');
  std::size_t size = packed.size();
  BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, plain.size(),
                        reinterpret_cast<const std::uint8_t*>(plain.data()), &size,
                        reinterpret_cast<std::uint8_t*>(packed.data()));
  packed.resize(size);
  return packed;
}

inline std::string zstded(std::string_view plain) {
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3));
  return packed;
}

}  // namespace distaff
