#include "cli/foreign.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

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
    "here -n N --stdin record, which feeds N records to a job; blocks by size are not in this "
    "version";
constexpr std::string_view kUnneeded = "not needed here, leave it out";
constexpr std::string_view kQuoted = "values are always safe here, leave it out";
constexpr std::string_view kBar = "here --progress bar";
constexpr std::string_view kLoad =
    "not here; -j 50% leaves CPUs free, --nice N gives way to others";
constexpr std::string_view kCompress =
    "not here; output that is held back is compressed by nothing: --hold-memory SIZE keeps more of "
    "it off the disk, --spill-limit SIZE bounds what is there";

// Of xargs, GNU parallel and make, and what people try: the same for both programs.
constexpr Translation kTranslations[] = {
    // input
    {"--colsep", "here --split REGEX"},
    {"--arg-file", "here -a FILE or --input FILE"},
    {"--arg-sep", "the words are always ::: and :::: here"},
    {"--arg-file-sep", "the words are always ::: and :::: here"},
    {"--arg-sep-file", "the words are always ::: and :::: here"},
    {"--trim", "not here; take {@^\\s*(.*\\S)} or --split '\\s+'"},
    {"--shuf", "not here; put shuf before it: shuf FILE | distaff ..."},
    {"--xapply", "here :::+ before the second list"},
    {"--link", "here :::+ before the second list"},
    {"--eof", kEnd},
    {"--eof-str", kEnd},

    // command
    {"--semaphoretimeout", "here --lock-wait D"},
    {"--semaphore-timeout", "here --lock-wait D"},

    // pool
    {"--max-procs", "here -j N or --jobs N"},
    {"--use-cpus-instead-of-cores", "here -j N% counts the CPUs this process may use"},
    {"--use-cores-instead-of-threads", "here -j N% counts the CPUs this process may use"},
    {"--sshdelay", "here --delay D"},

    // output
    {"--keeporder", "here -k or --keep-order"},
    {"--eta", kBar},

    // failure
    {"--retry-failed", "here --journal FILE --resume, which runs failed jobs again"},
    {"--resume-failed", "here --resume, which runs failed jobs again"},
    {"--fail-early", "here --on-error stop"},
    {"--halt-on-error", "here --halt soon,fail=N"},

    // what people try
    {"--keep", "here -k or --keep-order"},
    {"--order", "here -k or --keep-order"},
    {"--ordered", "here -k or --keep-order"},
    {"--sep", "here --split REGEX between fields, --separator C in CSV, -d STR between records"},
    {"--threads", "here -j N or --jobs N"},
    {"--workers", "here -j N or --jobs N"},
    {"--procs", "here -j N or --jobs N"},
    {"--sleep", "here --delay D between any two starts, --throttle D after each job"},
    {"--stop", "here --on-error stop"},
    {"--stop-on-error", "here --on-error stop"},
    {"--test", "here --dry-run"},
    {"--tempdir", "here --spill-dir DIR"},
    {"--seqreplace", "here {#}"},

    // others
    {"--will-cite", kUnneeded},
    {"--citation", kUnneeded},
    {"--bibtex", kUnneeded},
    {"--no-notice", kUnneeded},
    {"--gnu", kUnneeded},
    {"--minversion", "not here; distaff --version prints the version"},
    {"--shebang", "not here"},
};

constexpr Translation kRunTranslations[] = {
    // input
    {"--header", "here --csv, --tsv or --split; with --csv the first row names the fields"},
    {"-C", "here --split REGEX"},
    {"-E", kEnd},
    {"-e", kEnd},
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
    {"-X", "here -n max; a word that contains {} is repeated for each record"},
    {"-m", "here -n max; a word that contains {} is repeated for each record"},
    {"--xargs", "here -n max"},
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

    // pool
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

    // output
    {"--line-buffer", "here --output line"},
    {"--linebuffer", "here --output line"},
    {"--lb", "here --output line"},
    {"--group", "here the default; in full --output group (groups of jobs are made by -g KEY)"},
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
    {"--silent", "jobs are not announced here anyway; --quiet leaves only errors"},
    {"--no-progress-meter", "here --progress none"},

    // failure
    {"--retry", "here --retries N"},
    {"--keep-going", "here the default; in full --on-error continue"},
    {"--termseq", "here --term-seq TERM,5s,KILL; its times need a unit"},
    {"--max-time", "here --timeout D for a job, --deadline D for the run"},

    // what people try
    {"--wait", "here --delay D between any two starts, --throttle D after each job"},
    {"--file", "here -a FILE or --input FILE"},
    {"-f", "here -a FILE or --input FILE"},
    {"--pipefail", "here --shell 'bash -o pipefail'"},
    {"--group-by", "here -g KEY or --key KEY"},
    {"-F", "here --split REGEX"},
    {"--tee", "here --results DIR, beside what is printed"},
    {"--tmpdir", "here --spill-dir DIR"},
    {"--slotreplace", "here {%}"},

    // others
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
    {"--record-env", "not needed: jobs see the whole environment"},
};

