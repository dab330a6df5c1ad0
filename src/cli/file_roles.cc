#include "cli/file_roles.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "os/file_identity.h"
#include "os/replace_file.h"

namespace distaff {
namespace {

using Use = FileRole::Use;

constexpr std::array kStreamNames{"stdin", "stdout", "stderr"};

struct Known {
  FileRole role;
  FileIdentity identity;
};

class Roles {
 public:
  void add(const char* option, Use use, const std::string& path) {
    if (!path.empty()) all_.push_back({option, use, path});
  }
  void add_stream(int descriptor, Use use) {
    all_.push_back({kStreamNames[static_cast<std::size_t>(descriptor)], use, {}, descriptor});
  }
  std::vector<FileRole> take() { return std::move(all_); }

 private:
  std::vector<FileRole> all_;
};

// Gives whether stdin is among them.
bool add_input(const InputSpec& input, Roles& roles) {
  bool from_stdin = false;
  const auto add = [&](const char* option, const std::string& file) {
    from_stdin = from_stdin || file == "-";
    if (file != "-") roles.add(option, Use::read, file);
  };
  if (input.format == RecordFormat::arguments) {
    for (const ArgumentList& list : input.lists) add("::::", list.file);
    return from_stdin;
  }
  for (const std::string& file : input.files) add("-a", file);
  return from_stdin || input.files.empty();
}

void add_fetch(const FetchSpec& fetch, Roles& roles) {
  roles.add("--archive", Use::appended, fetch.archive);
  if (!fetch.archive.empty()) {
    // What SQLite makes beside it.
    for (const char* end : {"-wal", "-shm", "-journal"}) {
      roles.add("--archive", Use::written, fetch.archive + end);
    }
  }
  roles.add("--cookie-jar", Use::replaced, fetch.cookie_jar);
  roles.add("--cond", Use::read, fetch.conditions);
  roles.add("--netrc-file", Use::read, fetch.netrc_file);
  roles.add("--cert", Use::read, fetch.cert);
  roles.add("--cert-key", Use::read, fetch.cert_key);
  roles.add("--cacert", Use::read, fetch.ca_file);
  if (fetch.cookies.find('=') == std::string::npos) {
    roles.add("--cookie", Use::read, fetch.cookies);
  }
  if (fetch.data && fetch.data->starts_with('@')) {
    roles.add("--data", Use::read, fetch.data->substr(1));
  }
}

bool appends(const FileRole& stream) {
  return (::fcntl(stream.descriptor, F_GETFL) & O_APPEND) != 0;
}

bool are(const FileRole& a, const FileRole& b, std::string_view first, std::string_view second) {
  return (a.option == first && b.option == second) || (a.option == second && b.option == first);
}

// The pairs that are good, also if both are one file.
bool may_share(const FileRole& a, const FileRole& b) {
  if (a.use == Use::read && b.use == Use::read) return true;
  if (are(a, b, "stdout", "stderr") || are(a, b, "--failed-to", "-a") ||
      are(a, b, "--failed-to", "stdin") || are(a, b, "--cookie", "--cookie-jar") ||
      are(a, b, "--cond", "--archive")) {
    return true;
  }
  // Both write whole lines behind what is there.
  for (const auto& [log, stream] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    if (log->option == "--log-file" && stream->is_stream() && stream->use != Use::read) {
      return appends(*stream);
    }
  }
  return false;
}

bool may_collide(const Known& a, const Known& b) {
  using Kind = FileIdentity::Kind;
  if (a.identity != b.identity || may_share(a.role, b.role)) return false;
  if (a.identity.kind == Kind::file) return true;
  // What goes into a pipe with a name comes out of it again.
  const bool named = !a.role.is_stream() && !b.role.is_stream();
  return a.identity.kind == Kind::fifo && named &&
         (a.role.use == Use::read) != (b.role.use == Use::read);
}

// What makes it a mistake.
const char* loss(const FileRole& a, const FileRole& b) {
  if (a.use == Use::read || b.use == Use::read) return "it would be changed while it is read";
  return "each would spoil what the other writes";
}

std::string described(const FileRole& role) {
  if (role.is_stream()) return role.option;
  return fmt::format("{} '{}'", role.option, printable(role.path));
}

tl::unexpected<Error> collide(const FileRole& a, const FileRole& b) {
  return fail(fmt::format("{} is the same file as {}, and {}; name another for one of them",
                          described(a), described(b), loss(a, b)));
}

Expected<void> check_closed(const FileRole& role, const Startup& startup) {
  const auto& closed = startup.was_closed;
  if (std::find(closed.begin(), closed.end(), true) == closed.end()) return {};
  const auto stream = descriptor_named(role.path);
  if (!stream || *stream > STDERR_FILENO || !closed[*stream]) return {};
  return fail(fmt::format("{}: {} is closed; name a file", described(role), kStreamNames[*stream]));
}

std::optional<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  if (!real) return std::nullopt;
  return std::string(real.get());
}

// The directory in front of the first replacement, below which all results are.
std::string results_root(const RunSpec& spec) {
  const std::string& text = spec.output.results;
  const std::size_t replaced = std::min(text.find('{'), text.find(spec.command.replacement));
  if (replaced == std::string::npos) return text;
  const std::string literal = text.substr(0, replaced);
  return literal.find('/') == std::string::npos ? "." : literal.substr(0, literal.rfind('/') + 1);
}

// As a name, also of a stream that is a file.
std::string path_of(const FileRole& role) {
  if (!role.is_stream()) return role.path;
  return real_path(fmt::format("/proc/self/fd/{}", role.descriptor)).value_or("");
}

Expected<void> check_results(const RunSpec& spec, const FileRole& role) {
  if (spec.output.results.empty()) return {};
  const std::string path = path_of(role);
  const std::string name = path.substr(path.rfind('/') + 1);
  if (name != "stdout" && name != "stderr" && name != "job.json") return {};
  const auto root = real_path(results_root(spec)), place = real_path(directory_of(path));
  if (!root || !place || !(*place + "/").starts_with(*root == "/" ? "/" : *root + "/")) return {};
  return fail(fmt::format("{}: it lies where --results puts files of that name; name another file",
                          described(role)));
}

}  // namespace

