#pragma once

// A control group (cgroup v2) of our own, in which everybody can be killed by one write, also those
// who fork faster than we can look.
//
// It is made beside nobody's: below the group we are in, which the kernel allows to root and where
// a system manager has given the group to us; elsewhere there is none, and the run is without.
// Moving a process into a group takes 0.3 ms and more, so it is for runs that last.
//
// Source: Documentation/admin-guide/cgroup-v2.rst of Linux; cgroup.kill is there from 5.14 on.

#include <optional>
#include <string>
#include <utility>

namespace distaff {

class Cgroup {
 public:
  // Makes one and moves this process there: what it starts from now on is in it.  Nothing if that
  // is not possible.  Empty ones that killed runs left are removed.
  static std::optional<Cgroup> enter();

  // This process goes back to where it was.
  void leave() const;

  // Everybody in it is killed, whoever may be forking meanwhile.
  void kill() const { kill_all_in(directory_); }

  // Gone once nobody is in it: waits, for half a second at most, until the kernel has taken apart
  // who was killed.
  void remove() const;

  const std::string& directory() const { return directory_; }

  // The same for whoever knows only its name.
  static void kill_all_in(const std::string& directory);

 private:
  Cgroup(std::string parent, std::string directory)
      : parent_(std::move(parent)), directory_(std::move(directory)) {}

  std::string parent_, directory_;
};

}  // namespace distaff
