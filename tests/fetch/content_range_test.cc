#include "fetch/content_range.h"

#include <gtest/gtest.h>

namespace distaff::content_range_test {
namespace {

TEST(ContentRange, IsReadOnlyIfItCanBe) {
  const auto range = ContentRange::read("bytes 500-999/1000");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 500u);
  EXPECT_EQ(range->size(), 500u);
  EXPECT_EQ(range->total, 1000u);
  EXPECT_FALSE(ContentRange::read("bytes 500-999/*")->total);
  for (const char* text : {"", "bytes", "bytes 5-4/10", "bytes 5-10/10", "bytes */10",
                           "bytes 5-9/10 ", "bytes 5-9", "bytes=5-9/10", "items 5-9/10",
                           "bytes -9/10", "bytes 5-9/x", "bytes 5-99999999999999999999/*"}) {
    EXPECT_FALSE(ContentRange::read(text)) << text;
  }
}

class Continuation : public ::testing::Test {
 protected:
  bool goes_on() const { return continuation(part, head, kUrl).has_value(); }

  static constexpr const char* kUrl = "https://h/a";
  BodyStore::Part part{.bytes = 500,
                       .validator = "\"v1\"",
                       .total = 1000,
                       .url = kUrl,
                       .mime = "text/html",
                       .etag = "\"v1\"",
                       .last_modified = "Mon, 02 Jan 2023 03:04:05 GMT"};
  TransferHead head;

  Continuation() {
    head.status = 206;
    head.etag = "\"v1\"";
    head.range = "bytes 500-999/1000";
  }
};

TEST_F(Continuation, IsWhatGoesOnWithTheSameVersion) {
  EXPECT_TRUE(goes_on());
  head.range = "bytes 500-599/1000";
  EXPECT_TRUE(goes_on()) << "the rest can be asked for";
  head.range = "bytes 500-999/*";
  EXPECT_TRUE(goes_on()) << "it reaches what was promised";
  part.total.reset();
  head.range = "bytes 500-999/1000";
  EXPECT_TRUE(goes_on());
  head.last_modified = part.last_modified;
  EXPECT_TRUE(goes_on());
  part.validator = part.last_modified;
  head.etag.clear();
  EXPECT_TRUE(goes_on());
}

TEST_F(Continuation, IsNothingElse) {
  const TransferHead good = head;
  const auto differs = [&](auto change) {
    head = good;
    change(head);
    return !goes_on();
  };
  EXPECT_TRUE(differs([](TransferHead& h) { h.range = "bytes 501-999/1000"; }));
  EXPECT_TRUE(differs([](TransferHead& h) { h.range = "bytes 0-999/1000"; }));
  EXPECT_TRUE(differs([](TransferHead& h) { h.range = "bytes 500-999/1001"; }));
  EXPECT_TRUE(differs([](TransferHead& h) { h.range = "bytes 500-998/*"; }));
  EXPECT_TRUE(differs([](TransferHead& h) { h.range.clear(); }));
  EXPECT_TRUE(differs([](TransferHead& h) { h.etag = "\"v2\""; }));
  EXPECT_TRUE(differs([](TransferHead& h) { h.etag = "W/\"v1\""; }));
  EXPECT_TRUE(differs([](TransferHead& h) { h.etag.clear(); }));
  EXPECT_TRUE(differs([](TransferHead& h) { h.encodings = "gzip"; }));
  EXPECT_TRUE(differs([](TransferHead& h) { h.type = "Multipart/ByteRanges; boundary=x"; }));
  EXPECT_TRUE(differs([](TransferHead& h) { h.ambiguous = true; })) << "two that differ";
  EXPECT_TRUE(differs([](TransferHead& h) { h.last_modified = "Tue, 03 Jan 2023 03:04:05 GMT"; }));
  head = good;
  EXPECT_FALSE(continuation(part, head, "https://h/b")) << "a redirect led elsewhere";
  part.validator = head.last_modified = part.last_modified;
  head.etag = "W/\"v2\"";
  EXPECT_FALSE(goes_on()) << "of the same second, and another ETag";
  part.validator = part.etag;
  head = good;
  part.total.reset();
  head.range = "bytes 500-999/*";
  EXPECT_FALSE(goes_on()) << "where does it end?";
}

TEST(StrongValidator, TellsVersionsApart) {
  TransferHead head;
  EXPECT_EQ(strong_validator(head), "");
  head.last_modified = "Mon, 02 Jan 2023 03:04:05 GMT";
  EXPECT_EQ(strong_validator(head), head.last_modified);
  head.date = "Mon, 02 Jan 2023 03:04:35 GMT";
  EXPECT_EQ(strong_validator(head), "") << "it may have changed twice in that second";
  head.ambiguous = true;
  EXPECT_EQ(strong_validator(head), "");
  head.ambiguous = false;
  head.date = "Mon, 02 Jan 2023 03:05:05 GMT";
  EXPECT_EQ(strong_validator(head), head.last_modified);
  head.etag = "W/\"weak\"";
  EXPECT_EQ(strong_validator(head), head.last_modified);
  head.etag = "\"strong\"";
  EXPECT_EQ(strong_validator(head), head.etag);
  head.etag.clear();
  head.last_modified = "yesterday";
  EXPECT_EQ(strong_validator(head), "");
}

}  // namespace
}  // namespace distaff::content_range_test