// What only distaff run has, asked of distaff fetch.
constexpr Translation kNotOfFetch[] = {
    {"-r",
     "without URLs nothing is fetched anyway, leave it out; what broke off goes on by --resume"},
    {"--no-run-if-empty", "without URLs nothing is fetched anyway, leave it out"},
    {"-n", "each URL is a job; for distaff run -n, and curl's -n is --netrc here"},
    {"--max-records", "each URL is a job, leave it out"},
    {"--max-bytes", "each URL is a job; --max-size SIZE bounds a body"},
    {"-I",
     "this is of distaff run; here --url-template T says where the record goes, and curl's -I "
     "is -X HEAD"},
    {"--shell", "this is of distaff run; URLs need no shell"},
    {"--stdin", "this is of distaff run; a request's body is --data T"},
    {"--workdir", "this is of distaff run; bodies go to --output-dir DIR"},
    {"--env", "this is of distaff run; requests have headers, -H 'Name: VALUE'"},
    {"--nice", "this is of distaff run; nice distaff fetch ... gives way to others"},
    {"--mutex",
     "this is of distaff run; -g KEY --parallelism 1 asks for one URL of a key at a time, "
     "--lock NAME is for the run"},
    {"-u", "this is of distaff run; bodies go to stdout by --body, and curl's -u is --netrc here"},
    {"--ungroup", "this is of distaff run; bodies go to stdout by --body"},
    {"--tag", "this is of distaff run; the report says which row is of which URL"},
    {"--tag-template", "this is of distaff run; the report says which row is of which URL"},
    {"--results", "this is of distaff run; here --output-dir DIR with --name T"},
    {"--idle-timeout", "this is of distaff run; here --stall-timeout D"},
    {"--term-seq", "this is of distaff run; a request is ended at once"},
    {"--leave-orphans", "this is of distaff run; requests leave no processes"},
};

constexpr std::string_view kJobs = "here -j N for all, --parallelism N for each host";
constexpr std::string_view kSaved =
    "here --output-dir DIR, with --name T for the names; or --body > FILE";
constexpr std::string_view kRemoteName = "here --output-dir . --name '{/}'";
constexpr std::string_view kFollowed =
    "not needed: redirects are followed; --max-redirects N bounds it";
constexpr std::string_view kAgent = "here --user-agent TEXT, or --contact ADDRESS";
constexpr std::string_view kPassword =
    "passwords are seen by others on a command line; here --netrc, or --netrc-file FILE";
constexpr std::string_view kSilent =
    "not needed: there is no chatter here; --quiet leaves only errors";
constexpr std::string_view kFailing =
    "not needed: a status that is not in --ok (200-299) is a failure";
constexpr std::string_view kDecoded = "not needed: compressed bodies are asked for, and decoded";
constexpr std::string_view kForm = "not here; --data T with -H 'Content-Type: ...' sends any body";
constexpr std::string_view kReport =
    "the report on stdout has it; for another form read its columns";
constexpr std::string_view kCrawl = "links in pages are not followed here; give all URLs";
constexpr std::string_view kContinue =
    "here --journal FILE --resume, which goes on with what broke off";
constexpr std::string_view kSlow =
    "not in this version; --rate N/D and --throttle D limit requests";
constexpr std::string_view kVersions =
    "certificates and versions of TLS are the system's business here";
constexpr std::string_view kHeaders =
    "the report has what is needed of headers; they are not printed";
