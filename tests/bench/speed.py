"""The rows whose time is measured: what each tool is made to do, and the proof that it does it.

A row has one lane, or two: the lane of the fast tools, and that of the slow ones, with fewer jobs
(GNU parallel takes ten times as long).  All in a lane do the same work, ours and xargs are in
both, and a round of a lane runs each of its tools once: so every ratio is one of neighbours.

Equal work: every job gets one argument on every side (with an argument /bin/true sets a locale),
scripts are run by /bin/sh on every side, and before anything is timed each tool runs once with a
job that prints, and what it prints must be the expected lines or bytes.
"""
import collections
import dataclasses
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import time

import tools

TINY = """
#include <unistd.h>
#include <sys/syscall.h>
void _start(void) {
  for (;;) {
#if defined(__x86_64__)
    __asm__ volatile("syscall" : : "a"(SYS_exit_group), "D"(0) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
    register long number __asm__("x8") = SYS_exit_group;
    register long status __asm__("x0") = 0;
    __asm__ volatile("svc 0" : : "r"(number), "r"(status) : "memory");
#else
#error "no tiny program for this machine"
#endif
  }
}
"""
PIPED = ["bash", "-o", "pipefail", "-c", '"$@" | cat > /dev/null', "bash"]
OUTPUT_SIZE = 20_000_000
BATCH = 10_000
SHELL = "/bin/sh"
SNIPPET = '[ "$x" -gt 0 ] && : "${x#1}"'  # of $x, with builtins alone


@dataclasses.dataclass
class Row:
    """`commands(paths, proof, jobs)` gives argv by tool; with `proof` the jobs print.  `usual` and
    `slow` are the jobs of the two lanes at scale 1."""

    key: str
    title: str
    usual: int
    slow: int
    commands: object
    unit: str = "jobs"
    expected: object = None  # of jobs: the lines that the proof must print
    ordered: tuple = ()  # the tools that must print them in order
    whole: tuple = ()  # of big outputs: the tools that must not mix two jobs' bytes
    uneven: tuple = ()  # the tools whose batches are smaller
    notes: dict = dataclasses.field(default_factory=dict)
    feed: str = "numbers"  # numbers, one line or nothing
    repeat: bool = False  # the jobs are runs of the tool, one after the other
    output: int = 0  # bytes that a job writes into a pipe; a rate counts these


def compiler():
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def numbers(jobs):
    return [str(number) for number in range(1, jobs + 1)]


def batches(lines):
    """What the jobs of a batch say of themselves: how many lines they got."""
    full, rest = divmod(lines, BATCH)
    return [str(BATCH)] * full + [str(rest)] * (rest > 0)


class Makefiles:
    """make reads no list of arguments: each of its jobs is a target of a generated file."""

    def __init__(self, directory):
        self.directory, self.made = directory, 0

    def command(self, path, recipe, jobs, *options):
        """`recipe` with its @N replaced by the job's number."""
        self.made += 1
        name = os.path.join(self.directory, f"makefile.{self.made}")
        with open(name, "w", encoding="ascii") as file:
            targets = " ".join(f"job{number}" for number in range(1, jobs + 1))
            file.write(f".PHONY: all {targets}\nall: {targets}\n")
            for number in range(1, jobs + 1):
                file.write(f"job{number}:\n\t{recipe.replace('@N', str(number))}\n")
        return [path, "-srR", "-j2", *options, "-f", name]


