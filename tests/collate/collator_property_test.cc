// Random runs against a model that is slow and obvious: from all that was reported so far it works
// out, from the beginning, what must have been written by now.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "collate/collator.h"
#include "collate/memory_streams.h"

namespace distaff::collator_property_test {
namespace {

using Mode = Collator::Mode;

struct Piece {
  int job;
  std::string bytes;
};
using Pieces = std::vector<Piece>;

std::string whole_lines(const std::string& text) { return text.substr(0, text.rfind('\n') + 1); }

class Model {
 public:
  explicit Model(Collator::Options options) : options_(options) {}

  void open(int job) { opened_.push_back(job); }

  void output(int job, Stream stream, const std::string& bytes) {
    reported_ += bytes.size();
    std::string& all = text_[{job, stream}];
    const std::size_t before = whole_lines(all).size();
    all += bytes;
    // Only line mode without order needs to know when: each job's new whole lines.
    as_lines_[stream].push_back({job, whole_lines(all).substr(before)});
  }

  void close(int job) {
    closed_.insert(job);
    ends_.push_back(job);
    for (const Stream stream : {Stream::out, Stream::err}) {
      const std::string& all = text_[{job, stream}];
      as_lines_[stream].push_back({job, all.substr(whole_lines(all).size())});
    }
  }

  void flush() { flushed_ = true; }

  std::string written(Stream stream) { return render(pieces(stream)); }

  std::size_t held() {
    std::size_t bytes = reported_;
    for (const Stream stream : {Stream::out, Stream::err}) {
      for (const Piece& piece : pieces(stream)) bytes -= piece.bytes.size();
    }
    return bytes;
  }

 private:
  Pieces pieces(Stream stream) {
    if (options_.keep_order) return by_turns(stream, numbers());
    if (options_.mode == Mode::line) return with_rests(as_lines_[stream], stream, true);
    if (options_.single) return by_turns(stream, opened_);
    Pieces blocks;
    for (const int job : ends_) blocks.push_back({job, text_[{job, stream}]});
    return with_rests(blocks, stream, false);
  }

  std::vector<int> numbers() {
    const int last = opened_.empty() ? 0 : *std::max_element(opened_.begin(), opened_.end());
    std::vector<int> all;
    for (int job = 1; job <= last; ++job) all.push_back(job);
    return all;
  }

  Pieces by_turns(Stream stream, const std::vector<int>& turns) {
    Pieces pieces;
    std::size_t turn = 0;
    for (; turn < turns.size() && closed_.count(turns[turn]) == 1; ++turn) {
      pieces.push_back({turns[turn], text_[{turns[turn], stream}]});
    }
    if (turn == turns.size()) return pieces;
    const std::string& live = text_[{turns[turn], stream}];
    const bool by_lines = options_.mode == Mode::line || (options_.single && options_.tagged);
    if (flushed_) {
      pieces.push_back({turns[turn], live});
      std::vector<int> rest(turns.begin() + static_cast<long>(turn) + 1, turns.end());
      std::sort(rest.begin(), rest.end());
      for (const int job : rest) pieces.push_back({job, text_[{job, stream}]});
    } else if (by_lines) {
      pieces.push_back({turns[turn], whole_lines(live)});
    } else if (stream == Stream::out || options_.single) {
      pieces.push_back({turns[turn], live});
    }
    return pieces;
  }

  Pieces with_rests(Pieces pieces, Stream stream, bool by_lines) {
    std::vector<int> jobs = opened_;
    std::sort(jobs.begin(), jobs.end());
    for (const int job : jobs) {
      if (!flushed_ || closed_.count(job) == 1) continue;
      const std::string& all = text_[{job, stream}];
      pieces.push_back({job, by_lines ? all.substr(whole_lines(all).size()) : all});
    }
    return pieces;
  }

  std::string render(const Pieces& pieces) const {
    const bool lines_count = options_.mode == Mode::line || options_.tagged;
    std::string text;
    int last_job = 0;
    for (const Piece& piece : pieces) {
      if (piece.bytes.empty()) continue;
      const bool mid_line = !text.empty() && text.back() != '\n';
      if (lines_count && mid_line && piece.job != last_job) text += '\n';
      for (const char byte : piece.bytes) {
        const bool begins = text.empty() || text.back() == '\n';
        if (options_.tagged && begins) text += "t" + std::to_string(piece.job) + "\t";
        text += byte;
      }
      last_job = piece.job;
    }
    return text;
  }

  Collator::Options options_;
  std::map<std::pair<int, Stream>, std::string> text_;
  std::map<Stream, Pieces> as_lines_;
  std::vector<int> opened_;
  std::vector<int> ends_;
  std::set<int> closed_;
  std::size_t reported_ = 0;
  bool flushed_ = false;
};

class RandomRun {
 public:
  RandomRun(Collator::Options options, unsigned seed)
      : options_(options), random_(seed), collator_(options, sink_), model_(options) {}