constexpr std::string_view kMove = "files do not go up here; -X PUT --data @FILE sends one";
constexpr std::string_view kTimed = "here --timeout D for a request, --deadline D for the run";

// curl, wget, aria2c.
constexpr Translation kFetchTranslations[] = {
    // where bodies go
    {"-o", kSaved},
    {"-O", "here --output-dir . --name '{/}', or if wget's is meant --body > FILE"},
    {"--remote-name", kRemoteName},
    {"--remote-name-all", kRemoteName},
    {"--output-document", "here --body > FILE"},
    {"--create-dirs", "not needed: folders are made"},
    {"--directory-prefix", "here --output-dir DIR, with --name '{/}' for the names of URLs"},
    {"--dir", "here --output-dir DIR, with --name '{/}' for the names of URLs"},
    {"--out", kSaved},
    {"-J", kSaved},
    {"--remote-header-name", kSaved},
    {"--content-disposition", kSaved},
    {"--no-clobber", kContinue},
    {"--continue", kContinue},
    {"--continue-at", kContinue},
    {"-C", kContinue},
    {"-c", "here --cookie-jar FILE, or if wget's is meant --journal FILE --resume"},
    {"--timestamping", "here --cond FILE, an earlier report"},
    {"-N", "here --cond FILE, an earlier report"},
    {"--time-cond", "here --cond FILE, an earlier report"},
    {"-z", "here --cond FILE, an earlier report"},
    {"--etag-compare", "here --cond FILE, an earlier report"},
    {"--etag-save", "the report has the ETag; --cond FILE uses it"},

    // requests
    {"-A", kAgent},
    {"-U", kAgent},
    {"-e", "here -H 'Referer: URL'"},
    {"--referer", "here -H 'Referer: URL'"},
    {"--head", "here -X HEAD"},
    {"--spider", "here -X HEAD"},
    {"-G", "put it into the URL: --url-template 'http://HOST/?q={}'"},
    {"--get", "put it into the URL: --url-template 'http://HOST/?q={}'"},
    {"--data-raw", "here --data T"},
    {"--data-ascii", "here --data T"},
    {"--data-binary", "here --data T, or --data @FILE"},
    {"--data-urlencode", "here --data T, which is sent as it is"},
    {"--json", "here --data T with -H 'Content-Type: application/json'"},
    {"--post-data", "here --data T"},
    {"--post-file", "here --data @FILE"},
    {"--body-data", "here --data T"},
    {"--body-file", "here --data @FILE"},
    {"--method", "here -X METHOD"},
    {"-F", kForm},
    {"--form", kForm},
    {"-T", kMove},
    {"--upload-file", kMove},
    {"-b", "here --cookie 'a=b', or --cookie FILE"},
    {"--load-cookies", "here --cookie FILE"},
    {"--save-cookies", "here --cookie-jar FILE"},
    {"--user", kPassword},
    {"--password", kPassword},
    {"--http-user", kPassword},
    {"--http-password", kPassword},
    {"--http-passwd", kPassword},
    {"--oauth2-bearer", "here -H 'Authorization: Bearer TOKEN', best in a --config file"},
    {"--compressed", kDecoded},
    {"--compression", kDecoded},
    {"--range", "not here: whole bodies only; one that broke off goes on by --resume"},
    {"--url", "URLs are words here: distaff fetch URL..."},
    {"--globoff", "not needed: [1-9] and {a,b} mean nothing in URLs here"},

    // connections
    {"-L", kFollowed},
    {"--location", kFollowed},
    {"--max-redirs", "here --max-redirects N"},
    {"--max-redirect", "here --max-redirects N"},
    {"--no-location", "here --max-redirects 0"},
    {"--http1.1", "here --http 1.1"},
    {"--http2", "here --http 2"},
    {"--http1.0", "not here; --http 1.1 is the oldest"},
    {"--http3", "not in this version; here --http auto, 1.1 or 2"},
    {"--proto", "here --protocols LIST, as https or http,https"},
    {"--proto-redir", "here --protocols LIST, which holds for redirects too"},
    {"--https-only", "here --protocols https"},
    {"-x", "here --proxy URL"},
    {"--all-proxy", "here --proxy URL"},
    {"--http-proxy", "here --proxy URL"},
    {"--https-proxy", "here --proxy URL"},
    {"--socks5", "here --proxy socks5://HOST:PORT"},
    {"--socks5-hostname", "here --proxy socks5h://HOST:PORT"},
    {"--noproxy", "not here: --proxy URL holds for every host"},
    {"--no-proxy", "not needed: without --proxy there is none"},
    {"-E", "here --cert FILE"},
    {"--certificate", "here --cert FILE"},
    {"--key-file", "here --cert FILE with --cert-key FILE"},
    {"--private-key", "here --cert FILE with --cert-key FILE"},
    {"--capath", "here --cacert FILE"},
    {"--ca-certificate", "here --cacert FILE"},
    {"--ca-directory", "here --cacert FILE"},
    {"--no-check-certificate", "here --insecure"},
    {"--check-certificate", "not needed: they are checked unless --insecure is given"},
    {"--tlsv1.2", kVersions},
    {"--tlsv1.3", kVersions},
    {"--ciphers", kVersions},
    {"--connect-to", "here --resolve HOST:PORT:ADDR"},
    {"--bind-address", "here --interface NAME"},
    {"-4", "here --interface with an IPv4 address of this machine"},
    {"--ipv4", "here --interface with an IPv4 address of this machine"},
    {"-6", "here --interface with an IPv6 address of this machine"},
    {"--ipv6", "here --interface with an IPv6 address of this machine"},

    // how many, how fast
    {"-Z", "not needed: requests always run at once; -j N says how many"},
    {"--parallel", "not needed: requests always run at once; -j N says how many"},
    {"--parallel-max", kJobs},
    {"--parallel-immediate", kUnneeded},
    {"--max-concurrent-downloads", kJobs},
    {"--max-connection-per-server", "here --parallelism N"},
    {"--max-threads", kJobs},
    {"-s", kSilent},
    {"--limit-rate", kSlow},
    {"--max-download-limit", kSlow},
    {"--max-overall-download-limit", kSlow},
    {"--speed-limit", "here --stall-timeout D"},
    {"--speed-time", "here --stall-timeout D"},
    {"-Y", "here --stall-timeout D"},
    {"-y", "here --stall-timeout D"},
    {"--lowest-speed-limit", "here --stall-timeout D"},
    {"-w", "here --throttle D to wait, as wget; the report on stdout has what curl's -w prints"},
    {"--wait", "here --throttle D"},
    {"--random-wait", "here --throttle D..E"},
    {"--waitretry", "here --retry-delay D..MAX"},
    {"--max-filesize", "here --max-size SIZE"},
    {"--quota", "not here; --max-size SIZE bounds each body"},
    {"-Q", "not here; --max-size SIZE bounds each body"},

    // failure
    {"-f", kFailing},
    {"--fail", kFailing},
    {"--fail-with-body", kFailing},
    {"--retry", "here --retries N"},
    {"--tries", "here --retries N, one less"},
    {"--max-tries", "here --retries N, one less"},
    {"--retry-all-errors", "here --retry-on LIST, with --retry-unsafe for POST"},
    {"--retry-connrefused", "not needed: connect is in --retry-on by default"},
    {"--retry-on-http-error", "here --retry-on LIST"},
    {"--retry-max-time", "here --deadline D"},
    {"--retry-wait", "here --retry-delay D"},
    {"-m", kTimed},
    {"--max-time", kTimed},
    {"--read-timeout", "here --stall-timeout D"},
    {"--dns-timeout", "here --connect-timeout D"},

    // what is printed
    {"--silent", kSilent},
    {"-S", kSilent},
    {"--show-error", kSilent},
    {"--no-verbose", kSilent},
    {"-q", kSilent},
    {"-#", kBar},
    {"--progress-bar", kBar},
    {"--show-progress", kBar},
    {"--bar", kBar},
    {"--no-progress-meter", "here --progress none"},
    {"--no-progress", "here --progress none"},
    {"-v", "here -t or --trace, and --log-level debug"},
    {"--verbose", "here -t or --trace, and --log-level debug"},
    {"--trace-ascii", "here -t or --trace, and --log-level debug"},
    {"--debug", "here --log-level debug"},
    {"-i", "URLs of a file are read by -a FILE; headers are not printed, the report has them"},
    {"--include", kHeaders},
    {"-D", kHeaders},
    {"--dump-header", kHeaders},
    {"--server-response", kHeaders},
    {"--save-headers", kHeaders},
    {"--write-out", kReport},
    {"--stderr", "here --log-file FILE"},
    {"--append-output", "here --log-file FILE"},
    {"--output-file", "here --log-file FILE"},
    {"--report-format", "here --output csv or --output json"},

    // input
    {"--input-file", "here -a FILE"},
    {"--file", "here -a FILE or --input FILE"},
    {"-K", "here --config FILE, a JSON object"},
    {"-B", "here --url-template 'http://HOST/{}'"},
    {"--base", "here --url-template 'http://HOST/{}'"},
    {"--force-html", kCrawl},
    {"--recursive", kCrawl},
    {"--level", kCrawl},
    {"-l", kCrawl},
    {"--mirror", kCrawl},
    {"--page-requisites", kCrawl},
    {"-p", kCrawl},
    {"--convert-links", kCrawl},
    {"--no-parent", kCrawl},
    {"--execute",
     "here --robots is only on if it is given; other settings have options of their own"},
    {"--man", "here man distaff-fetch"},

    // quenouille
    {"--folder", "here --output-dir DIR"},
    {"--filename", "here --name T"},
    {"--domain-parallelism", "here -g domain --parallelism N"},
};

