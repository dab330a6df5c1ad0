#pragma once

// Everything a job needs to be carried out: what compose makes of it, and exec or fetch carries
// out.  A process to be started, or a request to be sent.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/packed_texts.h"
#include "model/request.h"

namespace distaff {

struct Launch {
  std::vector<std::string> argv;  // argv[0] is looked up in the job's PATH

  // NAME=VALUE, added to our own environment or replacing there; the last of a name counts.
  std::vector<std::string> env;

  std::string workdir;                    // empty: ours
  std::optional<std::string> stdin_text;  // nothing: /dev/null, or the terminal if the run says so
  std::shared_ptr<const PackedTexts> stdin_batch;  // not null: this is fed, and not a text

  // The program is the same for every job: if it cannot be found or run, no job can.
  bool fixed_program = false;

  // argv is `sh -c SCRIPT sh VALUE...`, made by us: the script with its values in it, for people;
  // and the same as it can be pasted, with directory and environment.  Empty: there is no better
  // text than argv.
  std::string shown;
  std::string pasted;

  // `distaff fetch`: this is to be asked of a server, and the rest is empty.
  std::optional<Request> request;

  bool is_fed() const { return stdin_text || stdin_batch; }

  bool operator==(const Launch&) const = default;
};

}  // namespace distaff
