"""The programs that are measured: which are here, and what versions they say they are."""
import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
DISTAFF = os.path.abspath(os.environ.get("DISTAFF", os.path.join(HERE, "../../build/distaff")))
OURS, REFERENCE = "distaff", "xargs"
NAMES = {  # as they are called in tables, in the order of columns and bars
    "distaff": "distaff",
    "xargs": "xargs",
    "make": "make",
    "xe": "xe",
    "rust-parallel": "rust-parallel",
    "rush": "rush",
    "parallel": "GNU parallel",
}
OF_DEBIAN = ["xargs", "make", "xe", "parallel"]  # a run that is kept has all of these
# So slow that they get fewer jobs, in pairs of their own.
SLOW = ["rush", "parallel"]


def path_of(tool):
    """Where the tool is, or None.  moreutils has another program called parallel."""
    if tool == OURS:
        return DISTAFF
    path = shutil.which(tool)
    return path if path and (tool != "parallel" or "GNU parallel" in says(path)) else None


def says(path, *options):
    """What a program prints when asked for its version, whatever its exit status."""
    run = subprocess.run([path, *(options or ["--version"])], stdin=subprocess.DEVNULL, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return run.stdout


def version(tool, path):
    if tool == "xe":  # it cannot say
        run = shutil.which("dpkg-query")
        text = says(run, "-W", "-f", "${Version}", "xe") if run else ""
    else:
        # Asked for its version alone, rush would look for a newer one in the network.
        text = says(path, "--help") if tool == "rush" else says(path)
    found = re.search(r"\d[\d.]*\d", text)
    return found.group() if found else "unknown"


def found():
    """The tools that are here, with their paths, ours first."""
    paths = {tool: path_of(tool) for tool in NAMES}
    return {tool: path for tool, path in paths.items() if path}


def surroundings(directory):
    """The environment of every run: nobody's settings, the same shell and locale for all.  GNU
    parallel would else take the shell it was started from, bash, which is half as fast."""
    return {"PATH": os.environ["PATH"], "HOME": directory, "TMPDIR": directory, "LC_ALL": "C",
            "SHELL": "/bin/sh", "PARALLEL_SHELL": "/bin/sh", "PARALLEL_HOME": directory}
