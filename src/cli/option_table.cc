#include "cli/option_table.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace distaff {
namespace {

using enum ValueKind;

// Rows that only one program has.  An option whose text is another in each has a row for each.
constexpr Option of_run(Option row) {
  row.in_fetch = false;
  return row;
}
constexpr Option of_fetch(Option row) {
  row.in_run = false;
  return row;
}

constexpr Option kOptions[] = {
    // ---- input
    {Opt::input, "input", 'a', 0, Topic::input, file, "FILE", "", "-", true,
     "read records from FILE; again for more",
     "Files are read one after the other, in the order given; - is stdin."},
    {Opt::null, "null", '0', 0, Topic::input, none, "", "", "", false,
     "records end with a NUL byte, as by find -print0",
     "Empty records are kept. The only way that is right for every file name."},
    of_run({Opt::delimiter, "delimiter", 'd', 0, Topic::input, text, "STR", "", "", false,
            "records end with STR",
            "STR may hold \\n, \\t, \\r, \\0, \\\\ and \\xHH. The last record needs no STR behind "
            "it. Empty records are kept. For lines of files from Windows: -d '\\r\\n'.",
            "\\n|\\0|\\r\\n|,|;"}),
    of_fetch({Opt::delimiter, "delimiter", 'd', 0, Topic::input, text, "STR", "", "", false,
              "records end with STR (curl's -d is --data)",
              "STR may hold \\n, \\t, \\r, \\0, \\\\ and \\xHH. The last record needs no STR "
              "behind it. Empty records are kept. For lines of files from Windows: -d '\\r\\n'.",
              "\\n|\\0|\\r\\n|,|;"}),
    {Opt::csv, "csv", 0, 0, Topic::input, none, "", "", "", false,
     "records are CSV rows; the header names the fields",
     "Quoted fields may hold commas, doubled quotes and newlines. Quotes in odd places are taken "
     "as "
     "Python's csv module takes them, and one warning names the first; one that is never closed "
     "ends the run. Several files each have the same header. Empty rows are no records; a byte "
     "order mark at the start is dropped."},
    {Opt::tsv, "tsv", 0, 0, Topic::input, none, "", "", "", false,
     "the same with tabs between the fields, and no quotes",
     "Every byte but tab and newline is itself, so a quote is one. With quotes: --csv --separator "
     "'\\t'."},
    {Opt::separator, "separator", 0, 0, Topic::input, text, "C", "", ",", false,
     "the character between the fields of --csv", "One byte; \\t and \\xHH are understood.",
     ";|\\t|:"},
    {Opt::no_header, "no-header", 0, 0, Topic::input, none, "", "", "", false,
     "the first row of --csv or --tsv is a record too",
     "Fields then have numbers only: {1} {2} and so on."},
    {Opt::jsonl, "jsonl", 0, 0, Topic::input, none, "", "", "", false,
     "records are JSON objects; members are fields",
     "One object a line; one that is none is a failed job. {a.b} reaches into objects. Numbers are "
     "passed as written, null is empty, "
     "an object or array "
     "is passed as JSON."},
    {Opt::split, "split", 0, 0, Topic::input, text, "REGEX", "", "", false,
     "split records at REGEX into fields {1} {2} and on",
     "For lines, and with --null and --delimiter. The syntax is RE2's.", ",|;|\\t|\\s+"},
    {Opt::match, "match", 0, 0, Topic::input, text, "REGEX", "", "", false,
     "named captures of REGEX are fields, (?P<name>...)",
     "For lines, and with --null and --delimiter. The syntax is RE2's."},
    {Opt::no_match, "no-match", 0, 0, Topic::input, choice, "", "fail|skip|keep", "fail", false,
     "what a record is that --match does not match",
     "fail: a failed job; skip: no job; keep: a record without the fields."},
    {Opt::keep_empty, "keep-empty", 0, 0, Topic::input, none, "", "", "", false,
     "an empty line is a record too", ""},
    {Opt::total, "total", 0, 0, Topic::input, number, "N", "", "", false,
     "expect N records, for the time left in --progress",
     "Only needed where it cannot be known before the input has been read.", "100|1000|10000"},
    {Opt::max_record, "max-record", 0, 0, Topic::input, size, "SIZE", "", "64M", false,
     "a record longer than SIZE is a failed job",
     "Its bytes are not kept, so memory is bounded; --failed-to cannot have it. What follows it is "
     "read as usual.",
     "64k|1M|64M|1G"},
    {Opt::fields, "fields", 0, 0, Topic::input, none, "", "", "", false,
     "print the names of the fields and run nothing",
     "One a line, as they may stand in braces: of the header, of the captures of --match, of the "
     "members of the first JSON object, or else the numbers of the first record's fields."},
    of_run({Opt::no_run_if_empty, "no-run-if-empty", 'r', 0, Topic::input, none, "", "", "", false,
            "accepted; without records nothing runs anyway", ""}),

    // ---- batches
    of_run({Opt::max_records, "max-records", 'n', 0, Topic::batches, number, "N", "", "1", false,
            "pass N records to each job; max: as many as fit; even",
            "even: as many as fit, and the last of them spread evenly over the slots, as soon as "
            "the end of the input is seen. With --key a batch also ends where the next record has "
            "another key.",
            "max|even|2|10|100|1000"}),
    of_run({Opt::max_bytes, "max-bytes", 0, 0, Topic::batches, size, "SIZE", "", "128k", false,
            "at most SIZE bytes of arguments for a job",
            "Never more than the system takes. A record that alone is too long is a failed job. "
            "With --stdin record it bounds what a job of several records reads, and one that is "
            "longer is a job alone. Such a batch takes SIZE of memory while it is read and while "
            "its job runs, twice that if its records are a byte or two. Where single records are "
            "needed beside stdin, as by {} in --tag or the columns of a table with --journal, it "
            "also ends at twice SIZE of memory, or 16M if that is more.",
            "4k|64k|128k|1M"}),

    // ---- command
    of_run({Opt::replacement, "", 'I', 0, Topic::command, text, "STR", "", "{}", false,
            "STR stands for the record; nothing is appended",
            "Braces then mean nothing, unless STR ends in {}, as in -I '%{}': all replacements are "
            "then written with that prefix, %{name} and %{/.}.",
            "%|@@|%{}", "replacement"}),
    of_run({Opt::shell, "shell", 0, 0, Topic::command, text, "WORDS", "", "/bin/sh", false,
            "run scripts by it, as by 'bash -o pipefail'",
            "-c is added. A shell that is named is always used; without this option a script of "
            "plain words only is run without one.",
            "bash|bash -o pipefail|sh|zsh"}),
    of_run({Opt::stdin_mode, "stdin", 0, 0, Topic::command, choice, "", "null|record|tty", "null",
            false, "what jobs read: nothing, the record, the terminal",
            "record: the record and what ends it: a newline, or as --null and --delimiter say; it "
            "is then not appended to the command. tty needs -j 1."}),
    of_run({Opt::workdir, "workdir", 0, 0, Topic::command, directory, "DIR", "", "", false,
            "run each job in DIR, a template such as {//}", ""}),
    of_run({Opt::env, "env", 0, 0, Topic::command, text, "NAME=VALUE", "", "", true,
            "set a variable for each job; VALUE is a template", "May be given several times."}),
    of_run({Opt::nice, "nice", 0, 0, Topic::command, signed_number, "N", "", "", false,
            "run jobs at this niceness, -20 to 19", "", "5|10|19"}),
    of_run({Opt::dry_run, "dry-run", 0, 0, Topic::command, none, "", "", "", false,
            "print the commands for a shell, and run nothing",
            "One command a line on stdout, in input order, without waiting for limits. A script "
            "is printed with its values in place, to be read and pasted; where no such text "
            "means the same in sh and bash, as its shell is given it. A terminal is shown no "
            "control characters."}),
    of_fetch({Opt::dry_run, "dry-run", 0, 0, Topic::requests, none, "", "", "", false,
              "print what would be asked for, and send nothing",
              "A curl command a line on stdout, in input order, without waiting for limits."}),
    of_run({Opt::trace, "trace", 't', 0, Topic::command, none, "", "", "", false,
            "print each command on stderr as it starts",
            "As --dry-run prints it, with control characters escaped."}),
    of_fetch({Opt::trace, "trace", 't', 0, Topic::requests, none, "", "", "", false,
              "print each request on stderr as it starts", ""}),

    // ---- requests
    of_fetch({Opt::url_template, "url-template", 0, 0, Topic::requests, text, "T", "", "", false,
              "the URL, made of the record, as 'http://h/{id}'",
              "A template as in distaff(1): {} is the record, {1} {name} are fields. A value at "
              "its start is taken as it is; elsewhere it is encoded, so that it can only be the "
              "part it stands for; in a path a / stays."}),
    of_fetch({Opt::method, "request", 'X', 0, Topic::requests, text, "METHOD", "", "", false,
              "ask by METHOD; by default GET, with --data POST", "", "GET|HEAD|POST|PUT|DELETE"}),
    of_fetch({Opt::header, "header", 'H', 0, Topic::requests, text, "T", "", "", true,
              "send this header line, as 'Accept: text/html'",
              "T is a template. 'Name;' sends one without a value, 'Name:' sends none where there "
              "would be one. Values of Authorization and Cookie are not shown in logs."}),
    of_fetch({Opt::data, "data", 0, 0, Topic::requests, text, "T", "", "", false,
              "send T, or of @FILE the bytes, as the body",
              "T is a template; what is in FILE is sent as it is. The method is then POST if none "
              "is given."}),
    of_fetch({Opt::cookie, "cookie", 0, 0, Topic::requests, text, "TEXT|FILE", "", "", false,
              "send cookies: 'a=b; c=d', or those of FILE",
              "What has a = is cookies, else it is the name of a file in the format of Netscape or "
              "of header lines; those go only to the hosts they are for. Cookies that servers set "
              "are sent back while the run lasts, each to the host that set it and to no other; "
              "-H 'Cookie:' sends none."}),
    of_fetch({Opt::cookie_jar, "cookie-jar", 0, 0, Topic::requests, file, "FILE", "", "", false,
              "write all cookies to FILE when the run ends",
              "They are all kept in memory until then, and those that are for a domain go to all "
              "of its hosts."}),

    // ---- connections
    of_fetch({Opt::http, "http", 0, 0, Topic::connections, choice, "", "auto|1.1|2", "auto", false,
              "version of HTTP; auto is 2 where TLS agrees on it", ""}),
    of_fetch({Opt::protocols, "protocols", 0, 0, Topic::connections, text, "LIST", "", "http,https",
              false, "schemes that URLs and redirects may have", "Of http, https, ftp and ftps.",
              "https|http,https|http,https,ftp"}),
    of_fetch({Opt::netrc, "netrc", 0, 0, Topic::connections, none, "", "", "", false,
              "names and passwords of hosts from ~/.netrc", ""}),
    of_fetch({Opt::netrc_file, "netrc-file", 0, 0, Topic::connections, file, "FILE", "", "", false,
              "names and passwords of hosts from FILE", ""}),
    of_fetch({Opt::proxy, "proxy", 0, 0, Topic::connections, text, "URL", "", "", false,
              "by way of a proxy, as http://proxy:3128",
              "Or socks5h://, socks5://, socks4a://, socks4://, https://. No variable of the "
              "environment names one.",
              "http://127.0.0.1:3128|socks5h://127.0.0.1:1080"}),
    of_fetch({Opt::cert, "cert", 0, 0, Topic::connections, file, "FILE", "", "", false,
              "show servers the client certificate of FILE (PEM)", ""}),
    of_fetch({Opt::cert_key, "cert-key", 0, 0, Topic::connections, file, "FILE", "", "", false,
              "its private key, if it is not in --cert's FILE", ""}),
    of_fetch({Opt::ca_file, "cacert", 0, 0, Topic::connections, file, "FILE", "", "", false,
              "trust the authorities of FILE, not the system's", ""}),
    of_fetch({Opt::insecure, "insecure", 0, 0, Topic::connections, none, "", "", "", false,
              "do not check certificates: anyone may be the server",
              "A warning says so in each run."}),
    of_fetch(
        {Opt::resolve, "resolve", 0, 0, Topic::connections, text, "HOST:PORT:ADDR", "", "", true,
         "connect to ADDR for HOST and PORT",
         "ADDR may be several with commas between them, IPv6 in brackets or not. HOST may be *."}),
    of_fetch({Opt::interface, "interface", 0, 0, Topic::connections, text, "NAME", "", "", false,
              "connect from this interface or address", "", "eth0|lo"}),
    of_fetch({Opt::public_only, "public-only", 0, 0, Topic::connections, none, "", "", "", false,
              "refuse private and loopback addresses",
              "Looked at when the name has been resolved, behind redirects too. See SAFETY."}),
    of_fetch({Opt::max_redirects, "max-redirects", 0, 0, Topic::connections, number, "N", "", "10",
              false, "follow at most N redirects of a URL; 0 none",
              "With 0 the answer that redirects is the result; its status is no success unless "
              "--ok says so.",
              "0|1|5|10|30"}),

    // ---- pool
    of_run({Opt::jobs, "jobs", 'j', 'P', Topic::pool, signed_number, "N", "", "100%", false,
            "jobs at once; N%, +N, -N of the CPUs; 0 all that fit",
            "The CPUs counted are those this process may use: the least of its affinity and its "
            "cgroups' quotas. 0 is bounded by file descriptors and processes.",
            "1|2|4|8|16|50%|100%|200%|+1|0"}),
    of_fetch(
        {Opt::jobs, "jobs", 'j', 'P', Topic::pool, signed_number, "N", "", "32", false,
         "requests at once, of all groups; 0 all that fit",
         "N%, +N and -N count the CPUs this process may use. 0 is bounded by file descriptors.",
         "1|8|32|100|1000|0"}),
    {Opt::delay, "delay", 0, 0, Topic::pool, duration, "D", "", "0s", false,
     "wait at least D between any two starts", "", "100ms|500ms|1s|10s|1m"},

    // ---- groups
    of_run(
        {Opt::key, "key", 'g', 0, Topic::groups, text, "SPEC", "", "", false,
         "jobs with one key are a group with limits",
         "SPEC is the name of a column; else a template such as {1} or {//}; else host or domain "
         "of the record, host:FIELD or domain:FIELD of a field; or regex:RE, its first capture or "
         "else the match. A job without a key belongs to no group and has no limit but the slots.",
         "host|domain|host:|domain:|regex:|{//}|{1}"}),
    of_fetch(
        {Opt::key, "key", 'g', 0, Topic::groups, text, "SPEC", "", "host", false,
         "URLs with one key are a group with limits",
         "SPEC is host, domain (the part of it that one registers) or ip (its first address) of "
         "the URL; else the name of a column, a template such as {1}, host:FIELD or "
         "domain:FIELD of a field, or regex:RE of the record, its first capture or else the "
         "match. A URL without a key belongs to no group and has no limit but the slots.",
         "host|domain|ip|host:|domain:|regex:|{1}"}),
    of_run({Opt::parallelism, "parallelism", 0, 0, Topic::groups, number, "N", "", "1", false,
            "jobs of a group at once",
            "Without --key, --parallelism, --throttle and --rate hold for the whole run as one "
            "group. There is no limit by default where only a rate is given.",
            "1|2|4|8"}),
    of_fetch({Opt::parallelism, "parallelism", 0, 0, Topic::groups, number, "N", "", "4", false,
              "requests to a group at once",
              "Where a throttle is given a group has one at a time; where only a rate is given "
              "there is no limit by default.",
              "1|2|4|8"}),
    {Opt::throttle, "throttle", 0, 0, Topic::groups, duration, "D[..E]", "", "", false,
     "rest from a job's end to the group's next start",
     "With E, each rest is drawn uniformly from D to E. A group with a throttle runs one job at a "
     "time, so it does not go with a --parallelism over 1.",
     "500ms|1s|10s|1m|1h|2s..5s"},
    {Opt::rate, "rate", 0, 0, Topic::groups, text, "N/D[:BURST]", "", "", false,
     "at most N starts of a group in each D, as 10/s",
     "At most BURST of them at once, 1 if not given. Goes with any parallelism.",
     "1/s|10/s|100/1m|10/s:5"},
    {Opt::rules, "rules", 0, 0, Topic::groups, file, "FILE", "", "", false,
     "limits for single groups, from FILE", "See RULES."},
    of_run({Opt::mutex, "mutex", 0, 0, Topic::groups, text, "T", "", "", false,
            "jobs whose T is equal never overlap",
            "T is a template such as {1} or {//}. Jobs of other runs of the same user count too. A "
            "job that waits for another holds no slot; where T is empty there is nothing to wait "
            "for. See GROUPS.",
            "{}|{1}|{//}|{/}"}),
    {Opt::buffer_size, "buffer-size", 0, 0, Topic::groups, number, "N", "", "16384", false,
     "read at most N records ahead",
     "Or 64 MiB of them, whichever is less. Without limits nothing is read ahead. Of jobs that "
     "wait "
     "for a retry no more are kept, either.",
     "1024|16384|131072"},

    // ---- being polite
    of_fetch({Opt::polite, "polite", 0, 0, Topic::manners, none, "", "", "", false,
              "one request at a time, 1s rests, robots.txt, adaptive",
              "For --parallelism 1, --throttle 1s, --robots and --adaptive. A limit that is "
              "written counts instead. See BEING POLITE."}),
    of_fetch({Opt::robots, "robots", 0, 0, Topic::manners, none, "", "", "", false,
              "ask for robots.txt of each server, and obey it", "See BEING POLITE."}),
    of_fetch({Opt::adaptive, "adaptive", 0, 0, Topic::manners, none, "", "", "", false,
              "slow down where a server answers 429 or 503",
              "The group's pace halves, and recovers step by step."}),
    of_fetch({Opt::max_retry_after, "max-retry-after", 0, 0, Topic::manners, duration, "D", "",
              "10m", false, "obey Retry-After up to D",
              "On 429 and 503 nothing of the group is asked for until then.", "0|1m|10m|1h"}),
    of_fetch({Opt::user_agent, "user-agent", 0, 0, Topic::manners, text, "TEXT", "", "", false,
              "name yourself TEXT", "Without it it is distaff/VERSION, with --contact behind it."}),
    of_fetch({Opt::contact, "contact", 0, 0, Topic::manners, text, "ADDRESS", "", "", false,
              "tell servers whom to write to: a URL or mail address", "",
              "mailto:me@example.org|https://example.org/bot"}),

    // ---- bodies
    of_fetch({Opt::output_dir, "output-dir", 0, 0, Topic::bodies, directory, "DIR", "", "", false,
              "save bodies in DIR, complete or not at all", "See BODIES."}),
    of_fetch(
        {Opt::name, "name", 0, 0, Topic::bodies, text, "T", "", "{hash}{ext}", false,
         "the name of a body's file, a template",
         "{hash}, {host}, {path} and {ext} are of the final URL, the rest is of the record: {/} is "
         "the last part of its path. By default files are in 256 folders, by the first two digits "
         "of the hash. See BODIES.",
         "{/}|{hash}{ext}|{host}/{path}|{#}{ext}"}),
    of_fetch({Opt::archive, "archive", 0, 0, Topic::bodies, file, "FILE", "", "", false,
              "save bodies compressed in one SQLite archive",
              "sqlite3 -A lists and unpacks it. What is there is added to."}),
    of_fetch({Opt::body, "body", 0, 0, Topic::bodies, none, "", "", "", false,
              "print bodies on stdout, and no report",
              "One whole body after the other, as they are done, or in input order with "
              "--keep-order. Of one that breaks off nothing is printed."}),
    of_fetch({Opt::max_size, "max-size", 0, 0, Topic::bodies, size, "SIZE", "", "4G", false,
              "a body larger than SIZE is a failure", "Counted after decoding.", "1M|10M|100M|1G"}),
    of_fetch({Opt::no_decode, "no-decode", 0, 0, Topic::bodies, none, "", "", "", false,
              "keep bodies as they come, compressed or not",
              "No encoding is offered to the server, and none is undone."}),
    of_fetch(
        {Opt::cond, "cond", 0, 0, Topic::bodies, file, "FILE", "", "", false,
         "fetch only what changed since the report or archive FILE",
         "Its ETag and Last-Modified are sent; 304 is then success, and there is no new body."}),

    // ---- output
    of_run({Opt::output, "output", 0, 0, Topic::output, choice, "", "group|line|raw|json|csv|none",
            "group", false, "unbroken by job, by line, as it comes, rows, or none",
            "See OUTPUT. raw is -u. json and csv print one object or row for each job, with its "
            "fields, how it ended and what it wrote."}),
    of_fetch({Opt::output, "output", 0, 0, Topic::output, choice, "", "csv|json|none", "csv", false,
              "the report: CSV with a header, JSON lines, or none",
              "A row for each URL, on stdout. See THE REPORT."}),
    of_run({Opt::keep_order, "keep-order", 'k', 0, Topic::output, none, "", "", "", false,
            "output in the order of input",
            "The next job in that order is shown as it writes. Goes with --output group, line, "
            "json and csv."}),
    of_fetch({Opt::keep_order, "keep-order", 'k', 0, Topic::output, none, "", "", "", false,
              "the report, or --body, in the order of input", "curl's -k is --insecure here."}),
    of_run({Opt::ungroup, "ungroup", 'u', 0, Topic::output, none, "", "", "", false,
            "jobs write to our stdout and stderr themselves",
            "Excludes --keep-order, --tag and --results."}),
    of_run({Opt::tag, "tag", 0, 0, Topic::output, none, "", "", "", false,
            "begin each line of output with the record and a tab", ""}),
    of_run({Opt::tag_template, "tag-template", 0, 0, Topic::output, text, "T", "", "", false,
            "begin each line of output with T and a tab",
            "T may hold \\n, \\t, \\r, \\0, \\\\ and \\xHH; what is in braces has its own "
            "backslashes."}),
    of_run({Opt::results, "results", 0, 0, Topic::output, directory, "DIR", "", "", false,
            "also write DIR/stdout, DIR/stderr, DIR/job.json",
            "DIR is a template such as out/{/}; without a replacement in it each job has DIR/SEQ, "
            "by its number. See OUTPUT."}),

    {Opt::hold_memory, "hold-memory", 0, 0, Topic::output, size, "SIZE", "", "64M", false,
     "hold back at most SIZE of output in memory",
     "In all: the output of jobs that is not yet to be written. What finds no room goes into files "
     "(--spill-dir); where those have none either, jobs wait until there is room again. Nothing "
     "is lost and nothing is stuck, however small SIZE is.",
     "1M|64M|1G"},
    {Opt::spill_dir, "spill-dir", 0, 0, Topic::output, directory, "DIR", "", "$TMPDIR or /tmp",
     false, "hold back more output in files in DIR",
     "They have no names, so nothing is left of them, however the run ends. A disk that is full is "
     "no error: it is as if --spill-limit were reached."},
    {Opt::spill_limit, "spill-limit", 0, 0, Topic::output, size, "SIZE", "", "", false,
     "and at most SIZE of it; 0 for no such files", "Without it the disk is the limit.",
     "0|1G|10G|100G"},

    of_fetch({Opt::stats, "stats", 0, 0, Topic::output, none, "", "", "", false,
              "at the end, a table of hosts on stderr",
              "Of each host: URLs, failures, bytes, and how long they took."}),

    // ---- failure
    of_run({Opt::ok, "ok", 0, 0, Topic::failure, text, "LIST", "", "0", false,
            "exit statuses that are success, as 0,1,3-5", "", "0,1|0-3"}),
    of_fetch({Opt::ok, "ok", 0, 0, Topic::failure, text, "LIST", "", "200-299", false,
              "HTTP statuses that are success, as 200-299,404",
              "Statuses, ranges of them and classes such as 4xx. With --cond 304 is one of them by "
              "default.",
              "2xx|2xx,404|200-399"}),
    of_run({Opt::retries, "retries", 0, 0, Topic::failure, number, "N", "", "0", false,
            "try a job that fails up to N times more",
            "Only the last attempt's output is shown, but with --output line and -u. A job that "
            "waits for its next try holds no slot, but keeps its place in its group. The variable "
            "DISTAFF_ATTEMPT counts from 1. See FAILURE.",
            "1|2|3|5|10"}),
    of_fetch({Opt::retries, "retries", 0, 0, Topic::failure, number, "N", "", "0", false,
              "try a request that fails up to N times more",
              "If --retry-on says so. The report has only the last attempt. One that waits for its "
              "next try holds no slot, but keeps its place in its group. See AGAIN.",
              "1|2|3|5|10"}),
    {Opt::retry_delay, "retry-delay", 0, 0, Topic::failure, duration, "D[..MAX]", "", "1s..1m",
     false, "how long to wait before a job's next try",
     "D alone: always so long. With MAX: any time from zero to a bound that begins with D and "
     "doubles with each try until it is MAX, so that jobs that failed together do not come back "
     "together.",
     "1s..1m|5s|10s..10m|100ms..5s"},
    of_run({Opt::retry_on, "retry-on", 0, 0, Topic::failure, text, "LIST", "",
            "0-255,signal,timeout", false, "failures worth another try, as 75,signal,timeout",
            "Exit statuses and ranges of them, signal, timeout (also --idle-timeout), and start, "
            "for a program that could not be run.",
            "0-255,signal,timeout|75|signal|timeout|start"}),
    of_fetch({Opt::retry_on, "retry-on", 0, 0, Topic::failure, text, "LIST", "",
              "connect,timeout,408,425,429,5xx", false,
              "failures worth another try, as connect,5xx",
              "HTTP statuses, ranges of them and classes such as 5xx; connect: no address, no "
              "connection, or one that broke; timeout: one of --timeout, --connect-timeout, "
              "--stall-timeout was over.",
              "connect,timeout,408,425,429,5xx|connect|timeout|429|5xx"}),

    of_fetch({Opt::retry_unsafe, "retry-unsafe", 0, 0, Topic::failure, none, "", "", "", false,
              "send POST and its kind again too",
              "Methods that may do something twice are not tried again unless it is certain that "
              "the server did not get the request."}),
    of_run(
        {Opt::timeout, "timeout", 0, 0, Topic::failure, text, "D|N%", "", "", false,
         "end a job that runs longer than D",
         "As --term-seq says, with all processes it started. N% is a share of the median run time "
         "of the jobs that went well so far, known from the tenth on; 200% is twice as long.",
         "10s|1m|5m|1h|200%|500%"}),
    of_fetch(
        {Opt::timeout, "timeout", 0, 0, Topic::failure, text, "D|N%", "", "", false,
         "end a request that takes longer than D",
         "Each request has D of its own, those of redirects too. N% is a share of the median time "
         "of the jobs that went well so far, known from the tenth on; 200% is twice as long.",
         "10s|1m|5m|1h|200%|500%"}),
    of_run({Opt::idle_timeout, "idle-timeout", 0, 0, Topic::failure, duration, "D", "", "", false,
            "end a job that writes nothing for D",
            "A job that has to wait because its output is not taken is not idle.", "30s|1m|5m"}),

    of_fetch({Opt::connect_timeout, "connect-timeout", 0, 0, Topic::failure, duration, "D", "",
              "30s", false, "a server must be reached within D", "Name, connection and TLS.",
              "5s|30s|1m"}),
    of_fetch({Opt::stall_timeout, "stall-timeout", 0, 0, Topic::failure, duration, "D", "", "60s",
              false, "end a request when nothing came for D", "0: never.", "0|10s|1m|5m"}),
    {Opt::deadline, "deadline", 0, 0, Topic::failure, text, "D|TIME", "", "", false,
     "end the run after D, or at TIME, as 06:30",
     "Nothing is started from then on, what runs is ended, and the exit status is 124. TIME is the "
     "next HH:MM by the clock here, or a date and time as 2026-11-27T06:30, with Z or an offset "
     "if it is not local.",
     "1h|8h|06:30|23:00"},
    {Opt::on_error, "on-error", 0, 0, Topic::failure, choice, "", "continue|stop|kill|ignore",
     "continue", false, "what the first failure does to the run",
     "continue: the run goes on and exits 1 in the end. stop: nothing more is started, running "
     "jobs "
     "end by themselves. kill: those are ended too. ignore: failures are not counted."},
    {Opt::halt, "halt", 0, 0, Topic::failure, text, "WHEN,WHAT=N[%]", "", "", false,
     "stop after so many: soon,fail=3 or now,done=50%",
     "WHEN is soon: nothing more is started; or now: running jobs are ended too. WHAT is fail, "
     "success or done. N% is a share of the "
     "jobs that have ended so far, looked at after the first three. success and done, once "
     "reached, "
     "are no failure of the run.",
     "soon,fail=1|now,fail=1|soon,fail=10%|now,success=1|now,done=100"},
    of_run({Opt::term_seq, "term-seq", 0, 0, Topic::failure, text, "LIST", "", "TERM,5s,KILL",
            false, "how jobs are ended: signals and waits",
            "Times need a unit here. Programs that tidy up on INT want INT,5s,TERM,5s,KILL.",
            "TERM,5s,KILL|INT,5s,TERM,5s,KILL|TERM,30s,KILL"}),
    of_run({Opt::leave_orphans, "leave-orphans", 0, 0, Topic::failure, none, "", "", "", false,
            "let processes that jobs left in the background outlive the run",
            "Without it they are ended when the run ends, and named. Those of jobs that were "
            "ended, by a signal or a time limit, are ended with the job in any case.",
            ""}),

    // ---- journal and resume
    {Opt::journal, "journal", 0, 0, Topic::journal, file, "FILE", "", "", false,
     "append to FILE what becomes of each job",
     "A JSON line for each try at a job, written when what the job wrote is out. One run at a time "
     "has FILE: a second one ends with status 75. See JOURNAL."},
    {Opt::resume, "resume", 0, 0, Topic::journal, none, "", "", "", false,
     "run only what the journal does not say is done",
     "Jobs are known by what they do, not by their place: the input may be longer, shorter or in "
     "another order. Failed ones run again. Needs --journal; FILE need not be there yet."},
    {Opt::skip_failed, "skip-failed", 0, 0, Topic::journal, none, "", "", "", false,
     "with --resume: nor what failed, only what never ran", ""},
    of_run({Opt::id, "id", 0, 0, Topic::journal, text, "TEMPLATE", "", "", false,
            "what a job is known by in the journal, as {id}",
            "Without it a job is the same only if the command and all of its record are. A job "
            "that is known by its id and whose command has changed is run, with a warning.",
            "{1}|{}"}),
    of_fetch(
        {Opt::id, "id", 0, 0, Topic::journal, text, "TEMPLATE", "", "", false,
         "what a job is known by in the journal, as {id}",
         "Without it a job is the same only if its method and data and all of its record are, "
         "whatever the headers. A job that is known by its id and of which method, URL or data "
         "have changed is run, with a warning.",
         "{1}|{}"}),
    {Opt::failed_to, "failed-to", 0, 0, Topic::journal, file, "FILE", "", "", false,
     "write the records that were not done to FILE",
     "Those of jobs that failed, that were ended, or that were read and never started; as they "
     "came in, with the header, ready to be input again. FILE is replaced at the end of the run, "
     "so it may be the input too. It is empty if all went well. Where a value of ::: holds a "
     "newline or is empty, its records end in NUL, for -0."},
    of_run({Opt::job_log, "joblog", 0, 0, Topic::journal, file, "FILE", "", "", false,
            "a line a job in FILE, in GNU parallel's columns",
            "Seq, Host, Starttime, JobRuntime, Send, Receive, Exitval, Signal, Command, with tabs "
            "between them. With --resume it is appended to."}),
    of_fetch({Opt::job_log, "joblog", 0, 0, Topic::journal, file, "FILE", "", "", false,
              "a line a job in FILE, in GNU parallel's columns",
              "Seq, Host, Starttime, JobRuntime, Send, Receive, Exitval, Signal, Command, with "
              "tabs between them. Command is the request, and Receive the bytes of its body. "
              "Exitval is 0 if the job was a success, 1 if it failed and -1 if the run ended it. "
              "With --resume it is appended to."}),

    // ---- scheduled runs
    {Opt::lock, "lock", 0, 0, Topic::cron, text, "NAME", "", "", false,
     "one run of that NAME at a time; status 75 if held",
     "NAME is any text. The lock is of this user and this machine, and free again when the run "
     "ends, in whatever way. See CRON."},
    {Opt::lock_wait, "lock-wait", 0, 0, Topic::cron, duration, "D", "", "0s", false,
     "wait up to D for the lock that another run holds", "", "10s|1m|10m|1h"},
    {Opt::quiet_unless_failed, "quiet-unless-failed", 0, 0, Topic::cron, none, "", "", "", false,
     "print nothing if all goes well, else everything",
     "What jobs and distaff print is held back until the run ends, in memory and then in files "
     "without a name (--spill-dir, --spill-limit), and printed if the exit status is not 0."},
    {Opt::stamp, "stamp", 0, 0, Topic::cron, file, "FILE", "", "", false,
     "set FILE's time to now if the exit status is 0", "FILE is made if it is not there."},
    {Opt::metrics, "metrics", 0, 0, Topic::cron, file, "FILE", "", "", false,
     "write how the run went to FILE, for Prometheus",
     "In the text format, when the run ends, in whatever way. See CRON."},

    // ---- progress
    {Opt::progress, "progress", 0, 0, Topic::progress, choice, "", "auto|bar|line|none", "auto",
     false, "show how far it is: auto is a bar on a terminal",
     "bar: at once, and where none can be drawn the same as line. line: a line on stderr at every "
     "interval. See PROGRESS."},
    {Opt::progress_interval, "progress-interval", 0, 0, Topic::progress, duration, "D", "", "30s",
     false, "how often --progress line prints", "", "1s|10s|30s|1m|5m"},
    {Opt::log_level, "log-level", 0, 0, Topic::progress, choice, "", "debug|info|warn|error",
     "warn", false, "what is worth a message; single failures are info", ""},
    {Opt::log_format, "log-format", 0, 0, Topic::progress, choice, "", "text|json", "text", false,
     "messages and progress lines as JSON objects",
     "One object a line, with time, level, message, and job where it is about one. The block at "
     "the end stays text."},
    {Opt::log_file, "log-file", 0, 0, Topic::progress, file, "FILE", "", "", false,
     "append messages to FILE and not to stderr", ""},
    {Opt::quiet, "quiet", 0, 0, Topic::progress, none, "", "", "", false,
     "the same as --log-level error", "And no bar, unless --progress asks for one."},

    // ---- configuration and help
    {Opt::config, "config", 0, 0, Topic::help, file, "FILE", "", "", true,
     "options from FILE, a JSON object of names and values",
     "What the command line says wins. No such file is read unless it is named. See CONFIGURATION "
     "FILE."},
    {Opt::help, "help", 'h', 0, Topic::help, none, "", "", "", false,
     "the most common things on one screen", ""},
    {Opt::help_all, "help-all", 0, 0, Topic::help, none, "", "", "", false,
     "every option with its default", ""},
    {Opt::version, "version", 'V', 0, Topic::help, none, "", "", "", false, "print the version",
     ""},
};

constexpr bool is_of(const Option& row, Program program) {
  return program == Program::run ? row.in_run : row.in_fetch;
}

constexpr std::size_t count_of(Program program) {
  std::size_t count = 0;
  for (const Option& row : kOptions) count += is_of(row, program) ? 1 : 0;
  return count;
}

template <Program program>
constexpr auto rows_of() {
  std::array<Option, count_of(program)> rows{};
  std::size_t at = 0;
  for (const Option& row : kOptions) {
    if (is_of(row, program)) rows[at++] = row;
  }
  return rows;
}

constexpr auto kRunOptions = rows_of<Program::run>();
constexpr auto kFetchOptions = rows_of<Program::fetch>();

// Where a program's options are, by Opt; kOptionCount: nowhere.
template <std::size_t N>
constexpr auto places_of(const std::array<Option, N>& rows) {
  std::array<unsigned char, kOptionCount> places{};
  for (auto& place : places) place = kOptionCount;
  for (std::size_t i = 0; i < N; ++i) {
    places[static_cast<std::size_t>(rows[i].id)] = static_cast<unsigned char>(i);
  }
  return places;
}

constexpr auto kRunPlaces = places_of(kRunOptions);
constexpr auto kFetchPlaces = places_of(kFetchOptions);

constexpr bool well_formed(std::span<const Option> rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Option& a = rows[i];
    if (a.name.empty() && (a.letter == 0 || a.only_key.empty())) return false;
    if ((a.kind == none) != (a.value.empty() && a.choices.empty())) return false;
    if ((a.kind == choice) == a.choices.empty()) return false;
    if (i > 0 && a.topic < rows[i - 1].topic) return false;
    for (std::size_t j = 0; j < i; ++j) {
      const Option& b = rows[j];
      if (a.id == b.id || (!a.name.empty() && a.name == b.name)) return false;
      if (a.letter != 0 && (a.letter == b.letter || a.letter == b.second_letter)) return false;
    }
  }
  return true;
}
constexpr bool is_complete() {
  for (std::size_t i = 0; i < kOptionCount; ++i) {
    if (kRunPlaces[i] == kOptionCount && kFetchPlaces[i] == kOptionCount) return false;
  }
  return true;
}
static_assert(well_formed(kRunOptions) && well_formed(kFetchOptions) && is_complete(),
              "every Opt has a row, and no name or letter is there twice in a program");

}  // namespace

