#include "model/record.h"

namespace distaff {

std::size_t Record::memory() const {
  std::size_t bytes = sizeof(Record) + text.capacity() + problem.capacity() +
                      fields.capacity() * sizeof(std::optional<std::string>);
  for (const auto& field : fields) {
    if (field) bytes += field->capacity();
  }
  return bytes;
}

}  // namespace distaff
