#include "compose/second_shell.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "compose/shells.h"

namespace distaff {
namespace {

// Programs and builtins that run none of their words, so that `grep sh -c {}` is no shell's text.
constexpr std::string_view kInert[] = {
    ":",        "[",        "[[",      "ack",       "ag",      "apk",  "apropos",   "apt",
    "apt-get",  "basename", "brew",    "bzip2",     "cat",     "cd",   "chgrp",     "chmod",
    "chown",    "chsh",     "cksum",   "cmp",       "comm",    "cp",   "curl",      "cut",
    "declare",  "df",       "diff",    "dirname",   "dnf",     "dpkg", "du",        "echo",
    "egrep",    "exit",     "export",  "false",     "fgrep",   "file", "for",       "grep",
    "gunzip",   "gzip",     "hash",    "head",      "jq",      "kill", "killall",   "ln",
    "local",    "ls",       "man",     "md5sum",    "mkdir",   "mv",   "pacman",    "paste",
    "pgrep",    "pip",      "pkill",   "printf",    "ps",      "read", "readlink",  "readonly",
    "realpath", "return",   "rg",      "rm",        "rmdir",   "rpm",  "rsync",     "scp",
    "seq",      "service",  "sha1sum", "sha256sum", "sort",    "stat", "systemctl", "tail",
    "tar",      "tee",      "test",    "touch",     "tr",      "true", "type",      "typeset",
    "uniq",     "unset",    "unzip",   "useradd",   "usermod", "wc",   "wget",      "whereis",
    "which"};

// A program of which some words are text for a shell that it starts: the values of some options, or
// what stands behind so many operands, which it joins by blanks.
struct TextTaker {
  std::string_view names;             // each between blanks
  std::string_view text = {};         // letters of options whose value is text
  std::string_view long_text = {};    // their long names, each behind a blank
  std::string_view valued = {};       // letters of other options that take a value
  std::string_view long_valued = {};  // their long names
  int operands = -1;                  // words before those that are text; -1: none are
  int leading = 0;                    // operands behind which options are still looked for
  bool here = true;                   // its shell is on this machine, in the environment it has
  std::string_view first = {};        // one of these must be the first operand; empty: any may
  bool hands_on = false;              // words behind -- are options and operands of its shell
};

constexpr int kAny = 1000;
constexpr std::string_view kSshValued = "BbcDEeFIiJLlmOoPpQRSWw";
constexpr std::string_view kParallelValues =
    " jobs arg-file max-replace-args max-args max-lines replace sshlogin colsep delimiter joblog "
    "timeout retries delay results halt tagstring memfree load max-procs block env tmpdir workdir "
    "sshloginfile profile max-chars progress-interval";

constexpr TextTaker kTextTakers[] = {
    {.names = " ssh slogin dbclient ", .valued = kSshValued, .operands = 1, .here = false},
    {.names = " autossh ", .valued = "BbcDEeFIiJLlmMOoPpQRSWw", .operands = 1, .here = false},
    {.names = " plink ", .valued = "PlpwDLRiv", .operands = 1, .here = false},
    {.names = " adb ",
     .valued = "sHPLt",
     .operands = 1,
     .here = false,
     .first = " shell exec-out exec-in "},
    {.names = " rsh remsh ", .valued = "l", .operands = 1, .here = false},
    {.names = " pdsh dsh clush ", .valued = "wxgXlRtufmM", .operands = 0, .here = false},
    {.names = " pssh parallel-ssh ",
     .valued = "hHlpoetOxX",
     .long_valued = " hosts host user par outdir errdir timeout options extra-args",
     .operands = 0,
     .here = false},
    {.names = " su runuser ",
     .text = "c",
     .long_text = " command session-command",
     .valued = "gGsTuw",
     .long_valued = " group supp-group shell user whitelist-environment",
     .leading = kAny,
     .here = false,
     .hands_on = true},
    {.names = " sg ", .text = "c", .operands = 1},
    {.names = " flock ",
     .text = "c",
     .long_text = " command",
     .valued = "wE",
     .long_valued = " timeout wait conflict-exit-code",
     .leading = 1},
    {.names = " script ",
     .text = "c",
     .long_text = " command",
     .valued = "BEIOTmo",
     .long_valued = " log-io log-in log-out log-timing logging-format echo output-limit",
     .leading = kAny},
    {.names = " env ",
     .text = "S",
     .long_text = " split-string",
     .valued = "uC",
     .long_valued = " unset chdir"},
    {.names = " watch ",
     .valued = "nqs",
     .long_valued = " interval equexit shotsdir",
     .operands = 0},
    {.names = " parallel sem ",
     .valued = "jPaNnLIsSCdEJ",
     .long_valued = kParallelValues,
     .operands = 0},
    {.names = " hyperfine ",
     .text = "psc",
     .long_text = " prepare setup cleanup conclude",
     .valued = "wrmMSniuD",
     .long_valued = " warmup runs min-runs max-runs shell command-name export-json export-csv",
     .operands = 0},
    {.names = " bsub ", .valued = "JoenqWMRPmwGgcDE", .operands = 0, .here = false},
    {.names = " sbatch ", .long_text = " wrap", .leading = kAny, .here = false},
    {.names = " fish ", .text = "cC", .long_text = " command init-command", .valued = "dDop"},
    {.names = " ncat nc ", .text = "c", .long_text = " sh-exec", .leading = kAny},
    {.names = " nix-shell ", .long_text = " run command", .leading = kAny},
    {.names = " vagrant gcloud ",
     .text = "c",
     .long_text = " command",
     .leading = kAny,
     .here = false},
    {.names = " tar ",
     .text = "IF",
     .long_text =
         " to-command use-compress-program checkpoint-action info-script new-volume-script "
         "rsh-command",
     .valued = "bCfgHKLNTVX",
     .leading = kAny},
    {.names = " rsync ", .long_text = " rsync-path", .leading = kAny, .here = false},
    {.names = " split ",
     .long_text = " filter",
     .valued = "abClnt",
     .long_valued = " suffix-length bytes line-bytes lines number separator additional-suffix",
     .leading = kAny},
    {.names = " npx ",
     .text = "c",
     .long_text = " call",
     .valued = "pw",
     .long_valued = " package"},
    {.names = " npm ",
     .text = "c",
     .long_text = " call",
     .valued = "w",
     .long_valued = " package prefix",
     .leading = 1,
     .first = " exec x "},
    {.names = " entr ", .text = "s"},
};

bool is_listed(std::string_view names, std::string_view name) {
  if (name.empty() || name.find(' ') != name.npos) return false;
  for (std::size_t at = names.find(name); at != names.npos; at = names.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    if (at > 0 && names[at - 1] == ' ' && end < names.size() && names[end] == ' ') return true;
  }
  return false;
}

const TextTaker* text_taker(std::string_view name) {
  const auto* found = std::find_if(std::begin(kTextTakers), std::end(kTextTakers),
                                   [&](const auto& row) { return is_listed(row.names, name); });
  return found == std::end(kTextTakers) ? nullptr : found;
}

// getopt_long takes the beginning of a long name for it.
bool is_long_option(std::string_view names, std::string_view name) {
  return name.size() > 1 && names.find(" " + std::string(name)) != names.npos;
}

bool has_value(std::string_view word) { return word.find(kValueMark) != word.npos; }

using Words = std::span<const std::string>;

// Text for a shell among the words of one program.
struct Text {
  std::size_t begin;
  std::size_t end;
};
using Found = std::optional<Text>;

// What is between the two, if there is a value in it.
Found text_within(Words words, std::size_t begin, std::size_t end) {
  const std::size_t last = std::min(end, words.size());
  for (std::size_t i = begin; i < last; ++i) {
    if (has_value(words[i])) return Text{begin, last};
  }
  return {};
}

// The settings of ssh that are commands of the shell here, or of the one there.
bool is_command_setting(std::string_view value) {
  std::string lower;
  for (const char c : value)
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* setting :
       {"proxycommand", "localcommand", "remotecommand", "knownhostscommand"}) {
    if (lower.starts_with(setting)) return true;
  }
  return false;
}

// Reads the words of a program that is in the table.
class TakerReader {
 public:
  TakerReader(const TextTaker& taker, Words words, std::size_t at)
      : taker_(taker), words_(words), at_(at) {}

