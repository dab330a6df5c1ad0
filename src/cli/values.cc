#include "cli/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/numbers.h"
#include "base/text.h"

namespace distaff {
namespace {

std::vector<std::string_view> split_at(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// "TERM", "sigterm", "15"; 0 if it is none.
int signal_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) {
    return number >= 1 && number <= SIGRTMAX ? number : 0;
  }
  std::string name(text);
  for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (name.starts_with("SIG")) name.erase(0, 3);
  for (int signal = 1; signal < NSIG; ++signal) {
    const char* known = sigabbrev_np(signal);
    if (known != nullptr && name == known) return signal;
  }
  return 0;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Expected<int> parse_int(std::string_view text, int least, int most) {
  const bool negative = least < 0 && text.starts_with('-');
  const auto magnitude = parse_count(negative ? text.substr(1) : text, INT_MAX);
  const int value = magnitude ? static_cast<int>(*magnitude) * (negative ? -1 : 1) : 0;
  if (magnitude && value >= least && value <= most) return value;
  return fail(most == INT_MAX
                  ? fmt::format("'{}' is no whole number of at least {}", text, least)
                  : fmt::format("'{}' is no whole number from {} to {}", text, least, most));
}

Expected<JobsSpec> parse_jobs(std::string_view text) {
  const auto wrong = [&] {
    return fail(
        fmt::format("'{}' is no number of jobs, such as 8, 200%, +1, -1, or 0 for as many "
                    "as fit",
                    text));
  };
  const bool sign = text.starts_with('+') || text.starts_with('-');
  const bool percent = text.ends_with('%');
  if (sign && percent) return wrong();
  std::string_view digits = text;
  if (sign) digits.remove_prefix(1);
  if (percent) digits.remove_suffix(1);
  const auto count = parse_count(digits, INT_MAX);
  if (!count) return wrong();
  const int value = static_cast<int>(*count);
  if (sign) return JobsSpec{JobsSpec::Kind::cpus_plus, text[0] == '-' ? -value : value};
  if (percent && value == 0) return wrong();
  if (percent) return JobsSpec{JobsSpec::Kind::percent, value};
  if (value == 0) return JobsSpec{JobsSpec::Kind::as_many_as_fit, 0};
  return JobsSpec{JobsSpec::Kind::count, value};
}

Expected<Throttle> parse_throttle(std::string_view text) {
  const std::size_t dots = text.find("..");
  const auto least = parse_duration(text.substr(0, dots));
  if (!least) return tl::unexpected(least.error());
  if (dots == text.npos) return Throttle{*least, *least};
  const auto most = parse_duration(text.substr(dots + 2));
  if (!most) return tl::unexpected(most.error());
  if (*most < *least) {
    return fail(fmt::format("'{}' ends before it begins; write {}..{}", text, text.substr(dots + 2),
                            text.substr(0, dots)));
  }
  return Throttle{*least, *most};
}

Expected<Rate> parse_rate(std::string_view text) {
  const auto wrong = [&] {
    return fail(fmt::format(
        "'{}' is no rate, such as 10/s, 100/1m, 1/2s, or 10/s:5 with bursts of 5", text));
  };
  const std::size_t slash = text.find('/');
  if (slash == text.npos) return wrong();
  const std::size_t colon = text.find(':', slash);
  const std::string_view per = text.substr(slash + 1, colon - slash - 1);
  if (per.empty()) return wrong();
  const auto count = parse_int(text.substr(0, slash), 1);
  // "/s" is short for "/1s".
  const bool bare = per[0] >= 'a' && per[0] <= 'z';
  const auto duration = parse_duration(bare ? fmt::format("1{}", per) : std::string(per));
  if (!count || !duration || *duration <= Duration{0}) return wrong();
  Rate rate{static_cast<double>(*count), *duration, 1};
  if (colon != text.npos) {
    const auto burst = parse_int(text.substr(colon + 1), 1);
    if (!burst) return wrong();
    rate.burst = *burst;
  }
  return rate;
}

Expected<StatusSet> parse_statuses(std::string_view text) {
  StatusSet set;
  for (const std::string_view part : split_at(text, ',')) {
    const std::size_t dash = part.find('-');
    const auto first = parse_int(part.substr(0, dash), 0, 255);
    const auto last = dash == part.npos ? first : parse_int(part.substr(dash + 1), 0, 255);
    if (!first || !last || *last < *first) {
      return fail(fmt::format(
          "'{}' in '{}' is no exit status from 0 to 255 and no range of them; a list is "
          "such as 0,1,3-5",
          part, text));
    }
    set.ranges.emplace_back(*first, *last);
  }
  return joined(std::move(set));
}

StatusSet joined(StatusSet set) {
  std::sort(set.ranges.begin(), set.ranges.end());
  StatusSet result;
  for (const auto& range : set.ranges) {
    if (!result.ranges.empty() && range.first <= result.ranges.back().second + 1) {
      result.ranges.back().second = std::max(result.ranges.back().second, range.second);
    } else {
      result.ranges.push_back(range);
    }
  }
  return result;
}

Expected<RetryDelay> parse_retry_delay(std::string_view text) {
  const auto range = parse_throttle(text);
  if (!range) return tl::unexpected(range.error());
  if (range->least == Duration{0} && range->most > Duration{0}) {
    return fail(fmt::format("'{}': a bound that doubles cannot begin with 0; write 100ms..{}", text,
                            text.substr(text.find("..") + 2)));
  }
  return RetryDelay{range->least, range->most};
}

Expected<RetryOn> parse_retry_on(std::string_view text) {
  RetryOn on{{}, false, false, false};
  for (const std::string_view part : split_at(text, ',')) {
    if (part == "signal") {
      on.signal = true;
    } else if (part == "timeout") {
      on.timeout = true;
    } else if (part == "start") {
      on.start = true;
    } else if (const auto statuses = parse_statuses(part)) {
      on.statuses.ranges.push_back(statuses->ranges[0]);
    } else {
      return fail(
          fmt::format("'{}' in '{}' is none of signal, timeout, start, an exit status from 0 to "
                      "255 or a range of them; a list is such as 75,100-110,signal",
                      part, text));
    }
  }
  on.statuses = joined(std::move(on.statuses));
  return on;
}

Expected<TimeLimit> parse_time_limit(std::string_view text) {
  const auto nothing = [&] {
    return fail(fmt::format("'{}' would end every job at once; for no limit leave it out", text));
  };
  TimeLimit limit;
  if (text.ends_with('%')) {
    const auto percent = parse_int(text.substr(0, text.size() - 1), 0, 1'000'000);
    if (!percent) {
      return fail(fmt::format("'{}' is no percentage, such as 200% of the median run time", text));
    }
    limit.percent = *percent;
  } else {
    const auto most = parse_duration(text);
    if (!most) return tl::unexpected(most.error());
    limit.most = *most;
  }
  if (!limit.any()) return nothing();
  return limit;
}

Expected<DeadlineSpec> parse_deadline(std::string_view text) {
  DeadlineSpec deadline;
  if (const auto after = parse_duration(text)) {
    if (after->count() == 0) {
      return fail(fmt::format("'{}' would end the run before it began; leave it out", text));
    }
    deadline.after = *after;
    return deadline;
  }
  const auto at = parse_civil_time(text);
  if (!at) {
    return fail(fmt::format(
        "'{}' is no time, such as 8h from now, 06:30 by the clock, or 2026-11-27T06:30", text));
  }
  deadline.at = *at;
  return deadline;
}

Expected<HaltSpec> parse_halt(std::string_view text) {
  const auto wrong = [&] {
    return fail(
        fmt::format("'{}' is none of soon|now,fail|success|done=N|N%, such as soon,fail=3 "
                    "or now,done=50%",
                    text));
  };
  const std::size_t comma = text.find(',');
  const std::size_t equals = text.find('=');
  if (comma == text.npos || equals == text.npos || equals < comma) return wrong();
  const std::string_view when = text.substr(0, comma);
  const std::string_view what = text.substr(comma + 1, equals - comma - 1);
  std::string_view digits = text.substr(equals + 1);
  HaltSpec halt;
  if (when != "soon" && when != "now") return wrong();
  halt.now = when == "now";
  if (what == "fail") {
    halt.what = HaltSpec::What::fail;
  } else if (what == "success") {
    halt.what = HaltSpec::What::success;
  } else if (what == "done") {
    halt.what = HaltSpec::What::done;
  } else {
    return wrong();
  }
  halt.percent = digits.ends_with('%');
  if (halt.percent) digits.remove_suffix(1);
  const auto count = parse_int(digits, 1, halt.percent ? 100 : INT_MAX);
  if (!count) return wrong();
  halt.count = static_cast<std::uint64_t>(*count);
  return halt;
}

Expected<std::vector<TermStep>> parse_term_seq(std::string_view text) {
  std::vector<TermStep> steps;
  const auto parts = split_at(text, ',');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i % 2 == 0) {
      const int signal = signal_number(parts[i]);
      if (signal == 0) {
        return fail(
            fmt::format("'{}' in '{}' is no signal; signals and times take turns, as in "
                        "TERM,5s,KILL",
                        parts[i], text));
      }
      steps.push_back({signal, Duration{0}});
    } else {
      const auto wait = parse_duration(parts[i], true);
      if (!wait) {
        return fail(
            fmt::format("{} (in '{}', where signals and times take turns, as in "
                        "TERM,5s,KILL)",
                        wait.error().message, text));
      }
      steps.back().wait = *wait;
    }
  }
  if (parts.size() % 2 == 0) {
    return fail(
        fmt::format("'{}' ends with a time; a signal comes last, as in TERM,5s,KILL", text));
  }
  return steps;
}

