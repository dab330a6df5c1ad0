#include "compose/job_builder.h"
#include "compose/command.h"

#include <gtest/gtest.h>

#include <random>

#include "compose/line.h"

namespace distaff::job_builder_test {
namespace {

using Words = std::vector<std::string>;

CommandTemplate command(Words words) {
  CommandSpec spec;
  spec.words = std::move(words);
  CommandTemplate::Context context;
  context.scheme.kind = FieldScheme::Kind::numbered;
  context.several = true;
  Words warnings;
  return *CommandTemplate::compile(spec, context, warnings);
}

// "1:a b" for job 1 with records a and b, "1:a b packed" if they are packed; "2:c!" if it has a
// problem; "3:d(k)" with key k.
std::string shown(const Job& job) {
  std::string text = std::to_string(number(job.id)) + ":";
  bool first = true;
  job.each_text([&](std::string_view record) {
    if (!std::exchange(first, false)) text += ' ';
    text += record;
  });
  if (job.packed) text += " packed";
  if (job.key) text += "(" + *job.key + ")";
  return text + (job.problem.empty() ? "" : "!");
}

void take(JobBuilder& builder, Words& jobs) {
  while (const auto job = builder.pop()) jobs.push_back(shown(*job));
}

Words jobs_of(JobBuilder& builder, const Words& lines) {
  Words jobs;
  for (const std::string& text : lines) {
    builder.add(line(text));
    take(builder, jobs);
  }
  builder.finish();
  take(builder, jobs);
  return jobs;
}

TEST(JobBuilder, MakesAJobOfEachRecordAtOnce) {
  const auto echo = command({"echo", "{}"});
  JobBuilder builder({}, echo, nullptr);
  EXPECT_FALSE(builder.pop());
  builder.add(line("a"));
  EXPECT_EQ(shown(*builder.pop()), "1:a");
  EXPECT_EQ(jobs_of(builder, {"b", "c"}), (Words{"2:b", "3:c"}));
}

TEST(JobBuilder, FillsBatchesAndGivesTheRestAtTheEnd) {
  const auto echo = command({"echo", "{}"});
  JobBuilder builder({.max_records = 3}, echo, nullptr);
  builder.add(line("a"));
  builder.add(line("b"));
  EXPECT_FALSE(builder.pop());
  EXPECT_EQ(builder.pending(), 2u);
  EXPECT_EQ(jobs_of(builder, {"c", "d"}), (Words{"1:a b c", "2:d"}));
  EXPECT_EQ(builder.pending(), 0u);
  EXPECT_EQ(jobs_of(builder, {}), Words{});
}

TEST(JobBuilder, EndsABatchWhereTheArgumentsWouldGetTooLong) {
  const auto echo = command({"echo", "{}"});
  JobBuilder builder({.max_records = 0, .max_bytes = 8}, echo, nullptr);
  EXPECT_EQ(jobs_of(builder, {"abc", "def", "g", "1234567", "h"}),
            (Words{"1:abc def", "2:g", "3:1234567", "4:h"}));
}

TEST(JobBuilder, ARecordThatIsTooLongAloneIsAJobOfItsOwnThatCannotStart) {
  const auto echo = command({"echo", "{}"});
  JobBuilder builder({.max_records = 0, .max_bytes = 8}, echo, nullptr);
  builder.add(line("a"));
  builder.add(line("12345678"));
  EXPECT_EQ(shown(*builder.pop()), "1:a");
  EXPECT_EQ(builder.pop()->problem,
            "the record makes 9 bytes of arguments, more than the 8 that --max-bytes allows");
  EXPECT_EQ(jobs_of(builder, {"b"}), Words{"3:b"});
}

TEST(JobBuilder, ARecordWithAProblemIsAJobOfItsOwn) {
  const auto echo = command({"echo", "{}"});
  JobBuilder builder({.max_records = 5}, echo, nullptr);
  builder.add(line("a"));
  Record broken = line("b");
  broken.problem = "a NUL byte in the line";
  builder.add(std::move(broken));
  EXPECT_EQ(shown(*builder.pop()), "1:a");
  const auto job = builder.pop();
  EXPECT_EQ(shown(*job), "2:b!");
  EXPECT_EQ(job->problem, "a NUL byte in the line");
  EXPECT_EQ(jobs_of(builder, {"c"}), Words{"3:c"});
}

TEST(JobBuilder, EndsABatchWhereTheKeyChanges) {
  const auto echo = command({"echo", "{}"});
  const auto key = *GroupKey::compile("regex:^(.):", {});
  JobBuilder builder({.max_records = 3}, echo, &key);
  EXPECT_EQ(jobs_of(builder, {"a:1", "a:2", "b:1", "none", "too", "a:3", "a:4", "a:5", "a:6"}),
            (Words{"1:a:1 a:2(a)", "2:b:1(b)", "3:none too", "4:a:3 a:4 a:5(a)", "5:a:6(a)"}));
}

TEST(JobBuilder, SpreadsWhatIsLeftAtTheEndOverTheSlots) {
  const auto echo = command({"echo", "{}"});
  const JobBuilder::Limits limits{.max_records = 0, .max_bytes = 10, .spread = 3};
  JobBuilder one(limits, echo, nullptr);
  EXPECT_EQ(jobs_of(one, {"a", "b", "c", "d"}), (Words{"1:a b", "2:c", "3:d"}));
  JobBuilder few(limits, echo, nullptr);
  EXPECT_EQ(jobs_of(few, {"a", "b"}), (Words{"1:a", "2:b"}));
  JobBuilder more(limits, echo, nullptr);
  EXPECT_EQ(jobs_of(more, {"a", "b", "c", "d", "e", "f", "g", "h"}),
            (Words{"1:a b c d e", "2:f", "3:g", "4:h"}))
      << "a batch that is full does not wait for the end";
  const auto key = *GroupKey::compile("regex:^(.):", {});
  JobBuilder keyed({.max_records = 0, .spread = 2}, echo, &key);
  EXPECT_EQ(jobs_of(keyed, {"a:1", "b:1", "b:2", "b:3"}),
            (Words{"1:a:1(a)", "2:b:1 b:2(b)", "3:b:3(b)"}));
}

TEST(JobBuilder, BoundsWhatABatchHasOnStdin) {
  CommandSpec spec;
  spec.words = {"cat"};
  spec.stdin_mode = StdinMode::record;
  Words warnings;
  const auto cat = *CommandTemplate::compile(spec, {.several = true}, warnings);
  JobBuilder builder({.max_records = 0, .max_bytes = 6, .feeds_stdin = true}, cat, nullptr);
  EXPECT_EQ(jobs_of(builder, {"a", "b", "c", "d", "much longer", "e", "12345", "f"}),
            (Words{"1:a b c", "2:d", "3:much longer", "4:e", "5:12345", "6:f"}))
      << "one that is longer alone has no limit";
}

TEST(JobBuilder, AKeyThatNoVariableHoldsIsAProblemOfItsJobs) {
  const auto echo = command({"echo", "{1}"});
  const auto key = *GroupKey::compile("{2}", {.scheme = {FieldScheme::Kind::numbered, {}, {}}});
  JobBuilder builder({}, echo, &key);
  const auto problem = [&](const std::string& of) {
    Record record = line("a " + of);
    record.fields = {"a", of};
    builder.add(std::move(record));
    return builder.pop()->problem;
  };
  EXPECT_EQ(problem("b"), "");
  EXPECT_EQ(problem(std::string(131'057, 'z')), "");
  EXPECT_EQ(problem(std::string(131'058, 'z')),
            "the key has 131058 bytes; the job gets it as DISTAFF_GROUP, which takes at most "
            "131057");
  EXPECT_EQ(problem(std::string("\0", 1)),
            "the key holds a NUL byte, which DISTAFF_GROUP cannot pass to the job");
  EXPECT_EQ(problem("c"), "");
}

TEST(JobBuilder, TheKeyTakesOfTheRoomThatRecordsHave) {
  const auto echo = command({"echo", "{}"});
  const auto key = *GroupKey::compile("regex:^k+", {});
  JobBuilder::Limits limits;
  limits.max_records = 0;
  limits.system_bytes = 5 + 3 * 8 + 4096 + 2 * (4 + 8) + 3;
  JobBuilder two(limits, echo, &key);
  EXPECT_EQ(jobs_of(two, {"kkk", "kkk", "kkk"}), (Words{"1:kkk kkk(kkk)", "2:kkk(kkk)"}));
  --limits.system_bytes;
  JobBuilder one(limits, echo, &key);
  EXPECT_EQ(jobs_of(one, {"kkk", "kkk"}), (Words{"1:kkk(kkk)", "2:kkk(kkk)"}));
}

TEST(JobBuilder, StringsThatAreJoinedDoNotBoundWhatIsNot) {
  CommandSpec spec;
  spec.words = {"true", "{}"};
  spec.env = {{"ALL", "{}"}};
  Words warnings;
  const auto both = *CommandTemplate::compile(spec, {.several = true}, warnings);
  JobBuilder builder({.max_records = 0, .max_bytes = 1 << 20}, both, nullptr);
  const std::string half(70'000, 'x');
  EXPECT_EQ(jobs_of(builder, {half, half}), (Words{"1:" + half, "2:" + half}));
}

// ---- packed batches

JobBuilder::Limits packing(std::uint64_t max_records) {
  return {.max_records = max_records, .feeds_stdin = true, .packs = true};
}

CommandTemplate cat() {
  CommandSpec spec;
  spec.words = {"cat"};
  spec.stdin_mode = StdinMode::record;
  Words warnings;
  return *CommandTemplate::compile(spec, {.several = true}, warnings);
}

TEST(JobBuilder, PacksBatchesOfTexts) {
  const auto command = cat();
  JobBuilder builder(packing(3), command, nullptr);
  EXPECT_EQ(jobs_of(builder, {"a", "", "c", "d", "e", "f", "g"}),
            (Words{"1:a  c packed", "2:d e f packed", "3:g"}));
}

TEST(JobBuilder, PacksWhatFitsAndWhatHasAnotherKeyApart) {
  const auto command = cat();
  const auto key = *GroupKey::compile("regex:^(.)", {});
  auto limits = packing(0);
  limits.max_bytes = 6;
  JobBuilder builder(limits, command, &key);
  EXPECT_EQ(jobs_of(builder, {"a1", "a2", "a3", "b1", "b2", "much longer"}),
            (Words{"1:a1 a2 packed(a)", "2:a3(a)", "3:b1 b2 packed(b)", "4:much longer(m)"}));
}

TEST(JobBuilder, SpreadsAPackedBatchAtTheEndOnly) {
  const auto command = cat();
  auto limits = packing(0);
  limits.spread = 3;
  JobBuilder builder(limits, command, nullptr);
  EXPECT_EQ(jobs_of(builder, {"a", "b", "c", "d", "e", "f", "g"}),
            (Words{"1:a b c packed", "2:d e packed", "3:f g packed"}));
  for (const auto* text : {"x", "y", "z"}) builder.add(line(text));
  EXPECT_EQ(builder.pending(), 3u);
  builder.give_up();
  EXPECT_EQ(shown(*builder.pop()), "4:x y z packed") << "what never runs is not spread";
  builder.give_up();
  EXPECT_FALSE(builder.has_job());
}

TEST(JobBuilder, PacksNoFieldsThatMayBeAskedFor) {
  const auto command = cat();
  Record row = line("1,2");
  row.fields = {"1", "2"};
  Record bad = line("bad");
  bad.problem = "why";
  auto limits = packing(0);
  for (const bool packs_fields : {false, true}) {
    limits.packs_fields = packs_fields;
    JobBuilder builder(limits, command, nullptr);
    for (const Record& record : {row, row, bad, line("a"), line("b"), row, line("c"), line("d")}) {
      builder.add(Record(record));
    }
    builder.finish();
    Words jobs;
    take(builder, jobs);
    EXPECT_EQ(jobs, packs_fields ? (Words{"1:1,2 1,2 packed", "2:bad!", "3:a b 1,2 c d packed"})
                                 : (Words{"1:1,2 1,2", "2:bad!", "3:a b packed", "4:1,2 c d"}));
  }
}

TEST(JobBuilder, BoundsTheMemoryOfABatchThatIsNotPacked) {
  const auto command = cat();
  auto limits = packing(0);
  limits.max_bytes = 10 << 20;
  limits.packs = false;
  JobBuilder plain(limits, command, nullptr);
  limits.packs = true;
  JobBuilder packed(limits, command, nullptr);
  std::vector<std::size_t> memory;
  for (int i = 0; i < 300'000; ++i) {
    plain.add(line("y"));
    packed.add(line("y"));
    while (const auto job = plain.pop()) memory.push_back(job->memory());
  }
  ASSERT_FALSE(memory.empty());
  for (const std::size_t bytes : memory) {
    EXPECT_LE(bytes, 21u << 20);
    EXPECT_GE(bytes, 10u << 20);
  }
  EXPECT_FALSE(packed.has_job());
  packed.finish();
  const auto all = packed.pop();
  EXPECT_EQ(all->size(), 300'000u);
  EXPECT_LE(all->memory(), 3u << 20);
}

TEST(JobBuilder, NumbersInAKeyAreTheJobs) {
  const auto echo = command({"echo", "{}"});
  const auto key = *GroupKey::compile("k{#}", {});
  JobBuilder builder({.max_records = 2}, echo, &key);
  EXPECT_EQ(jobs_of(builder, {"a", "b", "c"}), (Words{"1:a b(k1)", "2:c(k2)"}));
  JobBuilder short_ones({.max_records = 0, .max_bytes = 4}, echo, &key);
  EXPECT_EQ(jobs_of(short_ones, {"a", "b", "c"}), (Words{"1:a b(k1)", "2:c(k2)"}));
}

TEST(JobBuilder, KeepsToTheSystemsLimitToTheByte) {
  const auto echo = command({"echo", "{}"});
  // "echo" and its NUL, a pointer to it and two nulls, 100 of the environment, 4 KiB spare: what is
  // left are two records of "a", each with a NUL and a pointer.
  const std::uint64_t fixed = 5 + 3 * 8 + 100 + 4096;
  JobBuilder::Limits limits;
  limits.max_records = 0;
  limits.environment_bytes = 100;
  limits.system_bytes = fixed + 2 * (2 + 8);
  JobBuilder two(limits, echo, nullptr);
  EXPECT_EQ(jobs_of(two, {"a", "b", "c"}), (Words{"1:a b", "2:c"}));
  --limits.system_bytes;
  JobBuilder one(limits, echo, nullptr);
  EXPECT_EQ(jobs_of(one, {"a", "b"}), (Words{"1:a", "2:b"}));
  limits.system_bytes = fixed;
  JobBuilder none(limits, echo, nullptr);
  none.add(line("a"));
  EXPECT_EQ(none.pop()->problem,
            "the record adds 10 bytes to the command line, where the system has room for 0; "
            "--stdin record has no limit");
}

TEST(JobBuilder, TakesTheLongestArgumentThereIs) {
  for (const char* script : {"true {}", "wc -c < {}", "echo \"$@\" | cat"}) {
    CommandSpec spec;
    spec.words = {script};
    Words warnings;
    const auto one = *CommandTemplate::compile(spec, {}, warnings);
    JobBuilder builder({}, one, nullptr);
    builder.add(line(std::string(131071, 'x')));
    const auto job = builder.pop();
    EXPECT_EQ(job->problem, "") << script;
    EXPECT_TRUE(one.build({job->records, job->id, 1})) << script;
    builder.add(line(std::string(131072, 'x')));
    EXPECT_NE(builder.pop()->problem, "") << script;
  }
}

TEST(JobBuilder, DoesNotJoinMoreThanOneStringHolds) {
  CommandSpec spec;
  spec.words = {"true"};
  spec.env = {{"ALL", "{}"}};
  CommandTemplate::Context context;
  context.several = true;
  Words warnings;
  const auto one = *CommandTemplate::compile(spec, context, warnings);
  JobBuilder builder({.max_records = 0, .max_bytes = 1 << 20}, one, nullptr);
  int jobs = 0;
  const auto take_all = [&] {
    while (const auto job = builder.pop()) {
      const auto built = one.build({job->records, job->id, 1});
      EXPECT_TRUE(built) << built.error().message;
      ++jobs;
    }
  };
  for (int i = 0; i < 3000; ++i) {
    builder.add(line(std::string(100, 'x')));
    take_all();
  }
  builder.finish();
  take_all();
  EXPECT_EQ(jobs, 3);
}

TEST(JobBuilder, LosesNothingAndKeepsEveryLimitInRandomRuns) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto echo = command({"echo", "{}", "--x={}"});
  for (int run = 0; run < 200; ++run) {
    JobBuilder::Limits limits;
    limits.max_records = random() % 5;
    limits.max_bytes = 20 + random() % 100;
    limits.system_bytes = 4096 + 100 + random() % 400;
    JobBuilder builder(limits, echo, nullptr);
    std::string given, taken;
    std::uint64_t next = 1;
    const auto take_all = [&] {
      while (const auto job = builder.pop()) {
        EXPECT_EQ(number(job->id), next++);
        EXPECT_TRUE(limits.max_records == 0 || job->records.size() <= limits.max_records);
        std::size_t arguments = 0, words = 2;
        for (const Record& record : job->records) {
          taken += record.text + "\n";
          arguments += 2 * record.text.size() + 6;
          words += 2;
        }
        if (!job->problem.empty()) continue;
        EXPECT_LE(arguments, limits.max_bytes);
        EXPECT_LE(5 + arguments + 8 * (words + 1), limits.system_bytes - 4096);
      }
    };
    for (int i = 0; i < 50; ++i) {
      const std::string text(random() % 30, static_cast<char>('a' + i % 26));
      given += text + "\n";
      builder.add(line(text));
      take_all();
    }
    builder.finish();
    take_all();
    EXPECT_EQ(given, taken);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace distaff::job_builder_test
