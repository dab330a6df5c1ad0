#include "fetch/decoding.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>

namespace distaff {
namespace {

constexpr int kGzipBits = 16 + MAX_WBITS;
constexpr int kZlibBits = MAX_WBITS;
constexpr int kBareBits = -MAX_WBITS;
constexpr int kMostOfZstd = 23;  // log2 of the window, RFC 9659

// A single stream, behind which there is only junk.
class Single : public Decoder {
 public:
  Decoding run(std::string_view& input, Room& room) final {
    if (state_ == Decoding::going) {
      state_ = decode(input, room);
    }
    if (state_ == Decoding::whole && !input.empty()) state_ = Decoding::junk;
    if (state_ == Decoding::junk) input = {};
    return state_;
  }

  Decoding end() const final { return state_ == Decoding::going ? Decoding::cut : state_; }

 private:
  // going, whole or broken.
  virtual Decoding decode(std::string_view& input, Room& room) = 0;

  Decoding state_ = Decoding::going;
};

class Inflater {
 public:
  explicit Inflater(int bits) {
    if (inflateInit2(&z_, bits) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&z_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  void reset() { inflateReset(&z_); }

  Decoding run(std::string_view& input, Room& room) {
    const auto size = static_cast<uInt>(std::min<std::size_t>(input.size(), INT_MAX));
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    z_.avail_in = size;
    z_.next_out = reinterpret_cast<Bytef*>(room.at);
    const auto space = static_cast<uInt>(std::min<std::size_t>(room.left, INT_MAX));
    z_.avail_out = space;
    const int code = inflate(&z_, Z_NO_FLUSH);
    input.remove_prefix(size - z_.avail_in);
    room.use(space - z_.avail_out);
    switch (code) {
      case Z_STREAM_END:
        return Decoding::whole;
      case Z_OK:
      case Z_BUF_ERROR:  // nothing to do for want of input or room
        return Decoding::going;
      case Z_MEM_ERROR:
        throw std::bad_alloc();
      default:
        return Decoding::broken;
    }
  }

 private:
  z_stream z_{};
};

class InflatingDecoder final : public Single {
 public:
  explicit InflatingDecoder(int bits) : inflater_(bits) {}

 private:
  Decoding decode(std::string_view& input, Room& room) override {
    return inflater_.run(input, room);
  }

  Inflater inflater_;
};

class BrotliDecoder final : public Single {
 public:
  BrotliDecoder() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (!state_) throw std::bad_alloc();
  }

 private:
  struct Free {
    void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
  };

  Decoding decode(std::string_view& input, Room& room) override {
    std::size_t in = input.size(), out = room.left;
    const auto* next_in = reinterpret_cast<const std::uint8_t*>(input.data());
    auto* next_out = reinterpret_cast<std::uint8_t*>(room.at);
    const auto result =
        BrotliDecoderDecompressStream(state_.get(), &in, &next_in, &out, &next_out, nullptr);
    input.remove_prefix(input.size() - in);
    room.use(room.left - out);
    if (result == BROTLI_DECODER_RESULT_SUCCESS) return Decoding::whole;
    if (result != BROTLI_DECODER_RESULT_ERROR) return Decoding::going;
    const BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(state_.get());
    const bool no_memory = code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
                           code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
    if (no_memory) throw std::bad_alloc();
    return Decoding::broken;
  }

  std::unique_ptr<BrotliDecoderState, Free> state_;
};

// Streams of one kind, one behind the other; each begins with a mark.
class Members : public Decoder {
 public:
  Decoding run(std::string_view& input, Room& room) final {
    // Once more without input if there is room: it may have kept some.
    for (bool first = true; first || (!input.empty() && room.left > 0); first = false) {
      if (state_ == Decoding::going) {
        state_ = decode(input, room);
      } else if (state_ == Decoding::whole) {
        look_for_mark(input, room);
      } else {
        break;
      }
    }
    if (state_ == Decoding::junk) input = {};
    return state_;
  }

  Decoding end() const final {
    if (state_ == Decoding::whole && !mark_.empty()) return Decoding::junk;
    return state_ == Decoding::going ? Decoding::cut : state_;
  }

 protected:
  explicit Members(std::size_t size_of_mark) : size_of_mark_(size_of_mark) {}

