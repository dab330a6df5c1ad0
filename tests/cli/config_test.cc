#include "cli/config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/text.h"
#include "cli/native.h"

namespace distaff::config_test {
namespace {

using namespace std::string_literals;

using Words = std::vector<std::string>;
using Variables = std::vector<std::pair<std::string, std::string>>;

// What --config reads in these tests.
std::map<std::string, std::string> files;

Expected<std::string> read_from_map(const std::string& file) {
  const auto found = files.find(file);
  if (found == files.end()) return fail("no such file here");
  return found->second;
}

Expected<NativeRequest> parse(const Words& words) {
  return parse_native(std::vector<std::string_view>(words.begin(), words.end()), read_from_map);
}

// With `text` as the file f.
Expected<NativeRequest> with_config(std::string_view text, Words words) {
  files = {{"f", std::string(text)}};
  words.insert(words.begin(), {"--config", "f"});
  return parse(words);
}

RunSpec spec_of(std::string_view text, const Words& words = {"x"}) {
  const auto request = with_config(text, words);
  EXPECT_TRUE(request) << request.error().message;
  return request ? request->spec : RunSpec{};
}

std::string error_of(std::string_view text, const Words& words = {"x"}) {
  const auto request = with_config(text, words);
  if (request) return "(no error)";
  EXPECT_EQ(request.error().status, 2);
  EXPECT_EQ(request.error().message.find('\n'), std::string::npos);
  return request.error().message;
}

std::string json_string(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
    const bool plain = static_cast<unsigned char>(c) >= ' ' && c != '"' && c != '\\';
    json += plain ? std::string(1, c) : escaped;
  }
  return json + '"';
}

// ---- every option of the table

// A value that is right for most options; where it is not, both ways must refuse it alike.
std::string value_for(const Option& option) {
  if (option.kind == ValueKind::choice) return std::string(choice_at(option, 0));
  if (option.value == "NAME=VALUE") return "A=1";
  if (option.id == Opt::rate) return "1/s";
  if (option.id == Opt::halt) return "soon,fail=1";
  if (option.id == Opt::term_seq) return "INT,1s,KILL";
  return "1";
}

// What some need beside them.
Words companions(const Option& option) {
  if (option.id == Opt::no_header || option.id == Opt::separator) return {"--csv"};
  if (option.id == Opt::no_match) return {"--match", "x"};
  if (option.id == Opt::lock_wait) return {"--lock", "x"};
  return {};
}

// The two ways to say the same: equal requests, or equal errors but for the option's name.
void expect_same(const Option& option, const std::string& json, const std::string& value) {
  SCOPED_TRACE(json);
  Words typed = companions(option);
  Words rest = typed;
  const std::string name = spelling(option);
  if (option.kind == ValueKind::none) {
    typed.push_back(name);
  } else {
    typed.insert(typed.end(), {name, value});
  }
  typed.push_back("x");
  rest.push_back("x");
  const auto one = parse(typed);
  const auto other =
      with_config("{\"" + std::string(config_key(option)) + "\": " + json + "}", rest);
  ASSERT_EQ(one.has_value(), other.has_value())
      << (one ? other.error().message : one.error().message);
  if (one) {
    EXPECT_EQ(one->spec, other->spec);
    EXPECT_EQ(one->rules_file, other->rules_file);
    EXPECT_EQ(one->input_given, other->input_given);
  } else {
    EXPECT_EQ(other.error().message.substr(0, 4), "f:1:");
    EXPECT_EQ(other.error().message.substr(other.error().message.find("\": ") + 1),
              one.error().message.substr(name.size()));
  }
}

TEST(Config, MeansWhatTheCommandLineMeansForEveryOption) {
  for (const Option& option : options()) {
    if (!is_configurable(option)) continue;
    SCOPED_TRACE(config_key(option));
    const std::string value = value_for(option);
    if (option.kind == ValueKind::none) {
      expect_same(option, "true", "");
      continue;
    }
    expect_same(option, json_string(value), value);
    if (option.repeatable) expect_same(option, "[" + json_string(value) + "]", value);
    const bool number = option.kind == ValueKind::number || option.kind == ValueKind::size ||
                        option.kind == ValueKind::signed_number ||
                        option.kind == ValueKind::duration || option.id == Opt::timeout ||
                        option.id == Opt::deadline;
    if (number) {
      for (const std::string text : {"1", "0", "7.5", "1e3", "-1"}) {
        if (text != "-1" || option.kind == ValueKind::signed_number) {
          expect_same(option, text, text);
        }
      }
    }
  }
}

TEST(Config, TakesFalseForAFlagThatIsNotGiven) {
  const auto plain = parse({"x"});
  for (const Option& option : options()) {
    if (option.kind != ValueKind::none || !is_configurable(option)) continue;
    EXPECT_EQ(spec_of("{\"" + std::string(config_key(option)) + "\": false}"), plain->spec);
  }
}

TEST(Config, RefusesWhatIsNotOfARun) {
  for (const Option& option : options()) {
    if (is_configurable(option)) continue;
    const std::string key(config_key(option));
    EXPECT_EQ(error_of("{\n \"" + key + "\": true}"),
              "f:2:2: \"" + key + "\": this goes on the command line only; leave it out");
  }
  EXPECT_FALSE(is_configurable(option(Opt::config)));
  EXPECT_FALSE(is_configurable(option(Opt::help)));
  EXPECT_FALSE(is_configurable(option(Opt::version)));
}

TEST(Config, RefusesOtherTypesForEveryOption) {
  for (const Option& option : options()) {
    if (!is_configurable(option)) continue;
    const std::string key(config_key(option));
    const std::string at = "f:1:" + std::to_string(key.size() + 6) + ": \"" + key + "\": ";
    SCOPED_TRACE(key);
    EXPECT_EQ(error_of("{\"" + key + "\": null}").substr(0, at.size() + 24),
              at + "null does not go here; w");
    if (option.kind == ValueKind::none) {
      EXPECT_EQ(error_of("{\"" + key + "\": \"true\"}"),
                at + "\"true\" does not go here; write true or false");
    } else {
      EXPECT_EQ(error_of("{\"" + key + "\": true}").substr(0, at.size() + 24),
                at + "true does not go here; w");
      EXPECT_NE(error_of("{\"" + key + "\": [[]]}").find("a list does not go here; write"),
                std::string::npos);
    }
  }
}

// ---- what holds

TEST(Config, LetsTheCommandLineWin) {
  const auto both = [](const Words& words) {
    return spec_of(R"({"jobs": 2, "output": "line", "delay": "1s"})", words);
  };
  EXPECT_EQ(both({"x"}).pool.jobs.value, 2);
  EXPECT_EQ(both({"-j4", "x"}).pool.jobs.value, 4);
  EXPECT_EQ(both({"--output=none", "x"}).output.mode, OutputMode::none);
  EXPECT_EQ(both({"--output=none", "x"}).pool.jobs.value, 2);
  // The place of --config among the options means nothing.
  files = {{"f", R"({"jobs": 2})"}};
  EXPECT_EQ(parse({"-j4", "--config=f", "x"})->spec.pool.jobs.value, 4);
  // As with a scalar that is typed twice, only the last value is looked at.
  EXPECT_EQ(spec_of(R"({"jobs": "many"})", {"-j4", "x"}).pool.jobs.value, 4);
}

TEST(Config, AddsUpWhatMayBeRepeated) {
  EXPECT_EQ(spec_of(R"({"env": ["A=1", "B=2"]})", {"--env", "A=3", "x"}).command.env,
            (Variables{{"A", "1"}, {"B", "2"}, {"A", "3"}}));
  EXPECT_EQ(spec_of(R"({"input": ["a", "b"]})", {"-a", "c", "x"}).input.files,
            (Words{"a", "b", "c"}));
  EXPECT_EQ(spec_of(R"({"input": []})").input.files, Words{});
  EXPECT_EQ(spec_of(R"({"env": {"A": "1=2", "B": ""}})").command.env,
            (Variables{{"A", "1=2"}, {"B", ""}}));
}

TEST(Config, LetsALaterFileWinOverAnEarlierOne) {
  files = {{"a", R"({"jobs": 2, "tag": true, "trace": true, "env": ["A=1"]})"},
           {"b", R"({"jobs": 3, "tag": false, "env": ["A=2"]})"}};
  const RunSpec spec = parse({"--config", "a", "-k", "--config", "b", "x"})->spec;
  EXPECT_EQ(spec.pool.jobs.value, 3);
  EXPECT_FALSE(spec.output.tag);
  EXPECT_TRUE(spec.output.trace);
  EXPECT_TRUE(spec.output.keep_order);
  EXPECT_EQ(spec.command.env, (Variables{{"A", "1"}, {"A", "2"}}));
  EXPECT_TRUE(parse({"--config", "b", "--config", "a", "x"})->spec.output.tag);
  EXPECT_TRUE(parse({"--config", "b", "--tag", "x"})->spec.output.tag);
}

TEST(Config, IsNotReadForHelpOrUnlessNamed) {
  files = {};
  EXPECT_EQ(parse({"--config", "none", "--help"})->kind, NativeRequest::Kind::help);
  EXPECT_TRUE(parse({"x", "--config", "none"}));
  EXPECT_FALSE(parse({"--config", "none", "x"}));
}

TEST(Config, KeepsTextAsItIs) {
  for (const std::string& text :
       {"a#b"s, "# x"s, "//x"s, "/* x */"s, "a\nb"s, "\xc3\xbc\xf0\x9f\x98\x80"s, " "s, "{}"s,
        "[a,b]"s, "--"s, "-j4"s, ":::"s, "\"\\"s, "%%"s, "\x7f\x1b"s, "$HOME"s, "true"s}) {
    const std::string json = json_string(text);
    SCOPED_TRACE(json);
    EXPECT_EQ(spec_of("{\"replacement\": " + json + "}").command.replacement, text);
    EXPECT_EQ(spec_of("{\"workdir\": " + json + "}").command.workdir, text);
    EXPECT_EQ(spec_of("{\"input\": [" + json + ", " + json + "]}").input.files,
              (Words{text, text}));
    EXPECT_EQ(spec_of("{\"env\": {\"A\": " + json + "}}").command.env, (Variables{{"A", text}}));
  }
  EXPECT_EQ(spec_of(R"({"workdir": "\ud83d\ude00\u00fc"})").command.workdir,
            "\xf0\x9f\x98\x80\xc3\xbc");
  EXPECT_EQ(spec_of(R"({"delimiter": "\u0000"})").input.format, RecordFormat::null_ended);
  EXPECT_EQ(spec_of(R"({"delimiter": "a\u0000"})").input.delimiter, "a\0"s);
  EXPECT_EQ(spec_of(R"({"split": "\u0000"})").input.split, "\0"s);
  EXPECT_EQ(spec_of(R"({"tag-template": "a\u0000"})").output.tag, "a\0"s);
}

TEST(Config, KeepsRandomTextAsItIs) {
  const char* const rounds = std::getenv("DISTAFF_RANDOM_ROUNDS");
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = rounds != nullptr ? std::atoi(rounds) : 2000; round > 0; --round) {
    std::string text;
    for (std::size_t i = 1 + random() % 12; i > 0; --i) {
      static const Words kPieces = {"\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                    "#",        "//",           "\""};
      const std::size_t pick = random() % 160;
      text += pick < 127 ? std::string(1, static_cast<char>(pick + 1)) : kPieces[pick % 6];
    }
    SCOPED_TRACE(json_string(text));
    EXPECT_EQ(spec_of("{\"workdir\": " + json_string(text) + "}").command.workdir, text);
  }
}

// ---- errors, word for word

TEST(ConfigErrors, OfKeys) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"{\n  // \xc3\xbc\r\n  \"keep-oder\": true}",
       "f:3:3: \"keep-oder\": there is no such key; did you mean \"keep-order\"?"},
      {R"({"keep_order": 1})",
       "f:1:2: \"keep_order\": there is no such key; did you mean \"keep-order\"?"},
      {R"({"--jobs": 1})", "f:1:2: \"--jobs\": there is no such key; did you mean \"jobs\"?"},
      {R"({"j": 1})", "f:1:2: \"j\": there is no such key; did you mean \"jobs\"?"},
      {R"({"-I": "x"})", "f:1:2: \"-I\": there is no such key; did you mean \"replacement\"?"},
      {R"({"": 1})",
       "f:1:2: \"\": there is no such key; keys are the names of options, see distaff --help-all"},
      {R"({"a\u0000\nb": 1})",
       "f:1:2: \"a\\x00\\nb\": there is no such key; keys are the names of options, see distaff "
       "--help-all"},
      {R"({"polite": true})",
       "f:1:2: \"polite\": this is of distaff fetch, whose jobs are URLs; -g host --throttle 1s is "
       "polite"},
      {R"({"colsep": ":"})", "f:1:2: \"colsep\": here --split REGEX"},
      {R"({"jobs": 1, "jobs": 2})",
       "f:1:13: \"jobs\" is there twice in one object, first on line 1; leave one of them out"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(error_of(text), message);
}