  void play() {
    const int jobs = below(30);
    for (int job = 1; job <= jobs; ++job) waiting_.push_back(job);
    // Not far out of order, as in a run with groups.
    for (std::size_t i = 0; i + 1 < waiting_.size(); ++i) {
      if (below(3) == 0) std::swap(waiting_[i], waiting_[std::min(i + 4, waiting_.size() - 1)]);
    }
    const int steps = below(300);
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      step();
      // The model begins anew each time: with much text only now and then.
      if (written_ < 3000 || below(60) == 0) check();
    }
    if (below(2) == 0) {
      while (!running_.empty()) close_one();
      for (const int job : waiting_) close(job);
      waiting_.clear();
      check();
    }
    collator_.end();
    // In small pieces, or at once.
    while (collator_.pump(below(2) == 0 ? static_cast<std::size_t>(1 + below(40)) : 1 << 20)) {
    }
    model_.flush();
    check();
    EXPECT_EQ(collator_.held(), 0u);
  }

 private:
  int below(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }

  void step() {
    const int what = below(10);
    if (what == 0 && !waiting_.empty() && running_.size() < (options_.single ? 2u : 6u)) {
      open_one();
    } else if (what == 1 && !running_.empty()) {
      close_one();
    } else if (!running_.empty()) {
      output_one();
    } else if (!waiting_.empty()) {
      open_one();
    }
  }

  void open_one() {
    const int job = waiting_.front();
    waiting_.erase(waiting_.begin());
    if (below(8) == 0) return close(job);  // could not start
    collator_.open(JobId{static_cast<std::uint64_t>(job)}, "t" + std::to_string(job));
    model_.open(job);
    running_.push_back(job);
  }

  void output_one() {
    const int job = running_[static_cast<std::size_t>(below(static_cast<int>(running_.size())))];
    const Stream stream = below(3) == 0 ? Stream::err : Stream::out;
    const std::string bytes = text();
    collator_.output(JobId{static_cast<std::uint64_t>(job)}, stream, bytes);
    model_.output(job, stream, bytes);
    written_ += bytes.size();
  }

  std::string text() {
    const int most = below(2000) == 0 ? 150'000 : below(20) == 0 ? 300 : 8;
    const int newlines = below(3) == 0 ? 2 : 40;
    std::string bytes(static_cast<std::size_t>(below(most)), 'x');
    for (char& byte : bytes) byte = below(newlines) == 0 ? '\n' : static_cast<char>(below(256));
    return bytes;
  }

  void close_one() {
    const std::size_t at = static_cast<std::size_t>(below(static_cast<int>(running_.size())));
    const int job = running_[at];
    running_.erase(running_.begin() + static_cast<long>(at));
    close(job);
  }

  void close(int job) {
    collator_.close(JobId{static_cast<std::uint64_t>(job)});
    // In small pieces, or at once.
    while (collator_.pump(below(2) == 0 ? static_cast<std::size_t>(1 + below(40)) : 1 << 20)) {
    }
    model_.close(job);
  }

  void check() {
    // Not EXPECT_EQ: nobody wants to read these bytes.
    EXPECT_TRUE(sink_.out == model_.written(Stream::out));
    EXPECT_TRUE(sink_.err == model_.written(Stream::err));
    EXPECT_EQ(collator_.held(), model_.held());
  }

  Collator::Options options_;
  std::mt19937 random_;
  MemoryStreams sink_;
  Collator collator_;
  Model model_;
  std::vector<int> waiting_;
  std::vector<int> running_;
  std::size_t written_ = 0;
};

TEST(CollatorProperty, WritesWhatTheModelSaysAfterEachStep) {
  const char* const wanted = std::getenv("DISTAFF_PROPERTY_COUNT");
  const int count = wanted != nullptr ? std::atoi(wanted) : 200;
  const unsigned first = std::random_device{}();
  for (int i = 0; i < count && !HasFailure(); ++i) {
    const unsigned seed = first + static_cast<unsigned>(i);
    std::mt19937 random(seed);
    Collator::Options options;
    options.mode = random() % 2 == 0 ? Mode::group : Mode::line;
    options.keep_order = random() % 2 == 0;
    options.single = random() % 3 == 0;
    options.tagged = random() % 2 == 0;
    SCOPED_TRACE(testing::Message()
                 << "seed " << seed << (options.mode == Mode::line ? " line" : " group")
                 << (options.keep_order ? " keep_order" : "") << (options.single ? " single" : "")
                 << (options.tagged ? " tagged" : ""));
    RandomRun(options, seed).play();
  }
}

}  // namespace
}  // namespace distaff::collator_property_test