 private:
  virtual Decoding decode(std::string_view& input, Room& room) = 0;
  virtual bool is_mark(std::string_view begin) const = 0;
  virtual void restart() = 0;

  void look_for_mark(std::string_view& input, Room& room) {
    while (!input.empty() && mark_.size() < size_of_mark_) {
      if (mark_.empty() && input[0] == '\0') {
        input.remove_prefix(1);
        continue;
      }
      mark_ += input[0];
      input.remove_prefix(1);
      if (!is_mark(mark_)) {
        state_ = Decoding::junk;
        return;
      }
    }
    if (mark_.size() < size_of_mark_) return;
    restart();
    std::string_view begin = mark_;
    state_ = decode(begin, room);
    mark_.clear();
  }

  const std::size_t size_of_mark_;
  Decoding state_ = Decoding::going;
  std::string mark_;  // the beginning of what may be the next one
};

class GzipDecoder final : public Members {
 public:
  GzipDecoder() : Members(2), inflater_(kGzipBits) {}

 private:
  Decoding decode(std::string_view& input, Room& room) override {
    return inflater_.run(input, room);
  }
  bool is_mark(std::string_view begin) const override { return is_gzip_mark(begin); }
  void restart() override { inflater_.reset(); }

  Inflater inflater_;
};

class ZstdDecoder final : public Members {
 public:
  ZstdDecoder() : Members(4), stream_(ZSTD_createDStream()) {
    if (!stream_) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kMostOfZstd);
  }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };

  Decoding decode(std::string_view& input, Room& room) override {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{room.at, room.left, 0};
    const std::size_t left = ZSTD_decompressStream(stream_.get(), &out, &in);
    input.remove_prefix(in.pos);
    room.use(out.pos);
    if (ZSTD_isError(left) != 0) {
      if (ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation) throw std::bad_alloc();
      return Decoding::broken;
    }
    return left == 0 ? Decoding::whole : Decoding::going;
  }
  bool is_mark(std::string_view begin) const override { return is_zstd_mark(begin); }
  void restart() override { ZSTD_DCtx_reset(stream_.get(), ZSTD_reset_session_only); }

  std::unique_ptr<ZSTD_DStream, Free> stream_;
};

class PlainDecoder final : public Decoder {
 public:
  Decoding run(std::string_view& input, Room& room) override {
    const std::size_t size = std::min(input.size(), room.left);
    std::memcpy(room.at, input.data(), size);
    input.remove_prefix(size);
    room.use(size);
    return Decoding::going;
  }

  Decoding end() const override { return Decoding::whole; }
};

bool agrees(std::string_view begin, std::string_view mark) {
  return mark.starts_with(begin.substr(0, mark.size()));
}

}  // namespace

std::unique_ptr<Decoder> make_gzip_decoder() { return std::make_unique<GzipDecoder>(); }
std::unique_ptr<Decoder> make_zlib_decoder() {
  return std::make_unique<InflatingDecoder>(kZlibBits);
}
std::unique_ptr<Decoder> make_bare_deflate_decoder() {
  return std::make_unique<InflatingDecoder>(kBareBits);
}
std::unique_ptr<Decoder> make_brotli_decoder() { return std::make_unique<BrotliDecoder>(); }
std::unique_ptr<Decoder> make_zstd_decoder() { return std::make_unique<ZstdDecoder>(); }

std::unique_ptr<Decoder> make_plain_decoder() { return std::make_unique<PlainDecoder>(); }

bool is_gzip_mark(std::string_view begin) { return agrees(begin, "\x1f\x8b"); }

// A frame, or one of the sixteen kinds that are skipped.
bool is_zstd_mark(std::string_view begin) {
  if (agrees(begin, "\x28\xb5\x2f\xfd")) return true;
  return !begin.empty() && (static_cast<unsigned char>(begin[0]) & 0xf0) == 0x50 &&
         agrees(begin.substr(1), "\x2a\x4d\x18");
}

// A check of both bytes by 31, for a window of at most 32 KiB and without a dictionary.
bool is_zlib_mark(std::string_view begin) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(begin[at]); };
  if (!begin.empty() && ((byte(0) & 0x0f) != 8 || byte(0) >> 4 > 7)) return false;
  return begin.size() < 2 || ((byte(0) * 256 + byte(1)) % 31 == 0 && (byte(1) & 0x20) == 0);
}

}  // namespace distaff
