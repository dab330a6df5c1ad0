// What is held where memory ends in the middle of it.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <new>
#include <string>

#include "collate/collator.h"
#include "collate/memory_streams.h"
#include "support/timing.h"

namespace distaff::shortage_test {
namespace {

#if !DISTAFF_TEST_SANITIZED  // whose allocators end the process

constexpr JobId a{1};
constexpr JobId b{2};
constexpr Stream out = Stream::out;
constexpr Stream err = Stream::err;

// Until it is given back nothing can be had, whatever its size.
class NoMemory {
 public:
  NoMemory() {
    getrlimit(RLIMIT_AS, &before_);
    const rlimit none{.rlim_cur = 1, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_AS, &none);
    for (const std::size_t size : {65536, 4096, 256, 16}) {
      while (void* const block = malloc(size)) {
        *static_cast<void**>(block) = taken_;
        taken_ = block;
      }
    }
  }
  ~NoMemory() {
    setrlimit(RLIMIT_AS, &before_);
    while (taken_ != nullptr) {
      void* const next = *static_cast<void**>(taken_);
      free(taken_);
      taken_ = next;
    }
  }
  NoMemory(const NoMemory&) = delete;
  NoMemory& operator=(const NoMemory&) = delete;

 private:
  rlimit before_{};
  void* taken_ = nullptr;
};

bool fails(const std::function<void()>& act) {
  const NoMemory none;
  try {
    act();
  } catch (const std::bad_alloc&) {
    return true;
  }
  return false;
}

// In a process of its own, whose memory it uses up.
void story(const std::function<bool()>& act) {
  EXPECT_EXIT(_exit(act() ? 0 : 1), testing::ExitedWithCode(0), "");
}

bool write_all(Collator& collator) {
  collator.end();
  for (int turns = 0; turns < 1000 && !collator.idle(); ++turns) collator.pump();
  return collator.idle() && collator.held() == 0 && collator.memory() == 0;
}

TEST(Shortage, OfABlockThatIsHeldLeavesWhatWasHeldBefore) {
  story([] {
    MemoryStreams sink;
    Collator collator({.keep_order = true}, sink);
    collator.open(a);
    collator.open(b);
    const std::string bytes(200'000, 'b');
    collator.output(b, out, "before\n");
    if (!fails([&] { collator.output(b, out, bytes); })) return false;
    if (!fails([&] { collator.output(b, err, bytes); })) return false;
    return write_all(collator) && sink.out.starts_with("before\n") && sink.err.empty() &&
           (sink.out + bytes).starts_with("before\n" + std::string(sink.out.size() - 7, 'b'));
  });
}

TEST(Shortage, OfTheFirstBytesOfAJobLeavesNothing) {
  story([] {
    for (const Collator::Options& options :
         {Collator::Options{}, Collator::Options{.tagged = true}, Collator::Options{.seen = true},
          Collator::Options{.keep_order = true, .tagged = true},
          Collator::Options{.mode = Collator::Mode::line, .keep_order = true}}) {
      MemoryStreams sink;
      Collator collator(options, sink);
      collator.open(a, "a");
      collator.open(b, "b");
      const std::string lines = std::string(70'000, 'x') + '\n';
      if (!fails([&] { collator.output(b, out, lines); })) return false;
      if (collator.held() != 0 || !write_all(collator) || !sink.out.empty()) return false;
    }
    return true;
  });
}

// What is taken for whole lines is what is there.
TEST(Shortage, InALineLeavesTheWholeLinesBeforeIt) {
  story([] {
    MemoryStreams sink;
    Collator collator({.mode = Collator::Mode::line, .keep_order = true}, sink);
    collator.open(a);
    collator.open(b);
    collator.output(b, out, "first\n");
    const std::string lines = std::string(100'000, 'x') + "\nlast";
    if (!fails([&] { collator.output(b, out, lines); })) return false;
    collator.pump();
    if (!sink.out.empty()) return false;
    collator.close(a);
    collator.pump();
    if (sink.out != "first\n") return false;
    collator.close(b);
    return write_all(collator);
  });
}

// Its attempts can go on being dropped.
TEST(Shortage, InAnAttemptIsForgottenWithTheAttempt) {
  story([] {
    MemoryStreams sink;
    Collator collator({}, sink);
    collator.open(a);
    collator.open(b, {}, true);
    const std::string bytes(300'000, 'b');
    if (!fails([&] { collator.output(b, out, bytes); })) return false;
    collator.try_again(b);
    collator.open(b, {}, false);
    if (collator.held() != 0) return false;
    collator.output(b, out, "second\n");
    return write_all(collator) && sink.out == "second\n";
  });
}

#endif

}  // namespace
}  // namespace distaff::shortage_test