class Rows:
    """Makes the rows; what they need lies in `directory`."""

    def __init__(self, directory):
        self.directory = directory
        self.makefiles = Makefiles(directory)

    def all(self):
        yield Row("true", "/bin/true, two at once", 3000, 400,
                  lambda *a: self.program("/bin/true", *a), expected=numbers)
        tiny = self.tiny_program()
        if tiny:
            yield Row("tiny", "tiny static program, two at once", 6000, 400,
                      lambda *a: self.program(tiny, *a), expected=numbers)
        yield Row("snippet", "shell snippet of builtins", 1500, 400, self.snippet, expected=numbers,
                  notes={"xargs": "sh -c", "xe": "sh -c"})
        yield Row("plain", "one plain command as a script", 1500, 400, self.plain_script,
                  expected=numbers, notes={"xargs": "sh -c", "xe": "sh -c"})
        yield Row("grouped", "captured output, grouped", 2000, 400, self.capture_grouped,
                  expected=numbers, notes={"xargs": "ungrouped"})
        yield Row("ordered", "captured output, in input order", 2000, 400, self.capture_ordered,
                  expected=numbers, ordered=("distaff", "parallel", "rush", "rust-parallel"),
                  notes={"xargs": "ungrouped"})
        yield Row("big-grouped", "20 MB of output a job, grouped", 100, 20,
                  lambda *a: self.big(False, *a), output=OUTPUT_SIZE, notes={"xargs": "ungrouped"},
                  whole=("distaff", "make", "parallel", "rush", "rust-parallel"))
        yield Row("big-ordered", "20 MB of output a job, in input order", 100, 20,
                  lambda *a: self.big(True, *a), output=OUTPUT_SIZE, notes={"xargs": "ungrouped"},
                  whole=("distaff", "parallel", "rush", "rust-parallel"))
        yield Row("batches", "batches of 10 000 lines", 5_000_000, 50_000, self.batch,
                  unit="lines", expected=batches, uneven=("xe",),
                  notes={"xe": "8190 each"})
        yield Row("one", "one job, the whole run", 200, 5, self.one_job, unit="runs",
                  expected=lambda jobs: ["1"], feed="one line", repeat=True)
        yield Row("none", "no input, the whole run", 200, 5, self.no_job, unit="runs",
                  expected=lambda jobs: [], feed="nothing", repeat=True)

    def tiny_program(self):
        """A static program that only exits: what is left is the cost of starting it."""
        if not compiler():
            return None
        source = os.path.join(self.directory, "tiny.c")
        program = os.path.join(self.directory, "tiny")
        with open(source, "w", encoding="ascii") as file:
            file.write(TINY)
        made = subprocess.run([compiler(), "-O2", "-static", "-nostdlib", "-o", program, source],
                              stderr=subprocess.DEVNULL, check=False)
        return program if made.returncode == 0 else None

    def program(self, name, paths, proof, jobs):
        name = "/bin/echo" if proof else name
        return {
            "distaff": ["-j2", name],
            "xargs": ["-n1", "-P2", name],
            "xe": ["-j2", name],
            "rust-parallel": ["-j2", name],
            "rush": ["-j2", f"{name} {{}}"],
            "parallel": ["--will-cite", "-j2", name],
            "make": lambda path: self.makefiles.command(path, f"{name} @N", jobs),
        }

    def snippet(self, paths, proof, jobs):
        body = SNIPPET + ('; echo "$x"' if proof else "")
        by_shell = [SHELL, "-c", f"x=$1; {body}", "sh"]
        return {
            "distaff": ["-j2", f"x=$1; {body}"],
            "xargs": ["-n1", "-P2", *by_shell],
            "xe": ["-j2", *by_shell],
            "rust-parallel": ["-j2", *by_shell],
            "rush": ["-j2", f"x={{}}; {body}"],
            "parallel": ["--will-cite", "-j2", f"x={{}}; {body}"],
            "make": lambda path: self.makefiles.command(
                path, f"x=@N; {body.replace('$', '$$')}", jobs),
        }

    def plain_script(self, paths, proof, jobs):
        name = "/bin/echo" if proof else "/bin/true"
        by_shell = [SHELL, "-c", f'{name} "$1"', "sh"]
        return {
            "distaff": ["-j2", f"{name} {{}}"],
            "xargs": ["-n1", "-P2", *by_shell],
            "xe": ["-j2", *by_shell],
            "rust-parallel": ["-j2", *by_shell],
            "rush": ["-j2", f"{name} {{}}"],
            "parallel": ["--will-cite", "-j2", f"{name} {{}}"],
            "make": lambda path: self.makefiles.command(path, f"{name} @N", jobs),
        }

    def capture_grouped(self, paths, proof, jobs):
        return {
            "distaff": ["-j2", "/bin/echo", "{}"],
            "xargs": ["-n1", "-P2", "/bin/echo"],
            "rust-parallel": ["-j2", "/bin/echo"],
            "rush": ["-j2", "/bin/echo {}"],
            "parallel": ["--will-cite", "-j2", "/bin/echo"],
            "make": lambda path: self.makefiles.command(path, "/bin/echo @N", jobs, "-O"),
        }

    def capture_ordered(self, paths, proof, jobs):
        """make and xe know no order."""
        return {
            "distaff": ["-j2", "-k", "/bin/echo", "{}"],
            "xargs": ["-n1", "-P2", "/bin/echo"],
            "rust-parallel": ["-j2", "-k", "/bin/echo"],
            "rush": ["-j2", "-k", "/bin/echo {}"],
            "parallel": ["--will-cite", "-j2", "-k", "/bin/echo"],
        }

    def big(self, in_order, paths, proof, jobs):
        """Outputs from a file that is in the page cache: making them costs next to nothing."""
        job = f"exec cat {self.output_file()}"
        order = ["-k"] if in_order else []
        by_shell = [SHELL, "-c", job]
        commands = {
            "distaff": ["-j2", *order, f"{job}; : {{}}"],
            "xargs": ["-n1", "-P2", *by_shell],
            "rust-parallel": ["-j2", *order, *by_shell],
            "rush": ["-j2", *order, f"{job}; : {{}}"],
            "parallel": ["--will-cite", "-j2", *order, f"{job}; : {{}}"],
        }
        if not in_order:
            commands["make"] = lambda path: self.makefiles.command(path, f"{job}; : @N", jobs, "-O")
        return commands

    def output_file(self):
        path = os.path.join(self.directory, "output")
        if not os.path.exists(path):
            with open(path, "wb") as file:
                file.write(big_output())
        return path

    def batch(self, paths, proof, lines):
        """make has no batches, and xe takes no more than 8190 lines into one."""
        job = [SHELL, "-c", 'echo "$#"', "sh"] if proof else ["/bin/true"]
        return {
            "distaff": ["-j2", "-n", str(BATCH), *job],
            "xargs": ["-P2", "-n", str(BATCH), *job],
            "xe": ["-j2", "-N", str(BATCH), *job],
            "rush": ["-j2", "-n", str(BATCH), "-J", " ", f"{shlex.join(job)} {{}}"],
            "parallel": ["--will-cite", "-j2", "-n", str(BATCH), shlex.join(job)],
        }

    def one_job(self, paths, proof, jobs):
        return self.program("/bin/true", paths, proof, 1)

    def no_job(self, paths, proof, jobs):
        commands = self.program("/bin/true", paths, proof, 0)
        commands["xargs"] = ["-r", *commands["xargs"]]
        return commands


