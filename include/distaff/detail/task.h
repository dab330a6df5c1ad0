#pragma once

// A function in a pool's queue.  Not for users: see pool.h.
//
// As large as a cache line: small functions are kept in place, so that posting one allocates
// nothing, and a task is moved by copying its bytes wherever the function allows.

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "distaff/detail/future_state.h"
#include "distaff/log.h"

namespace distaff::inline v0::detail {

class Task {
 public:
  Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  Task(Task&& other) noexcept { take(other); }
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      drop();
      take(other);
    }
    return *this;
  }
  ~Task() { drop(); }

  // Fire and forget: what the function throws is logged.
  template <class F>
  static Task post(F&& function) {
    using Function = std::decay_t<F>;
    Task task;
    if constexpr (kFits<Function>) {
      ::new (task.room_) Function(std::forward<F>(function));
      task.ops_ = &InPlace<Function>::ops;
    } else {
      task.set_pointer(new Function(std::forward<F>(function)));
      task.ops_ = &OnHeap<Function>::ops;
    }
    return task;
  }

  // Takes over one reference.
  static Task of(FutureBase* state) {
    Task task;
    task.set_pointer(state);
    task.ops_ = &kOfState;
    return task;
  }

  // Once.  False if it was withdrawn.
  bool run(FinishedCount* finished) { return ops_->run(room_, finished); }
  // What run() would call, with its exceptions.
  void rerun() { ops_->rerun(room_); }
  // Null for a posted function.
  FutureBase* state() const { return ops_ == &kOfState ? pointer<FutureBase>(room_) : nullptr; }

 private:
  static constexpr std::size_t kRoom = 48;

  struct Ops {
    bool (*run)(void*, FinishedCount*);
    void (*rerun)(void*);
    void (*relocate)(void* from, void* to) noexcept;  // null: its bytes
    void (*drop)(void*) noexcept;                     // null: nothing to do
  };

  template <class F>
  static constexpr bool kFits =
      sizeof(F) <= kRoom &&
      alignof(F) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<F>;

  template <class F>
  static bool call(F& function, FinishedCount* finished) {
    try {
      function();
    } catch (...) {
      log_failure();
    }
    if (finished != nullptr) finished->fetch_add(1, std::memory_order_relaxed);
    return true;
  }

  static void log_failure() noexcept;

  template <class T>
  static T* pointer(const void* room) {
    T* pointer = nullptr;
    std::memcpy(&pointer, room, sizeof pointer);
    return pointer;
  }
  template <class T>
  void set_pointer(T* pointer) {
    std::memcpy(room_, &pointer, sizeof pointer);
  }

  template <class F>
  struct InPlace {
    static F& at(void* room) { return *std::launder(static_cast<F*>(room)); }
    static bool run(void* room, FinishedCount* finished) { return call(at(room), finished); }
    static void rerun(void* room) { at(room)(); }
    static void relocate(void* from, void* to) noexcept {
      ::new (to) F(std::move(at(from)));
      at(from).~F();
    }
    static void drop(void* room) noexcept { at(room).~F(); }
    static constexpr Ops ops = {run, rerun, std::is_trivially_copyable_v<F> ? nullptr : relocate,
                                std::is_trivially_destructible_v<F> ? nullptr : drop};
  };

  template <class F>
  struct OnHeap {
    static bool run(void* room, FinishedCount* finished) {
      return call(*pointer<F>(room), finished);
    }
    static void rerun(void* room) { (*pointer<F>(room))(); }
    static void drop(void* room) noexcept { delete pointer<F>(room); }
    static constexpr Ops ops = {run, rerun, nullptr, drop};
  };

  static const Ops kOfState;

  void take(Task& other) noexcept {
    ops_ = std::exchange(other.ops_, nullptr);
    if (ops_ == nullptr) return;
    if (ops_->relocate == nullptr) {
      std::memcpy(room_, other.room_, kRoom);
    } else {
      ops_->relocate(other.room_, room_);
    }
  }

  void drop() noexcept {
    if (ops_ != nullptr && ops_->drop != nullptr) ops_->drop(room_);
    ops_ = nullptr;
  }

  alignas(std::max_align_t) std::byte room_[kRoom];
  const Ops* ops_ = nullptr;
};

static_assert(sizeof(Task) == 64);

}  // namespace distaff::inline v0::detail
