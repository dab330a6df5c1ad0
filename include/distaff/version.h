#pragma once

// The version of these headers, as in the package: semantic versioning, and before 1.0 without a
// promise that objects compiled with another version can be linked.
//
// Everything public lives in the inline namespace v0, so that code of two versions which do not
// fit each other fails to link instead of misbehaving.  Write `distaff::Name`.

namespace distaff::inline v0 {

inline constexpr int kVersionMajor = 0;
inline constexpr int kVersionMinor = 1;
inline constexpr int kVersionPatch = 0;

}  // namespace distaff::inline v0