std::span<const Option> options(Program program) {
  if (program == Program::run) return kRunOptions;
  return kFetchOptions;
}

const Option* find_option(Opt id, Program program) {
  const auto& places = program == Program::run ? kRunPlaces : kFetchPlaces;
  const std::size_t place = places[static_cast<std::size_t>(id)];
  return place == kOptionCount ? nullptr : &options(program)[place];
}

const Option& option(Opt id, Program program) {
  const Option* found = find_option(id, program);
  assert(found != nullptr);
  return *found;
}

std::string_view title(Topic topic) {
  constexpr std::string_view kTitles[kTopicCount] = {
      "Input",          "Batches",          "Command",
      "Requests",       "Connections",      "Pool",
      "Groups",         "Being polite",     "Bodies",
      "Output",         "Failure",          "Journal and resume",
      "Scheduled runs", "Progress and log", "Configuration and help"};
  return kTitles[static_cast<std::size_t>(topic)];
}

const Option* find_option(std::string_view name, Program program) {
  if (name.empty()) return nullptr;
  for (const Option& option : options(program)) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

const Option* find_letter(char letter, Program program) {
  if (letter == 0) return nullptr;
  for (const Option& option : options(program)) {
    if (option.letter == letter || option.second_letter == letter) return &option;
  }
  return nullptr;
}

std::string spelling(const Option& option) {
  return option.name.empty() ? std::string{'-', option.letter} : "--" + std::string(option.name);
}

std::string_view config_key(const Option& option) {
  return option.name.empty() ? option.only_key : option.name;
}

bool is_configurable(const Option& option) { return option.topic != Topic::help; }

std::string_view value_name(const Option& option) {
  return option.kind == choice ? option.choices : option.value;
}

std::size_t choice_count(const Option& option) {
  if (option.choices.empty()) return 0;
  return 1 +
         static_cast<std::size_t>(std::count(option.choices.begin(), option.choices.end(), '|'));
}

std::string_view choice_at(const Option& option, std::size_t index) {
  std::string_view rest = option.choices;
  for (; index > 0; --index) rest.remove_prefix(rest.find('|') + 1);
  return rest.substr(0, rest.find('|'));
}

}  // namespace distaff