// What only distaff fetch has, asked of distaff run, where it needs more words than that.
constexpr Translation kNotOfRun[] = {
    {"--polite", "-g host --throttle 1s is polite"},
    {"--request", "the method is an option of the command"},
    {"--name", "for files of jobs --results T"},
    {"--output-dir", "for files of jobs --results DIR"},
    {"--stall-timeout", "for commands --idle-timeout D"},
    {"--connect-timeout", "for commands --timeout D"},
};

constexpr std::string_view kSubcommands[] = {"run",   "fetch", "xargs",  "parallel", "agent",
                                             "queue", "ctl",   "report", "lock"};

template <std::size_t N>
bool contains(const std::string_view (&list)[N], std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

template <std::size_t N>
std::optional<std::string_view> find(const Translation (&table)[N], std::string_view spelled) {
  for (const Translation& translation : table) {
    if (translation.spelled == spelled) return translation.advice;
  }
  return std::nullopt;
}

// By "--polite" or "-X".
bool is_of(Program program, std::string_view spelled) {
  return spelled.starts_with("--") ? find_option(spelled.substr(2), program) != nullptr
                                   : find_letter(spelled.back(), program) != nullptr;
}

}  // namespace

std::string foreign_advice(std::string_view spelled, Program program) {
  if (program == Program::run) {
    if (const auto found = find(kRunTranslations, spelled)) return std::string(*found);
    if (const auto found = find(kTranslations, spelled)) return std::string(*found);
    if (is_of(Program::run, spelled) || !is_of(Program::fetch, spelled)) return {};
    const auto more = find(kNotOfRun, spelled);
    return "this is of distaff fetch, whose jobs are URLs" +
           (more ? "; " + std::string(*more) : std::string());
  }
  if (const auto found = find(kNotOfFetch, spelled)) return std::string(*found);
  if (const auto found = find(kFetchTranslations, spelled)) return std::string(*found);
  if (const auto found = find(kTranslations, spelled)) return std::string(*found);
  return {};
}

std::vector<std::string_view> foreign_options(Program program) {
  std::vector<std::string_view> all;
  const auto add = [&](const auto& table) {
    for (const Translation& translation : table) all.push_back(translation.spelled);
  };
  add(kTranslations);
  if (program == Program::run) {
    add(kRunTranslations);
    add(kNotOfRun);
  } else {
    add(kNotOfFetch);
    add(kFetchTranslations);
  }
  return all;
}

bool is_subcommand(std::string_view word) { return contains(kSubcommands, word); }

std::string advice_on_first_word(std::string_view word) {
  if (word == "help" || word == "version") return fmt::format("; did you mean distaff --{}?", word);
  const std::string_view meant = nearest(word, kSubcommands);
  if (meant.empty() || meant[0] != word[0]) return {};
  return fmt::format("; did you mean distaff {}?", meant);
}

}  // namespace distaff
