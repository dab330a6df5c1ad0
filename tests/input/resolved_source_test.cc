#include "input/resolved_source.h"

#include <gtest/gtest.h>
#include <poll.h>

namespace distaff::resolved_source_test {
namespace {

// Gives what it was told to, one after the other.
class ListSource final : public Source {
 public:
  explicit ListSource(std::vector<std::string> records) : records_(std::move(records)) {}

  Next next(Record& record) override {
    if (at_ == records_.size()) return Next::end;
    record = Record{};
    record.text = records_[at_++];
    return Next::record;
  }
  const Error& error() const override { return error_; }
  std::size_t taken() const { return at_; }

 private:
  std::vector<std::string> records_;
  std::size_t at_ = 0;
  Error error_;
};

std::optional<std::string> itself(const Record& record) {
  return record.text == "-" ? std::nullopt : std::optional(record.text);
}

// All there is, waiting as the program does.
std::vector<std::string> drain(ResolvedSource& source) {
  std::vector<std::string> all;
  Record record;
  while (true) {
    switch (source.next(record)) {
      case Source::Next::record:
        all.push_back(record.text);
        break;
      case Source::Next::wait: {
        pollfd wait{source.wait_fd(), POLLIN, 0};
        EXPECT_EQ(poll(&wait, 1, 200'000), 1);
        break;
      }
      default:
        return all;
    }
  }
}

TEST(ResolvedSource, GivesRecordsInTheirOrderWithTheirAddressesKnown) {
  std::vector<std::string> names;
  for (int i = 1; i < 200; ++i) names.push_back("127.0.0." + std::to_string(i));
  names.insert(names.begin() + 50, "-");
  ResolvedSource source(std::make_unique<ListSource>(names), itself);
  EXPECT_EQ(drain(source), names);
  EXPECT_EQ(source.address_of("127.0.0.7"), "127.0.0.7");
}

TEST(ResolvedSource, ANameWithoutAnAddressIsItself) {
  ResolvedSource source(std::make_unique<ListSource>(std::vector<std::string>{"nobody.invalid"}),
                        itself);
  EXPECT_EQ(drain(source).size(), 1u);
  EXPECT_EQ(source.address_of("nobody.invalid"), "nobody.invalid");
}

TEST(ResolvedSource, ReadsNoFurtherAheadThanItSays) {
  auto list = std::make_unique<ListSource>(std::vector<std::string>(5000, "127.0.0.1"));
  const ListSource& inner = *list;
  ResolvedSource source(std::move(list), itself);
  Record record;
  while (source.next(record) == Source::Next::wait) {
    pollfd wait{source.wait_fd(), POLLIN, 0};
    ASSERT_EQ(poll(&wait, 1, 200'000), 1);
  }
  EXPECT_LE(inner.taken(), 513u);
}

}  // namespace
}  // namespace distaff::resolved_source_test
