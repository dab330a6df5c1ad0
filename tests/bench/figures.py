"""What README.md and the chart both need to say of results.json: the same words and digits."""
import tools

WORDS = {  # of the rows that are shown, as a reader knows them
    "true": "start `/bin/true`",
    "tiny": "start a tiny static program",
    "snippet": "shell snippet of builtins",
    "plain": "one plain command as a script",
    "grouped": "captured output, grouped",
    "ordered": "captured output, in order",
    "big-grouped": "20 MB of output a job, grouped",
    "big-ordered": "20 MB of output a job, in order",
    "batches": "batches of 10 000 lines",
    "one": "one job, the whole run",
    "none": "no input, the whole run",
}
MEMORY_WORDS = {
    "endless": "endless input, two busy jobs",
    "held": "29 MB held behind a slow first job, in order",
    "held-4M": "the same with `--hold-memory 4M`",
    "big": "10 outputs of 20 MB, in order",
    "many-ordered": "20 000 jobs, in order",
    "many-batches": "10 million lines in batches of 10 000",
}


def times(value):
    """A ratio with two or three digits."""
    if value >= 9.95:
        return f"{value:.0f}"
    return f"{value:.2f}" if value >= 0.0995 else f"{value:.3f}"


def megabytes(size):
    return f"{size / 1e6:.0f}" if size >= 9.95e6 else f"{size / 1e6:.1f}"


def resident(entry):
    return megabytes(entry["rss_kib"] * 1024)


def besides(entry):
    """What else than memory a program took in a memory row."""
    if "taken_bytes" in entry:
        if not entry["stopped"]:
            return "and growing"
        return f"{max(1, round(entry['taken_bytes'] / 1000))} kB taken"
    if entry["held_files"] == 0:
        return ""
    files = "1 file" if entry["held_files"] == 1 else f"{entry['held_files']} files"
    return f"{megabytes(entry['held_bytes'])} MB in {files}"


def used_tools(rows):
    """The tools that stand in any of the rows, in our order."""
    seen = {entry["tool"] for row in rows for entry in row["tools"]}
    return [tool for tool in tools.NAMES if tool in seen]


def entry_of(row, tool):
    return next((entry for entry in row["tools"] if entry["tool"] == tool), None)


def shown(results, part, words):
    """The rows that are shown, in the order of the words."""
    by_key = {row["row"]: row for row in results[part]}
    return [by_key[key] for key in words if key in by_key]


def plain(text):
    return text.replace("`", "")


def cpus(results):
    count = results["machine"]["cpus"]
    return "1 CPU" if count == 1 else f"{count} CPUs"


def draft_mark(results):
    return "DRAFT, a quick run on a busy machine" if results.get("draft") else ""
