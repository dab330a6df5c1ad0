#include "fetch/body_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <random>
#include <utility>

#include "support/packing.h"

namespace distaff::body_decoder_test {
namespace {

struct Decoded {
  std::string bytes;
  Decoding state = Decoding::going;
  bool lacks_one = false;
};

// Of bytes that come in pieces of `piece`, where the reader takes `taken` at once.
Decoded decoded(const std::string& encodings, std::string_view packed, std::size_t piece = 16384,
                std::size_t taken = SIZE_MAX) {
  BodyDecoder decoder(encodings);
  Decoded result;
  const auto take = [&] {
    while (!decoder.ready().empty()) {
      const std::size_t size = std::min(decoder.ready().size(), taken);
      result.bytes += decoder.ready().substr(0, size);
      decoder.consume(size);
    }
  };
  for (std::size_t at = 0; at < packed.size() && decoder.state() != Decoding::broken; at += piece) {
    std::string_view left = packed.substr(at, piece);
    while (decoder.state() != Decoding::broken) {
      const std::size_t fed = decoder.feed(left);
      left.remove_prefix(fed);
      if (fed == 0 && decoder.ready().empty()) break;
      take();
    }
    EXPECT_TRUE(left.empty() || decoder.state() == Decoding::broken);
  }
  do {
    take();
    decoder.finish();
  } while (!decoder.ready().empty());
  result.state = decoder.state();
  result.lacks_one = decoder.lacks_one();
  return result;
}

struct Kind {
  const char* name;
  const char* encoding;
  std::function<std::string(std::string_view)> pack;
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{{"gzip", "gzip", gzipped},
                                     {"zlib", "deflate", zlibbed},
                                     {"bare deflate", "deflate", bare_deflated},
                                     {"brotli", "br", brotlied},
                                     {"zstd", "zstd", zstded}};
  return all;
}

// Packed, it begins as text does.
std::string all_bytes() {
  std::string bytes;
  for (int i = 0; i < 7680; ++i) bytes += static_cast<char>(i);
  return bytes;
}

std::string noise(std::size_t size) {
  std::mt19937 random(7);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

const std::vector<std::string>& bodies() {
  static const std::vector<std::string> all{"",
                                            "a",
                                            "hello world\n",
                                            noise(50),
                                            noise(100'000),
                                            all_bytes(),
                                            std::string(1'000'000, '\0'),
                                            [] {
                                              std::string lines;
                                              for (int i = 0; i < 5000; ++i)
                                                lines += "{\"line\":" + std::to_string(i) + "}\n";
                                              return lines;
                                            }()};
  return all;
}

TEST(BodyDecoder, GivesBackWhatWasEncoded) {
  for (const Kind& kind : kinds()) {
    for (const std::string& body : bodies()) {
      const std::string packed = kind.pack(body);
      for (const auto& [piece, taken] :
           {std::pair<std::size_t, std::size_t>{16384, SIZE_MAX}, {16384, 1000}, {97, 31}}) {
        const Decoded came = decoded(kind.encoding, packed, piece, taken);
        EXPECT_EQ(came.state, Decoding::whole) << kind.name << " of " << body.size();
        EXPECT_TRUE(came.bytes == body) << kind.name << " of " << body.size();
      }
    }
  }
}

TEST(BodyDecoder, TakesNoBodyThatIsCutForAWholeOne) {
  for (const Kind& kind : kinds()) {
    for (const std::string& body : bodies()) {
      const std::string packed = kind.pack(body);
      std::vector<std::size_t> cuts;
      for (std::size_t cut = 0; cut < std::min<std::size_t>(packed.size(), 300); ++cut) {
        cuts.push_back(cut);
      }
      for (std::size_t tenth = 1; tenth < 10; ++tenth) cuts.push_back(packed.size() * tenth / 10);
      for (const std::size_t cut : cuts) {
        if (cut >= packed.size()) continue;
        EXPECT_EQ(decoded(kind.encoding, packed.substr(0, cut)).state, Decoding::cut)
            << kind.name << " of " << body.size() << " cut at " << cut << " of " << packed.size();
      }
    }
  }
}

TEST(BodyDecoder, KeepsWhatIsNotWhatItIsCalled) {
  const std::vector<std::string> plain{"hello world, this is text\n",
                                       "<html><body>" + std::string(200'000, 'x'),
                                       "\x89PNG\r\n\x1a\n" + noise(3000),
                                       noise(100'000),
                                       "{\"a\": 1}",
                                       "\xff\xd8\xff\xe0" + noise(70'000)};
  for (const Kind& kind : kinds()) {
    for (const std::string& body : plain) {
      for (const std::size_t piece : {1, 1000, 16384}) {
        if (piece == 1 && body.size() > 10'000) continue;
        const Decoded came = decoded(kind.encoding, body, piece, 900);
        EXPECT_EQ(came.state, Decoding::as_it_is) << kind.name << ": " << body.substr(0, 10);
        EXPECT_TRUE(came.bytes == body) << kind.name << ": " << body.substr(0, 10);
      }
    }
  }
}

// As some that are in front of a server say it again.
TEST(BodyDecoder, UndoesWhatThereIsOfEncodingsThatAreSaidTwice) {
  for (const std::string& body : bodies()) {
    const Decoded came = decoded("gzip, gzip", gzipped(body), 97, 31);
    EXPECT_EQ(came.bytes, body);
    EXPECT_EQ(came.state, body.empty() ? Decoding::cut : Decoding::whole);
    EXPECT_EQ(came.lacks_one, !body.empty());
    EXPECT_FALSE(decoded("gzip, gzip", gzipped(gzipped(body))).lacks_one);
  }
  const std::string packed = gzipped("hello world\n");
  EXPECT_EQ(decoded("zstd, gzip", packed.substr(0, packed.size() - 9)).state, Decoding::cut);
}

TEST(BodyDecoder, DecodesFurtherMembersAndLeavesOutWhatIsBehindThem) {
  for (const Kind& kind : {kinds()[0], kinds()[4]}) {
    const std::string members = kind.pack("one\n") + kind.pack("") + kind.pack("two\n");
    for (const std::size_t piece : {1, 16384}) {
      EXPECT_EQ(decoded(kind.encoding, members, piece).bytes, "one\ntwo\n");
      const Decoded padded = decoded(kind.encoding, members + std::string(700, '\0'), piece);
      EXPECT_EQ(padded.bytes, "one\ntwo\n");
      EXPECT_EQ(padded.state, Decoding::whole);
      const Decoded junk = decoded(kind.encoding, members + "junk", piece);
      EXPECT_EQ(junk.bytes, "one\ntwo\n");
      EXPECT_EQ(junk.state, Decoding::junk);
      EXPECT_EQ(decoded(kind.encoding, members + kind.pack("three").substr(0, 9), piece).state,
                Decoding::cut);
    }
  }
}

TEST(BodyDecoder, SaysThatAStreamIsBroken) {
  std::string packed = gzipped(noise(100'000));
  packed[50'000] = static_cast<char>(packed[50'000] ^ 1);
  EXPECT_EQ(decoded("gzip", packed).state, Decoding::broken);
}

TEST(BodyDecoder, UndoesOneEncodingWithinAnother) {
  const std::string& body = bodies().back();
  const std::string packed = brotlied(gzipped(body));
  EXPECT_TRUE(decoded("gzip, br", packed, 1000, 100).bytes == body);
  EXPECT_EQ(decoded("gzip, br", brotlied(gzipped(body).substr(0, 500))).state, Decoding::cut);
}

TEST(BodyDecoder, ReadsContentEncoding) {
  EXPECT_EQ(BodyDecoder::list("GZIP"), "gzip");
  EXPECT_EQ(BodyDecoder::list(" x-gzip ,identity,, Br"), "gzip, br");
  EXPECT_EQ(BodyDecoder::list("identity"), "");
  EXPECT_TRUE(BodyDecoder::knows("gzip, br, zstd, deflate"));
  EXPECT_FALSE(BodyDecoder::knows("gzip, aws-chunked"));
  EXPECT_FALSE(BodyDecoder::knows("gzip, gzip, gzip, gzip, gzip, gzip"));
}

}  // namespace
}  // namespace distaff::body_decoder_test