def big_output():
    return b"".join(b"%019d\n" % number for number in range(1000)) * (OUTPUT_SIZE // 20_000)


class Bench:
    """Runs rows.  Every run has the same environment and the temporary directory to be in."""

    def __init__(self, directory, paths, scale, runs):
        self.directory, self.paths, self.scale, self.runs = directory, paths, scale, runs
        self.environment = tools.surroundings(directory)
        self.feeds = {}

    def lanes(self, row):
        """Pairs of a number of jobs and the tools that do them, ours and the reference first."""
        known = [tool for tool in row.commands({}, True, 0) if tool in self.paths]
        both = [tools.OURS, tools.REFERENCE]
        slow = [tool for tool in known if tool in tools.SLOW]
        fast = [tool for tool in known if tool not in slow and tool not in both]
        yield self.count(row.usual), both + fast
        if slow:
            yield self.count(row.slow), both + slow

    def count(self, usual):
        return max(2, int(usual * self.scale))

    def commands(self, row, jobs, members, proof):
        made = row.commands(self.paths, proof, jobs)
        of = {}
        for tool in members:
            path, command = self.paths[tool], made[tool]
            of[tool] = command(path) if callable(command) else [path, *command]
        return of

    def feed(self, row, jobs):
        """The file for stdin: neither side waits for a generator."""
        lines = {"nothing": 0, "one line": 1}.get(row.feed, jobs)
        if lines not in self.feeds:
            self.feeds[lines] = os.path.join(self.directory, f"feed.{lines}")
            with open(self.feeds[lines], "w", encoding="ascii") as file:
                file.write("".join(number + "\n" for number in numbers(lines)))
        return self.feeds[lines]

    def prove(self, row):
        """Runs every tool of the row untimed, on what it will be timed on, and ends the benchmark
        if its output is not the expected."""
        for jobs, members in self.lanes(row):
            for tool, command in self.commands(row, jobs, members, True).items():
                wrong = self.wrong_output(row, jobs, tool, command)
                if wrong:
                    sys.exit(f"{row.title}: {tools.NAMES[tool]} did other work: {wrong}")

    def wrong_output(self, row, jobs, tool, command):
        """What is wrong with the tool's output, or nothing."""
        with open(self.feed(row, jobs), "rb") as source:
            run = subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE,
                                   env=self.environment, cwd=self.directory)
            if row.output:
                wrong = wrong_bytes(run.stdout, jobs, tool in row.whole)
            else:
                lines = run.stdout.read().decode("ascii", "replace").splitlines()
                if tool in row.uneven:
                    lines = batches(sum(map(int, lines)))
                wrong = wrong_lines(lines, row.expected(jobs), tool in row.ordered)
            run.stdout.close()
        return f"exit status {run.returncode}" if run.wait() != 0 else wrong

    def rounds(self, row, jobs, members):
        """Wall and CPU seconds of each tool in each round; the first one only warms up."""
        commands = self.commands(row, jobs, members, False)
        source = self.feed(row, jobs)
        repeat = jobs if row.repeat else 1
        around = PIPED if row.output else []
        taken = {tool: [] for tool in members}
        for _ in range(self.runs + 1):
            for tool in members:
                taken[tool].append(self.measure([*around, *commands[tool]], source, repeat))
        return {tool: pairs[1:] for tool, pairs in taken.items()}

    def measure(self, command, stdin_path, repeat):
        """Wall and CPU seconds of `repeat` runs of the command, with its children."""
        wall = cpu = 0.0
        with open(os.devnull, "wb") as null:
            for _ in range(repeat):
                source = os.open(stdin_path, os.O_RDONLY)
                actions = [(os.POSIX_SPAWN_DUP2, source, 0),
                           (os.POSIX_SPAWN_DUP2, null.fileno(), 1)]
                begun = time.perf_counter()
                pid = os.posix_spawnp(command[0], command, self.environment, file_actions=actions)
                _, status, usage = os.wait4(pid, 0)
                wall += time.perf_counter() - begun
                os.close(source)
                cpu += usage.ru_utime + usage.ru_stime
                if status != 0:
                    sys.exit(f"{' '.join(command[:8])} ... ended with wait status {status}")
        return wall, cpu

    def figures(self, row):
        """The row as it goes into the results: one entry a tool, ours first."""
        entries = []
        for jobs, members in self.lanes(row):
            taken = self.rounds(row, jobs, members)
            entries += [self.entry(row, tool, jobs, taken) for tool in members
                        if tool not in [entry["tool"] for entry in entries]]
        order = list(tools.NAMES)
        entries.sort(key=lambda entry: order.index(entry["tool"]))
        return {"row": row.key, "title": row.title, "unit": "bytes" if row.output else row.unit,
                "tools": entries}

    def entry(self, row, tool, jobs, taken):
        """Of one tool: its rate, that to xargs in the same rounds, and ours to it."""
        work = jobs * (row.output or 1)
        ours, theirs, reference = taken[tools.OURS], taken[tool], taken[tools.REFERENCE]
        entry = {"tool": tool}
        if tool in row.notes:
            entry["note"] = row.notes[tool]
        entry.update(work=work, rate=rounded(work / middle(theirs, 0)),
                     to_xargs=spread(reference, theirs))
        if tool != tools.OURS:
            entry.update(ours=rounded(work / middle(ours, 0)), ratio=spread(theirs, ours),
                         cpu=rounded(statistics.median(a[1] / max(b[1], 1e-6)
                                                       for a, b in zip(ours, theirs))))
        return entry


