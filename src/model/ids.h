#pragma once

// Numbers that must not be mixed up are types of their own.

#include <cstdint>

namespace distaff {

// A job's number in input order, from 1: what users see as {#} and DISTAFF_SEQ.
enum class JobId : std::uint64_t {};

// A group the scheduler knows.  Handles of forgotten groups are used again.
enum class GroupId : std::uint32_t {};

// A place in the pool, 1..J: what users see as {%}.
using Slot = int;

inline constexpr std::uint64_t number(JobId id) { return static_cast<std::uint64_t>(id); }
inline constexpr std::uint32_t number(GroupId id) { return static_cast<std::uint32_t>(id); }

enum class Stream : std::uint8_t { out, err };

// What a job is, whatever its place in the input: 128 bits of a hash.  All zero: not asked for.
struct Identity {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  bool operator==(const Identity&) const = default;
};

}  // namespace distaff