std::vector<FileRole> file_roles(const NativeRequest& request) {
  const RunSpec& spec = request.spec;
  Roles roles;
  const bool from_stdin = add_input(spec.input, roles);
  roles.add("--rules", Use::read, request.rules_file);
  for (const std::string& file : request.config_files) roles.add("--config", Use::read, file);
  roles.add("--journal", Use::appended, spec.journal.file);
  roles.add("--joblog", Use::written, spec.journal.job_log);
  roles.add("--failed-to", Use::replaced, spec.journal.failed_to);
  roles.add("--log-file", Use::appended, spec.log.file);
  roles.add("--metrics", Use::replaced, spec.cron.metrics);
  roles.add("--stamp", Use::appended, spec.cron.stamp);
  if (spec.fetch) add_fetch(*spec.fetch, roles);
  if (from_stdin) roles.add_stream(STDIN_FILENO, Use::read);
  roles.add_stream(STDOUT_FILENO, Use::written);
  roles.add_stream(STDERR_FILENO, Use::written);
  return roles.take();
}

std::vector<RoleBelow> file_roles_below(const std::string& directory, const RunSpec& spec) {
  std::vector<RoleBelow> below;
  const auto root = real_path(directory);
  if (!root) return below;
  NativeRequest request;
  request.spec = spec;
  for (const FileRole& role : file_roles(request)) {
    const std::string path = path_of(role);
    const auto place = real_path(directory_of(path));
    if (!place || !(*place + "/").starts_with(*root + "/")) continue;
    const std::string folder = (*place + "/").substr(root->size() + 1);
    below.push_back({folder + path.substr(path.rfind('/') + 1), described(role)});
  }
  return below;
}

Expected<void> check_file_roles(const NativeRequest& request, const Startup& startup) {
  std::vector<Known> known;
  for (FileRole& role : file_roles(request)) {
    if (!role.is_stream()) {
      if (const auto open = check_closed(role, startup); !open) return open;
    }
    if (const auto apart = check_results(request.spec, role); !apart) return apart;
    const auto identity = role.is_stream() ? identity_of(role.descriptor) : identity_of(role.path);
    if (!identity || identity->kind == FileIdentity::Kind::other) continue;
    Known found{std::move(role), *identity};
    for (const Known& other : known) {
      const bool is_list = are(other.role, found.role, "--failed-to", "::::");
      if (is_list && request.spec.input.lists.size() == 1) continue;  // its lines are the records
      if (may_collide(other, found)) return collide(other.role, found.role);
    }
    known.push_back(std::move(found));
  }
  return {};
}

}  // namespace distaff