def middle(pairs, index):
    return statistics.median(pair[index] for pair in pairs)


def rounded(value):
    """Four digits: more would be noise."""
    return float(f"{value:.4g}")


def spread(slower, faster):
    """How many times the rate of `slower` that of `faster` is: median, lowest and highest pair."""
    ratios = [a[0] / b[0] for a, b in zip(slower, faster)]
    return {"median": rounded(statistics.median(ratios)), "low": rounded(min(ratios)),
            "high": rounded(max(ratios))}


def wrong_lines(lines, expected, ordered):
    if len(lines) != len(expected):
        return f"{len(lines)} lines came of {len(expected)}"
    if collections.Counter(lines) != collections.Counter(expected):
        return "other lines came than were asked for"
    return "the lines are out of order" if ordered and lines != expected else None


def wrong_bytes(stream, jobs, whole):
    """Counts the bytes of big outputs; those of a `whole` one are compared with the original."""
    block, position, mixed = big_output(), 0, False
    while chunk := stream.read(1_000_000):  # which divides the size of an output
        at = position % OUTPUT_SIZE
        mixed = mixed or (whole and chunk != block[at:at + len(chunk)])
        position += len(chunk)
    if position != jobs * OUTPUT_SIZE:
        return f"{position} bytes came of {jobs * OUTPUT_SIZE}"
    return "the bytes of two jobs are mixed" if mixed else None