TEST(ConfigErrors, OfTypes) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"[]", "f:1:1: a list does not go here; write an object in braces, as {\"jobs\": 4}"},
      {"/**/ 4", "f:1:6: 4 does not go here; write an object in braces, as {\"jobs\": 4}"},
      {R"({"jobs": [4]})",
       "f:1:10: \"jobs\": a list does not go here; write a number, or text in quotes"},
      {R"({"jobs": {}})",
       "f:1:10: \"jobs\": an object does not go here; write a number, or text in quotes"},
      {R"({"csv": 1})", "f:1:9: \"csv\": 1 does not go here; write true or false"},
      {R"({"ok": 3})", "f:1:8: \"ok\": 3 does not go here without quotes; write \"3\""},
      {R"({"output": 3})",
       "f:1:12: \"output\": 3 does not go here; write \"group\", \"line\", \"raw\", \"json\", "
       "\"csv\" or \"none\""},
      {R"({"workdir": ["a"]})",
       "f:1:13: \"workdir\": a list does not go here; write text in quotes"},
      {R"({"input": ["a", null]})",
       "f:1:17: \"input\": null does not go here; write a list, as [\"FILE\"]"},
      {R"({"input": {"a": "b"}})",
       "f:1:11: \"input\": an object does not go here; write a list, as [\"FILE\"]"},
      {R"({"env": {"A": 1}})", "f:1:15: \"env\": 1 does not go here; write text in quotes"},
      {R"({"env": {"A=B": "1"}})",
       "f:1:10: \"env\": 'A=B' is no name of a variable: letters, digits and _ only"},
      {R"({"workdir": "a\u0000b"})",
       "f:1:13: \"workdir\": there is a NUL byte in it (\\u0000), which it cannot hold"},
      {R"({"env": {"A": "\u0000"}})",
       "f:1:15: \"env\": there is a NUL byte in it (\\u0000), which it cannot hold"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(error_of(text), message);
}

