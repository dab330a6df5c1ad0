#pragma once

// Tasks, first in first out, in blocks of a page.  A block that was emptied is kept for the next
// tasks, so that a queue in use allocates nothing; and growing never moves a task.

#include <array>
#include <cstddef>
#include <utility>

#include "distaff/detail/task.h"

namespace distaff::inline v0::detail {

class TaskList {
 public:
  TaskList() = default;
  TaskList(const TaskList&) = delete;
  TaskList& operator=(const TaskList&) = delete;
  ~TaskList() {
    free_blocks(first_);
    free_blocks(spare_);
  }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  void push(Task&& task) {
    if (last_ == nullptr || last_->end == kTasks) add_block();
    last_->tasks[last_->end++] = std::move(task);
    ++size_;
  }

  Task pop() {
    Block* const block = first_;
    Task task = std::move(block->tasks[block->begin++]);
    --size_;
    if (block->begin == block->end) drop_block(block);
    return task;
  }

  void swap(TaskList& other) noexcept {
    std::swap(first_, other.first_);
    std::swap(last_, other.last_);
    std::swap(spare_, other.spare_);
    std::swap(spares_, other.spares_);
    std::swap(size_, other.size_);
  }

 private:
  static constexpr std::size_t kTasks = 63;
  static constexpr std::size_t kSpares = 256;

  struct Block {
    Block* next = nullptr;
    std::size_t begin = 0;
    std::size_t end = 0;
    std::array<Task, kTasks> tasks;
  };

  void add_block() {
    Block* block = spare_;
    if (block == nullptr) {
      block = new Block;
    } else {
      spare_ = block->next;
      --spares_;
      block->next = nullptr;
      block->begin = block->end = 0;
    }
    (last_ == nullptr ? first_ : last_->next) = block;
    last_ = block;
  }

  void drop_block(Block* block) {
    first_ = block->next;
    if (first_ == nullptr) last_ = nullptr;
    if (spares_ == kSpares) {
      delete block;
      return;
    }
    block->next = spare_;
    spare_ = block;
    ++spares_;
  }

  static void free_blocks(Block* block) {
    while (block != nullptr) delete std::exchange(block, block->next);
  }

  Block* first_ = nullptr;
  Block* last_ = nullptr;
  Block* spare_ = nullptr;
  std::size_t spares_ = 0;
  std::size_t size_ = 0;
};

}  // namespace distaff::inline v0::detail
