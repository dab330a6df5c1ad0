#pragma once

// Memory for a run that ends because there is no more.
//
// An allocation can fail in any line, also where nothing can be thrown and where half of something
// is done.  So small ones do not fail: when the system has no more memory they are served from a
// part that was kept for this, and it is remembered that it has come to that.  The run asks in each
// turn, and then ends in order on what is left of that part.  Only large ones fail, which are few:
// what grows with a single record, or with the number of all jobs.
//
// Untouched, the part costs a few megabytes of address space and no memory.

#include <cstddef>

namespace distaff {

// As malloc, realloc and free, also for libraries that can be given such.  Null: there is no more,
// not even there.
void* allocate(std::size_t bytes) noexcept;
void* reallocate(void* block, std::size_t bytes) noexcept;
void deallocate(void* block) noexcept;

// The system had no memory for one of them.
bool memory_ran_out() noexcept;

// Nor for another's, who has told us.
void note_that_memory_ran_out() noexcept;

}  // namespace distaff