TEST(ConfigErrors, OfValues) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"{\"jobs\":\n 1e3}",
       "f:2:2: \"jobs\": '1e3' is no number of jobs, such as 8, 200%, +1, -1, or 0 for as many as "
       "fit"},
      {R"({"max-records": -1})",
       "f:1:17: \"max-records\": '-1' is no whole number, such as 10, max or even"},
      {R"({"output": "grup"})",
       "f:1:12: \"output\" 'grup': it is group, line, raw, json, csv or none"},
      {R"({"env": ["A=1", "B", "C=1"]})",
       "f:1:17: \"env\": 'B' is no NAME=VALUE; variables that are set here reach jobs anyway"},
      {R"({"replacement": ""})",
       "f:1:17: \"replacement\": '' is empty; leave the option out or give a value"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(error_of(text), message);
}

TEST(ConfigErrors, OfOptionsThatDoNotGoTogether) {
  EXPECT_EQ(error_of("{\n \"csv\": true}", {"-0", "x"}),
            "-0 and \"csv\" of f:2:2: records have one form; leave one of them out");
  EXPECT_EQ(error_of("{\"null\": true}", {"--csv", "x"}),
            "f:1:2: \"null\" and --csv: records have one form; leave one of them out");
  EXPECT_EQ(error_of("{\"null\": true,\n\"csv\": true}"),
            "f:1:2: \"null\" and \"csv\" of f:2:1: records have one form; leave one of them out");
  EXPECT_EQ(error_of(R"({"throttle": "2s"})", {"--parallelism", "3", "x"}),
            "f:1:14: \"throttle\" 2s and --parallelism 3: a group that rests after each job runs "
            "one at a time; leave one of them out");
  EXPECT_EQ(error_of(R"({"parallelism": 3})", {"--throttle=2s", "x"}),
            "--throttle 2s and \"parallelism\" 3 of f:1:17: a group that rests after each job runs "
            "one at a time; leave one of them out");
  EXPECT_EQ(error_of(R"({"output": "raw"})", {"-k", "x"}),
            "-k does not go with \"output\" raw of f:1:12: order needs --output group, line, json "
            "or csv");
  EXPECT_EQ(
      error_of(R"({"ungroup": true})", {"-k", "x"}),
      "-k does not go with \"ungroup\" of f:1:2: order needs --output group, line, json or csv");
  EXPECT_EQ(error_of(R"({"input": "a"})", {"x", ":::", "y"}),
            "f:1:11: \"input\" and ':::': records come from one of them; the lines of a file are a "
            "list by :::: FILE");
}

