#pragma once

// Mistakes that show only where the command meets its surroundings: the file on stdout, the files
// of this directory, the first lines of the input.

#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "compose/template.h"
#include "input/open_source.h"
#include "model/run_spec.h"

namespace distaff {

// Refuses a stdout that is a file of the name '{}.out': the shell opened it before we saw the `>`,
// and all jobs would write into that one file.
Expected<void> check_output_file(const TemplateSyntax& syntax);

// Refuses `distaff fetch urls.txt`: a word that is no URL, and a file here.
Expected<void> check_urls(const RunSpec& spec);

// What to add if the program of the command is not found; empty if there is nothing to say.
std::string advice_on_program(const CommandSpec& command);

// Makes a source refuse a table where lines are read; see TableHint.  Gives what to say at once of
// {name} where names mean nothing.
std::string expect_a_table(const CommandSpec& command, OpenedSource& opened);

// Learns the names of the first object of JSON lines where a template of the run depends on them.
void learn_names(const RunSpec& spec, OpenedSource& opened);

// What to say of braces in a template that look like a field and stay text, where fields have
// names; empty if there are none.
std::string advice_on_braces(const RunSpec& spec, const TemplateSyntax& syntax);

// What to add where the first job has no key.
std::string advice_on_key(const RunSpec& spec);

// Records come from a stdin that has none and never will: what to say of it; empty if they do not.
std::string advice_on_stdin(const InputSpec& input);

// What to say of a header that looks like a record, or like one with another separator; empty if it
// does not.
std::string advice_on_header(const InputSpec& input, const FieldScheme& scheme);

// What to say of names that are used and may not mean what they seem to: of two columns, or of one
// that is called by another one's number.
std::vector<std::string> advice_on_columns(const InputSpec& input, const FieldNames& names,
                                           const std::vector<std::string>& used);

// What to say of the file of --failed-to where lines cannot hold the values of `:::`; empty if it
// is made of lines, or not at all.
std::string advice_on_failed_to(const RunSpec& spec, const Source& source);

// What to do about a run that ends before its input does.
std::string advice_on_rest(const RunSpec& spec);

}  // namespace distaff
