#include "sink/held_output.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sink/spill_files.h"
#include "support/temp_dir.h"

namespace distaff::held_output_test {
namespace {

// Writes down what is called; has room for so many calls.
class Calls final : public ByteSink {
 public:
  void write(Stream stream, std::string_view bytes) override {
    (stream == Stream::out ? out : err) += bytes;
    ++made;
    if (room > 0) --room;
  }
  void settle() override { err += "<settled>"; }
  void end_line(Stream stream) override { (stream == Stream::out ? out : err) += "<end>"; }
  void say(std::string_view lines) override { err += "<" + std::string(lines) + ">"; }
  bool blocked(Stream) const override { return room == 0; }

  std::string out, err;
  int room = -1;
  int made = 0;
};

TEST(HeldOutput, ShowsNothingUntilItIsReleasedAndThenAllInItsOrder) {
  Calls real;
  HeldOutput held(real, nullptr);
  held.write(Stream::out, "one ");
  held.write(Stream::err, "bad ");
  held.say("said");
  held.write(Stream::out, "two");
  held.end_line(Stream::out);
  held.write(Stream::err, "worse");
  held.settle();
  held.flush();
  EXPECT_EQ(real.out + real.err, "");
  EXPECT_EQ(held.pending(), 0u) << "what is held back keeps nobody waiting";
  EXPECT_FALSE(held.blocked(Stream::out));
  held.show();
  EXPECT_EQ(real.out, "one two<end>");
  EXPECT_EQ(real.err, "bad <said>worse<settled>");
  EXPECT_EQ(held.pending(), 0u);
  held.write(Stream::out, " three");
  EXPECT_EQ(real.out, "one two<end> three");
}

TEST(HeldOutput, GoesToFilesWhenMemoryIsFullAndKeepsEveryByte) {
  TempDir dir;
  Calls real;
  SpillFiles spill(dir.path(), UINT64_MAX);
  HeldOutput held(real, &spill, 1000);
  std::string out, err;
  for (int i = 0; i < 2000; ++i) {
    const std::string bytes(static_cast<std::size_t>(i), static_cast<char>(i));
    Stream stream = i % 3 == 0 ? Stream::err : Stream::out;
    held.write(stream, bytes);
    (stream == Stream::out ? out : err) += bytes;
  }
  EXPECT_GT(spill.used(), 1'900'000u);
  EXPECT_EQ(real.made, 0);
  held.show();
  EXPECT_TRUE(real.out == out && real.err == err);
  EXPECT_EQ(spill.used(), 0u);
}

TEST(HeldOutput, WithoutRoomItShowsAllFromThenOn) {
  TempDir dir;
  Calls real;
  SpillFiles spill(dir.path(), 5000);
  HeldOutput held(real, &spill, 1000);
  std::string all;
  for (int i = 0; i < 500; ++i) {
    const std::string bytes = "line " + std::to_string(i) + "\n";
    held.write(Stream::out, bytes);
    all += bytes;
  }
  EXPECT_TRUE(held.shown());
  held.flush();
  EXPECT_EQ(real.out, all);
}

TEST(HeldOutput, GivesOnNoMoreThanThereIsRoomFor) {
  Calls real;
  HeldOutput held(real, nullptr);
  for (const char* bytes : {"a", "b", "c", "d"}) held.write(Stream::out, bytes);
  real.room = 2;
  held.show();
  EXPECT_EQ(real.out, "ab");
  EXPECT_TRUE(held.blocked(Stream::out));
  EXPECT_GT(held.pending(), 0u);
  held.write(Stream::out, "e");
  EXPECT_EQ(real.out, "ab") << "what comes later goes behind";
  real.room = -1;
  held.flush();
  EXPECT_EQ(real.out, "abcde");
  EXPECT_FALSE(held.blocked(Stream::out));
}

TEST(HeldOutput, AWriteOfAnyLengthIsHeld) {
  Calls real;
  HeldOutput held(real, nullptr, std::size_t{1} << 24);
  const std::string large(3'000'001, 'x');
  held.write(Stream::out, large);
  held.write(Stream::out, "");
  held.show();
  EXPECT_TRUE(real.out == large);
}

std::string texts(HeldOutput& held) {
  std::string all;
  for (std::vector<ByteSink::KeptNote> taken; !(taken = held.take_notes()).empty(); held.flush()) {
    for (const auto& note : taken) all += note.lost ? "(" + note.text + ")" : note.text;
  }
  return all;
}

TEST(HeldOutput, NotesComeBackWhenWhatTheyAreAboutIsOut) {
  Calls real;
  HeldOutput held(real, nullptr);
  EXPECT_TRUE(held.holds_back());
  held.write(Stream::out, "a");
  held.keep_note("1");
  held.write(Stream::out, "b");
  held.write(Stream::out, "c");
  held.keep_note("2");
  EXPECT_EQ(texts(held), "");
  real.room = 2;
  held.show();
  EXPECT_EQ(texts(held), "1");
  real.room = -1;
  held.flush();
  EXPECT_EQ(texts(held), "2");
  EXPECT_FALSE(held.holds_back());
  EXPECT_EQ(held.pending(), 0u);
}

TEST(HeldOutput, NotesAreFreeWhereNothingWillBeShownAndWhatIsHeldStays) {
  Calls real;
  HeldOutput held(real, nullptr);
  held.write(Stream::out, "a");
  held.keep_note("1");
  held.let_notes_go();
  EXPECT_EQ(texts(held), "1");
  EXPECT_EQ(real.out, "");
  held.show();
  EXPECT_EQ(real.out, "a") << "after all";
}

TEST(HeldOutput, NotesOfWhatIsNotOutAreLostWhenItIsGivenUp) {
  Calls real;
  HeldOutput held(real, nullptr);
  for (const char* text : {"1", "2", "3"}) {
    held.write(Stream::out, "a");
    held.keep_note(text);
  }
  real.room = 1;
  held.show();
  held.give_up_notes();
  EXPECT_EQ(texts(held), "1(2)(3)");
}

TEST(HeldOutput, ManyNotesAreInFilesAsWell) {
  TempDir dir;
  for (const bool shown : {false, true}) {
    Calls real;
    SpillFiles spill(dir.path(), UINT64_MAX);
    HeldOutput held(real, &spill, 1000);
    std::string all;
    for (int i = 0; i < 5000; ++i) {
      const std::string note = "note " + std::to_string(i) + ";";
      held.write(Stream::out, "x");
      held.keep_note(note);
      all += note;
    }
    EXPECT_GT(spill.used(), 50'000u);
    shown ? held.show() : held.let_notes_go();
    EXPECT_TRUE(texts(held) == all);
    EXPECT_EQ(real.out.size(), shown ? 5000u : 0u);
  }
}

TEST(HeldOutput, NotesThatFindNoRoomAreAReasonToShowAll) {
  Calls real;
  HeldOutput held(real, nullptr, 1000);
  held.write(Stream::out, "a");
  held.keep_note(std::string(1000, 'n'));
  EXPECT_TRUE(held.shown());
  EXPECT_EQ(real.out, "a");
  EXPECT_EQ(texts(held), std::string(1000, 'n'));
}

}  // namespace
}  // namespace distaff::held_output_test