TEST(ConfigErrors, OfFiles) {
  files = {{"empty", ""}, {"blank", " \n"}, {"a\nb", "{"}};
  const auto error = [](const Words& words) { return parse(words).error().message; };
  EXPECT_EQ(error({"--config", "none", "x"}), "--config none: no such file here");
  EXPECT_EQ(error({"--config=empty", "x"}), "--config empty: the file is empty; at least it is {}");
  EXPECT_EQ(error({"--config=blank", "x"}), "--config blank: the file is empty; at least it is {}");
  EXPECT_EQ(error({"--config=", "x"}), "--config: '' is empty; name a file");
  EXPECT_EQ(error({"--config", "-", "x"}),
            "--config -: stdin is for records; name a file, or /dev/stdin");
  EXPECT_EQ(error({"--config", "a\nb", "x"}),
            "a\\nb:1:2: the file ends before a name in double quotes");
  EXPECT_EQ(read_config_file("/nowhere/f").error().message, "No such file or directory");
  EXPECT_EQ(read_config_file("/dev/zero").error().message, "longer than 1 MiB");
}

TEST(ConfigErrors, ThatAreFoundLaterNameTheirPlaceToo) {
  files = {{"f", R"({"split": "(", "env": ["A=1", "B=1"], "replacement": "%"})"}};
  const auto split = parse({"--config", "f", "-j2", "x"});
  ASSERT_TRUE(split);
  const auto said = [&](std::string message) { return located(*split, {message, 3}); };
  EXPECT_EQ(said("--split '(': bad"), (Error{"f:1:11: \"split\" '(': bad", 3}));
  EXPECT_EQ(said("--split: bad").message, "f:1:11: \"split\": bad");
  EXPECT_EQ(said("-I: bad").message, "f:1:54: \"replacement\": bad");
  for (const std::string other : {"--split", "--splitter: x", "--jobs: x", "x --split: y",
                                  "--env A: which of them is not known", ""}) {
    EXPECT_EQ(said(other).message, other);
  }
}

// ---- whatever is in the file

TEST(Config, GivesARequestOrOneLineForAnyFile) {
  std::string text = "// \xc3\xbc\n{\n  \"jobs\": \"200%\", /* x */ \"env\": {\"A\": \"1\"},\r\n";
  text +=
      " \"input\": [\"a\", \"\\ud83d\\ude00\"], \"csv\": true, \"delay\": 1.5,\n \"tag\": false}";
  EXPECT_EQ(error_of(text), "(no error)");
  for (std::size_t size = 0; size < text.size(); ++size) {
    const std::string error = error_of(text.substr(0, size));
    EXPECT_NE(error, "(no error)");
    EXPECT_TRUE(error.starts_with("f:") || error.starts_with("--config f: ")) << error;
  }
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 5000; round > 0; --round) {
    std::string changed = text;
    for (std::size_t i = 1 + random() % 3; i > 0; --i) {
      changed[random() % changed.size()] = static_cast<char>(random());
    }
    const std::string error = error_of(changed);
    EXPECT_TRUE(is_valid_utf8(error)) << error;
  }
}

}  // namespace
}  // namespace distaff::config_test
