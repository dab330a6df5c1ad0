#pragma once

// Who holds the lock of a file.

#include <string>

namespace distaff {

// The process that holds a flock() of the file that `fd` is open on, as the kernel tells; 0 if it
// does not, as across containers.
int flock_holder(int fd);

}  // namespace distaff
