#pragma once

// A call on its way to another process and its result on the way back.  Not for users: see
// process_pool.h.

#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "distaff/detail/frames.h"
#include "distaff/detail/future_state.h"
#include "distaff/map.h"
#include "distaff/register.h"
#include "distaff/serialize.h"

namespace distaff::inline v0::detail {

// The exception that another process wrote.
std::exception_ptr read_thrown(Decoder& decoder);

// Calls the function of a frame in this process; its result is dropped, its exception thrown.
void call_frame_here(const std::string& frame, FrameTag tag);

// What a pool knows of a task: its state, and bytes in both directions.
class RemoteTask {
 public:
  RemoteTask(FutureBase& state, FrameTag tag, std::string frame)
      : state_(state), tag_(tag), frame_(std::move(frame)) {}
  RemoteTask(const RemoteTask&) = delete;
  RemoteTask& operator=(const RemoteTask&) = delete;

  FutureBase& state() { return state_; }
  const std::string& frame() const { return frame_; }
  // With its head, once the task has its number.
  std::string take_frame() {
    seal_frame(frame_, tag_, state_.id());
    return std::exchange(frame_, {});
  }
  // Nobody has read it.
  void put_back(std::string frame) { frame_ = std::move(frame); }
  // The end, by the payload of the answer.
  void complete(std::string_view payload) {
    try {
      Decoder decoder(payload);
      read_result(decoder);
      decoder.expect_end();
    } catch (...) {
      return fail(std::current_exception());
    }
    state_.publish(FutureStatus::completed, nullptr, nullptr);
  }
  void fail(std::exception_ptr error) {
    state_.publish(FutureStatus::failed, std::move(error), nullptr);
  }

 protected:
  ~RemoteTask() = default;
  virtual void read_result(Decoder& decoder) = 0;

  void call_here() { call_frame_here(frame_, tag_); }
  void drop_frame() noexcept { std::string().swap(frame_); }

 private:
  FutureBase& state_;
  FrameTag tag_;
  std::string frame_;  // room for the head, name, arguments
};

// Of one call.
template <class R>
class RemoteState final : public FutureState<R>, public RemoteTask {
 public:
  RemoteState(const PoolBase* pool, TaskOwner* owner, std::string frame)
      : FutureState<R>(pool, 0, owner), RemoteTask(*this, FrameTag::task, std::move(frame)) {}

  void call_revoked() override { call_here(); }

 protected:
  void read_result(Decoder& decoder) override {
    if constexpr (!std::is_void_v<R>) {
      R value{};
      decoder(value);
      this->emplace(std::move(value));
    }
  }
  void drop_function() noexcept override { drop_frame(); }
};

// Of one chunk of a map.
template <class F, class R>
class RemoteChunk final : public FutureState<ChunkResult<R>>, public RemoteTask {
 public:
  RemoteChunk(const PoolBase* pool, TaskOwner* owner, std::string frame,
              std::shared_ptr<MapShared<F>> shared, std::uint64_t index)
      : FutureState<ChunkResult<R>>(pool, 0, owner),
        RemoteTask(*this, FrameTag::chunk, std::move(frame)),
        shared_(std::move(shared)),
        index_(index) {}

  void call_revoked() override { call_here(); }

 protected:
  void read_result(Decoder& decoder) override {
    ChunkResult<R> result;
    for (bool more = false; decoder(more), more;) {
      R value{};
      decoder(value);
      result.values.push_back(std::move(value));
    }
    bool failed = false;
    decoder(failed);
    if (failed) {
      result.error = read_thrown(decoder);
      shared_->fail(index_);
    }
    this->emplace(std::move(result));
  }
  void drop_function() noexcept override { drop_frame(); }

 private:
  std::shared_ptr<MapShared<F>> shared_;
  std::uint64_t index_;
};

// A registered function as an object, for what maps ask of the types.
template <auto Function>
struct Registered {
  template <class... Given>
  requires std::is_invocable_v<decltype(Function), Given...>
  auto operator()(Given&&... given) const -> std::invoke_result_t<decltype(Function), Given...> {
    return Function(std::forward<Given>(given)...);
  }
};

template <auto Function>
std::string frame_of_name() {
  Encoder encoder(begin_frame());
  encoder(std::string(name_of<Function>()));
  return encoder.take();
}

}  // namespace distaff::inline v0::detail
