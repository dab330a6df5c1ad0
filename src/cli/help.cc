#include "cli/help.h"

#include <fmt/format.h>

#ifndef DISTAFF_VERSION
#define DISTAFF_VERSION "unknown"
#endif

namespace distaff {
namespace {

constexpr std::size_t kWidth = 79;
constexpr std::size_t kIndent = 28;

// "  -j, -P, --jobs N"
std::string heading(const Option& option) {
  std::string text = "  ";
  if (option.letter != 0) text += fmt::format("-{}", option.letter);
  if (option.second_letter != 0) text += fmt::format(", -{}", option.second_letter);
  if (!option.name.empty()) {
    text += option.letter != 0 ? ", " : "    ";
    text += fmt::format("--{}", option.name);
  }
  if (option.kind != ValueKind::none) text += fmt::format(" {}", value_name(option));
  return text;
}

// Adds the words of `text`, breaking lines before kWidth; goes on at column kIndent.
void append_wrapped(std::string& page, std::size_t column, std::string_view text) {
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    if (column + 1 + word.size() > kWidth) {
      page += "\n" + std::string(kIndent, ' ');
      column = kIndent;
    } else if (column > kIndent) {
      page += ' ';
      ++column;
    }
    page += word;
    column += word.size();
    text.remove_prefix(space == text.npos ? text.size() : space + 1);
  }
}

}  // namespace

std::string_view short_help() {
  return "Usage: distaff [OPTION]... COMMAND [ARG]... [::: VALUE...]\n"
         "Runs COMMAND for each line of its input, many at once.  Try one of these:\n"
         "  distaff gzip ::: *.log\n"
         "  find . -name '*.log' -print0 | distaff -0 gzip\n"
         "or distaff --help.\n";
}

std::string_view help() {
  return "Usage: distaff [run] [OPTION]... [COMMAND [ARG]...] [::: VALUE...]...\n"
         "Runs COMMAND for each line of stdin or each VALUE, many at once.\n"
         "\n"
         "  find . -name '*.log' -print0 | distaff -0 gzip\n"
         "  distaff -k --tag 'zcat {} | wc -l' ::: *.gz          one word: a shell script\n"
         "  distaff --csv -a jobs.csv -g server --throttle 2s ./dump {server} {db}\n"
         "\n"
         "In COMMAND: {} record, {1} {name} field, {#} job number, {%} slot, and parts of\n"
         "a path, also together: {/} basename, {//} dirname, {.} no extension, {^.gz}.\n"
         "Without any, the record goes last.  Options stand before COMMAND.\n"
         "\n"
         "  -j N            jobs at once (the CPUs; 200%, +1, 0 as many as fit)\n"
         "  -a FILE         read records from FILE; -0 NUL ends them; --csv --jsonl\n"
         "  ::: A B :::+ C D  values as input; of two lists all pairs, or :::+ in step\n"
         "  -n N            N records for each job, max as many as fit\n"
         "  -k              output in input order; --tag begins lines with the record\n"
         "  -g KEY          jobs of equal KEY are a group: column, {//}, host of URLs\n"
         "  --parallelism N, --throttle D, --rate N/D   limits of each group\n"
         "  --on-error stop end at the first failure; --ok 0,1 are success\n"
         "  --retries N     try failed jobs again; --timeout D; --journal FILE --resume\n"
         "  --dry-run       print the commands and run nothing; -t print as they run\n"
         "  --shell bash, --stdin record, --workdir DIR, --env NAME=VALUE; -I % for {}\n"
         "For URLs there is distaff fetch.\n"
         "All options: distaff --help-all.  Everything else: man distaff.\n";
}

std::string_view short_fetch_help() {
  return "Usage: distaff fetch [OPTION]... [URL...|COLUMN]\n"
         "Fetches URLs, many at once, and prints a report.  Try one of these:\n"
         "  distaff fetch --output-dir pages https://example.org/ > report.csv\n"
         "  distaff fetch --polite --output-dir pages -a urls.txt > report.csv\n"
         "or distaff fetch --help.\n";
}

std::string_view fetch_help() {
  return "Usage: distaff fetch [OPTION]... [URL...|COLUMN]\n"
         "Fetches URLs, from lines of stdin or as words, and prints a CSV row for each.\n"
         "\n"
         "  distaff fetch --polite --output-dir pages -a urls.txt > report.csv\n"
         "  distaff fetch --csv -a people.csv homepage > report.csv\n"
         "  distaff fetch --url-template 'http://h/item/{}' --body ::: 1 2 3\n"
         "\n"
         "  -a FILE          read URLs from FILE; --csv, --jsonl: the word is a column\n"
         "  --output-dir DIR save bodies; --name T their names; --archive FILE: in SQLite\n"
         "  --body           print bodies and no report; --output json: the report as JSON\n"
         "  -k               in input order (curl's -k is --insecure)\n"
         "  -j N             requests at once (32); --parallelism N to each host (4)\n"
         "  --throttle D     rest between requests to a host; --rate N/D; -g domain\n"
         "  --polite         one at a time, 1s rests, robots.txt; --contact ADDRESS\n"
         "  -X METHOD, -H 'Name: value', --data T; --netrc, --proxy URL, --cookie 'a=b'\n"
         "  --retries N      try again what failed; --timeout D; --journal FILE --resume\n"
         "  --cond FILE      only what changed since the report FILE\n"
         "  --public-only, --max-size SIZE, --max-redirects N   bounds on what may come\n"
         "  --ok 2xx,404     statuses that are success; --dry-run sends nothing\n"
         "\n"
         "All options: distaff fetch --help-all.  Everything else: man distaff-fetch.\n";
}

std::string help_all(Program program) {
  std::string page = program == Program::run
                         ? "Usage: distaff [run] [OPTION]... [COMMAND [ARG]...] [::: VALUE...]...\n"
                         : "Usage: distaff fetch [OPTION]... [URL...|COLUMN] [::: VALUE...]...\n";
  page +=
      "Durations: 250ms 1.5s 2m 1h 1d, a bare number is seconds.  Sizes: 64k 10M 1G.\n"
      "\n"
      "  ::: VALUE...              a list instead of input; of several, all pairs\n"
      "  :::+ VALUE...             a list taken in step with the one before it\n"
      "  :::: FILE...              the lines of each FILE are a list; ::::+ in step\n";
  const Option* before = nullptr;
  for (const Option& option : options(program)) {
    if (before == nullptr || before->topic != option.topic) {
      page += fmt::format("\n{}\n", title(option.topic));
    }
    before = &option;
    std::string line = heading(option);
    if (line.size() + 2 > kIndent) {
      page += line + "\n";
      line.clear();
    }
    line.resize(kIndent, ' ');
    page += line;
    std::string text(option.brief);
    if (!option.standard.empty()) text += fmt::format(" [{}]", option.standard);
    append_wrapped(page, kIndent, text);
    page += '\n';
  }
  return page;
}

std::string_view version() { return DISTAFF_VERSION; }

std::string version_text() { return "distaff " DISTAFF_VERSION "\n"; }

}  // namespace distaff
