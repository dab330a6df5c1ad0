#pragma once

#include <string>
#include <utility>

#include "model/record.h"

namespace distaff {

// A record that is one line, for tests.
inline Record line(std::string text) {
  Record record;
  record.text = std::move(text);
  return record;
}

}  // namespace distaff
