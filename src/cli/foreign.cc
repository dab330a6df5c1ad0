#include "cli/foreign.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace distaff {
namespace {

struct Translation {
  std::string_view spelled;
  std::string_view advice;
};

constexpr std::string_view kLines = "here -n N (an input line is a record)";
constexpr std::string_view kBytes = "here --max-bytes SIZE";
constexpr std::string_view kReplace = "here -I STR, or just {}, which needs no option";
constexpr std::string_view kEnd = "not here; cut the input before, as with sed '/^END$/Q'";
constexpr std::string_view kRemote = "jobs on other hosts are not in this version";
constexpr std::string_view kPipe =
    "cutting one stream into blocks is not in this version; --stdin record feeds a record";
constexpr std::string_view kUnneeded = "not needed here, leave it out";
constexpr std::string_view kQuoted = "values are always safe here, leave it out";
constexpr std::string_view kBar = "here --progress bar";
constexpr std::string_view kLoad =
    "not here; -j 50% leaves CPUs free, --nice N gives way to others";
constexpr std::string_view kCompress = "not here; output is not written to disk";

// xargs, GNU parallel, make and curl.
constexpr Translation kTranslations[] = {
    // input
    {"--colsep", "here --split REGEX"},
    {"-C", "here --split REGEX"},
    {"--header", "here --csv, --tsv or --split; with --csv the first row names the fields"},
    {"--arg-file", "here -a FILE or --input FILE"},
    {"--arg-sep", "the words are always ::: and :::: here"},
    {"--arg-file-sep", "the words are always ::: and :::: here"},
    {"--arg-sep-file", "the words are always ::: and :::: here"},
    {"--trim", "not here; take {@^\\s*(.*\\S)} or --split '\\s+'"},
    {"--shuf", "not here; put shuf before it: shuf FILE | distaff ..."},
    {"--xapply", "here :::+ before the second list"},
    {"--link", "here :::+ before the second list"},
    {"-E", kEnd},
    {"-e", kEnd},
    {"--eof", kEnd},
    {"--eof-str", kEnd},
    {"--skip-first-line", "not here; tail -n +2 before it, or --csv, which reads a header"},
    {"--max-line-length-allowed", "here --max-bytes SIZE; the system's limit always holds"},
    {"--recstart", kPipe},
    {"--recend", kPipe},
    {"--pipe", kPipe},
    {"--pipepart", kPipe},
    {"--pipe-part", kPipe},
    {"--spreadstdin", kPipe},
    {"--block", kPipe},
    {"--block-size", kPipe},
    {"--cat", kPipe},
    {"--fifo", kPipe},
    {"--round-robin", kPipe},

    // batches
    {"-L", kLines},
    {"-l", kLines},
    {"--max-lines", kLines},
    {"-N", "here -n N; {1} {2} count the records of the batch (for -N 0: here -I %)"},
    {"--max-replace-args", "here -n N; {1} {2} count the records of the batch (for 0: here -I %)"},
    {"--max-args", "here -n N or --max-records N"},
    {"-s", kBytes},
    {"--max-chars", kBytes},
    {"-X", "here -n 0; a word that contains {} is repeated for each record"},
    {"-m", "here -n 0; a word that contains {} is repeated for each record"},
    {"--xargs", "here -n 0"},
    {"-x", "not needed: a record that is too long is a failed job"},
    {"--exit", "not needed: a record that is too long is a failed job"},
    {"--show-limits", "not here; getconf ARG_MAX tells the system's limit"},

    // command
    {"-i", kReplace},
    {"--replace", kReplace},
    {"-U", kReplace},
    {"--rpl", "not here; {@REGEX} takes a part of the record, a script can do the rest"},
    {"--plus", "not needed: {/} {//} {.} {^SUFFIX} {@REGEX} are always there"},
    {"--extensionreplace", "here {.}; write -I '%{}' to have %{.}"},
    {"--basenamereplace", "here {/}; write -I '%{}' to have %{/}"},
    {"--dirnamereplace", "here {//}; write -I '%{}' to have %{//}"},
    {"-q", kQuoted},
    {"--quote", kQuoted},
    {"-p", "not here; look at the commands with --dry-run first"},
    {"--interactive", "not here; look at the commands with --dry-run first"},
    {"-o", "here --stdin tty with -j 1, if the terminal is meant; output goes to a file by > FILE"},
    {"--open-tty", "here --stdin tty with -j 1"},
    {"--tty", "here --stdin tty with -j 1"},
    {"--verbose", "here -t or --trace"},
    {"-v", "here -t or --trace"},
    {"--wd", "here --workdir DIR"},
    {"--work-dir", "here --workdir DIR"},
    {"--process-slot-var", "every job has the variable DISTAFF_SLOT; in the command it is {%}"},
    {"--nonice", kUnneeded},
    {"--tmuxpane", "not here; --output line shows jobs as they write"},
    {"--tmux", "not here; --output line shows jobs as they write"},
    {"--fg", "here -j 1, with --stdin tty for the terminal"},
    {"--semaphore", "here --lock NAME for a run, --mutex T for jobs"},
    {"--sem", "here --lock NAME for a run, --mutex T for jobs"},
    {"--semaphorename", "here --lock NAME for a run, --mutex T for jobs"},
    {"--semaphore-name", "here --lock NAME for a run, --mutex T for jobs"},
    {"--semaphoretimeout", "here --lock-wait D"},
    {"--semaphore-timeout", "here --lock-wait D"},

    // pool
    {"--max-procs", "here -j N or --jobs N"},
    {"--use-cpus-instead-of-cores", "here -j N% counts the CPUs this process may use"},
    {"--use-cores-instead-of-threads", "here -j N% counts the CPUs this process may use"},
    {"--memfree", kLoad},
    {"--memsuspend", kLoad},
    {"--load", kLoad},
    {"--load-average", kLoad},
    {"--max-load", kLoad},
    {"--noswap", kLoad},
    {"--limit", kLoad},
    {"--parallel-max", "here -j N, and --parallelism N for each host with -g host"},
    {"--parallel-immediate", kUnneeded},
    {"--parallel", "not needed: jobs always run at once; -j N says how many"},
    {"-Z", "not needed: jobs always run at once; -j N says how many"},
    {"--limit-rate", "not in this version; --rate N/D limits starts"},
    {"--sshdelay", "here --delay D"},

    // output
    {"--line-buffer", "here --output line"},
    {"--linebuffer", "here --output line"},
    {"--lb", "here --output line"},
    {"--group", "here the default; in full --output group (groups of jobs are made by -g KEY)"},
    {"--keeporder", "here -k or --keep-order"},
    {"--output-sync", "here the default; in full --output group"},
    {"-O", "here the default; in full --output group"},
    {"--latest-line", "here --output line"},
    {"--ll", "here --output line"},
    {"--tagstring", "here --tag-template T"},
    {"--tag-string", "here --tag-template T"},
    {"--color", "not here; --tag tells jobs apart"},
    {"--color-failed", "not here; failed jobs are listed at the end"},
    {"--ctag", "not here; --tag tells jobs apart"},
    {"--files", "here --results DIR, which names the files itself"},
    {"--compress", kCompress},
    {"--compress-program", kCompress},
    {"--bar", kBar},
    {"--eta", kBar},
    {"--silent", "jobs are not announced here anyway; --quiet leaves only errors"},
    {"--no-progress-meter", "here --progress none"},

    // failure
    {"--retry-failed", "here --journal FILE --resume, which runs failed jobs again"},
    {"--resume-failed", "here --resume, which runs failed jobs again"},
    {"--retry", "here --retries N"},
    {"--fail-early", "here --on-error stop"},
    {"--keep-going", "here the default; in full --on-error continue"},
    {"--halt-on-error", "here --halt soon,fail=N"},
    {"--termseq", "here --term-seq TERM,5s,KILL; its times need a unit"},
    {"--max-time", "here --timeout D for a job, --deadline D for the run"},

    // what people try
    {"--keep", "here -k or --keep-order"},
    {"--order", "here -k or --keep-order"},
    {"--ordered", "here -k or --keep-order"},
    {"--sep", "here --split REGEX between fields, -d STR between records"},
    {"--separator", "here --split REGEX between fields, -d STR between records"},
    {"--threads", "here -j N or --jobs N"},
    {"--workers", "here -j N or --jobs N"},
    {"--procs", "here -j N or --jobs N"},
    {"--sleep", "here --delay D between any two starts, --throttle D after each job"},
    {"--wait", "here --delay D between any two starts, --throttle D after each job"},
    {"--stop", "here --on-error stop"},
    {"--stop-on-error", "here --on-error stop"},
    {"--file", "here -a FILE or --input FILE"},
    {"-f", "here -a FILE or --input FILE"},
    {"--test", "here --dry-run"},
    {"--pipefail", "here --shell 'bash -o pipefail'"},
    {"--group-by", "here -g KEY or --key KEY"},
    {"-F", "here --split REGEX"},
    {"--tee", "here --results DIR, beside what is printed"},
    {"--tmpdir", "here --spill-dir DIR"},
    {"--tempdir", "here --spill-dir DIR"},
    {"--slotreplace", "here {%}"},
    {"--seqreplace", "here {#}"},

    // others
    {"--will-cite", kUnneeded},
    {"--citation", kUnneeded},
    {"--bibtex", kUnneeded},
    {"--no-notice", kUnneeded},
    {"--gnu", kUnneeded},
    {"--minversion", "not here; distaff --version prints the version"},
    {"--man", "here man distaff"},
    {"--sshlogin", kRemote},
    {"-S", kRemote},
    {"--sshloginfile", kRemote},
    {"--slf", kRemote},
    {"--transfer", kRemote},
    {"--transferfile", kRemote},
    {"--tf", kRemote},
    {"--trc", kRemote},
    {"--return", kRemote},
    {"--cleanup", kRemote},
    {"--basefile", kRemote},
    {"--onall", kRemote},
    {"--nonall", kRemote},
    {"--profile", "not here; a shell function or alias does it"},
    {"-J", "not here; a shell function or alias does it"},
    {"--shebang", "not here"},
    {"--record-env", "not needed: jobs see the whole environment"},
};

// Options of distaff that later versions bring, and what does it until then.
constexpr Translation kPlannedOptions[] = {
    {"body", ""},
    {"name", ""},
    {"output-dir", ""},
    {"polite", "-g host --throttle 1s is polite"},
};

constexpr std::string_view kSubcommands[] = {"run",   "fetch", "xargs",  "parallel", "agent",
                                             "queue", "ctl",   "report", "lock"};

template <std::size_t N>
bool contains(const std::string_view (&list)[N], std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

}  // namespace

std::string_view foreign_advice(std::string_view spelled) {
  for (const Translation& translation : kTranslations) {
    if (translation.spelled == spelled) return translation.advice;
  }
  return {};
}

std::string planned_advice(std::string_view name) {
  for (const Translation& planned : kPlannedOptions) {
    if (planned.spelled != name) continue;
    return "not in this version" +
           (planned.advice.empty() ? "" : "; " + std::string(planned.advice));
  }
  return {};
}

bool is_subcommand(std::string_view word) { return contains(kSubcommands, word); }

std::string advice_on_first_word(std::string_view word) {
  if (word == "help" || word == "version") return fmt::format("; did you mean distaff --{}?", word);
  const std::string_view meant = nearest(word, kSubcommands);
  if (meant.empty() || meant[0] != word[0]) return {};
  return fmt::format("; did you mean distaff {}?", meant);
}

}  // namespace distaff
