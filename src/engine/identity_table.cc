#include "engine/identity_table.h"

#include <utility>

namespace distaff {
namespace {

std::size_t part_of(const Identity& identity) { return identity.high >> 56; }

// Hashes are spread evenly, so their size relative to all is the place relative to all.
std::size_t home_of(const Identity& identity, std::size_t entries) {
  return static_cast<std::size_t>((static_cast<unsigned __int128>(identity.low) * entries) >> 64);
}

// No fuller than nine tenths; then larger by a seventh, so never emptier than 0.78: 31 bytes.
bool is_full(std::size_t used, std::size_t entries) { return (used + 1) * 10 > entries * 9; }

}  // namespace

// Where it is, or the free entry where it belongs.
IdentityTable::Entry& IdentityTable::place_of(std::vector<Entry>& entries,
                                              const Identity& identity) {
  std::size_t at = home_of(identity, entries.size());
  while (entries[at].identity != identity && entries[at].identity != Identity{}) {
    if (++at == entries.size()) at = 0;
  }
  return entries[at];
}

void IdentityTable::grow(Part& part) {
  std::vector<Entry> larger(part.entries.empty() ? 8 : part.entries.size() * 8 / 7);
  for (const Entry& entry : part.entries) {
    if (entry.identity != Identity{}) place_of(larger, entry.identity) = entry;
  }
  part.entries = std::move(larger);
}

IdentityTable::Entry& IdentityTable::at(const Identity& identity) {
  Part& part = parts_[part_of(identity)];
  if (!part.entries.empty()) {
    Entry& found = place_of(part.entries, identity);
    if (found.identity == identity) return found;
  }
  while (is_full(part.used, part.entries.size())) grow(part);
  Entry& added = place_of(part.entries, identity);
  added.identity = identity;
  ++part.used;
  return added;
}

const IdentityTable::Entry* IdentityTable::find(const Identity& identity) const {
  const Part& part = parts_[part_of(identity)];
  if (part.entries.empty()) return nullptr;
  const Entry& found = place_of(const_cast<std::vector<Entry>&>(part.entries), identity);
  return found.identity == identity ? &found : nullptr;
}

std::size_t IdentityTable::size() const {
  std::size_t size = 0;
  for (const Part& part : parts_) size += part.used;
  return size;
}

std::size_t IdentityTable::memory() const {
  std::size_t bytes = sizeof *this;
  for (const Part& part : parts_) bytes += part.entries.capacity() * sizeof(Entry);
  return bytes;
}

}  // namespace distaff
