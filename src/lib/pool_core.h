#pragma once

// The compiled half of a pool, as PoolBase knows it; what each function promises is told there.

#include <optional>
#include <string>
#include <vector>

#include "distaff/deadline.h"
#include "distaff/pool.h"

namespace distaff::inline v0::detail {

class PoolCore {
 public:
  virtual ~PoolCore() = default;

  virtual const std::string& name() const = 0;
  virtual int max_workers() const = 0;
  // Nothing: as many as waiting tasks need.
  virtual int spawn(std::optional<int> count) = 0;
  virtual bool join(const Deadline& deadline) = 0;
  virtual bool shutdown(Pending pending) = 0;
  virtual void check() const = 0;
  virtual void test() const = 0;
  virtual PoolStats stats() const = 0;
  virtual bool is_closed() const = 0;
  virtual bool is_terminated() const = 0;
  virtual bool is_broken() const = 0;
  virtual std::vector<CancelledTask> cancelled_tasks() const = 0;
};

}  // namespace distaff::inline v0::detail
