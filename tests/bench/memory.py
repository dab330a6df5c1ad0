"""The rows whose memory is measured: inputs and outputs that could make a program grow.

What counts is the highest resident memory of the program itself, not of its jobs, and what it
holds back in files without a name.  Sides that cannot do a row's work are not in it: xargs, make
and xe have no order and no progress, so where they stand, the note says what they do less.
"""
import dataclasses
import os
import signal
import subprocess
import sys

import tools

STRESS = os.path.join(tools.HERE, "../stress")
BUSY = 'sleep 20; : {}'  # longer than endless_input watches
# The first job waits for the last, and fails if after 200 s not all others were held.
UNTIL_LAST = "n=0; until [ -e last ]; do [ $n -lt 2000 ] || exit 9; n=$((n + 1)); sleep 0.1; done"


@dataclasses.dataclass
class Row:
    """`sides` are pairs of a tool and its arguments; `run` measures one of them."""

    key: str
    title: str
    sides: list
    run: object
    lines: int = 0  # of numbers on stdin
    expected: object = None  # the bytes that must come of `lines` numbers
    unordered: tuple = ()  # the tools that may give their lines in any order
    notes: dict = dataclasses.field(default_factory=dict)


class Memory:
    """Runs memory rows in `directory`; at scale 1 with all the jobs there are, else with fewer."""

    def __init__(self, directory, paths, scale):
        self.directory, self.paths = directory, paths
        self.environment = tools.surroundings(directory)
        # 3000 is what 29 MB are of 10 kB; with fewer jobs the figure means nothing.
        self.count = lambda usual: max(4, int(usual * min(1, scale)))
        # Seconds of an endless input: in thirty GNU parallel takes gigabytes.
        self.watch = str(max(2, min(10, 10 * scale)))
        self.ten_kb = b"".join(b"%d\n" % number for number in range(2000, 3998))

    def all(self):
        yield Row("endless", "endless input, two busy jobs", [
            ("distaff", ["-j2", "--progress", "line", BUSY]),
            ("xargs", ["-n1", "-P2", "/bin/sh", "-c", BUSY]),
            ("xe", ["-j2", "/bin/sh", "-c", BUSY]),
            ("rust-parallel", ["-j2", "/bin/sh", "-c", BUSY]),
            ("rush", ["-j2", BUSY]),
            ("parallel", ["--will-cite", "-j2", "--bar", BUSY]),
        ], self.endless, notes={"distaff": "with progress on", "parallel": "with --bar"})
        yield Row("endless-limit", "endless input behind a limit, the buffer full", [
            ("distaff", ["-j2", "--parallelism", "1", BUSY]),
        ], self.endless)
        yield self.held("held", "29 MB held behind a slow first job, in order", UNTIL_LAST, [
            ("distaff", ["-j2", "-k"]),
            ("rust-parallel", ["-j2", "-k", "/bin/sh", "-c"]),
            ("rush", ["-j2", "-k"]),
            ("parallel", ["--will-cite", "-j2", "-k"]),
        ])
        yield self.held("held-4M", "the same with --hold-memory 4M", UNTIL_LAST, [
            ("distaff", ["-j2", "-k", "--hold-memory", "4M"])])
        yield self.held("held-full", "behind a job of 3 s, with --spill-limit 8M too", "sleep 3", [
            ("distaff", ["-j2", "-k", "--hold-memory", "4M", "--spill-limit", "8M"])])
        yield Row("many-ordered", "20 000 jobs, in order", [
            ("distaff", ["-j2", "-k", "/bin/echo"]),
            ("xargs", ["-n1", "-P2", "/bin/echo"]),
        ], self.finite, self.count(20_000), numbers, unordered=("xargs",),
            notes={"xargs": "not in order"})
        yield Row("many-grouped", "20 000 jobs, grouped", [
            ("distaff", ["-j2", "/bin/echo"]),
        ], self.finite, self.count(20_000), numbers, unordered=("distaff",))
        yield Row("many-keys", "20 000 distinct keys", [
            ("distaff", ["-j2", "-g", "{}", "/bin/echo"]),
        ], self.finite, self.count(20_000), numbers, unordered=("distaff",))
        yield Row("many-batches", "10 million lines in batches of 10 000", [
            ("distaff", ["-j2", "-n", "10000", "/bin/true"]),
            ("xargs", ["-P2", "-n", "10000", "/bin/true"]),
        ], self.finite, self.count(10_000_000), lambda lines: b"")
        big = "head -c 20000000 /dev/zero; : {}"
        yield Row("big", "10 outputs of 20 MB, in order", [
            ("distaff", ["-j2", "-k", big]),
            ("parallel", ["--will-cite", "-j2", "-k", big]),
        ], self.finite, self.count(10), lambda lines: b"\0" * 20_000_000 * lines)

    def held(self, key, title, wait, sides):
        """Rows where 3000 jobs of 10 kB, all different, wait for the first one."""
        jobs = self.count(3000)
        with open(os.path.join(self.directory, "ten_kb"), "wb") as file:
            file.write(self.ten_kb)
        script = (f"case {{}} in 1) {wait} ;; {jobs}) touch last ;; esac; "
                  f"echo {{}}; exec cat ten_kb")

        def side(tool, options):
            if tool == "rust-parallel":  # it appends the argument
                return tool, [*options, script.replace("{}", "$0")]
            return tool, [*options, script]
        return Row(key, title, [side(*pair) for pair in sides], self.finite, jobs,
                   lambda lines: b"".join(b"%d\n" % number + self.ten_kb
                                          for number in range(1, lines + 1)))

    def figures(self, row):
        """The row as it goes into the results."""
        entries = []
        for tool, options in row.sides:
            if tool in self.paths:
                entry = {"tool": tool}
                if tool in row.notes:
                    entry["note"] = row.notes[tool]
                entry.update(row.run(row, tool, [self.paths[tool], *options]))
                entries.append(entry)
        return {"row": row.key, "title": row.title, "tools": entries}

    def endless(self, row, tool, command):
        """How much the command takes of an input that never ends."""
        feeder = [os.path.join(STRESS, "endless_input"), "--watch", self.watch]
        run = subprocess.Popen([*feeder, *command], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, env=self.environment,
                               cwd=self.directory, start_new_session=True)
        said = run.stdout.readline().decode()
        stopped = not said.startswith("never stopped")
        taken = int((said if stopped else run.stdout.readline().decode()).split()[1])
        rss = int(run.stdout.readline().split()[1])
        end_session(run.pid)
        run.wait()
        run.stdout.close()
        return {"rss_kib": rss, "taken_bytes": taken, "stopped": stopped}

    def finite(self, row, tool, command):
        """The peaks of a run whose bytes must all be there."""
        peaks = os.path.join(self.directory, "peaks")
        feed, out = (os.path.join(self.directory, name) for name in ("in", "out"))
        with open(feed, "wb") as file:
            file.write(numbers(row.lines))
        last = os.path.join(self.directory, "last")
        if os.path.exists(last):
            os.remove(last)
        watched = [os.path.join(STRESS, "peak_rss"), "--held", peaks, *command]
        with open(feed, "rb") as source, open(out, "wb") as sink:
            run = subprocess.run(watched, stdin=source, stdout=sink, stderr=subprocess.DEVNULL,
                                 env=self.environment, cwd=self.directory, check=False)
        if run.returncode != 0 or not self.same(out, row, tool):
            sys.exit(f"{row.title}: {tools.NAMES[tool]} did other work: exit status "
                     f"{run.returncode}, {os.path.getsize(out)} bytes came of "
                     f"{len(row.expected(row.lines))}")
        os.remove(out)
        with open(peaks, encoding="ascii") as file:
            rss, held_bytes, held_files = map(int, file.read().split())
        return {"rss_kib": rss, "held_bytes": held_bytes, "held_files": held_files}

    def same(self, path, row, tool):
        with open(path, "rb") as file:
            content = file.read()
        expected = row.expected(row.lines)
        if tool not in row.unordered:
            return content == expected
        return sorted(content.split(b"\n")) == sorted(expected.split(b"\n"))


def end_session(leader):
    """Kills all of a session: programs that wait for their jobs, and jobs left alone.  They may
    have process groups of their own."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.getsid(int(name)) == leader:
                os.kill(int(name), signal.SIGKILL)
        except ProcessLookupError:
            pass


def numbers(lines):
    return b"".join(b"%d\n" % number for number in range(1, lines + 1))
