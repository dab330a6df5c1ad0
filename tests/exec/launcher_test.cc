#include "exec/launcher.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>

#include "exec/run_jobs.h"
#include "support/temp_dir.h"

namespace distaff::launcher_test {
namespace {

using Start = Executor::Start;

Launch launch_of(std::vector<std::string> argv, std::vector<std::string> env = {},
                 std::string workdir = {}) {
  Launch launch;
  launch.argv = std::move(argv);
  launch.env = std::move(env);
  launch.workdir = std::move(workdir);
  return launch;
}

// ---- environment

TEST(Environment, AdditionsReplaceAndTheLastOfANameCounts) {
  std::string a = "A=1", b = "B=2", again = "A=ignored";
  char* const base[] = {a.data(), b.data(), again.data(), nullptr};
  Environment environment(base);
  const auto list = [&](const std::vector<std::string>& additions) {
    std::vector<std::string> all;
    for (char* const* one = environment.with(additions); *one != nullptr; ++one) {
      all.emplace_back(*one);
    }
    return all;
  };
  using List = std::vector<std::string>;
  EXPECT_EQ(list({}), (List{"A=1", "B=2"}));
  EXPECT_EQ(list({"C=3", "A=x", "C=4"}), (List{"A=x", "B=2", "C=4"}));
  EXPECT_EQ(list({"AB=5"}), (List{"A=1", "B=2", "AB=5"}));

  const List kept = {"PATH=/x", "B="};
  environment.with(kept);
  EXPECT_EQ(environment.get("PATH"), "/x");
  EXPECT_EQ(environment.get("B"), "");
  EXPECT_EQ(environment.get("NONE"), std::nullopt);
}

TEST(Environment, WhatEachJobHasOfUsIsNotTakenFromAnOuterRun) {
  std::string group = "DISTAFF_GROUP=outer";
  std::string run = "DISTAFF_RUN=outer";
  std::string like = "DISTAFF_GROUPS=kept";
  char* base[] = {group.data(), run.data(), like.data(), nullptr};
  Environment environment(base);
  environment.with({});
  EXPECT_EQ(environment.get("DISTAFF_GROUP"), std::nullopt);
  EXPECT_EQ(environment.get("DISTAFF_RUN"), std::nullopt);
  EXPECT_EQ(environment.get("DISTAFF_GROUPS"), "kept");
  const std::vector<std::string> ours = {"DISTAFF_GROUP=ours"};
  environment.with(ours);
  EXPECT_EQ(environment.get("DISTAFF_GROUP"), "ours");
}

TEST(Launcher, JobsSeeOurEnvironmentAndTheirOwn) {
  setenv("DISTAFF_TEST", "ours", 1);
  Jobs jobs;
  const std::string script = "echo $DISTAFF_TEST $DISTAFF_SEQ";
  EXPECT_EQ(jobs.run(launch_of({"sh", "-c", script}, {"DISTAFF_SEQ=1"})).out, "ours 1\n");
  EXPECT_EQ(jobs.run(launch_of({"sh", "-c", script}, {"DISTAFF_TEST=job"})).out, "job\n");
  EXPECT_EQ(jobs.run(launch_of({"sh", "-c", script})).out, "ours\n");
}

// ---- which program

TEST(Launcher, ProgramsAreFoundInTheJobsPath) {
  const TempDir dir;
  dir.file("a/tool", "#!/bin/sh\necho first", 0755);
  dir.file("b/tool", "#!/bin/sh\necho second", 0755);
  Jobs jobs;
  const auto path = [&](const char* name) { return "PATH=" + (dir / name) + ":/usr/bin:/bin"; };
  EXPECT_EQ(jobs.run(launch_of({"tool"}, {path("a")})).out, "first\n");
  EXPECT_EQ(jobs.run(launch_of({"tool"}, {path("b")})).out, "second\n");
}

TEST(Launcher, AProgramThatMovedInPathIsFoundAgain) {
  const TempDir dir;
  const std::string first = dir.file("a/tool", "#!/bin/sh\necho first", 0755);
  dir.file("b/tool", "#!/bin/sh\necho second", 0755);
  const std::string path = "PATH=" + (dir / "a") + ":" + (dir / "b") + ":/usr/bin:/bin";
  Jobs jobs;
  EXPECT_EQ(jobs.run(launch_of({"tool"}, {path})).out, "first\n");
  std::filesystem::remove(first);
  EXPECT_EQ(jobs.run(launch_of({"tool"}, {path})).out, "second\n");
}

TEST(Launcher, RelativeNamesMeanTheJobsDirectory) {
  const TempDir dir;
  dir.file("a/tool", "#!/bin/sh\necho \"here $(pwd)\"", 0755);
  Jobs jobs;
  const std::string there = "here " + std::filesystem::canonical(dir / "a").string() + "\n";
  EXPECT_EQ(jobs.run(launch_of({"./tool"}, {}, dir / "a")).out, there);
  EXPECT_EQ(jobs.run(launch_of({"tool"}, {"PATH=:/usr/bin:/bin"}, dir / "a")).out, there);
}

TEST(Launcher, AScriptWithoutInterpreterLineIsTheShells) {
  const TempDir dir;
  const std::string script = dir.file("script", "echo \"$0: $1, $2\"\n", 0755);
  Jobs jobs;
  EXPECT_EQ(jobs.run(launch_of({script, "a b", "c"})).out, script + ": a b, c\n");
  dir.file("-x/script", "echo dash\n", 0755);
  EXPECT_EQ(jobs.run(launch_of({"-x/script"}, {}, dir.path())).out, "dash\n");
}

// ---- why it did not start

struct Refusal {
  int error;
  std::string reason;
  bool operator==(const Refusal&) const = default;
};

Refusal refusal(const Launch& launch, ProcessExecutor::Options options = {}) {
  Jobs jobs(options);
  const Executor::StartResult result = jobs.start(launch);
  EXPECT_EQ(result.start, Start::failed);
  EXPECT_EQ(result.failure.kind, Outcome::Kind::not_started);
  EXPECT_EQ(jobs.executor.running(), 0);
  return {result.failure.value, result.failure.reason};
}

TEST(Launcher, SaysWhyAProgramCannotBeRun) {
  const TempDir dir;
  const std::string file = dir.file("file", "", 0644);
  const std::string lost = dir.file("lost", "#!/no/such/interpreter\n", 0755);
  EXPECT_EQ(refusal(launch_of({"no-such-program"})),
            (Refusal{ENOENT, "no-such-program: not found in PATH"}));
  EXPECT_EQ(refusal(launch_of({"/no/such"})), (Refusal{ENOENT, "/no/such: no such file"}));
  EXPECT_EQ(refusal(launch_of({file})),
            (Refusal{EACCES, "cannot run " + file + ": Permission denied"}));
  EXPECT_EQ(refusal(launch_of({"file"}, {"PATH=" + dir.path()})),
            (Refusal{EACCES, "cannot run file: Permission denied"}));
  EXPECT_EQ(refusal(launch_of({lost})),
            (Refusal{ENOENT, "cannot run " + lost +
                                 ": its interpreter '/no/such/interpreter' is missing"}));
  EXPECT_EQ(refusal(launch_of({""})), (Refusal{ENOENT, ": not found in PATH"}));
}

TEST(Launcher, SaysWhyAProgramThatIsInPathCannotBeRun) {
  const TempDir dir;
  const std::vector<std::string> path = {"PATH=/no/such:" + dir.path()};
  dir.file("lost", "#!/no/such/interpreter\n", 0755);
  EXPECT_EQ(
      refusal(launch_of({"lost"}, path)),
      (Refusal{ENOENT, "cannot run lost: its interpreter '/no/such/interpreter' is missing"}));
  const std::string windows = dir.file("windows", "#!/bin/sh\r\necho\r\n", 0755);
  EXPECT_EQ(refusal(launch_of({"windows"}, path)),
            (Refusal{ENOENT,
                     "cannot run windows: its interpreter '/bin/sh\\r' is missing; the "
                     "file's lines end in CR, which sed -i 's/\\r$//' " +
                         windows + " takes away"}));
  // An element of PATH that is no absolute one is looked for in the job's directory.
  EXPECT_EQ(
      refusal(launch_of({"lost"}, {"PATH=."}, dir.path())),
      (Refusal{ENOENT, "cannot run lost: its interpreter '/no/such/interpreter' is missing"}));
}

TEST(Launcher, SaysThatADirectoryIsNoProgram) {
  const TempDir dir;
  const std::string sub = dir.path() + "/sub";
  ASSERT_EQ(mkdir(sub.c_str(), 0755), 0);
  EXPECT_EQ(refusal(launch_of({sub})),
            (Refusal{EACCES, "cannot run " + sub + ": it is a directory"}));
  EXPECT_EQ(refusal(launch_of({"./sub"}, {}, dir.path())),
            (Refusal{EACCES, "cannot run ./sub: it is a directory"}));
  EXPECT_EQ(refusal(launch_of({"sub"}, {"PATH=/usr/bin:" + dir.path()})),
            (Refusal{ENOENT, "sub: not found in PATH, where " + sub + " is a directory"}));
  const std::string script = dir.file("script", "#!" + sub + "\n", 0755);
  EXPECT_EQ(
      refusal(launch_of({script})),
      (Refusal{EACCES, "cannot run " + script + ": its interpreter '" + sub + "' is a directory"}));
  const std::string plain = dir.file("plain", "", 0644);
  const std::string other = dir.file("other", "#!" + plain + "\n", 0755);
  EXPECT_EQ(
      refusal(launch_of({"other"}, {"PATH=" + dir.path()})),
      (Refusal{EACCES, "cannot run other: its interpreter '" + plain + "' may not be executed"}));
}

TEST(Launcher, SaysHowToMendAScriptFromWindows) {
  const TempDir dir;
  const std::string file = dir.file("script", "#!/bin/sh\r\necho\r\n", 0755);
  EXPECT_EQ(refusal(launch_of({file})),
            (Refusal{ENOENT, "cannot run " + file +
                                 ": its interpreter '/bin/sh\\r' is missing; the file's lines end "
                                 "in CR, which sed -i 's/\\r$//' " +
                                 file + " takes away"}));
}

TEST(Launcher, WhatIsNotTheProgramsFaultHasNoErrnoOfIt) {
  EXPECT_EQ(refusal(launch_of({"true"}, {}, "/no/such")),
            (Refusal{0, "cannot enter the directory /no/such: No such file or directory"}));
  EXPECT_EQ(refusal(launch_of({"true", std::string("a\0b", 3)})),
            (Refusal{0, "a NUL byte cannot be part of an argument"}));
  EXPECT_EQ(refusal(launch_of({"true"}, {"A=b", std::string("B=\0b", 4)})),
            (Refusal{0, "a NUL byte cannot be part of a variable: B"}));
  EXPECT_EQ(refusal(launch_of({})), (Refusal{0, "there is no command"}));
  EXPECT_EQ(refusal(launch_of({"true", std::string(200'000, 'x')})),
            (Refusal{0, "an argument of 200000 bytes: the system takes at most 131071"}));
  EXPECT_EQ(refusal(launch_of({"true"}, {"A=b", "B=" + std::string(200'000, 'x')})),
            (Refusal{0, "the variable B has 200002 bytes, more than the system takes"}));
  std::vector<std::string> many(100, std::string(100'000, 'x'));
  many[0] = "true";
  EXPECT_EQ(refusal(launch_of(many)),
            (Refusal{0, "its arguments and variables are longer than the system allows"}));
}

TEST(Launcher, NicenessIsTheJobs) {
  Jobs jobs({.nice = 9});
  EXPECT_NE(jobs.run(launch_of({kChild, "report"})).out.find("nice=9\n"), std::string::npos);
}

// ---- shortage; each in a process of its own, whose limits may be lowered

// Lowers the limit so that this many more can be opened.
void leave_descriptors(int count) {
  int limit = 0;
  for (int free = 0; free < count; ++limit) {
    if (fcntl(limit, F_GETFD) < 0) ++free;
  }
  const rlimit few = {static_cast<rlim_t>(limit), 4096};
  setrlimit(RLIMIT_NOFILE, &few);
}

TEST(Launcher, WithoutDescriptorsAJobIsPutBack) {
  const TempDir dir;  // the child leaves it to us
  const auto in_child = [&] {
    const std::string fifo = dir.fifo("f");
    UniqueFd held = hold(fifo);
    Jobs jobs;
    jobs.start(launch_of({kChild, "wait", fifo}));  // opens what is opened once
    const std::vector<int> before = open_descriptors();
    leave_descriptors(3);  // two pipes need four
    bool good = jobs.start(launch_of({"true"})).start == Start::shortage;
    good = good && open_descriptors() == before;
    held.reset();
    jobs.wait_until([&] { return jobs.seen[1].closes == 1; });
    good = good && jobs.run(launch_of({"true"})).end->outcome == Outcome::exited(0);
    _exit(good ? 0 : 1);
  };
  EXPECT_EXIT(in_child(), testing::ExitedWithCode(0), "");
}

TEST(Launcher, WithoutProcessesAJobIsPutBack) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to become a user that has no other processes";
  const auto in_child = [] {
    Jobs jobs({.capture = ProcessExecutor::Capture::null});
    const rlimit none = {0, 0};
    setrlimit(RLIMIT_NPROC, &none);
    if (setgid(54321) != 0 || setuid(54321) != 0) _exit(2);
    const bool good = jobs.start(launch_of({"true"})).start == Start::shortage;
    _exit(good ? 0 : 1);
  };
  EXPECT_EXIT(in_child(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace distaff::launcher_test
