#include "distaff/pool.h"

#include <utility>

#include "lib/pool_core.h"

namespace distaff::inline v0 {

PoolBase::PoolBase(std::shared_ptr<detail::PoolCore> core) : core_(std::move(core)) {}

const std::string& PoolBase::name() const { return core_->name(); }
int PoolBase::max_workers() const { return core_->max_workers(); }
int PoolBase::spawn_workers(int count) { return core_->spawn(count); }
int PoolBase::spawn_workers() { return core_->spawn(std::nullopt); }
bool PoolBase::join(Deadline deadline) { return core_->join(deadline); }
bool PoolBase::shutdown(Pending pending) { return core_->shutdown(pending); }
void PoolBase::check() const { core_->check(); }
void PoolBase::test() const { core_->test(); }
PoolStats PoolBase::stats() const { return core_->stats(); }
bool PoolBase::is_closed() const { return core_->is_closed(); }
bool PoolBase::is_terminated() const { return core_->is_terminated(); }
bool PoolBase::is_broken() const { return core_->is_broken(); }
std::vector<CancelledTask> PoolBase::cancelled_tasks() const { return core_->cancelled_tasks(); }

}  // namespace distaff::inline v0
