#include "fetch/deflater.h"

#include <zlib.h>

#include <algorithm>
#include <climits>
#include <new>

namespace distaff {

struct Deflater::Stream {
  z_stream z{};
};

void Deflater::Free::operator()(Stream* stream) const {
  deflateEnd(&stream->z);
  delete stream;
}

Deflater::Deflater() : stream_(new Stream) {
  if (deflateInit(&stream_->z, Z_DEFAULT_COMPRESSION) != Z_OK) throw std::bad_alloc();
}

void Deflater::reset() { deflateReset(&stream_->z); }

void Deflater::add(std::string_view bytes, std::string& compressed) {
  while (!bytes.empty()) {
    const std::size_t size = std::min<std::size_t>(bytes.size(), INT_MAX);
    run(bytes.substr(0, size), false, compressed);
    bytes.remove_prefix(size);
  }
}

void Deflater::finish(std::string& compressed) { run({}, true, compressed); }

void Deflater::run(std::string_view bytes, bool last, std::string& compressed) {
  z_stream& z = stream_->z;
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  Bytef piece[16 << 10];
  do {
    z.next_out = piece;
    z.avail_out = sizeof piece;
    deflate(&z, last ? Z_FINISH : Z_NO_FLUSH);
    compressed.append(reinterpret_cast<const char*>(piece), sizeof piece - z.avail_out);
  } while (z.avail_out == 0);
}

}  // namespace distaff