  Found read() {
    int operands = 0;
    for (++at_; at_ < words_.size(); ++at_) {
      const std::string_view word = words_[at_];
      if (options_ && word == "--") {
        if (taker_.hands_on) return text_of_its_shell(operands);
        options_ = false;
      } else if (options_ && word.size() > 1 && word[0] == '-') {
        const Found found = word[1] == '-' ? long_option(word.substr(2)) : letters(word);
        if (found || as_they_are_) return found;
      } else if (taker_.operands >= 0 && operands == taker_.operands) {
        return operand_text();
      } else {
        if (taker_.operands < 0 && operands == taker_.leading) return {};
        if (operands == 0 && !taker_.first.empty() && !is_listed(taker_.first, word)) return {};
        ++operands;
      }
    }
    return {};
  }

 private:
  Found text_at(std::size_t begin, std::size_t end) const {
    return text_within(words_, begin, end);
  }

  Found long_option(std::string_view option) {
    const std::size_t equals = option.find('=');
    const std::string_view name = option.substr(0, equals);
    const bool attached = equals != option.npos;
    if (taker_.names == " watch " && name == "exec") as_they_are_ = true;
    if (is_long_option(taker_.long_text, name)) {
      if (!attached) ++at_;
      return text_at(at_, at_ + 1);
    }
    if (!attached && is_long_option(taker_.long_valued, name)) ++at_;
    return {};
  }

