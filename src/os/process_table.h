#pragma once

// The processes below us, as /proc shows them, and signals that reach the one that is meant.
//
// A child of ours keeps its number until we reap it, so we may signal it without a thought.  Any
// other process may have been reaped by its parent, and its number given to a stranger, between
// our look and our signal; those are held by a pidfd and looked at again before it is used.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace distaff {

struct ProcessEntry {
  pid_t pid = -1;
  pid_t parent = -1;
  pid_t group = -1;
  pid_t session = -1;
  std::uint64_t started = 0;  // in ticks since boot: tells apart who had the same number
  bool zombie = false;        // ended, and not reaped

  bool operator==(const ProcessEntry&) const = default;
};

// Now, as ProcessEntry::started has it.
std::uint64_t ticks_since_boot();

// Nothing if there is no such process (any more).
std::optional<ProcessEntry> look_at_process(pid_t pid);

// A child that was forked and has not come to its own program by exec; also of one that has ended
// and is not reaped.
bool is_before_exec(pid_t pid);

// Our own children, zombies too, whichever thread of ours started or adopted them.
std::vector<pid_t> own_children();

// Everybody below us, children before their own children, but only in the families of those of our
// children for whom `wanted` is true.  `top` is which child of ours it is below, or is.
struct Descendant {
  ProcessEntry process;
  pid_t top = -1;
};
std::vector<Descendant> descendants(const std::function<bool(pid_t)>& wanted);

// What a process runs, in one line for people; its short name if it hides its arguments.
std::string command_line(pid_t pid);

// A variable in the environment it was started with; nothing if it has none, or is another user's.
std::optional<std::string> environment_variable(pid_t pid, std::string_view name);

enum class Sent { sent, gone, refused };  // refused: it is another user's

// `process` is as looked at before.
Sent send_signal(const ProcessEntry& process, int signal);

// Kills our children and reaps them until there are none.  Orphans below us come to us, if we are
// their sub-reaper, so that this ends everybody, without a race: those who fork while we kill just
// come later.  Those for whom `spare` is true live.  Gives up after `limit`, and at once if none
// that is left may be signalled by us; gives the processes that are left.
std::vector<pid_t> kill_all_children(const std::function<bool(pid_t)>& spare, Duration limit);

// Asks everybody below us by TERM to end, and reaps our children until there are none, for so long
// at most.  Those for whom `spare` is true, and all below them, are not asked.
void ask_all_to_end(const std::function<bool(pid_t)>& spare, Duration time);

}  // namespace distaff
