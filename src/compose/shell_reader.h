#pragma once

// Reads a shell script with replacements and spells them for the quoting around them.  The rules
// are in the essay of shell_reader.cc.

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compose/shell_script.h"

namespace distaff {

class ShellReader {
 public:
  // Both must outlive the reader.
  ShellReader(std::string_view script, const ShellScriptOptions& options);

  // Reads all of it, once.  False: error() says what is wrong.
  bool read();

  const Error& error() const { return error_; }
  // The mistake is one even in a script without replacements.
  bool is_fatal() const { return fatal_; }

  // What was read: `text` is without a prelude.
  ShellScript take() { return std::move(result_); }

 private:
  enum class End { text, paren, case_item };  // what a list of commands ends at
  enum class Context { bare, quoted, here_doc, arithmetic };
  enum class Step { go_on, done, failed };

  // How a replacement is written: `alone` is bare, and may be several words if nothing joins it;
  // `inner` and `body` are quoted, in the word of "${x:-…}" and in a here-document.
  enum class Spelling { alone, bare, pattern, quoted, inner, body, single, arithmetic };

  // Where the next word of a list stands.
  enum class Place {
    keyword,  // a command or a reserved word
    command,  // a command: after an assignment or a redirection
    timed,    // after `time`: a keyword in bash, a command in dash
    argument,
    closed,  // after `}`, `fi`, `done`, `)`: only reserved words
    ended,   // after a redirection there: nothing
    for_name,
    for_in,
    function_name,
    test,  // between [[ and ]]
  };

  // A position in which no replacement can stand.
  struct Forbidden {
    const char* where;
    const char* instead;
  };

  struct Compound {
    std::string_view name;  // "{" "if" "while" "for"
    bool function = false;  // the body of one
    bool has_in = false;    // for x in
    std::string variable;   // of a for
  };

  struct List {
    End end = End::text;
    Place place = Place::keyword;
    std::vector<Compound> open;
    std::string command;             // name of the simple command being read, without its quotes
    std::vector<std::string> words;  // of it, as find_second_shell() takes them
    bool only_a_name = false;  // `command` is all there is of it: `()` would make it a function
    bool function_pending = false;  // f() was read, its body was not
    bool option_name = false;       // after `set -o`
    bool for_words = false;         // behind the `in` of a for
    bool test_operand = false;      // after && or || in [[ ]]
    bool test_regex = false;        // after =~ there
    bool test_number = false;       // after -eq and its like there
    bool test_value = false;        // the word before holds a value
    std::string_view test_before;   // that word
    int test_depth = 0;             // open parentheses there
  };

  struct Word {
    std::string text;   // its characters, as far as it is plain
    bool plain = true;  // no quotes, no expansions
    bool assignment = false;
    bool replaced = false;
    int subscript = 0;  // open brackets after a name
    std::size_t subscript_from = 0;
    std::size_t values = 0;         // how many it holds that need not be integers
    std::size_t direct_values = 0;  // of them in no $(…)
    std::string_view written;       // all of it, as it stands in the script
  };

  struct HereDoc {
    std::string end_word;
    bool quoted = false;
    bool tabs = false;  // <<-
  };

  // ---- the cursor: what is read is copied
  bool at_end() const { return at_ >= end_; }
  char peek(std::size_t ahead = 0) const;
  bool sees(std::string_view text) const;
  void copy(std::size_t bytes);
  bool line_break();  // copies a newline inside of something
  bool continued(std::size_t ahead) const { return peek(ahead) == '\\' && peek(ahead + 1) == '\n'; }
  bool at_delimiter() const;
  bool skip_blanks();
  bool skip_lines();
  bool continuation();

  // ---- errors; all return false
  bool refuse(std::string what, std::string_view instead);
  bool refuse_value(const Replacement& value, std::string_view where, std::string_view instead);
  bool unclosed(std::string_view what, std::size_t from);

  // ---- replacements
  bool replacement_at(std::size_t at) const;
  bool try_replacement(Spelling spelling, bool& done);
  bool put(const Replacement& value, std::size_t from, Spelling spelling);
  bool put_records(const Replacement& value, Spelling spelling);
  std::size_t index_of(const Replacement& value, bool arithmetic);
  std::string unused_name();

  // ---- what is noted for those who want to see it: shell_notes.cc
  void note_value(Spelling spelling, std::size_t from, std::size_t value);
  void note_break(ShellPlace::Kind kind, std::size_t from);
  void note_newline(const List& list);
  void note_joint(ShellJoints joint);
  void note_command(const List& list, const Word& word);
  void note_argument(const List& list, const Word& word, std::string_view raw);
  void note_keyword(std::string_view word);
  void note_operator(std::string_view op);
  void note_target(std::string_view rest);
  void note_character(const Word& word, std::size_t from);
  void note_history();
  void note_parameter(std::string_view name);
  void note_arithmetic(std::string_view text);
  void note_script();