  Found letters(std::string_view word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const bool last = i + 1 == word.size();
      if (taker_.names == " watch " && word[i] == 'x') as_they_are_ = true;
      if (taker_.text.find(word[i]) != taker_.text.npos) {
        if (last) ++at_;
        return text_at(at_, at_ + 1);
      }
      if (taker_.valued.find(word[i]) != taker_.valued.npos) {
        if (last) ++at_;
        const bool setting = taker_.valued == kSshValued && word[i] == 'o' && at_ < words_.size();
        const std::string_view value = last ? "" : word.substr(i + 1);
        if (setting && is_command_setting(last ? std::string_view(words_[at_]) : value)) {
          return text_at(at_, at_ + 1);
        }
        return {};
      }
    }
    return {};
  }

  // `su root -- -c TEXT`
  Found text_of_its_shell(int operands) const;

  // Values behind ::: are quoted by parallel itself.
  Found operand_text() const {
    std::size_t end = words_.size();
    if (taker_.names == " parallel sem ") {
      const auto lists =
          std::find_if(words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end(),
                       [](const std::string& word) { return word.starts_with(":::"); });
      end = static_cast<std::size_t>(lists - words_.begin());
    }
    return text_at(at_, end);
  }

  const TextTaker& taker_;
  Words words_;
  std::size_t at_;
  bool options_ = true;
  bool as_they_are_ = false;  // watch -x
};

// `docker run --entrypoint sh IMAGE -c TEXT`: what is between is not the shell's.
bool is_entrypoint(Words words, std::size_t at) {
  return at > 0 && words[at - 1] == "--entrypoint";
}

// The text of the shell at words[at]: the first operand behind its options, if one holds a c.
Found text_of_shell(Words words, std::size_t at) {
  bool given = false;
  const bool joins = program_name(words[at]).starts_with("pwsh") ||
                     program_name(words[at]).starts_with("powershell");
  const bool anywhere = is_entrypoint(words, at) || words[at].starts_with("--entrypoint=");
  for (++at; at < words.size(); ++at) {
    const std::string_view word = words[at];
    if (word == "--" || word == "-") {
      ++at;
      break;
    }
    if (!word.empty() && word[0] == kUnknownMark) continue;  // $options
    const bool option = word.size() > 1 && (word[0] == '-' || word[0] == '+');
    if (!option && anywhere && !given) continue;
    if (!option) break;
    if (word.starts_with("--")) {
      if (word == "--rcfile" || word == "--init-file" || word == "--emulate") ++at;
      continue;
    }
    if (joins && (word.starts_with("-c") || word.starts_with("-C")))
      return text_within(words, at + 1, words.size());
    given = given || word.find('c') != word.npos || (word[0] == '-' && has_value(word));
    if (word.find_first_of("oO") != word.npos) ++at;  // -o pipefail
  }
  return given ? text_within(words, at, at + 1) : Found();
}

Found TakerReader::text_of_its_shell(int operands) const {
  std::size_t user = at_;
  if (operands == 0) {
    while (++user < words_.size() && words_[user] == "-") continue;
  }
  return user < words_.size() ? text_of_shell(words_, user) : Found();
}

std::string_view shell_in(std::string_view word) {
  if (word.starts_with("--entrypoint=")) word.remove_prefix(word.find('=') + 1);
  if (word.starts_with('-') || word.find('=') != word.npos) return {};
  const std::string_view name = program_name(word);
  return is_shell_name(name) ? name : std::string_view();
}

