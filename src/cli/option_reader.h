#pragma once

// What the command languages of `distaff run` and `distaff fetch` have in common: options, from
// words and --config files, become a RunSpec.
//
// A language is a class derived from OptionReader: it reads and checks topic by topic, and the
// first error stays; what is read after it does not matter.  Here are the topics that are the same
// for both; an option that only one program has is simply never given in the other.

#include <fmt/format.h>

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/expected.h"
#include "base/text.h"
#include "cli/arguments.h"
#include "cli/config.h"
#include "cli/flags.h"
#include "cli/native.h"
#include "cli/option_table.h"

namespace distaff {

struct TypedOptions {
  Arguments arguments;
  Flags flags;
  // --help and its kin: nothing else counts, and no file was read.
  std::optional<NativeRequest::Kind> answer;
};

// Walks over the words, and reads the files of --config.
Expected<TypedOptions> collect_options(std::span<const std::string_view> words, ReadConfig read,
                                       Program program);

// The places of what --config files said, for NativeRequest::configured.
std::vector<std::pair<std::string, std::string>> configured_places(const Flags& flags,
                                                                   Program program);

// Any text but an empty one.
Expected<std::string> parse_text(std::string_view text);

class OptionReader {
 protected:
  OptionReader(Program program, const Flags& flags, Arguments& arguments)
      : program_(program), flags_(flags), arguments_(arguments) {}
  ~OptionReader() = default;

  // ---- reading one option each

  template <class T, class Parse>
  void read(Opt id, T& target, Parse parse) {
    if (!error_ && flags_.has(id)) take(flags_.spelled(id), flags_.value(id), target, parse);
  }

  // One more element of `target` for each time it was given.
  template <class T, class Parse>
  void read_each(Opt id, std::vector<T>& target, Parse parse) {
    for (std::size_t i = 0; i < flags_.values(id).size(); ++i) {
      const std::string& value = flags_.values(id)[i];
      T element;
      if (!error_) take(flags_.spelled(id, i), value, element, parse);
      target.push_back(std::move(element));
    }
  }

  template <class T, class Parse>
  void take(const std::string& name, const std::string& value, T& target, Parse parse) {
    auto parsed = parse(value);
    if (parsed) {
      target = std::move(*parsed);
    } else {
      fail_with("{}: {}", name, printable(parsed.error().message, 400));
    }
  }

  // The enumerators of E are in the order of the choices.
  template <class E>
  void read_choice(Opt id, E& target) {
    if (error_ || !flags_.has(id)) return;
    const Option& meant = option(id, program_);
    const std::string& value = flags_.value(id);
    for (std::size_t i = 0; i < choice_count(meant); ++i) {
      if (choice_at(meant, i) == value) {
        target = static_cast<E>(i);
        return;
      }
    }
    fail_with("{} {}", flags_.spelled(id), unknown_choice(meant, value));
  }

  static std::string unknown_choice(const Option& option, std::string_view value);

  // ---- what is said when options do not go together

  template <class... Args>
  void fail_with(fmt::format_string<Args...> format, Args&&... args) {
    if (!error_) error_ = Error{fmt::format(format, std::forward<Args>(args)...)};
  }

  // "--csv", as it was written: what a message begins with, and what stands inside one.
  const std::string& spelled(Opt id) const { return flags_.spelled(id); }
  std::string mentioned(Opt id) const { return flags_.mentioned(id); }

  // The options of the list that were given; at most one may be.
  void exclusive(std::initializer_list<Opt> ids, std::string_view why) {
    const Opt* first = nullptr;
    for (const Opt& id : ids) {
      if (!flags_.has(id)) continue;
      if (first != nullptr) fail_with("{} and {}: {}", spelled(*first), mentioned(id), why);
      first = &id;
    }
  }

  // ---- topic by topic

  void read_input();
  void check_input();
  void check_separator();
  void read_pool();
  void read_groups();
  void check_groups();
  void read_surroundings();  // what is printed of jobs beside their output, and what is held back
  void read_failure();       // but which statuses are success, and worth another try
  void read_journal();
  void check_journal();
  void read_cron();
  void check_cron();
  void read_progress();

  // The option that says what records are, as it was written.
  std::string format_word() const;

  Program program_;
  const Flags& flags_;
  Arguments& arguments_;
  NativeRequest request_;
  std::optional<Error> error_;

 private:
  void check_lists();
};

}  // namespace distaff
