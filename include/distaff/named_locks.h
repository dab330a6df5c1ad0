#pragma once

// A lock for each name, as long as somebody wants it.
//
//   distaff::NamedLocks<std::string> locks;
//   ...
//   auto lock = locks("example.org");        // a handle; nothing is locked yet
//   const std::lock_guard guard(lock);       // now it is
//
// Two handles of one name are the same lock. When the last handle of a name is gone, so is its
// entry: memory is for names in use, however many there ever were.
//
// Names: any type with std::hash and ==.  Not recursive.  Thread-safe: NamedLocks all of it; a
// handle is for one thread at a time (each thread asks for its own).  A handle may outlive the
// NamedLocks. Asking costs O(1) under one of a few mutexes; locking is a std::mutex.

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace distaff::inline v0 {

template <class Name, class Mutex = std::mutex>
class NamedLocks {
  struct Entry {
    Mutex mutex;
    std::size_t handles = 0;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<Name, Entry> entries;  // nodes stay where they are
  };
  struct Table {
    std::array<Shard, 16> shards;
    // The upper bits: the lower ones choose the place within a shard's table.
    Shard& of(const Name& name) {
      return shards[(std::hash<Name>{}(name)*0x9E3779B97F4A7C15u) >> 60];
    }
  };

 public:
  // Lockable; unlocks nothing by itself when it goes.
  class Handle {
   public:
    Handle(Handle&& other) noexcept
        : table_(std::move(other.table_)), node_(std::exchange(other.node_, nullptr)) {}
    Handle& operator=(Handle&& other) noexcept {
      std::swap(table_, other.table_);
      std::swap(node_, other.node_);
      return *this;
    }
    ~Handle() {
      if (node_ == nullptr) return;
      Shard& shard = table_->of(node_->first);
      const std::lock_guard lock(shard.mutex);
      if (--node_->second.handles == 0) shard.entries.erase(shard.entries.find(node_->first));
    }

    void lock() { node_->second.mutex.lock(); }
    bool try_lock() { return node_->second.mutex.try_lock(); }
    void unlock() { node_->second.mutex.unlock(); }

    const Name& name() const { return node_->first; }

   private:
    friend class NamedLocks;
    using Node = typename std::unordered_map<Name, Entry>::value_type;
    Handle(std::shared_ptr<Table> table, Node& node) : table_(std::move(table)), node_(&node) {}

    std::shared_ptr<Table> table_;
    Node* node_ = nullptr;
  };

  NamedLocks() : table_(std::make_shared<Table>()) {}
  NamedLocks(const NamedLocks&) = delete;
  NamedLocks& operator=(const NamedLocks&) = delete;

  // The lock of this name.
  Handle operator()(const Name& name) {
    Shard& shard = table_->of(name);
    const std::lock_guard lock(shard.mutex);
    auto& node = *shard.entries.try_emplace(name).first;
    ++node.second.handles;
    return Handle(table_, node);
  }
  Handle operator[](const Name& name) { return (*this)(name); }

  // True while somebody has a handle of it.
  bool contains(const Name& name) const {
    const Shard& shard = table_->of(name);
    const std::lock_guard lock(shard.mutex);
    return shard.entries.contains(name);
  }

  // Of names in use, in no order; with others at work, as it was a moment ago.
  std::size_t size() const {
    std::size_t size = 0;
    for (const Shard& shard : table_->shards) {
      const std::lock_guard lock(shard.mutex);
      size += shard.entries.size();
    }
    return size;
  }
  std::vector<Name> names() const {
    std::vector<Name> names;
    for (const Shard& shard : table_->shards) {
      const std::lock_guard lock(shard.mutex);
      for (const auto& entry : shard.entries) names.push_back(entry.first);
    }
    return names;
  }

 private:
  std::shared_ptr<Table> table_;
};

}  // namespace distaff::inline v0