  // ---- lists of commands
  bool command_list(End end);
  Step step(List& list);
  bool finish(List& list);
  void comment();
  bool newline(List& list);
  Step operator_(List& list);
  bool separator(List& list, std::string_view op);
  bool redirection(List& list, std::string_view op);
  bool open_paren(List& list);
  bool refuse_parens(const List& list);
  bool function_parens(List& list);
  bool take_word(List& list);
  bool refuse_second_shell(List& list, const Word& word, std::size_t from);
  Replacement value_within(std::string_view text) const;
  std::string without_quotes(std::size_t from) const;
  std::size_t skip_expansion(std::size_t at) const;
  bool holds_value(std::size_t from, std::size_t end) const;
  static void begin_command(List& list);
  bool command_word(List& list, const Word& word);
  bool argument_word(List& list, const Word& word);
  bool test_word(List& list, const Word& word);
  bool for_word(List& list, const Word& word);
  bool keyword(List& list, std::string_view word, bool& taken);
  bool opens(List& list, std::string_view word);
  bool closes(List& list, std::string_view word);
  bool case_clause(List& list);
  bool case_items();
  bool case_pattern();

  // ---- words and what they are made of
  bool word(Word& word, bool several);
  bool word_parts(Word& word, bool several, const Forbidden* outside);
  bool word_part(Word& word, const Forbidden* outside);
  bool word_subscript(const Word& word);
  void bracket(Word& word, const Forbidden* outside);
  void equals_sign(Word& word);
  bool bare_backslash(Word* word);
  bool single_quotes();
  bool double_quotes();
  bool ansi_quotes();
  bool quoted_text(Context context);
  bool quoted_backslash(Context context);
  bool backquotes();
  bool end_word(bool tabs);
  bool here_docs();
  bool here_doc(const HereDoc& doc);
  bool find_body_end(const HereDoc& doc, std::size_t& body_end, std::size_t& after);

  // ---- what begins with a dollar
  bool dollar(Context context);
  bool plain_dollar(Context context);
  bool parameter(std::size_t length);
  bool braced(Context context);
  bool braced_name(std::string& name);
  bool braced_word(Context context, const std::string& op, std::string_view name);
  bool bare_braced_word();
  bool quoted_braced_word(Context context, bool pattern);
  bool inner_quotes(char quote);
  bool odd_braced(Context context);
  bool odd_braced_part(Context context);
  bool command_substitution();
  bool process_substitution();
  bool nested_list(End end);
  bool arithmetic();
  bool arithmetic_text(std::size_t opening, bool semicolons);
  std::size_t name_length(std::size_t ahead) const;
  void forbid_subscript(std::size_t ahead);

  // ---- what only a shell that is named is known to know: shell_own_forms.cc
  bool knows_more() const { return options_.family != ShellFamily::posix; }
  bool is_one_of_these(std::initializer_list<ShellFamily> families) const;
  bool double_paren(List& list);
  bool for_double_paren(List& list);
  bool arithmetic_command(bool semicolons);
  bool bracket_arithmetic();
  bool paren_in_word(Word& word, std::size_t from, bool& taken);
  bool array(Word& word);
  bool array_subscript();
  bool paren_pattern();
  bool regex(Word& word);
  bool test_paren(List& list);
  bool test_numbers(List& list, const Word& word, bool evaluates);
  bool coprocess(List& list);

  // ---- variables that hold values must not be read as arithmetic: there too
  void note_assignment(const Word& word);
  void note_list_variable(const List& list, const Word& word);
  void use_subscript(std::string_view text);
  bool check_numbers();

  std::string_view script_;
  const ShellScriptOptions& options_;
  std::size_t at_ = 0;
  std::size_t end_;                  // nothing is read from here on: inside backquotes, a body
  std::size_t literal_until_ = 0;    // in a {{…}}
  std::size_t subscript_until_ = 0;  // in $name[…], which zsh evaluates
  int depth_ = 0;                    // of recursion
  int substitutions_ = 0;            // that we are in
  int functions_ = 0;                // that we are in
  const Forbidden* forbidden_ = nullptr;

  // For the notes.
  Place word_place_ = Place::keyword;   // where the word that is being read stands
  int braces_ = 0;                      // ${…} without quotes that we are in
  int backquotes_ = 0;                  // that we are in
  std::vector<const HereDoc*> bodies_;  // that we are in
  std::size_t name_ends_ = 0;           // of the last $x, in the text
  bool left_quotes_ = false;            // '…' was left for the replacement to come

  std::vector<HereDoc> pending_;  // their bodies begin after the next newline
  bool outer_pending_ = false;    // outside of the substitution that we are in

  bool records_used_ = false;  // as "$@" or $*
  bool list_changed_ = false;  // by set or shift
  bool case_ended_ = false;    // the list of a case item ended in esac
  std::size_t next_name_ = 1;

  std::size_t values_put_ = 0;     // but for those in $((…)), which are integers
  std::size_t direct_values_ = 0;  // of them, in no $(…) that has ended
  bool test_pattern_ = false;      // the next word of [[ ]] is behind = or !=
  bool gives_text_ = false;        // <<< or the body of a here-document holds a value
  struct Assigned {
    std::string name;
    bool value = false;     // a value is in it
    std::string_view text;  // as it stands in the script
  };
  std::vector<Assigned> assigned_;
  std::vector<std::string_view> numbers_;  // what is read as arithmetic, outside of $((…))
  std::vector<std::string> read_names_;    // by read and mapfile

  ShellScript result_;
  Error error_;
  bool fatal_ = false;
};

}  // namespace distaff
