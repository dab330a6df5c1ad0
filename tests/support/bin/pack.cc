// pack ENCODING: encodes stdin, as a server would for Content-Encoding: gzip, deflate (with its
// header), bare (deflate without), br or zstd.

#include <cstdio>
#include <string>
#include <string_view>

#include "../packing.h"

int main(int argc, char** argv) {
  using namespace distaff;
  const std::string_view how = argc == 2 ? argv[1] : "";
  std::string plain, packed;
  char piece[65536];
  for (std::size_t size = 0; (size = std::fread(piece, 1, sizeof piece, stdin)) > 0;) {
    plain.append(piece, size);
  }
  if (how == "gzip") packed = gzipped(plain);
  if (how == "deflate") packed = zlibbed(plain);
  if (how == "bare") packed = bare_deflated(plain);
  if (how == "br") packed = brotlied(plain);
  if (how == "zstd") packed = zstded(plain);
  if (packed.empty()) {
    std::fprintf(stderr, "pack: gzip, deflate, bare, br or zstd, and not '%s'\n",
                 std::string(how).c_str());
    return 2;
  }
  return std::fwrite(packed.data(), 1, packed.size(), stdout) == packed.size() ? 0 : 1;
}
