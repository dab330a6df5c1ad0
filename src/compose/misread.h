#pragma once

// Commands that were written by other rules than those they are read by: the user's shell took
// away too few quotes or too many, a word of the shell stands where a program must, braces were
// meant for fields.  What is found here is refused, or said once before the first job.

#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "compose/template.h"
#include "model/record.h"
#include "model/run_spec.h"

namespace distaff {

// Refuses what can never be meant: a whole script inside quotes of its own ("'sort {}'"), and a
// script where the name of a program stands ('sort {}' -u).
Expected<void> check_quotes(const CommandSpec& spec);

// Refuses a column with a blank in its name that the user's shell cut in two ({Full Name} without
// quotes).
Expected<void> check_columns(const CommandSpec& spec, const FieldScheme& scheme);

// Words of an argv that hold what only a shell reads (> | && "{}" $DISTAFF_GROUP).
void warn_of_words(const CommandSpec& spec, std::vector<std::string>& warnings);

// What to say of {2} where records have no fields, and of {name} where fields have no names: that
// it stays as it is.  Empty if there is no such word, or it is one of a language with braces.
std::string advice_on_numbers(const CommandSpec& spec, const FieldScheme& scheme);
std::string advice_on_names(const CommandSpec& spec, const FieldScheme& scheme);

// The same of {Full Nam} where fields have names, in any template of the run.
std::string advice_on_braces(std::string_view text, const TemplateSyntax& syntax);

// Whether a program of the command has braces in its own language, as awk.
bool has_braces(const CommandSpec& spec);

// What to add where the program of the command is not found; empty if there is nothing to say.
std::string advice_if_not_found(const CommandSpec& spec);

// The words in braces that look like fields, in the order they stand there: mail of {mail}.
std::vector<std::string> words_in_braces(const CommandSpec& spec);

}  // namespace distaff