Expected<std::string> parse_delimiter(std::string_view text) {
  if (text.empty()) return fail("'' is empty; for a NUL byte write -0");
  std::string delimiter;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      delimiter += text[i];
      continue;
    }
    const char kind = ++i < text.size() ? text[i] : '\0';
    const char after = i + 1 < text.size() ? text[i + 1] : '\0';
    static constexpr std::string_view kNames = "ntr0\\";
    static constexpr char kBytes[] = {'\n', '\t', '\r', '\0', '\\'};
    const std::size_t known = kind == '\0' ? kNames.npos : kNames.find(kind);
    const bool octal = kind == '0' && after >= '0' && after <= '9';
    if (known != kNames.npos && !octal) {
      delimiter += kBytes[known];
    } else if (kind == 'x' && i + 2 < text.size() && hex_digit(after) >= 0 &&
               hex_digit(text[i + 2]) >= 0) {
      delimiter += static_cast<char>(hex_digit(after) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      return fail(
          fmt::format("'{}' has an unknown escape; known are \\n \\t \\r \\0 \\\\ \\xHH", text));
    }
  }
  return delimiter;
}

Expected<char> parse_separator(std::string_view text) {
  const auto separator = parse_delimiter(text);
  if (!separator || separator->size() != 1) {
    return fail(fmt::format(
        "'{}' is not one character, such as ';' or '\\t'; longer ones are for --split", text));
  }
  if (separator->find_first_of(std::string_view("\"\r\n\0", 4)) != separator->npos) {
    return fail(fmt::format("'{}' has a meaning of its own in CSV", text));
  }
  return separator->front();
}

Expected<std::pair<std::string, std::string>> parse_env(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos) {
    return fail(
        fmt::format("'{}' is no NAME=VALUE; variables that are set here reach jobs anyway", text));
  }
  if (!is_identifier(text.substr(0, equals))) {
    return fail(
        fmt::format("'{}' is no name of a variable: letters, digits and _ only, as in "
                    "NAME=VALUE",
                    text.substr(0, equals)));
  }
  return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

}  // namespace distaff