// `env -S 'sh -c' {}`: the words that env makes of a text without values, in place of it.
std::optional<std::vector<std::string>> split_by_env(Words words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (program_name(words[i]) != "env") continue;
    for (std::size_t at = i + 1; at < words.size() && words[at].starts_with('-'); ++at) {
      if (words[at] == "-u" || words[at] == "-C") {
        ++at;
        continue;
      }
      std::string_view text = words[at];
      const bool is_long = text.starts_with("--split-string=");
      const std::size_t letter = is_long ? text.find('=') : text.find('S');
      if (letter == text.npos || (text.starts_with("--") && !is_long)) continue;
      text.remove_prefix(letter + 1);
      const std::size_t behind = text.empty() ? at + 2 : at + 1;
      if (text.empty() && at + 1 < words.size()) text = words[at + 1];
      if (has_value(text) || behind > words.size()) return std::nullopt;
      std::vector<std::string> split(words.begin(),
                                     words.begin() + static_cast<std::ptrdiff_t>(i + 1));
      for (std::string& word : split_words(text)) split.push_back(std::move(word));
      split.insert(split.end(), words.begin() + static_cast<std::ptrdiff_t>(behind), words.end());
      return split;
    }
  }
  return std::nullopt;
}

// Nobody runs $0 of `sh -c TEXT NAME …`, but for a text that speaks of it.
bool is_name_behind_text(Words words, std::size_t at) {
  if (at < 3) return false;
  const std::string& text = words[at - 1];
  if (text.find("$0") != text.npos || text.find("${0") != text.npos || has_value(text))
    return false;
  for (std::size_t shell = at - 2; shell-- > 0;) {
    if (shell_in(words[shell]).empty()) continue;
    std::vector<std::string> until(words.begin() + static_cast<std::ptrdiff_t>(shell),
                                   words.begin() + static_cast<std::ptrdiff_t>(at));
    until.back() += kValueMark;
    const auto found = text_of_shell(until, 0);
    return found && found->begin + 1 == until.size();
  }
  return false;
}

// `npm run watch {}` runs no watch: one whose first word is text already must be the program, as
// far as that is known.  And ./script is the user's own.
bool may_be_run(const TextTaker& taker, Words words, std::size_t at, std::size_t program) {
  const std::string& word = words[at];
  if (word.find('/') != word.npos && word[0] != '/') return false;
  return taker.operands != 0 || at <= program;
}

// `program`: where the first one stands that is no wrapper.
std::optional<SecondShell> second_shell_at(Words words, std::size_t at, std::size_t program) {
  if (const std::string_view shell = shell_in(words[at]); !shell.empty()) {
    const Found text = text_of_shell(words, at);
    if (text && !is_name_behind_text(words, at)) {
      return SecondShell{std::string(shell), at, text->begin, text->end, true};
    }
  }
  const std::string_view name = program_name(words[at]);
  const TextTaker* taker = text_taker(name);
  if (taker == nullptr || !may_be_run(*taker, words, at, program)) return {};
  const Found text = TakerReader(*taker, words, at).read();
  if (!text) return {};
  SecondShell found{std::string(name), at, text->begin, text->end};
  found.splits = name == "env";
  found.here = taker->here;
  return found;
}

}  // namespace

std::optional<SecondShell> find_second_shell(Words words) {
  if (std::none_of(words.begin(), words.end(), [](const auto& word) { return has_value(word); })) {
    return {};
  }
  if (const auto split = split_by_env(words)) {
    auto found = find_second_shell(*split);
    if (found) found->splits = true;
    return found;
  }
  const std::vector<std::string_view> views(words.begin(), words.end());
  const std::size_t program = find_program(views);
  const bool inert =
      program < words.size() && std::find(std::begin(kInert), std::end(kInert),
                                          program_name(views[program])) != std::end(kInert);
  const std::size_t end = inert ? program + 1 : words.size();
  for (std::size_t at = 0; at < end; ++at) {
    if (auto found = second_shell_at(words, at, program)) return found;
  }
  return {};
}

std::vector<std::string> marked_words(std::span<const Template> words, bool appended) {
  std::vector<std::string> marked;
  for (const Template& word : words) {
    std::string& text = marked.emplace_back();
    for (const Piece& piece : word.pieces()) {
      if (const auto* literal = std::get_if<std::string>(&piece)) {
        text += *literal;
      } else if (std::get<Replacement>(piece).of_record()) {
        text += kValueMark;
      } else {
        text += '1';  // {#} and {%} are numbers of ours
      }
    }
  }
  if (appended) marked.emplace_back(1, kValueMark);
  return marked;
}

}  // namespace distaff
